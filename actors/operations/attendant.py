"""What a host does for operators: it reports on its actors and itself, and suspends, resumes and traces actors.

What changes something is logged here, on the host concerned, with who wanted it.
"""

import logging
import os
from collections.abc import Callable
from itertools import islice
from typing import TYPE_CHECKING, Any

from actors.cells.phase import Phase
from actors.errors import NotRunning
from actors.operations import eavesdropping, suspension
from actors.operations.reports import ActorReport, ActorState, HostReport, Inspection, Traced
from actors.operations.requests import (
    EndTrace,
    FindActor,
    InspectActor,
    LeaveSystem,
    ListActors,
    LookClosely,
    OperationsRequest,
    ResumeActor,
    ShowQuarantined,
    SuspendActor,
    TraceActor,
)
from actors.operations.showing import attributes_of, shown
from actors.operations.stacks import stacks_of

if TYPE_CHECKING:
    import asyncio

    from actors.cells.cell import Cell
    from actors.host import Host
    from actors.mail.envelope import Asker, Envelope

log = logging.getLogger("understudy.operations")

OWN = frozenset({"context"})
"""Attributes that the runtime gives an actor."""


class Attendant:
    """One host's. `look` makes the report on the host, in any thread; `leave` begins to leave, where it may."""

    def __init__(self, host: "Host") -> None:
        self._host = host
        self._traces: dict[int, dict[int, eavesdropping.Trace]] = {}
        """By the number of the actor, then by that of the trace."""
        self.look: Callable[[], HostReport] = self.report
        self.leave: Callable[[], None] | None = None

    def take(self, request: object, asker: "Asker") -> bool:
        """Answer an operator's request; False for a request of another kind."""
        if not isinstance(request, OperationsRequest):
            return False
        try:
            asker.reply(self._answer(request))
        except Exception as error:  # noqa: BLE001 - the operator is told
            asker.fail(error)
        return True

    def _answer(self, request: OperationsRequest) -> object:  # noqa: PLR0911 - one for each request
        cells = self._host.cells
        match request:
            case ListActors(limit):
                return [report_of(cell) for cell in islice(cells.values(), limit)], len(cells)
            case FindActor(path):
                return [report_of(cell) for cell in cells.values() if cell.path == path]
            case InspectActor(number):
                return [inspected(cells[number])] if number in cells else []
            case SuspendActor(number, by):
                return self._change(number, "suspended", by, suspension.suspend)
            case ResumeActor(number, by):
                return self._change(number, "resumed", by, suspension.resume)
            case TraceActor(number, trace):
                return self._trace(number, trace).fetch()
            case EndTrace(number, trace):
                return self._end_trace(number, trace)
            case ShowQuarantined(number):
                patient = self._host.quarantine.patients.get(number)
                return [shown(patient.message)] if patient is not None else []
            case LookClosely():
                return self.look()
            case LeaveSystem(by):
                return self._leave(by)

    def _change(self, number: int, what: str, by: str, change: "Callable[[Cell], bool]") -> bool:
        cell = self._cell(number)
        changed = change(cell)
        if changed:
            log.warning("%s was %s by %s.", cell.name, what, by, extra={"target": str(cell.address)})
        return changed

    def _cell(self, number: int) -> "Cell":
        cell = self._host.cells.get(number)
        if cell is None:
            raise NotRunning(f"No actor with this number lives on seat {self._host.seat} (any more).")
        return cell

    def _leave(self, by: str) -> str:
        if self.leave is None:
            return (
                f"The host on seat {self._host.seat} is a program that uses the system, or keeps it, and does not "
                "leave alone: end the program (Ctrl-C, SIGTERM, return from main), or a detached system by `shutdown`."
            )
        log.warning("Seat %d is drained by %s: its %d actors stop.", self._host.seat, by, len(self._host.cells))
        self.leave()
        return ""

    # ---- traces -----------------------------------------------------------------------------------------------------

    def _trace(self, number: int, trace: int) -> eavesdropping.Trace:
        cell = self._cell(number)
        traces = self._traces.setdefault(number, {})
        if trace not in traces:
            eavesdropping.listen(cell)
            traces[trace] = eavesdropping.Trace(self._host, lambda: self._end_trace(number, trace))
        return traces[trace]

    def _end_trace(self, number: int, trace: int) -> None:
        traces = self._traces.get(number, {})
        ended = traces.pop(trace, None)
        if ended is not None:
            ended.close()
        if not traces:
            self._traces.pop(number, None)
            cell = self._host.cells.get(number)
            if cell is not None:
                eavesdropping.leave(cell)

    def heard(self, cell: "Cell", what: str, envelope: "Envelope", error: BaseException | None = None) -> None:
        """A traced actor begins to handle a message, or its handler has raised."""
        sender: Any = envelope.sender
        who = "" if sender is None else getattr(sender, "name", "") or str(sender.ref.address)
        failed = "" if error is None else type(error).__qualname__
        kind = type(envelope.message).__qualname__
        event = Traced(self._host.clock(), what, kind, who, len(cell.mailbox), failed)
        for trace in self._traces.get(cell.address.number, {}).values():
            trace.add(event)

    def unheard(self, cell: "Cell") -> None:
        """The message that was heard last has to wait after all."""
        for trace in self._traces.get(cell.address.number, {}).values():
            trace.take_back()

    def close(self) -> None:
        """End all traces; the host is being closed."""
        for traces in self._traces.values():
            for trace in traces.values():
                trace.close()
        self._traces.clear()

    # ---- the host ---------------------------------------------------------------------------------------------------

    def report(self) -> HostReport:
        """The host at this moment. Reads only, so that a thread may call it while the loop hangs."""
        host = self._host
        cells = list(host.cells.values())
        return HostReport(
            name="",
            pid=os.getpid(),
            node=host.node,
            seat=host.seat,
            epoch=host.sitting.epoch,
            actors=len(cells),
            suspended=sum(cell.suspended for cell in cells),
            asks_waiting=len(host.asks),
            quarantined=len(host.quarantine),
            abandoned_threads=host.work.abandoned_threads,
            dead_letters={reason.value: count for reason, count in list(host.dead_letters.counts.items())},
            table=host.table.version,
            unreachable=tuple(sorted(link.seat for link in host.link_stats() if link.state == "unreachable")),
            stacks=stacks_of(host.loop, _handlers(cells)),
        )


def _handlers(cells: "list[Cell]") -> "dict[asyncio.Future[Any], str]":
    """The tasks of handlers, by whose they are and what they handle."""
    found: dict[asyncio.Future[Any], str] = {}
    for cell in cells:
        for activity in list(cell.activities or ()):
            if activity.task is not None:
                message = f": {type(activity.envelope.message).__qualname__}" if activity.envelope is not None else ""
                found[activity.task] = f"{cell.name}{message}"
    return found


def report_of(cell: "Cell") -> ActorReport:
    """One actor as the tree shows it."""
    return ActorReport(
        cell.address,
        cell.parent,
        cell.path,
        cell.spec.actor_class.__qualname__,
        _state(cell),
        len(cell.mailbox),
        max(0, cell.incarnation - 1),
        cell.handled,
    )


def _state(cell: "Cell") -> ActorState:
    if cell.phase >= Phase.STOPPING:
        return ActorState.STOPPING
    if cell.failing or cell.ending or cell.successor is not None:
        return ActorState.FAILED
    if cell.suspended:
        return ActorState.SUSPENDED
    if cell.phase is Phase.STARTING:
        return ActorState.STARTING
    if cell.alone or cell.readers:
        return ActorState.BUSY
    return ActorState.IDLE if cell.idle else ActorState.READY


def inspected(cell: "Cell") -> Inspection:
    """One actor's inside."""
    running = [it.envelope for it in cell.activities or () if it.envelope is not None]
    behaviour = cell.behaviour
    return Inspection(
        report_of(cell),
        cell.incarnation,
        "" if behaviour is None else getattr(behaviour, "__qualname__", type(behaviour).__qualname__),
        len(cell.stash or ()),
        len(cell.in_hand or ()),
        tuple(type(envelope.message).__qualname__ for envelope in running),
        {} if cell.actor is None else attributes_of(cell.actor, without=OWN),
    )
