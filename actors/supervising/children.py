"""A supervisor's table of children: what each was started from, which incarnation lives, and what to do when it fails.

The same table serves an actor and the root of a host. Decisions are made here, when a child's signal arrives, and never
in a handler (rule A8).
"""

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Protocol

from actors.address import Address
from actors.errors import Fenced, NameTaken, SpawnFailed
from actors.supervising.failure import revived
from actors.supervising.signals import (
    ChildEnded,
    ChildFailed,
    ChildStarted,
    EndReason,
    ResumeChild,
    Spec,
    StartChild,
    StopChild,
    StopReport,
)
from actors.supervising.supervision import Directive, RestartBudget, Supervision, directive_for

if TYPE_CHECKING:
    from actors.host import Host
    from actors.ref import Ref

log = logging.getLogger("understudy.supervision")


class Supervisor(Protocol):
    """What owns a table of children: a cell, or the root of a host."""

    host: "Host"

    @property
    def address(self) -> Address:
        """Where children send their signals."""
        ...

    @property
    def path(self) -> str:
        """Names from the root down, for people."""
        ...

    def escalate(self, error: BaseException) -> None:
        """Fail with a child's error."""
        ...

    async def claim(self, name: str, address: Address) -> bool:
        """Claim a child's name wherever it must be unique besides this table; False when another has it."""
        ...

    def released(self, name: str, address: Address) -> None:
        """A child that held a name has ended."""
        ...


class Child:
    """One child as its supervisor sees it."""

    __slots__ = ("address", "ended", "failed_at", "failures", "incarnation", "name", "running", "spec", "started")

    def __init__(self, address: Address, spec: Spec, name: str | None) -> None:
        self.address = address
        self.spec = spec
        self.name = name
        self.incarnation = 1
        self.running = False
        """Whether its first start has succeeded."""
        self.failures = 0
        self.failed_at = 0.0
        self.started: asyncio.Future[None] | None = None
        """Who awaits the first start."""
        self.ended: asyncio.Future[StopReport] | None = None
        """Who awaits the end; set once the child was told to stop."""


class Children:
    """The children of one incarnation of one supervisor."""

    __slots__ = ("_budget", "_by_name", "_closed", "_owner", "_supervision", "table")

    def __init__(self, owner: Supervisor, supervision: Supervision) -> None:
        self._owner = owner
        self._supervision = supervision
        self._budget = RestartBudget(supervision.restarts, supervision.within)
        self._by_name: dict[str, Child] = {}
        self._closed = False
        self.table: dict[int, Child] = {}
        """By number, in the order of their starts."""

    def __len__(self) -> int:
        return len(self.table)

    def close(self) -> None:
        """The incarnation ends: no child is started any more."""
        self._closed = True

    def named(self, name: str) -> "Ref[Any] | None":
        """The living child of this name."""
        child = self._by_name.get(name)
        return self._owner.host.ref_to(child.address) if child is not None else None

    async def number_for(self, name: str | None, seat: int) -> int:
        """The number of the next child; for a top-level name only once the whole system has granted it (rule A3)."""
        host = self._owner.host
        number = host.next_number()
        address = Address(host.system, seat, number)
        try:
            granted = name is None or await self._owner.claim(name, address)
        except BaseException:
            if name is not None:  # it may have been granted meanwhile; freeing what another holds does nothing
                self._owner.released(name, address)
            raise
        if not granted:
            message = f"The system has a living top-level actor {name!r}. Choose another name, or look it up."
            raise NameTaken(message)
        return number

    def names(self) -> dict[str, Address]:
        """The children that have names."""
        return {name: child.address for name, child in self._by_name.items()}

    def start(self, spec: Spec, name: str | None, seat: int, number: int) -> Child:
        """Start a child on a seat, without waiting for it; NameTaken if a living child has the name."""
        host = self._owner.host
        if self._closed:
            message = (
                f"{self._owner.path or self._owner.address}: this incarnation has ended; it cannot spawn any more."
            )
            raise Fenced(message)
        child = Child(Address(host.system, seat, number), spec, name)
        if name is not None:
            if name in self._by_name:
                message = f"{self._owner.path} has a living child {name!r}. Choose another name, or use that child."
                raise NameTaken(message)
            self._by_name[name] = child
        self.table[number] = child
        start = StartChild(child.address, 1, spec, self._owner.address, self._path(child))
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
        loop = self._owner.host.loop
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
                message = f"{self._name(begun[0])} did not finish its start within {timeout:g} s, and was stopped."
                error = SpawnFailed(message)
            if ends and isinstance(error, SpawnFailed):  # so that the name is free again when the caller hears of it
                settings = self._owner.host.settings
                await asyncio.wait(ends, timeout=settings.stop_budget + settings.cancel_grace)
            raise error from error.__cause__

    def on_started(self, signal: ChildStarted) -> None:
        """A child's `on_start` has finished."""
        child = self.table.get(signal.child.number)
        if child is None:
            return
        child.running = True
        if child.started is not None and not child.started.done():
            child.started.set_result(None)

    def on_failed(self, signal: ChildFailed) -> None:
        """A child failed and waits: decide, and tell it."""
        child = self.table.get(signal.child.number)
        if child is None or child.incarnation != signal.incarnation or child.ended is not None:
            return
        error = revived(signal.failure)
        now = self._owner.host.clock()
        if child.started is not None and not child.running:
            self._start_failed(child, child.started, error, now)
            return
        directive = directive_for(self._supervision, error)
        log.warning(
            "%s failed: %s: %s; %s",
            self._name(child),
            signal.failure.type_name,
            signal.failure.text,
            directive.value,
            extra={"actor": str(child.address), "incarnation": child.incarnation, "directive": directive.value},
            exc_info=error if signal.failure.error is not None else None,
        )
        if directive is Directive.RESUME and not signal.starting:
            self._owner.host.signal(child.address, ResumeChild(child.address, child.incarnation))
        elif directive is Directive.STOP:
            self.stop(child, EndReason.FAILED)
        elif directive is Directive.ESCALATE:
            self.stop(child, EndReason.FAILED)
            self._owner.escalate(error)
        else:
            self._restart(child, error, now)

    def on_ended(self, signal: ChildEnded) -> None:
        """A child's address has ended, told to stop or by itself."""
        child = self.table.get(signal.child.number)
        if child is None:
            return
        self._forget(child)
        if child.ended is not None and not child.ended.done():
            child.ended.set_result(signal.report)
        waiting = child.started
        if waiting is not None and not waiting.done():
            waiting.set_exception(SpawnFailed(f"{self._name(child)} ended before it had started: {signal.reason}."))

    def stop(self, child: Child, reason: EndReason) -> "asyncio.Future[StopReport]":
        """Tell a child to end; the future is its report. Asking twice is asking once."""
        if child.ended is None:
            child.ended = self._owner.host.loop.create_future()
            self._owner.host.signal(child.address, StopChild(child.address, self._owner.address, reason))
        return child.ended

    async def stopped(self, child: Child, reason: EndReason) -> StopReport:
        """Stop a child and wait for its report; whoever stops waiting does not end the wait of others."""
        return await asyncio.shield(self.stop(child, reason))

    async def stop_all(self, reason: EndReason) -> StopReport:
        """Stop every child: named ones in reverse order, one by one; runs of unnamed ones together (rule A41)."""
        total = StopReport()
        batch: list[asyncio.Future[StopReport]] = []
        for child in reversed(list(self.table.values())):
            if child.name is not None and batch:
                total = sum([await future for future in batch], total)
                batch = []
            future = self.stop(child, reason)
            if child.name is not None:
                total += await future
            else:
                batch.append(future)
        return sum([await future for future in batch], total)

    def seat_lost(self, seat: int) -> None:
        """The children on a lost seat have ended with it."""
        for child in [child for child in self.table.values() if child.address.seat == seat]:
            log.error("%s was lost with its host.", self._name(child), extra={"actor": str(child.address)})
            self.on_ended(ChildEnded(child.address, child.incarnation, EndReason.HOST_LOST, StopReport()))

    def _start_failed(self, child: Child, waiting: "asyncio.Future[None]", error: BaseException, now: float) -> None:
        """A first start that somebody awaits: he gets the error, the child is gone, the budget is charged (rule A4)."""
        self.stop(child, EndReason.FAILED)
        if not waiting.done():
            if isinstance(error, SpawnFailed):
                waiting.set_exception(error)
            else:
                failed = SpawnFailed(f"{self._name(child)} failed to start: {type(error).__name__}: {error}")
                failed.__cause__ = error
                waiting.set_exception(failed)
        if not self._budget.spend(now):
            self._owner.escalate(error)

    def _restart(self, child: Child, error: BaseException, now: float) -> None:
        backoff = self._supervision.backoff
        if now - child.failed_at > backoff.reset_after:
            child.failures = 0
        child.failures += 1
        child.failed_at = now
        if not self._budget.spend(now):
            log.error(
                "%s: more than %d restarts in %g s; escalating",
                self._owner.path,
                self._supervision.restarts,
                self._supervision.within,
                extra={"actor": str(self._owner.address)},
            )
            self.stop(child, EndReason.FAILED)
            self._owner.escalate(error)
            return
        child.incarnation += 1
        delay = backoff.delay(child.failures, self._owner.host.random.random())
        start = StartChild(
            child.address, child.incarnation, child.spec, self._owner.address, self._path(child), max(0.0, delay)
        )
        self._owner.host.signal(child.address, start)

    def _forget(self, child: Child) -> None:
        self.table.pop(child.address.number, None)
        if child.name is not None:
            self._owner.released(child.name, child.address)
        if child.name is not None and self._by_name.get(child.name) is child:
            del self._by_name[child.name]

    def _path(self, child: Child) -> str:
        return f"{self._owner.path}/{child.name}" if child.name is not None else ""

    def _name(self, child: Child) -> str:
        kind = child.spec.actor_class.__name__
        return f"{self._owner.path}/{child.name} ({kind})" if child.name is not None else f"{kind} {child.address}"
