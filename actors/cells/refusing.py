"""What becomes of a message that its actor does not handle: whoever waits for it hears, else it is a dead letter."""

from typing import TYPE_CHECKING

from actors.cells.phase import Phase
from actors.errors import MailboxFull, NotRunning
from actors.mail.dead_letters import Reason
from actors.mail.envelope import SHED, Envelope
from actors.mail.mailbox import CLOSED, Overflow
from actors.supervising.failure import given_up

if TYPE_CHECKING:
    from actors.cells.cell import Cell


def give_up(cell: "Cell", envelope: Envelope, reason: Reason) -> None:
    """End what waits for this envelope; a message nobody waits for becomes a dead letter."""
    who = cell.name
    if reason is Reason.EXPIRED:
        cell.handled -= 1  # it was taken, and that is all
        reason = Reason.SHED if envelope.deadline == SHED else reason
    if envelope.accepted is not None:
        envelope.accepted.fail(
            MailboxFull(f"The mailbox of {who} is full.")
            if reason is Reason.MAILBOX_FULL
            else NotRunning(f"{who} is not running.")
        )
    if envelope.ask is not None:
        ask, envelope.ask = envelope.ask, None
        ask.fail(given_up(envelope, reason, who, cell.blueprint.patience))
    elif envelope.tick is None:
        sender = envelope.sender
        cell.host.dead_letters.add(envelope.message, cell.address, reason, sender.ref if sender else None)


def no_room(cell: "Cell", lost: Envelope, envelope: Envelope) -> None:
    """The mailbox could not take `envelope`, or took it in place of another: `lost` is the one that is not queued."""
    if cell.mailbox is CLOSED:
        cell.give_up(lost, Reason.NOT_RUNNING if cell.phase is Phase.ENDED else Reason.STOPPED)
    elif lost.accepted is not None and lost is envelope and cell.blueprint.mailbox.overflow is Overflow.REJECT:
        if lost.sender is cell:
            cell.give_up(lost, Reason.MAILBOX_FULL)
        else:
            cell.mailbox.wait(lost)
    else:
        cell.give_up(lost, Reason.MAILBOX_FULL)
