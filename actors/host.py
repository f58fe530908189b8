"""One process' share of a system: its cells, whose turns it runs one after the other on one loop.

A turn of the host serves signals first, then the cells that are ready, each at most `turn_messages` messages, and then
lets the loop do everything else (sockets, timers, tasks). What is not on this host goes out by the `post`.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from contextvars import copy_context
from random import Random
from threading import get_ident
from typing import Any

from actors.address import Address, Sitting, epoch_in, first_number
from actors.cells import lifecycle
from actors.cells.cell import Cell
from actors.cells.observed import ObservedCell
from actors.cells.observer import Observer
from actors.cells.streams import Streams
from actors.cells.work import Work
from actors.directory import Seat, Table
from actors.errors import NotRunning, SystemClosed, Unreachable
from actors.instrument import Opening
from actors.mail.activity import Activity, running
from actors.mail.asks import Asks
from actors.mail.dead_letters import DeadLetters
from actors.mail.quarantine import Quarantine
from actors.membership.access import DirectoryAccess
from actors.membership.seats import Ties
from actors.operations.attendant import Attendant
from actors.placing import Placing
from actors.post.deadlocks import Deadlocks
from actors.post.delivery import Carrier, Delivery
from actors.post.returning import Returning
from actors.reception.desk import Desk
from actors.reception.subscription import Subscriptions
from actors.ref import Ref, endpoints
from actors.seating import Seating
from actors.settings import Settings
from actors.stats import HostStats, LinkStats, Stats
from actors.supervising.root import NUMBER as ROOT
from actors.supervising.root import Root
from actors.supervising.signals import ChildStarted, Ended, EndReason, PeerEnded, Signal, StartChild, StopReport
from actors.supervising.supervision import Supervision

log = logging.getLogger("understudy.host")

CELLS_PER_TURN = 128
"""Cells served before sockets and timers have their turn: with 64 messages each, some milliseconds."""

SIGNALS_PER_MESSAGE = 64
"""After this many signals a ready cell gets a turn, so that signals cannot starve messages either (rule A36)."""


class Host:
    """The runtime of one process in one system."""

    def __init__(  # noqa: PLR0913, PLR0915 - an argument for each thing that it may not fetch, a field is a statement
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
        takes_over: bool = False,
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
        self.seating = Seating(self)
        self.returning: Returning | None = None
        """What is held for actors that may be on their way back; None when none is, which is nearly always."""
        if takes_over:  # the seat was another's, so that refs to its actors are about
            self.returning = Returning(sitting.epoch, settings.mailbox_bound, self._all_are_back)
        self.post: Carrier | None = None
        self.cells: dict[int, Cell] = {}
        self.started = 0
        """Actors that ever lived here."""
        self.ties = Ties()
        """Where they were to live."""
        self.root = Root(self, supervision or Supervision())
        self.stats = Stats()
        self.dead_letters = DeadLetters(
            clock, kept=settings.dead_letter_buffer, logged_per_second=settings.dead_letter_log_rate
        )
        self.quarantine = Quarantine(self.seat, clock, self.dead_letters, bound=settings.quarantine_bound)
        self.asks = Asks(loop, clock, self.dead_letters, copying=settings.copy_messages)
        self.deadlocks = Deadlocks(self)
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
        self.desk = Desk(self)
        self.attendant = Attendant(self)
        self.subscriptions = Subscriptions(self.desk)
        self.work = Work(self, self._variables)
        self._number = first_number(sitting.epoch)
        self._watch = self._number
        self.placing = Placing(self)
        self._emptied: asyncio.Future[None] | None = None
        self.closed = False
        self.why_closed = ""
        """What has ended it, where nobody has closed it in order."""
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

    def take_turn_back(self, cell: Cell) -> None:
        """A cell that waits for its turn is to have none."""
        with suppress(ValueError):  # it has it now
            self._ready.remove(cell)

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
            self.deliver(number, signal)

    def deliver(self, number: int, signal: Signal) -> None:
        """Do what a signal says to an actor or the root of this host, now."""
        cell = self.cells.get(number)
        try:
            if cell is not None:
                self._variables.run(cell.on_signal, signal)
            elif number == ROOT:
                self._variables.run(self.root.on_signal, signal)
            elif isinstance(signal, StartChild):
                self._variables.run(self._start_for_another, signal)
            else:
                self.seating.answer_for_nobody(number, signal)
        except Exception:
            log.exception("A signal could not be served: %s. Please report this as an error.", type(signal).__name__)

    # ---- identity ---------------------------------------------------------------------------------------------------

    def next_number(self) -> int:
        """A number that no actor of the system ever had."""
        self._number += 1
        return self._number

    def next_watch(self) -> int:
        """A number that no watch of the system ever had."""
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
        if signal.spec.ties is not None:
            self.ties |= signal.spec.ties
        if self.returning is not None:
            self.returning.came(signal.child.number)
        return lifecycle.start(cell, signal)

    def _start_for_another(self, signal: StartChild) -> None:
        parent = signal.parent
        if self.seating.is_over(parent.seat, epoch_in(signal.child.number)) and parent != self.seating.kept_root:
            return  # its parent has ended meanwhile, with its host
        if self.start_here(signal):
            self.signal(signal.parent, ChildStarted(signal.child, signal.incarnation))

    def forget(self, cell: Cell) -> None:
        """An address has ended."""
        self.cells.pop(cell.address.number, None)
        self.stats.handled_by_ended += cell.handled
        if self.returning is not None:
            self.returning.ended(cell.address.number)
        if self.seating.orphans.ends:
            self.seating.orphans.ended(cell.address.number)
        if not self.cells and self._emptied is not None and not self._emptied.done():
            self._emptied.set_result(None)

    def signal(self, to: Address, signal: Signal) -> None:
        """Send a signal to a cell, or to the root, of any host."""
        if to.seat != self.seat:
            if to == self.seating.kept_root:
                self.seating.reports.told(signal)
            if self.post is None:
                self.seating.nobody_there(to, signal)
            else:
                self.post.signal(to, signal)
            return
        self._signals.append((to.number, signal))
        if not self._awake:
            self._ask_for_turn()

    def received_signal(self, number: int, signal: Signal) -> None:
        """A signal came over a link. News of an end keeps its place among the messages that came with it (rule A24).

        So does a first start, for the messages behind it are for the actor that it makes (rule A4).
        """
        if isinstance(signal, Ended | PeerEnded) or (isinstance(signal, StartChild) and number not in self.cells):
            self.deliver(number, signal)
            return
        self._signals.append((number, signal))
        if not self._awake:
            self._ask_for_turn()

    # ---- who sits where ---------------------------------------------------------------------------------------------

    @property
    def table(self) -> Table:
        """The newest table of the directory."""
        return self.seating.table

    @property
    def seats(self) -> dict[int, Seat]:
        """The table by seat number, vacant seats too."""
        return self.seating.seats

    @property
    def acknowledged(self) -> tuple[int, int]:
        """The version of the newest table that this host has acted on: renewals tell it to the directory (rule A15)."""
        return self.seating.acknowledged

    def new_table(self, table: Table) -> None:
        """The directory has news of who sits where."""
        self.seating.news(table)
        self.placing.refresh()
        self.desk.seated({seat.sitting for seat in self.seating.taken})

    def is_away(self, seat: int) -> bool:
        """Whether the host on a seat cannot be reached now."""
        return self.post is not None and any(sitting.seat == seat for sitting in self.post.away())

    def missing(self, away: Iterable[Sitting]) -> None:
        """These were away before the table was asked for; whoever is not in it has ended, even if it never was."""
        self.seating.missing(away)

    def _all_are_back(self) -> None:
        """Whoever is to return to this seat has returned."""
        returning, self.returning = self.returning, None
        if returning is not None:
            returning.release()

    def serve_what_came(self) -> None:
        """Serve the signals that wait now, so that what a host had said is done before what follows from its end."""
        for _ in range(len(self._signals)):
            self.deliver(*self._signals.popleft())

    def apart(self, function: Callable[..., object], *arguments: Any) -> None:
        """Call in the runtime's own context, as what no actor's handler does."""
        self._variables.run(function, *arguments)

    def look(self) -> HostStats:
        """The host's figures at this moment; looks at every cell."""
        return HostStats(
            seat=self.seat,
            asks_waiting=len(self.asks),
            dead_letters={reason.value: count for reason, count in self.dead_letters.counts.items()},
            abandoned_threads=self.work.abandoned_threads,
            quarantined=len(self.quarantine),
            hosts_lost=self.dead_letters.hosts_lost,
            died_at_most=self.dead_letters.died_at_most,
            links=self.link_stats(),
            **self.stats.look(self.cells.values()),
        )

    # ---- the end ----------------------------------------------------------------------------------------------------

    async def stop_actors(self) -> StopReport:
        """Stop the actors that were spawned from here, children first; what outlives the budget is named."""
        budget = self.settings.system_stop_budget
        if self.closed:  # nobody can be told any more
            return StopReport(abandoned=tuple(map(self.root.children.label, self.root.children.table.values())))
        try:
            async with asyncio.timeout(budget):
                return await self.root.children.stop_all(EndReason.STOPPED)
        except TimeoutError:
            children = self.root.children
            away = [it for it in children.table.values() if it.address.seat != self.seat]
            left = (*(it.name for it in self.cells.values()), *(children.path(it) or children.label(it) for it in away))
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

    def closed_error(self) -> SystemClosed:
        """What every verb raises from now on."""
        why = f": {self.why_closed}" if self.why_closed else ""
        return SystemClosed(f"The system is closed{why}. Make a new System(...).")

    async def lose(self, why: str) -> None:
        """Close because the host may not go on: asks that are under way may have run."""
        self.why_closed = why
        self.asks.fail_all(lambda ask: Unreachable(f"The system was lost before {ask.target} answered: {why}."))
        await self.close()

    async def close(self) -> None:
        """End everything that is left: asks hear NotRunning, tasks are cancelled, threads are let go."""
        if self.closed:
            return
        self.closed = True
        self._all_are_back()
        self.attendant.close()
        endpoints.remove(self.system, self.delivery)
        self.deadlocks.close()
        self.asks.fail_all(lambda ask: NotRunning(f"The system was closed before {ask.target} answered."))
        await asyncio.sleep(0)  # so that askers in other threads hear it from the tasks that wait for them here
        await self.work.close()
        if self.observer is not None:  # last, so that it hears of all that
            await self.observer.close()
