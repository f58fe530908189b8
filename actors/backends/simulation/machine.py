"""The event loop of one simulated host: a queue, a clock and timers of its own, in the world's time.

Each host has its own, so that it can be paused, slowed down or killed, and its clock may go wrong, without the others
noticing. Within one host callbacks run in the order in which they were called for, as on every loop. Every turn takes
a few microseconds of the world's time, so a host that is always busy does not stop the world.
"""

import asyncio
import logging
import signal
import threading
from asyncio import events
from collections import deque
from collections.abc import Callable
from contextlib import nullcontext
from contextvars import Context as Variables
from contextvars import copy_context
from typing import Any, TypeVar

from actors.backends.simulation.guard import guarded
from actors.backends.simulation.numbered import NumberedFuture, numbered_task
from actors.backends.simulation.world import SECOND, World

T = TypeVar("T")

log = logging.getLogger("understudy.simulation")

TURN_BITS = 13
"""A turn takes up to 2**TURN_BITS nanoseconds: 8 µs."""

INSTANT = 1000
"""Nanoseconds by which a timer is late, so that it is never early on a clock of another rate."""


NOWHERE = Variables()


class Callback(asyncio.Handle):
    """Something to call in a turn of one machine; a timer too, once `due` is set.

    The fields of the base that only its own methods read are left unset: there are hundreds of these in a second of a
    world.
    """

    __slots__ = ("due", "upkeep", "waiting", "world")

    _callback: Callable[..., object]
    _context: Variables
    due: float

    def __init__(
        self, world: World, callback: Callable[..., object], args: tuple[Any, ...], context: Variables
    ) -> None:
        self._callback = callback
        self._args = args
        self._context = context
        self.world = world
        self.waiting = True
        """Neither called yet nor cancelled."""
        upkeep = self.upkeep = world.upkeep
        if not upkeep:
            world.pending += 1

    def __repr__(self) -> str:
        return f"<Callback {self._callback!r}>"

    def cancel(self) -> None:
        """See `asyncio.Handle`. What it would have called is let go."""
        if self.waiting:
            self.waiting = False
            if not self.upkeep:
                self.world.done()
        self._callback, self._args, self._context = _nothing, (), NOWHERE

    def cancelled(self) -> bool:
        """See `asyncio.Handle`."""
        return self._callback is _nothing

    def when(self) -> float:
        """See `asyncio.TimerHandle`."""
        return self.due

    def run(self) -> None:
        """Call it, as what it is."""
        self.waiting = False
        world = self.world
        upkeep = world.upkeep = self.upkeep
        if not upkeep:
            world.done()
        self._context.run(self._callback, *self._args)


class Machine(asyncio.AbstractEventLoop):
    """One host's loop. `origin` and `rate`: what its clock shows when the world begins, and how fast it goes.

    `strict`: while it runs the world, actors are refused what no seed decides.
    """

    def __init__(
        self, world: World, name: str, *, origin: float = 0.0, rate: float = 1.0, strict: bool = False
    ) -> None:
        self.world = world
        self.name = name
        self.origin = origin
        self.rate = rate
        self.slowness = 1
        """Its turns take so many times as long."""
        self.paused = False
        self.dead = False
        self.context: Variables = copy_context()
        """For what comes from outside: the network."""
        self._ready: deque[Callback] = deque()
        self._planned = False
        self._free_at = 0
        self._thread = threading.get_ident()
        self._strict = strict
        self._factory: Any = numbered_task
        self._closed = False
        self._handler: Any = None

    # ---- time and turns ---------------------------------------------------------------------------------------------

    def time(self) -> float:
        """Seconds on this host's clock, which starts anywhere and may go wrong; it never goes back."""
        return self.origin + self.world.now / SECOND * self.rate

    def call_soon(self, callback: Any, *args: Any, context: Variables | None = None) -> Callback:
        """See asyncio."""
        found = Callback(self.world, callback, args, context if context is not None else copy_context())
        if self.dead:
            found.cancel()
            return found
        self._ready.append(found)
        if not self._planned:
            self._plan_turn()
        return found

    def call_soon_threadsafe(self, callback: Any, *args: Any, context: Variables | None = None) -> asyncio.Handle:
        """See asyncio. What other threads call for comes when they do, which no seed decides."""
        if threading.get_ident() == self._thread:
            return self.call_soon(callback, *args, context=context)
        if self._closed:
            message = "Event loop is closed"
            raise RuntimeError(message)
        found = asyncio.Handle(callback, args, self, context)
        self.world.called_from_thread(self, found._run)  # noqa: SLF001 - as every loop does
        return found

    def call_later(self, delay: float, callback: Any, *args: Any, context: Variables | None = None) -> Any:
        """See asyncio."""
        return self._timer(max(0.0, delay), callback, args, context)

    def call_at(self, when: float, callback: Any, *args: Any, context: Variables | None = None) -> Any:
        """See asyncio."""
        return self._timer(max(0.0, when - self.time()), callback, args, context)

    def _timer(self, delay: float, callback: Any, args: tuple[Any, ...], context: Variables | None) -> Callback:
        world = self.world
        found = Callback(world, callback, args, context if context is not None else copy_context())
        found.due = self.time() + delay
        world.at(world.now + INSTANT + int(delay / self.rate * SECOND), self._due, found)
        return found

    def from_outside(self, callback: Any, *args: Any, upkeep: bool) -> None:
        """The network calls."""
        if self.dead:
            return
        self.world.upkeep = upkeep
        self.call_soon(callback, *args, context=self.context)

    def arrived(self, callback: Any, *args: Any, upkeep: bool) -> None:
        """The network calls between two turns: a host that is idle does it at once, in a turn of its own."""
        if not self._is_idle():
            self.from_outside(callback, *args, upkeep=upkeep)
            return
        world = self.world
        world.upkeep = upkeep
        self._begin(world)
        try:
            self.context.run(callback, *args)
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:  # noqa: BLE001 - as every loop does
            self.call_exception_handler({"message": f"Exception in {callback!r}", "exception": error})

    def pause(self) -> None:
        """Stand still, as a stopped process does; its clock goes on."""
        self.paused = True

    def resume(self) -> None:
        """Go on where it stood."""
        self.paused = False
        if self._ready and not self._planned:
            self._plan_turn()

    def go_at(self, rate: float) -> None:
        """Let the clock go at another rate from now on."""
        self.origin, self.rate = self.time() - self.world.now / SECOND * rate, rate

    def kill(self) -> None:
        """Nothing runs here any more. What it was doing stays as it is until the world ends."""
        self.dead = True
        for found in self._ready:
            found.cancel()
        self._ready.clear()

    def _due(self, found: Callback) -> None:
        if not found.waiting:
            return
        if self.dead:
            found.cancel()
            return
        idle = self._is_idle()
        self._ready.append(found)
        if idle:
            self._turn(None)
        elif not self._planned:
            self._plan_turn()

    def _is_idle(self) -> bool:
        """Whether a turn could begin at this moment."""
        return not (
            self._planned
            or self._ready
            or self.paused
            or self.dead
            or self.slowness != 1
            or self.world.now < self._free_at
        )

    def _begin(self, world: World) -> None:
        """A turn begins."""
        self._free_at = world.now
        if world.running is not self:
            world.running = self
            events._set_running_loop(self)  # noqa: SLF001 - as every event loop does

    def _plan_turn(self) -> None:
        if self.paused or self.dead:
            return
        self._planned = True
        world = self.world
        takes = world.random.getrandbits(TURN_BITS) * self.slowness
        world.at(max(world.now, self._free_at) + takes, self._turn)

    def _turn(self, _: object) -> None:
        self._planned = False
        if self.paused or self.dead:
            return
        ready = self._ready
        self._begin(self.world)
        try:
            for _ in range(len(ready)):
                found = ready.popleft()
                if found.waiting:
                    try:
                        found.run()
                    except (SystemExit, KeyboardInterrupt):
                        raise
                    except BaseException as error:  # noqa: BLE001 - as every loop does
                        self.call_exception_handler({"message": f"Exception in callback {found!r}", "exception": error})
                    if self.paused or self.dead:
                        return
        finally:
            if ready and not self._planned:
                self._plan_turn()

    # ---- tasks and futures ------------------------------------------------------------------------------------------

    def create_future(self) -> "asyncio.Future[Any]":
        """See asyncio."""
        return NumberedFuture(loop=self)

    def create_task(self, coro: Any, **options: Any) -> Any:
        """See asyncio."""
        return self._factory(self, coro, **options)

    def set_task_factory(self, factory: Any) -> None:
        """See asyncio."""
        self._factory = factory or numbered_task

    def get_task_factory(self) -> Any:
        """See asyncio."""
        return self._factory

    def run_in_executor(self, executor: Any, func: Callable[..., T], *args: Any) -> "asyncio.Future[T]":
        """Call it here and now, which takes no time of the world: there are no other threads in it."""
        del executor
        outcome: asyncio.Future[T] = self.create_future()
        try:
            result = func(*args)
        except Exception as error:  # noqa: BLE001 - goes to whoever awaits it
            outcome.set_exception(error)
        else:
            outcome.set_result(result)
        return outcome

    # ---- running ----------------------------------------------------------------------------------------------------

    def run_until_complete(self, future: Any) -> Any:
        """Let the world go on until this is done. Raises NobodyWakes if that can never be, OutOfTime after too long."""
        main = asyncio.ensure_future(future, loop=self)
        world = self.world
        strict, self._strict = self._strict, False  # what asyncio runs at the end is no actor
        with guarded() if strict else nullcontext():
            world.run(main)
        if world.stuck is not None and (main.cancelled() or main.exception() is not None):
            stuck, world.stuck = world.stuck, None
            raise stuck
        return main.result()

    def is_running(self) -> bool:
        """See asyncio."""
        return self.world.running is self

    def is_closed(self) -> bool:
        """See asyncio."""
        return self._closed

    def close(self) -> None:
        """See asyncio. It is the driver's loop that is closed, and the world goes with it."""
        self._closed = True
        self.kill()
        for due in self.world.close():
            if isinstance(due, Callback):
                due.cancel()

    async def shutdown_asyncgens(self) -> None:
        """Nothing is left to do: the world ends its generators itself."""

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        """There is none."""
        del timeout

    def get_debug(self) -> bool:
        """See asyncio."""
        return False

    def set_debug(self, enabled: bool) -> None:  # noqa: FBT001 - as in asyncio
        """There is no debug mode."""

    def set_exception_handler(self, handler: Any) -> None:
        """See asyncio."""
        self._handler = handler

    def default_exception_handler(self, context: Any) -> None:
        """See asyncio."""
        log.error("%s: %s", self.name, context.get("message"), exc_info=context.get("exception"))

    def call_exception_handler(self, context: Any) -> None:
        """See asyncio."""
        if self._closed or self.dead:
            return
        if self._handler is not None:
            self._handler(self, context)
        else:
            self.default_exception_handler(context)

    def add_signal_handler(self, sig: int, callback: Any, *args: Any) -> None:
        """Call back at once: the world never sleeps, so there is nothing to wake."""

        def called(number: int, frame: object) -> None:
            del number, frame
            callback(*args)

        signal.signal(sig, called)

    def remove_signal_handler(self, sig: int) -> bool:
        """See asyncio."""
        signal.signal(sig, signal.SIG_DFL)
        return True


def _nothing() -> None:
    """What a cancelled callback calls."""
