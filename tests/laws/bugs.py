"""Ten bugs, each planted in the runtime for as long as a `with` lasts, for the laws to find."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from actors.cells import lifecycle
from actors.cells.timers import Timer, Timers
from actors.cells.watches import Watches
from actors.host import Host
from actors.leased_host import LeasedHost
from actors.links.session import Session
from actors.mail.asks import Ask
from actors.mail.dead_letters import DeadLetters, Reason
from actors.post.arrivals import Arrivals
from actors.post.wire import TELL, outline
from tests.laws.players import Lock


@contextmanager
def lost_message_on_reconnect() -> Generator[None]:
    """The first batch on a new connection is acknowledged and thrown away."""
    attach, batch = Session.attach, Session.batch
    again: set[int] = set()

    def attached(self: Session, number: int, received: int) -> None:
        if self.peer_number:
            again.add(id(self))
        attach(self, number, received)

    def taken(self: Session, payload: memoryview) -> list[bytes] | None:
        records = batch(self, payload)
        if records and id(self) in again:
            again.discard(id(self))
            return None
        return records

    with patch.object(Session, "attach", attached), patch.object(Session, "batch", taken):
        yield


@contextmanager
def double_grant() -> Generator[None]:
    """The lock is released by whoever says so."""

    def is_held(self: Lock, number: int) -> bool:
        return self.holder is not None

    with patch.object(Lock, "is_held_by", is_held):
        yield


@contextmanager
def stale_timer() -> Generator[None]:
    """A timer outlives its incarnation."""

    def taken(self: Timer) -> bool:
        self.waiting = None
        return True

    with patch.object(Timers, "cancel_all", _nothing), patch.object(Timer, "taken", taken):
        yield


@contextmanager
def double_terminated() -> Generator[None]:
    """The end of what is watched is told twice."""
    on_ended = Watches.on_ended

    def ended(self: Watches, signal: Any) -> None:
        number = self._watched.get(signal.watched)
        on_ended(self, signal)
        if number == signal.watch:
            self._watched[signal.watched] = number
            on_ended(self, signal)

    with patch.object(Watches, "on_ended", ended):
        yield


@contextmanager
def missing_dead_letter() -> Generator[None]:
    """What was sent to one that has stopped is forgotten."""
    add = DeadLetters.add

    def added(self: DeadLetters, message: Any, target: Any, reason: Reason, sender: Any = None) -> None:
        if reason is not Reason.NOT_RUNNING:
            add(self, message, target, reason, sender)

    with patch.object(DeadLetters, "add", added):
        yield


@contextmanager
def order_broken_by_batch() -> Generator[None]:
    """The last two messages of a batch change places."""
    take = Arrivals.records

    def taken(self: Arrivals, peer: Any, records: list[bytes]) -> None:
        if len(records) > 1 and all(outline(it)[:1] == (TELL,) for it in records[-2:]):
            records = [*records[:-2], records[-1], records[-2]]
        take(self, peer, records)

    with patch.object(Arrivals, "records", taken):
        yield


@contextmanager
def mailbox_dropped_on_restart() -> Generator[None]:
    """A restart begins with an empty mailbox."""
    begin = lifecycle._begin_successor

    def begun(cell: Any, signal: Any) -> None:
        cell.mailbox.clear()
        begin(cell, signal)

    with patch.object(lifecycle, "_begin_successor", begun):
        yield


@contextmanager
def reply_to_the_wrong_ask() -> Generator[None]:
    """A reply goes to the oldest ask that waits, whosever it is."""
    take = Arrivals._take_reply

    def taken(self: Arrivals, peer: Any, found: tuple[Any, ...]) -> None:
        waiting = [number for number, ask in self._host.asks.remote.items() if isinstance(ask, Ask)]
        take(self, peer, (found[0], min([found[1], *waiting]), *found[2:]))

    with patch.object(Arrivals, "_take_reply", taken):
        yield


@contextmanager
def revenant_writes() -> Generator[None]:
    """A host goes on acting when its lease has run out."""
    with patch.object(LeasedHost, "_turn", Host._turn):
        yield


@contextmanager
def leaked_watch() -> Generator[None]:
    """A watch stays in its table when it is over."""
    on_ended = Watches.on_ended

    def ended(self: Watches, signal: Any) -> None:
        on_ended(self, signal)
        self._watched.setdefault(signal.watched, -1)

    with patch.object(Watches, "on_ended", ended):
        yield


BUGS: tuple[Callable[[], Any], ...] = (
    lost_message_on_reconnect,
    double_grant,
    stale_timer,
    double_terminated,
    missing_dead_letter,
    order_broken_by_batch,
    mailbox_dropped_on_restart,
    reply_to_the_wrong_ask,
    revenant_writes,
    leaked_watch,
)


def _nothing(self: Any) -> None:
    """Instead of what should be done."""
