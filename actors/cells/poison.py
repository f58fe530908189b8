"""A message that makes its actor fail again and again: tried some times more, then put into quarantine (rule A39).

It goes back to the front of its lane with its asker, so nothing that came later is handled before it, and the count of
its attempts goes with it through restarts. What belongs to the incarnation is not tried again, for it ends with that:
ticks, news of ends, piped results. Neither is a stream, whose reader has seen a part of it.
"""

from typing import TYPE_CHECKING

import msgspec

from actors.mail.envelope import Envelope, Retried, again, attempts_of

if TYPE_CHECKING:
    from actors.cells.cell import Cell
    from actors.supervising.signals import Failure


def treat(cell: "Cell", envelope: Envelope, failure: "Failure", retries: int) -> bool:
    """Put the message of a failed handler back to the front, or into quarantine, and then its asker is left to hear.

    Returns whether the restart budget has paid for this message before: one message is one charge.
    """
    aside = _out_of_stash(cell, envelope)
    if aside is not None:
        envelope.ask, aside.ask = aside.ask, None
    own = envelope.exempt and aside is None and not isinstance(envelope, Retried)
    if own or hasattr(envelope.ask, "put"):
        return False
    attempts = attempts_of(envelope) + 1
    if attempts <= retries:
        _put_back(cell, envelope, attempts, failure)
    else:
        sender = envelope.sender
        cell.host.quarantine.add(
            cell.host.next_number(),
            envelope.message,
            cell.address,
            cell.name,
            sender.ref if sender is not None else None,
            attempts,
            failure,
        )
    return attempts > 1


def _out_of_stash(cell: "Cell", envelope: Envelope) -> Retried | None:
    """What the failed handler had put into the stash, if that was the message itself: it is to run once, not twice."""
    for index, aside in enumerate(cell.stash or ()):
        if cell.stash and isinstance(aside, Retried) and aside.origin is envelope:
            del cell.stash[index]
            return aside
    return None


def _put_back(cell: "Cell", envelope: Envelope, attempts: int, failure: "Failure") -> None:
    held, cell.held = cell.held, None
    if held is not None:  # it was taken later, so it stays behind
        cell.mailbox.put_back([held])
        cell.handled -= 1
    retried = again(envelope)
    retried.exempt = True  # it had its place, and nothing newer may take that
    retried.attempts = attempts
    retried.failure = msgspec.structs.replace(failure, error=None)
    cell.mailbox.put_back([retried])
    cell.handled -= 1  # it is counted when it is taken again
