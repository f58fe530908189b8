"""A supervisor's table of children: who they are, how they start and stop, and what is to be done when one ends.

The same table serves an actor and the root of a host. Decisions are made here, when a child's signal arrives, and never
in a handler (rule A8); restarts are made in `restarts`.
"""

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from actors.address import Address
from actors.errors import ChildLost, Fenced, NameTaken, SpawnFailed
from actors.supervising.child import Child
from actors.supervising.failure import revived
from actors.supervising.refusals import Refusals
from actors.supervising.restarts import Restarts
from actors.supervising.signals import (
    Cause,
    ChildEnded,
    ChildFailed,
    ChildFinished,
    ChildHalted,
    ChildStarted,
    EndReason,
    OfChild,
    ResumeChild,
    Spec,
    StartChild,
    StopChild,
    StopReport,
)
from actors.supervising.strategies import batches, comes_back, shuts_down
from actors.supervising.supervision import Directive, Shutdown, Supervision, directive_for
from actors.supervising.vigil import Vigil

if TYPE_CHECKING:
    from actors.membership.seats import Seat
    from actors.ref import Ref
    from actors.supervising.supervisor import Supervisor

log = logging.getLogger("understudy.supervision")


class Children:
    """The children of one incarnation of one supervisor."""

    starts_at_once = True
    """Whether `start` starts; else that is asked for by `started`."""

    __slots__ = ("_by_name", "_closed", "_stopping", "_supervision", "_vigil", "owner", "restarts", "table")

    def __init__(
        self,
        owner: "Supervisor",
        supervision: Supervision,
        refusals: Refusals | None = None,
        *,
        own_budgets: bool = False,
    ) -> None:
        self.owner = owner
        self._supervision = supervision
        self._by_name: dict[str, Child] = {}
        self._closed = False
        self._stopping = False
        """Whether all are being stopped, so that none is started again."""
        self.table: dict[int, Child] = {}
        """By number, in the order of their first starts."""
        self.restarts = Restarts(self, supervision, refusals or Refusals(), own_budgets=own_budgets)
        self._vigil: Vigil | None = None

    def __len__(self) -> int:
        return len(self.table)

    def close(self) -> None:
        """The incarnation ends: no child is started any more."""
        self._closed = True

    def named(self, name: str) -> "Ref[Any] | None":
        """The living child of this name."""
        child = self._by_name.get(name)
        return self.owner.host.ref_to(child.address) if child is not None else None

    async def number_for(self, name: str | None, seat: int) -> int:
        """The number of the next child; for a top-level name only once the whole system has granted it (rule A3)."""
        host = self.owner.host
        number = host.next_number()
        if name is not None:
            await self.claim(name, Address(host.system, seat, number))
        return number

    async def claim(self, name: str, address: Address) -> None:
        """Claim a child's name wherever it must be unique besides this table; NameTaken."""
        try:
            granted = await self.owner.claim(name, address)
        except BaseException:  # it may have been granted meanwhile; freeing what another holds does nothing
            self.owner.released(name, address)
            raise
        if not granted:
            message = f"The system has a living top-level actor {name!r}. Choose another name, or look it up."
            raise NameTaken(message)

    def names(self) -> dict[str, Address]:
        """The children that have names."""
        return {name: child.address for name, child in self._by_name.items()}

    def start(self, spec: Spec, name: str | None, seat: int, number: int) -> Child:
        """Start a child on a seat, without waiting for it; NameTaken if a living child has the name."""
        host = self.owner.host
        if self._closed:
            message = f"{self.owner.path or self.owner.address}: this incarnation has ended; it cannot spawn any more."
            raise Fenced(message)
        if spec.significant and self._supervision.shutdown is Shutdown.NEVER:
            message = (
                f"{self.owner.path or 'The system'} never stops because of a child. Spawn {spec.actor_class.__name__} "
                "without significant=True, or give its parent a Supervision(shutdown=...)."
            )
            raise ValueError(message)
        child = Child(Address(host.system, seat, number), spec, name)
        if name is not None:
            if name in self._by_name:
                who = self.owner.stem or "The system"
                message = f"{who} has a living child {name!r}. Choose another name, or use that child."
                raise NameTaken(message)
            self._by_name[name] = child
        self.table[number] = child
        start = StartChild(child.address, 1, spec, self.owner.address, self.path(child))
        if host.observer is not None:
            host.observer.spawned(spec, child.address)
        if seat == host.seat:
            child.running = host.start_here(start)
            return child
        try:
            host.signal(child.address, start)
        except BaseException:
            self._forget(child)
            raise
        return child

    async def started(self, begun: list[Child], timeout: float) -> None:
        """Wait until `on_start` of each has finished, at most `timeout` seconds; if one fails or is late, stop all."""
        loop = self.owner.host.loop
        for child in begun:
            if not child.running:
                child.started = loop.create_future()
        try:
            async with asyncio.timeout(timeout):
                for child in begun:
                    if child.started is not None:
                        await child.started
        except BaseException as error:
            ends = [self.stop(child, EndReason.STOPPED) for child in begun if child.address.number in self.table]
            if isinstance(error, TimeoutError):
                message = f"{self.label(begun[0])} did not finish its start within {timeout:g} s, and was stopped."
                error = SpawnFailed(message)
            if ends and isinstance(error, SpawnFailed):  # so that the name is free again when the caller hears of it
                settings = self.owner.host.settings
                await asyncio.wait(ends, timeout=settings.stop_budget + settings.cancel_grace)
            raise error from error.__cause__

    def on_signal(self, signal: OfChild) -> None:
        """Hear what a child says."""
        match signal:
            case ChildFailed():
                self.on_failed(signal)
            case ChildEnded():
                self.on_ended(signal)
            case ChildStarted():
                self.on_started(signal)
            case ChildFinished():
                self.on_finished(signal)
            case ChildHalted():
                self.on_halted(signal)

    def on_started(self, signal: ChildStarted) -> None:
        """A child's `on_start` has finished."""
        child = self.table.get(signal.child.number)
        if child is None:
            return
        child.running = True
        if child.started is not None and not child.started.done():
            child.started.set_result(None)
        if child.incarnation == signal.incarnation:
            self.restarts.on_started(child)

    def on_failed(self, signal: ChildFailed) -> None:
        """A child failed and waits: decide, and tell it."""
        child = self._waiting(signal)
        if child is None:
            return
        error = revived(signal.failure)
        if child.is_awaited:
            self._start_failed(child, error, signal.cause)
            return
        directive = directive_for(self._supervision, error)
        log.warning(
            "%s failed: %s: %s; %s",
            self.label(child),
            signal.failure.type_name,
            signal.failure.text,
            directive.value,
            extra={"actor": str(child.address), "incarnation": child.incarnation, "directive": directive.value},
            exc_info=error if signal.failure.error is not None else None,
        )
        if self._stopping or self.restarts.stops(child):
            self._is_stopped_anyway(child)
        elif directive is Directive.RESUME and not signal.starting:
            self.owner.host.signal(child.address, ResumeChild(child.address, child.incarnation))
        elif directive is Directive.STOP or (
            directive is not Directive.ESCALATE and not comes_back(child.spec.restart, normal=False)
        ):
            child.leaving = True
            self.stop(child, EndReason.FAILED)
        elif directive is Directive.ESCALATE:
            self.stop(child, EndReason.FAILED)
            self.owner.escalate(error)
        else:
            self.restarts.again(child, error, signal.cause or child.cause, charged=signal.charged)

    def on_finished(self, signal: ChildFinished) -> None:
        """A permanent child stopped itself: it is started again, and charged as if it had failed."""
        child = self._waiting(signal)
        if child is None:
            return
        error = ChildLost(f"{self.label(child)} stopped itself, and is permanent. Stop it from its parent.")
        if child.is_awaited:
            self._start_failed(child, error, None)
        elif self._stopping or self.restarts.stops(child):
            self._is_stopped_anyway(child)
        else:
            self.restarts.again(child, error, child.cause)

    def on_halted(self, signal: ChildHalted) -> None:
        """A child has stopped, to be started again when its siblings have stopped as well."""
        child = self.table.get(signal.child.number)
        if child is not None and child.incarnation == signal.incarnation:
            self.restarts.on_halted(child)

    def on_ended(self, signal: ChildEnded) -> None:
        """A child's address has ended, told to stop or by itself."""
        child = self.table.get(signal.child.number)
        if child is None:
            return
        self._forget(child)
        by_itself = child.ended is None or child.leaving
        if child.ended is not None and not child.ended.done():
            child.ended.set_result(signal.report)
        waiting = child.started
        if waiting is not None and not waiting.done():
            waiting.set_exception(SpawnFailed(f"{self.label(child)} ended before it had started: {signal.reason}."))
        if by_itself and child.spec.significant and not child.is_awaited and not self._stopping:
            left = sum(other.spec.significant for other in self.table.values())
            if shuts_down(self._supervision.shutdown, left):
                self.owner.shut_down()
        self.restarts.gone(child)

    def stop(self, child: Child, reason: EndReason) -> "asyncio.Future[StopReport]":
        """Tell a child to end; the future is its report. Asking twice is asking once."""
        ended = child.ended
        if ended is None:
            ended = child.ended = self.owner.host.loop.create_future()
            if child.away:  # nothing of it runs, and nobody is there to say so
                self._ended_with_its_host(child)
            else:
                self.owner.host.signal(child.address, StopChild(child.address, self.owner.address, reason))
                if child.address.seat != self.owner.host.seat:
                    self._vigil = self._vigil or Vigil(self.owner.host, self._abandon)
                    self._vigil.begin(child)
        return ended

    async def stopped(self, child: Child, reason: EndReason) -> StopReport:
        """Stop a child and wait for its report; whoever stops waiting does not end the wait of others."""
        return await asyncio.shield(self.stop(child, reason))

    async def dismiss(self, address: Address) -> StopReport:
        """Stop the child of this address, if there is one, and wait for its report."""
        child = self.table.get(address.number)
        return await self.stopped(child, EndReason.STOPPED) if child is not None else StopReport()

    async def stop_all(self, reason: EndReason) -> StopReport:
        """Stop every child: named ones in reverse order, one by one; runs of unnamed ones together (rule A41)."""
        total = StopReport()
        self._stopping = True
        self.restarts.give_up()
        try:
            for batch in reversed(batches((number, it.name is not None) for number, it in self.table.items())):
                ends = [self.stop(self.table[number], reason) for number in batch if number in self.table]
                total = sum([await end for end in ends], total)
        finally:
            self._stopping = False
        return total

    # ---- lost hosts -------------------------------------------------------------------------------------------------

    def seat_lost(self, seat: int, *, gone: bool) -> None:
        """A sitting has ended. Unless the seat is `gone` as well, its children are away until somebody takes it (A9).

        Nobody is charged. Whoever is not to come back (temporary ones, and those that were told to stop) ends.
        """
        away: list[Child] = []
        ends: list[Child] = []
        for child in [child for child in self.table.values() if child.address.seat == seat]:
            if gone or child.ended is not None or not comes_back(child.spec.restart, normal=False):
                ends.append(child)
            elif not child.away:
                child.away = True
                away.append(child)
        if away and not self._stopping:
            who = self.owner.path or self.owner.address
            log.error("%s: %d children are away, because their host was lost.", who, len(away))
            self.restarts.lost(away)
        for child in ends:
            log.error("%s was lost with its host.", self.label(child), extra={"actor": str(child.address)})
            self._ended_with_its_host(child)

    def seat_taken(self, seat: int) -> None:
        """Somebody sits there again: the children that were away start there, with their addresses (A9)."""
        if not self._stopping:
            back = self.waiting_for(seat)
            for child in back:
                child.away = False
            self.restarts.returned(back)

    def seat_refused(self, seat: "Seat") -> None:
        """Too many hosts have died on the seat: that is a failure of the children that wait for it (A9)."""
        if not self._stopping:
            self.restarts.refused(self.waiting_for(seat.number), seat)

    def waiting_for(self, seat: int) -> list[Child]:
        """The children that are away until somebody takes this seat."""
        return [child for child in self.table.values() if child.away and child.address.seat == seat]

    # ---- details ----------------------------------------------------------------------------------------------------

    def _waiting(self, signal: ChildFailed | ChildFinished) -> Child | None:
        """The child that waits for an answer to this signal; None if it is over, or has been answered already."""
        child = self.table.get(signal.child.number)
        if child is None or child.incarnation != signal.incarnation or child.ended is not None or child.away:
            return None
        return child

    def _is_stopped_anyway(self, child: Child) -> None:
        """One that failed while all stop is stopped now; one that failed in a round is stopped when it is its turn."""
        if self._stopping:
            self.stop(child, EndReason.FAILED)

    def _start_failed(self, child: Child, error: BaseException, cause: Cause | None) -> None:
        """A first start that somebody awaits: he gets the error, the child is gone, the budget is charged (rule A4)."""
        self.fail_start(child, error)
        self.restarts.not_started(child, error, cause)

    def fail_start(self, child: Child, error: BaseException) -> None:
        """Whoever awaits the first start of this child gets the error, and the child is gone."""
        waiting = child.started
        if waiting is not None and not waiting.done():
            if isinstance(error, SpawnFailed):
                waiting.set_exception(error)
            else:
                failed = SpawnFailed(f"{self.label(child)} failed to start: {type(error).__name__}: {error}")
                failed.__cause__ = error
                waiting.set_exception(failed)
            waiting.exception()  # who awaits several hears of the first, and nobody has to hear of the others
        self.stop(child, EndReason.FAILED)

    def _abandon(self, child: Child) -> None:
        """Its host cannot be reached, and its budget is over (rule A41)."""
        log.error("%s was told to end, and its host cannot be reached: it is given up.", self.label(child))
        report = StopReport(abandoned=(f"{self.path(child) or self.label(child)} (out of reach)",))
        self.on_ended(ChildEnded(child.address, child.incarnation, EndReason.STOPPED, report))

    def _ended_with_its_host(self, child: Child) -> None:
        self.on_ended(ChildEnded(child.address, child.incarnation, EndReason.HOST_LOST, StopReport()))

    def _forget(self, child: Child) -> None:
        self.table.pop(child.address.number, None)
        if child.name is not None:
            self.owner.released(child.name, child.address)
            if self._by_name.get(child.name) is child:
                del self._by_name[child.name]

    def path(self, child: Child) -> str:
        """Its path of names; empty where it has no name."""
        return f"{self.owner.stem}/{child.name}" if child.name is not None else ""

    def label(self, child: Child) -> str:
        """How logs and errors speak of it."""
        kind = child.spec.actor_class.__name__
        return f"{self.path(child)} ({kind})" if child.name is not None else f"{kind} {child.address}"
