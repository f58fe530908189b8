"""An actor that is traced tells what it handles, without bodies; the others pay nothing for that.

A live cell becomes traced by changing its class to one of the same form, and back when nobody listens any more. Its
handlers then take the longer way, on which each message can be seen.
"""

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from actors.cells.cell import Cell
from actors.cells.observed import ObservedCell
from actors.operations.reports import Traced

if TYPE_CHECKING:
    from actors.host import Host
    from actors.mail.envelope import Envelope

SILENCE = 5.0
"""Seconds without a question after which a trace ends by itself."""

KEPT = 2000
"""Events of one trace that wait to be fetched; the oldest are dropped when there are more."""


class TracedCell(Cell):
    """A cell that somebody listens to."""

    __slots__ = ()

    @property
    def direct(self) -> bool:  # type: ignore[override]  # pyright: ignore[reportIncompatibleVariableOverride]
        """Never: each message goes by `_handle`."""
        return False

    @direct.setter
    def direct(self, direct: bool) -> None:
        del direct

    def _handle(self, envelope: "Envelope") -> None:
        tick, deadline = envelope.tick is not None, envelope.deadline
        if tick or deadline is None or self.host.clock() < deadline:  # else it is given up, and not handled
            what = "tick" if tick else "ask" if envelope.ask is not None else "tell"
            self.host.attendant.heard(self, what, envelope)
        super()._handle(envelope)
        if self.held is envelope:  # it waits for the readers, and will come again
            self.host.attendant.unheard(self)

    def raised(self, envelope: "Envelope", error: BaseException) -> None:
        """As any cell."""
        self.host.attendant.heard(self, "failed", envelope, error)
        super().raised(envelope, error)


class TracedObservedCell(TracedCell, ObservedCell):
    """The same on a host that has an instrument."""

    __slots__ = ()


TRACED: dict[type[Cell], type[Cell]] = {Cell: TracedCell, ObservedCell: TracedObservedCell}
UNTRACED = {traced: plain for plain, traced in TRACED.items()}


class Trace:
    """One trace of one actor, on the actor's host. `over` is called when nobody asks any more."""

    def __init__(self, host: "Host", over: Callable[[], None]) -> None:
        self._host = host
        self._over = over
        self._began = host.clock()
        self._events: deque[Traced] = deque(maxlen=KEPT)
        self._end = host.loop.call_later(SILENCE, over)

    def add(self, event: Traced) -> None:
        """Something has happened."""
        self._events.append(msgspec.structs.replace(event, at=event.at - self._began))

    def take_back(self) -> None:
        """The last event has not happened yet."""
        if self._events:
            self._events.pop()

    def fetch(self) -> list[Traced]:
        """What has happened since the last question."""
        self._end.cancel()
        self._end = self._host.loop.call_later(SILENCE, self._over)
        events = list(self._events)
        self._events.clear()
        return events

    def close(self) -> None:
        """Wait for no question any more."""
        self._end.cancel()


def listen(cell: Cell) -> None:
    """Let a cell tell what it handles."""
    cell.__class__ = TRACED.get(type(cell), type(cell))


def leave(cell: Cell) -> None:
    """Let a cell be as any other again."""
    plain = UNTRACED.get(type(cell))
    if plain is not None:
        cell.__class__ = plain
        cell.direct = not cell.readers and cell.behaviour is None
