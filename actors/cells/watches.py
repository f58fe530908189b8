"""Who watches whom: each watch is on one incarnation and ends with exactly one Terminated, or with unwatch.

The watcher's host owns the entry: the first notice of the end removes it and queues the message, so "exactly once"
needs no agreement (A23). Terminated joins the tail of the ordinary lane, after everything received from the dead (A24).
"""

from typing import TYPE_CHECKING

from actors.address import epoch_in
from actors.cells.terminated import Terminated
from actors.errors import TooManyWatches
from actors.mail.envelope import Envelope
from actors.supervising.signals import Ended, EndReason, Unwatch, Watch

if TYPE_CHECKING:
    from typing import Any

    from actors.address import Address, Sitting
    from actors.cells.cell import Cell
    from actors.ref import Ref


class Watches:
    """The watches of one cell, in both directions."""

    __slots__ = ("_cell", "_watched", "_watchers")

    def __init__(self, cell: "Cell") -> None:
        self._cell = cell
        self._watched: dict[Address, int] = {}
        self._watchers: dict[tuple[Address, int], None] = {}

    def __len__(self) -> int:
        return len(self._watched) + len(self._watchers)

    def watch(self, ref: "Ref[Any]") -> None:
        """Begin to watch; watching twice is watching once. Needs a handler for Terminated; ValueError for itself."""
        cell, address = self._cell, ref.address
        cell.handler_for(Terminated(ref, 0, EndReason.STOPPED))
        if address == cell.address:
            message = (
                f"{cell.name} cannot watch itself: it would not be there to hear of its end. Use on_stop for what is "
                "to be done then, or let another actor watch it."
            )
            raise ValueError(message)
        if address in self._watched:
            return
        limit = cell.host.settings.watch_limit
        if len(self._watched) >= limit:
            message = f"{cell.name} watches {limit} actors already. Raise `watch_limit`, or share the watching."
            raise TooManyWatches(message)
        number = cell.host.next_watch()
        self._watched[address] = number
        cell.host.signal(address, Watch(address, cell.address, number))

    def unwatch(self, ref: "Ref[Any]") -> bool:
        """End the watch. True: no Terminated will come; False: there was none, or its Terminated is queued already."""
        number = self._watched.pop(ref.address, None)
        if number is None:
            return False
        self._cell.host.signal(ref.address, Unwatch(ref.address, self._cell.address, number))
        return True

    def on_watch(self, signal: Watch) -> None:
        """Another actor watches this incarnation."""
        self._watchers[signal.watcher, signal.watch] = None

    def on_unwatch(self, signal: Unwatch) -> None:
        """It does no more."""
        self._watchers.pop((signal.watcher, signal.watch), None)

    def on_ended(self, signal: Ended) -> None:
        """A watched incarnation ended: queue Terminated, unless this watch is over already."""
        if self._watched.get(signal.watched) != signal.watch:
            return
        del self._watched[signal.watched]
        cell = self._cell
        message = Terminated(cell.host.ref_to(signal.watched), signal.incarnation, signal.reason)
        cell.mailbox.gather(signal.watched)
        cell.accept_exempt(Envelope(message, cell.blueprint.table.find(Terminated), exempt=True))

    def end(self, reason: EndReason) -> None:
        """This incarnation ends, and this object with it: tell the watchers, and whom it has watched."""
        cell = self._cell
        for watcher, number in self._watchers:
            ended = Ended(cell.address, watcher, number, cell.incarnation, reason)
            local = cell.host.cell_at(watcher)
            if local is not None:  # at once, so that nothing of the next incarnation comes before it
                local.watches.on_ended(ended)
            else:
                cell.host.signal(watcher, ended)
        for address, number in self._watched.items():
            cell.host.signal(address, Unwatch(address, cell.address, number))

    def seat_lost(self, sitting: "Sitting") -> None:
        """Every incarnation of a lost sitting has ended. A watch's number tells which sitting its watcher was of."""
        seat = sitting.seat
        for address, number in [item for item in self._watched.items() if item[0].seat == seat]:
            self.on_ended(Ended(address, self._cell.address, number, 0, EndReason.HOST_LOST))
        for key in [key for key in self._watchers if key[0].seat == seat and epoch_in(key[1]) <= sitting.epoch]:
            del self._watchers[key]
