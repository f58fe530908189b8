"""When a session with a peer ends, everything it leaves is accounted for: what came half, and what was not confirmed.

A message that may have arrived is a dead letter `unknown`, one that certainly has not is `unreachable`. Every ask to
the peer ends, for its reply could not come any more, and says whether the request may have run (A26, A29). Signals
that never arrive are answered for the dead, so that nobody waits for them.
"""

from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any

from actors.address import Address, Sitting
from actors.encoding.code import ClassTable, class_of
from actors.encoding.pickling import loads
from actors.errors import AskError, Unreachable
from actors.links.events import LinkState
from actors.mail.asks import Ask, Relay
from actors.mail.dead_letters import Reason
from actors.post.arrivals import Arrivals
from actors.post.payloads import Payloads
from actors.post.peer import ASKING, SIGNALS, Announced, LostMessage, Peer
from actors.post.waiting_link import NOBODY
from actors.post.wire import BUFFERS, COUNTED, FAIL, ITEM, LARGE, REPLY, SIGNAL, TELL, TOLD, outline

if TYPE_CHECKING:
    from actors.host import Host

NO_STREAMS: frozenset[int] = frozenset()


class Settlement:
    """Settles the ended sessions of one host."""

    def __init__(self, host: "Host", classes: ClassTable, arrivals: Arrivals, payloads: Payloads) -> None:
        self._host = host
        self._classes = classes
        self._arrivals = arrivals
        self._payloads = payloads
        self._given_up = 0
        """Tells and sends that were given up, in all sessions."""
        self.missing: dict[Sitting, int] = {}
        """How many messages may have died inside a host, for sessions that were broken off."""

    def session_over(
        self,
        known: Peer | None,
        sitting: Sitting,
        unacked: list[bytes],
        never_sent: list[bytes],
        lost: AbstractSet[int] = NO_STREAMS,
    ) -> None:
        """Account for it all; `lost` are the link's streams that were not confirmed. What did arrive is handed over."""
        large: list[Announced] = []
        given_up = self._given_up
        if known is not None:
            self._payloads.peer_ended(sitting)
            self._arrivals.session_ended(known)
            never_sent = never_sent + known.leave_behind()
            large = known.not_arrived(lost)
        counted = {it.stream for it in large}
        self._account(sitting, unacked, counted, left=True)
        self._account(sitting, never_sent, counted, left=False)
        for announced in large:
            self._lose(sitting, announced)
        if (
            known is not None
            and sitting.seat >= 0
            and sitting.epoch != NOBODY
            and known.link.state is LinkState.GIVEN_UP
        ):
            died = known.account.missing(self._given_up - given_up)
            self.missing[sitting] = self.missing.get(sitting, 0) + died
        self._host.asks.fail_for_seat(sitting.seat, _cut_off)

    def _account(self, sitting: Sitting, records: list[bytes], counted: set[int], *, left: bool) -> None:
        memory = 0
        for record in records:
            if memory:  # of the record behind it
                memory -= 1
                continue
            found = outline(record)
            kind = found[0] if found else None
            if kind == BUFFERS:
                memory = found[1]
            elif kind == LARGE:
                if found[2] not in counted:
                    counted.add(found[2])
                    self._lose(sitting, Announced(found[3], found[1], found[2], found[4], found[5], left))
            elif kind == SIGNAL:
                self.give_up(sitting, loads(record), left=left)
            elif found:
                self.give_up(sitting, found, left=left)

    def _lose(self, sitting: Sitting, announced: Announced) -> None:
        """A large record will not arrive, or cannot be known to have."""
        kind, number, _, what, ask, left = announced
        letter = LostMessage(what)
        if kind in ASKING:
            self.give_up(sitting, (kind, number, None, 0, letter, ask, None), left=left)
        elif kind not in SIGNALS:
            self.give_up(sitting, (kind, number, None, 0, letter), left=left)

    def give_up(self, sitting: Sitting, found: tuple[Any, ...], *, left: bool = False) -> None:
        """Account for one record that was not confirmed; `left`: it may have arrived."""
        kind, number = found[0], found[1]
        address = Address(self._host.system, sitting.seat, number)
        reason = Reason.UNKNOWN if left else Reason.UNREACHABLE
        self._given_up += kind in COUNTED
        if kind in {TELL, TOLD}:
            self._host.dead_letters.add(self._own(found), address, reason, None)
        elif kind in ASKING:
            ask = self._host.asks.remote.get(found[5])
            if ask is not None:
                text = "may have been run" if left else "was not run"
                ask.fail(
                    Unreachable(f"The link to {sitting} ended; the request {text}.", ran="maybe" if left else "no")
                )
        elif kind in (REPLY, FAIL, ITEM):
            self._host.dead_letters.add(found[-1], Address(self._host.system, sitting.seat, 0), reason, None)
        elif kind == SIGNAL:
            self._host.seating.nobody_there(address, found[2], sitting.epoch)

    def _own(self, found: tuple[Any, ...]) -> object:
        """The message of one of this host's own records."""
        index, values = found[3], found[4]
        try:
            return class_of(self._classes.indexed(index))(*values) if index else values
        except Exception:  # noqa: BLE001 - parts of it were left out, and its class may not bear that
            return LostMessage(self._classes.indexed(index).name)


def _cut_off(ask: Ask | Relay) -> AskError:
    return Unreachable(f"The link to the host of {ask.target} ended before it answered; it may have run the request.")
