"""Time that only the test moves: the clock and every timer of a `local` system, on a loop that never waits for them.

The clock stands still until `advance`; then everything that becomes due runs in the order of its time, and what it sets
in motion runs before the next: timers of actors, deadlines of asks, waits before restarts, `asyncio.sleep` in handlers.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from contextvars import Context as Variables
from heapq import heappop, heappush
from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar, TypeVarTuple

from actors.testing.rest import rest

if TYPE_CHECKING:
    from actors.host import Host
    from actors.system import System

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

BEGIN = 1000.0
"""What the clock shows at first, in seconds: not 0, which code may take for "never"."""

INSTANT = 1e-9
"""How late a timer runs, in seconds. On no clock it runs on time, and rounding must not make it early."""

SLACK = 1e-6
"""How far beyond its goal `advance` still looks: more than all the instants of a test."""


MOMENT = 0.001
"""Seconds of the real clock that a thread has for its end before a closing system goes on to the next timer."""


class Stuck(AssertionError):
    """Everybody waits for a time that nobody moves."""


class _Selector(selectors.DefaultSelector):
    """Looks for what comes from outside (sockets, threads), without ever waiting for the time."""

    loop: "ManualLoop"

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout == 0:
            return super().select(0)
        loop = self.loop
        due = loop.next_due()
        if loop.closing:
            events = super().select(None if due is None else MOMENT)
            if not events:
                loop.jump()
            return events
        events = super().select(loop.patience)
        if not events:
            loop.give_up()
        return events


class ManualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time is a number that somebody sets."""

    def __init__(self, patience: float) -> None:
        self.now = BEGIN
        self.patience = patience
        """Seconds of the real clock to wait for sockets and threads when there is nothing else to do."""
        self.main: asyncio.Task[Any] | None = None
        """The test."""
        self.stuck = ""
        """Why the test was given up."""
        self.closing = False
        """Whether time moves by itself, so that nothing keeps the system from closing."""
        self.in_threads = 0
        """Calls of `run_in_executor` and `asyncio.to_thread` that have not returned."""
        self._order = count()
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        selector = _Selector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        """Seconds, as the test has set them."""
        return self.now

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Variables | None = None
    ) -> asyncio.TimerHandle:
        """As of any loop; the timer is remembered as well."""
        handle = super().call_at(when, callback, *args, context=context)
        heappush(self._timers, (when, next(self._order), handle))
        return handle

    def run_in_executor(self, executor: Any, func: Callable[[*Ts], T], *args: *Ts) -> "asyncio.Future[T]":
        """As of any loop; the call is counted as well."""
        future = super().run_in_executor(executor, func, *args)
        self.in_threads += 1
        future.add_done_callback(self._returned)
        return future

    def next_due(self) -> float | None:
        """When the next timer is due; None if there is none."""
        timers = self._timers
        while timers and (timers[0][0] <= self.now or timers[0][2].cancelled()):
            heappop(timers)
        return timers[0][0] if timers else None

    def jump(self) -> None:
        """Go to the next timer."""
        due = self.next_due()
        if due is not None:
            self.now = due + INSTANT

    def give_up(self) -> None:
        """Nothing has happened for too long: end the test, and let the system close."""
        due = self.next_due()
        when = "There is no timer." if due is None else f"The next timer is due in {due - self.now:g} s."
        self.stuck = (
            f"Nothing happened for {self.patience:g} s: everybody waits for a time that only the test moves. {when} "
            "Call `await time.advance(seconds)` before you await what time is to bring."
        )
        self.closing = True
        if self.main is not None:
            self.main.cancel()

    def _returned(self, future: "asyncio.Future[Any]") -> None:
        del future
        self.in_threads -= 1


class ManualTime:
    """A clock for `run(main, time=...)`; within `main` the test moves it.

    `patience`: seconds of the real clock after which a test that waits for a time nobody moves fails.
    """

    def __init__(self, *, patience: float = 5.0) -> None:
        self._patience = patience
        self._loop: ManualLoop | None = None
        self._host: Host | None = None

    def now(self) -> float:
        """Seconds on the clock, the same as actors' `self.context.now()`."""
        return self._loop.now if self._loop is not None else BEGIN

    async def advance(self, seconds: float) -> None:
        """Move the clock, running everything that becomes due in order; returns when nothing is left to do at the end.

        A deadline of an ask is met up to 10 ms late, as on every clock. Fails if a handler stays busy in a thread.
        """
        if seconds < 0:
            text = f"Time goes forward; it cannot be advanced by {seconds} s."
            raise ValueError(text)
        loop = self._running()
        goal = loop.now + seconds
        await self._rest()
        while (due := loop.next_due()) is not None and due <= goal + SLACK:
            loop.now = due + INSTANT
            await self._rest()
        loop.now = max(loop.now, goal)
        await self._rest()

    async def advance_to_next(self) -> float:
        """Move the clock to the next timer and run what is due then; returns the seconds moved; Stuck without one."""
        loop = self._running()
        await self._rest()
        due = loop.next_due()
        if due is None:
            message = "There is no timer to go to: nothing will ever happen by itself."
            raise Stuck(message)
        seconds = due - loop.now
        await self.advance(seconds)
        return seconds

    def run(self, system: "System", main: "Callable[[System], Coroutine[Any, Any, T]]") -> T:
        """Open the system on a loop of this time, run `main(system)`, and close; closing takes no real time."""

        async def whole() -> T:
            loop = self._running()
            loop.main = asyncio.current_task()
            async with system:
                self._host = system.host
                try:
                    return await main(system)
                except asyncio.CancelledError as cancelled:
                    if loop.stuck:
                        raise Stuck(loop.stuck) from cancelled  # which shows where the test waited
                    raise
                finally:
                    loop.closing = True

        self._loop = ManualLoop(self._patience)
        with asyncio.Runner(loop_factory=self._running) as runner:
            return runner.run(whole())

    def _running(self) -> ManualLoop:
        if self._loop is None:
            message = "This time has no system yet. Give it to `run(main, time=time)`, and use it within `main`."
            raise RuntimeError(message)
        return self._loop

    async def _rest(self) -> None:
        if self._host is not None:
            busy = await rest(self._host, self._patience)
            if busy:
                message = f"The time cannot go on, because these are still at work: {', '.join(busy)}."
                raise AssertionError(message)
