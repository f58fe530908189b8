"""One process' share of a system: its cells, whose turns it runs one after the other on one loop.

A turn of the host serves signals first, then the cells that are ready, each at most `turn_messages` messages, and then
lets the loop do everything else (sockets, timers, tasks). What is not on this host goes out by the `post`.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable
from contextvars import copy_context
from functools import partial
from random import Random
from threading import get_ident
from typing import Any

from msgspec import structs

from actors.address import Address, Sitting, first_number
from actors.cells import lifecycle
from actors.cells.cell import Cell
from actors.cells.observed import ObservedCell
from actors.cells.observer import Observer
from actors.cells.streams import Streams
from actors.cells.work import Work
from actors.directory import DirectoryAccess, Seat, Table
from actors.errors import NotRunning, Unplaceable
from actors.instrument import Opening
from actors.mail.activity import Activity, running
from actors.mail.asks import Asks
from actors.mail.dead_letters import DeadLetters
from actors.placement import Chooser, Placement, Placer
from actors.post.delivery import Carrier, Delivery
from actors.ref import Ref, endpoints
from actors.settings import Settings
from actors.stats import HostStats, LinkStats, Stats
from actors.supervising.root import NUMBER as ROOT
from actors.supervising.root import Root
from actors.supervising.signals import (
    ChildEnded,
    ChildFailed,
    ChildStarted,
    Ended,
    EndReason,
    Signal,
    StartChild,
    StopChild,
    StopReport,
    Watch,
)
from actors.supervising.supervision import Supervision

log = logging.getLogger("understudy.host")

CELLS_PER_TURN = 128
"""Cells served before sockets and timers have their turn: with 64 messages each, some milliseconds."""

SIGNALS_PER_MESSAGE = 64
"""After this many signals a ready cell gets a turn, so that signals cannot starve messages either (rule A36)."""


class Host:
    """The runtime of one process in one system."""

    def __init__(  # noqa: PLR0913 - one argument for each thing that the core may not fetch itself
        self,
        *,
        system: str,
        sitting: Sitting,
        loop: asyncio.AbstractEventLoop,
        clock: Callable[[], float],
        random: Random,
        settings: Settings,
        directory: DirectoryAccess,
        supervision: Supervision | None = None,
        node: str = "",
        instrument: Opening | None = None,
    ) -> None:
        self.system = system
        self.sitting = sitting
        self.seat = sitting.seat
        self.loop = loop
        self.clock = clock
        self.random = random
        self.settings = settings
        self.directory = directory
        self.thread = get_ident()
        self.turn_messages = settings.turn_messages
        self.node = node
        """The machine this host is on: two hosts of one node share a clock."""
        self.table = Table((0, 0))
        self.seats: dict[int, Seat] = {}
        """The table by seat number."""
        self.lost_seats: set[int] = set()
        """Seats whose sitting has ended, and that nobody has taken since."""
        self.post: Carrier | None = None
        self.placer: Placer | None = None
        self.cells: dict[int, Cell] = {}
        self.started = 0
        """Actors that ever lived here."""
        self.root = Root(self, supervision or Supervision())
        self.stats = Stats()
        self.dead_letters = DeadLetters(
            clock, kept=settings.dead_letter_buffer, logged_per_second=settings.dead_letter_log_rate
        )
        self.asks = Asks(loop, clock, self.dead_letters, copying=settings.copy_messages)
        self.turn_activity = Activity()
        self._variables = copy_context()
        self._variables.run(running.set, self.turn_activity)
        self._ready: deque[Cell] = deque()
        self._signals: deque[tuple[int, Signal]] = deque()
        self._awake = False
        self._asked_at = 0.0
        self._next_turn = self._turn  # bound once, for this is done for every message to an idle actor
        self.observer = Observer(self, instrument, self._variables) if instrument is not None else None
        self._cell = Cell if instrument is None else ObservedCell
        self.delivery = Delivery(self)
        self.streams = Streams(self)
        self.work = Work(self, self._variables)
        self._number = first_number(sitting.epoch)
        self._watch = 0
        self._chooser = Chooser(random)
        self._emptied: asyncio.Future[None] | None = None
        self.closed = False
        self.link_stats: Callable[[], tuple[LinkStats, ...]] = tuple
        endpoints.add(system, self.delivery)

    # ---- turns ------------------------------------------------------------------------------------------------------

    def wake(self, cell: Cell) -> None:
        """Give a cell a turn soon. The caller sees to it that a cell is not put in twice."""
        self._ready.append(cell)
        if not self._awake:  # `_ask_for_turn`, without a call
            self._awake = True
            self._asked_at = self.clock()
            self.loop.call_soon(self._next_turn)

    def _ask_for_turn(self) -> None:
        self._awake = True
        self._asked_at = self.clock()
        self.loop.call_soon(self._next_turn)

    def _turn(self) -> None:
        waited = self.clock() - self._asked_at
        stats = self.stats
        stats.turns += 1
        stats.waited += waited
        stats.longest = max(stats.longest, waited)
        if self._signals:
            self._serve_signals()
        ready = self._ready
        try:
            count = len(ready)
            for _ in range(min(CELLS_PER_TURN, count)):
                cell = ready.popleft()
                variables = cell.variables
                if variables is None:
                    variables = cell.variables = self._variables.copy()
                variables.run(cell.turn)
                if self._signals:
                    self._serve_signals()
        finally:  # a Ctrl-C that strikes in a handler must not stop the others' turns: they are needed to close
            if ready or self._signals:
                self._ask_for_turn()
            else:
                self._awake = False

    def _serve_signals(self) -> None:
        signals = self._signals
        for _ in range(min(len(signals), SIGNALS_PER_MESSAGE)):
            number, signal = signals.popleft()
            self._deliver(number, signal)

    def _deliver(self, number: int, signal: Signal) -> None:
        cell = self.cells.get(number)
        try:
            if cell is not None:
                self._variables.run(cell.on_signal, signal)
            elif number == ROOT:
                self._variables.run(self.root.on_signal, signal)
            elif isinstance(signal, StartChild):
                self._variables.run(self._start_for_another, signal)
            else:
                self._answer_for_nobody(signal)
        except Exception:
            log.exception("A signal could not be served: %s. Please report this as an error.", type(signal).__name__)

    # ---- identity ---------------------------------------------------------------------------------------------------

    def next_number(self) -> int:
        """A number that no actor of the system ever had."""
        self._number += 1
        return self._number

    def next_watch(self) -> int:
        """A number that no watch of this host ever had."""
        self._watch += 1
        return self._watch

    def ref_to(self, address: Address) -> Ref[Any]:
        """A ref to an address, bound to its cell where that lives here."""
        cell = self.cells.get(address.number)
        return cell.ref if cell is not None else Ref(address, self.delivery)

    def cell_at(self, address: Address) -> Cell | None:
        """The living cell at an address of this host."""
        return self.cells.get(address.number) if address.seat == self.seat else None

    # ---- starting and stopping --------------------------------------------------------------------------------------

    def start_here(self, signal: StartChild) -> bool:
        """Start the first incarnation of a child on this host; True when it runs already."""
        cell = self._cell(self, signal.child, signal.spec, signal.parent, signal.path)
        self.cells[signal.child.number] = cell
        self.started += 1
        return lifecycle.start(cell, signal)

    def _start_for_another(self, signal: StartChild) -> None:
        if self.start_here(signal):
            self.signal(signal.parent, ChildStarted(signal.child, signal.incarnation))

    def forget(self, cell: Cell) -> None:
        """An address has ended."""
        self.cells.pop(cell.address.number, None)
        self.stats.handled_by_ended += cell.handled
        if not self.cells and self._emptied is not None and not self._emptied.done():
            self._emptied.set_result(None)

    def signal(self, to: Address, signal: Signal) -> None:
        """Send a signal to a cell, or to the root, of any host."""
        if to.seat != self.seat:
            if self.post is None:
                self.nobody_there(to, signal)
            else:
                self.post.signal(to, signal)
            return
        self._signals.append((to.number, signal))
        if not self._awake:
            self._ask_for_turn()

    def received_signal(self, number: int, signal: Signal) -> None:
        """A signal came over a link. News of an end keeps its place among the messages that came with it (rule A24)."""
        if isinstance(signal, Ended):
            self._deliver(number, signal)
            return
        self._signals.append((number, signal))
        if not self._awake:
            self._ask_for_turn()

    def _answer_for_nobody(self, signal: Signal) -> None:
        """Speak for an address that has ended: its watchers and its parent must not wait."""
        match signal:
            case Watch():
                ended = Ended(signal.watched, signal.watcher, signal.watch, 0, EndReason.NOT_RUNNING)
                self.signal(signal.watcher, ended)
            case StopChild():
                self.signal(signal.parent, ChildEnded(signal.child, 0, EndReason.NOT_RUNNING, StopReport()))
            case ChildFailed() | ChildStarted():
                self.signal(signal.child, StopChild(signal.child, self.root.address, EndReason.PARENT_ENDED))
            case _:
                pass

    # ---- placing ----------------------------------------------------------------------------------------------------

    def place_now(self, placement: Placement) -> int:
        """The seat for a placement that needs no new host; Unplaceable for any other."""
        if self.placer is not None and self.placer.must_make_room(placement):
            text = f"A host has to be made for {placement.kind!r} first, which takes time: use `await spawn(...)`."
            raise Unplaceable(text)
        return self._chooser.choose(placement, self.table.seats, self.seat)

    def can_place(self, placement: Placement) -> bool:
        """Whether a host of the known table will do."""
        return self._chooser.fits_any(placement, self.table.seats)

    async def place(self, placement: Placement) -> int:
        """The seat for a placement, after a host was made for it if need be; Unplaceable if there can be none."""
        if self.placer is not None and self.placer.must_make_room(placement):
            return await self.placer.make_room(placement)
        return self.place_now(placement)

    async def place_many(self, placement: Placement, count: int) -> list[int]:
        """Seats for many actors of one placement."""
        first = [await self.place(placement)] if count else []
        if placement.kind == "dedicated":
            return first * count
        return first + [self.place_now(placement) for _ in range(count - 1)]

    def new_table(self, table: Table) -> None:
        """The directory has news of who sits where.

        A successor of the directory that is being rebuilt does not know everybody yet: whom it does not name stays as
        he was known, until its table is complete (rule A18).
        """
        if table.version <= self.table.version:
            return
        present = {seat.number for seat in table.seats}
        missing = [seat for seat in self.table.seats if seat.number not in present]
        replaced = [
            old
            for old in self.table.seats
            if old.number in present and old.sitting not in {new.sitting for new in table.seats}
        ]
        if not table.complete:
            table = structs.replace(table, seats=(*table.seats, *missing))
            missing = []
        self.table = table
        self.seats = {seat.number: seat for seat in table.seats}
        self.lost_seats = (self.lost_seats | {seat.number for seat in missing}) - present
        self._chooser.refresh()
        for seat in (*missing, *replaced):
            self.seat_lost(seat.sitting)

    def missing(self, away: Iterable[Sitting]) -> None:
        """These were away before the table was asked for; whoever is not in it has ended, even if it never was."""
        if self.table.complete:
            for sitting in away:
                seat = self.seats.get(sitting.seat)
                if seat is None or seat.sitting != sitting:
                    self.lost_seats.add(sitting.seat)
                    self.seat_lost(sitting)

    def seat_lost(self, sitting: Sitting) -> None:
        """A sitting has ended for good. What it had sent is read to its end before anybody hears of it (rule A24)."""
        if self.post is None:
            self._bury(sitting)
        else:
            self.post.when_read(sitting, partial(self._bury, sitting))

    def _bury(self, sitting: Sitting) -> None:
        """Asks end, watchers hear, parents hear (rule A23)."""
        if self.observer is not None:
            self.observer.lost(sitting)
        if self.post is not None:
            self.post.give_up(sitting)
        self.delivery.seat_lost(sitting.seat)
        for cell in list(self.cells.values()):
            cell.seat_lost(sitting.seat)
        self.root.children.seat_lost(sitting.seat)

    def nobody_there(self, to: Address, signal: Signal, watched: EndReason = EndReason.NOT_RUNNING) -> None:
        """A signal cannot be sent, because nobody sits on its seat (any more): answer for the dead."""
        match signal:
            case Watch():
                ended = Ended(signal.watched, signal.watcher, signal.watch, 0, watched)
                self.received_signal(signal.watcher.number, ended)
            case StartChild() | StopChild():
                reason = EndReason.HOST_LOST
                ended_child = ChildEnded(signal.child, 0, reason, StopReport())
                self.received_signal(signal.parent.number, ended_child)
            case _:
                log.debug("Nobody sits on the seat of %s; %s was not sent.", to, type(signal).__name__)

    def look(self) -> HostStats:
        """The host's figures at this moment; looks at every cell."""
        return HostStats(
            seat=self.seat,
            asks_waiting=len(self.asks),
            dead_letters={reason.value: count for reason, count in self.dead_letters.counts.items()},
            abandoned_threads=self.work.abandoned_threads,
            links=self.link_stats(),
            **self.stats.look(self.cells.values()),
        )

    # ---- the end ----------------------------------------------------------------------------------------------------

    async def stop_actors(self) -> StopReport:
        """Stop the actors that were spawned from here, children first; what outlives the budget is named."""
        budget = self.settings.system_stop_budget
        try:
            async with asyncio.timeout(budget):
                return await self.root.children.stop_all(EndReason.STOPPED)
        except TimeoutError:
            left = tuple(cell.name for cell in self.cells.values())
            log.error("%d actors did not stop within %g s.", len(left), budget)  # noqa: TRY400 - the stack says nothing
            return StopReport(abandoned=left)

    async def stop_cells(self, reason: EndReason) -> None:
        """Stop every actor that lives here, whoever its parent is; returns when none is left."""
        for cell in list(self.cells.values()):
            self._variables.run(lifecycle.stop, cell, reason)
        await self.empty()

    async def empty(self) -> None:
        """Wait until no actor lives here."""
        while self.cells:
            if self._emptied is None or self._emptied.done():
                self._emptied = self.loop.create_future()
            await asyncio.shield(self._emptied)

    async def close(self) -> None:
        """End everything that is left: asks hear NotRunning, tasks are cancelled, threads are let go."""
        self.closed = True
        endpoints.remove(self.system, self.delivery)
        self.asks.fail_all(lambda ask: NotRunning(f"The system was closed before {ask.target} answered."))
        await asyncio.sleep(0)  # so that askers in other threads hear it from the tasks that wait for them here
        await self.work.close()
        if self.observer is not None:  # last, so that it hears of all that
            await self.observer.close()
