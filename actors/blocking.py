"""The verbs of a system for code that cannot await: scripts, notebooks, plain threads and blocking handlers.

`System(on="local").blocking()` runs its host on a loop in a thread of its own, so it works beside any other loop, such
as a notebook's; `blocking(system)` borrows the loop of a system that is open already. Every verb waits in the caller's
thread for the async verb of the same name to end on the host's loop, and returns or raises what that does.
"""

import asyncio
import atexit
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator, Iterable, Iterator
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from threading import Thread, get_ident
from types import TracebackType
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, Self, TypeVar, cast, overload

from actors.cells.context import Context
from actors.cells.spawner import Spawner
from actors.errors import SystemClosed
from actors.mail.activity import running
from actors.operations.blocking_operations import BlockingOperations, BlockingQuarantines
from actors.ref import DEFAULT_TIMEOUT, Ref
from actors.supervising.signals import StopReport
from actors.supervising.supervision import Restart
from actors.waiting import LOOK_AROUND, closed, outcome_of, own_loop, result

if TYPE_CHECKING:
    from actors.health.report import Health
    from actors.host import Host
    from actors.membership.seats import Member
    from actors.messages.call import Call
    from actors.messages.message import Asks, AsksStream
    from actors.operations.operations import Operations
    from actors.placement import Placement
    from actors.ref import Declared
    from actors.stats import HostStats
    from actors.supervising.quarantines import Quarantines

P = ParamSpec("P")
A = TypeVar("A")
R = TypeVar("R")
T = TypeVar("T")

_END: Any = object()


class Spawning(Protocol):
    """What systems and contexts have in common."""

    def options(
        self,
        *,
        name: str | None = None,
        placement: "Placement | None" = None,
        stop_budget: float | None = None,
        restart: Restart = Restart.TRANSIENT,
        significant: bool = False,
    ) -> Spawner:
        """A spawner with options."""
        ...


class SystemVerbs(Spawning, Protocol):
    """What the blocking form needs of a system, which is a layer above."""

    @property
    def host(self) -> "Host":
        """The host of this process; SystemClosed if it is not open."""
        ...

    async def __aenter__(self) -> object: ...

    async def stop(self) -> "StopReport":
        """Stop everything."""
        ...

    async def shutdown(self) -> "StopReport":
        """Stop everything, for everybody."""
        ...

    async def stop_actor(self, ref: Ref[Any]) -> "StopReport":
        """Stop one actor."""
        ...

    async def lookup(self, name: str) -> Ref[Any] | None:
        """Find an actor by its name."""
        ...

    async def stats(self) -> "list[HostStats]":
        """The figures of every host."""
        ...

    async def health(self) -> "Health":
        """How every host is."""
        ...

    async def members(self) -> "list[Member]":
        """Every host as the directory sees it."""
        ...

    @property
    def operations(self) -> "Operations":
        """Live operations; SystemClosed if it is not open."""
        ...

    @property
    def quarantine(self) -> "Quarantines":
        """Messages in quarantine; SystemClosed if it is not open."""
        ...


class BlockingSpawner:
    """Spawns with one set of options, and waits. See `Spawner`."""

    __slots__ = ("_blocking", "_spawner")

    def __init__(self, blocking: "Blocking", spawner: Spawner) -> None:
        self._blocking = blocking
        self._spawner = spawner

    def spawn(self, actor_class: Callable[P, A], *args: P.args, **kwargs: P.kwargs) -> Ref[A]:
        """Start an actor; returns when its `on_start` has finished. See `Spawner.spawn`."""
        return self._blocking.wait_for(lambda: self._spawner.spawn(actor_class, *args, **kwargs))

    def spawn_many(self, actor_class: Callable[..., A], arguments: Iterable[tuple[Any, ...]]) -> list[Ref[A]]:
        """Start one actor for each tuple of constructor arguments. See `Spawner.spawn_many`."""
        each = list(arguments)  # here, because an iterable may block and the loop must not
        return self._blocking.wait_for(lambda: self._spawner.spawn_many(actor_class, each))


class BlockingMessages:
    """The verbs of messages, for a thread that may block.

    Any number of threads may use one object at once. A verb called on the host's own loop raises RuntimeError, because
    it would wait for itself. A verb of a system that is closed, or is closed meanwhile, raises SystemClosed, or
    NotRunning for an ask that had been sent. An interrupt (Ctrl-C) gives up what the thread waited for, nothing else.
    """

    def __init__(self, host: "Callable[[], Host]") -> None:
        self._host = host

    def tell(self, ref: Ref[A], message: "Declared | Call[A, object]") -> None:
        """Send and go on; the same as `ref.tell(message)`, which never waits in any thread."""
        ref.tell(message)

    def ask(self, ref: Ref[A], request: "Asks[R] | Call[A, R]", *, timeout: float | None = DEFAULT_TIMEOUT) -> R:
        """Send, and wait for the reply. Deadline and outcomes are those of `Ref.ask`, in a blocking handler too."""
        work, thread = self._host().work, get_ident()

        async def asked() -> R:
            with work.awaiting_for(thread):
                return await ref.ask(request, timeout=timeout)

        return self.wait_for(asked)

    def send(
        self, ref: Ref[A], message: "Declared | Call[A, object]", *, timeout: float | None = DEFAULT_TIMEOUT
    ) -> None:
        """Send, and wait until a mailbox has accepted the message. See `Ref.send`."""

        async def sent() -> None:
            await ref.send(message, timeout=timeout)

        self.wait_for(sent)

    def stream(
        self,
        ref: Ref[A],
        request: "AsksStream[R] | Call[A, AsyncIterator[R]]",
        *,
        timeout: float | None = DEFAULT_TIMEOUT,
    ) -> Iterator[R]:
        """Ask for a stream: `for item in system.stream(ref, ...)`. `timeout`: seconds to wait for each item."""
        return self.iterate(ref.stream(request, timeout=timeout))

    def iterate(self, items: AsyncIterator[T]) -> Iterator[T]:
        """The items of an async iterator on the host's loop, each waited for; one that is left early is closed."""
        self._loop()
        return self._items(items)

    def _items(self, items: AsyncIterator[T]) -> Generator[T]:
        async def following() -> T:
            return await anext(items, _END)

        try:
            while (item := self.wait_for(following)) is not _END:
                yield item
        finally:
            self._leave(cast("Any", items).aclose)

    def _leave(self, close: Callable[[], Awaitable[None]]) -> None:
        """Tell a stream that its reader has gone. Does not wait: a generator may end in any thread, the loop's too."""

        async def left() -> None:
            await close()

        steps = left()
        try:
            asyncio.run_coroutine_threadsafe(steps, self._host().loop)
        except (SystemClosed, RuntimeError):  # the stream has ended with its loop
            steps.close()

    # ---- waiting ----------------------------------------------------------------------------------------------------

    def wait_for(self, verb: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run any coroutine function on the host's loop, and wait for its result; what it raises is raised here."""
        loop = self._loop()
        steps = verb()
        try:
            future = asyncio.run_coroutine_threadsafe(steps, loop)
        except RuntimeError:
            steps.close()
            raise closed() from None
        return result(future, loop)

    def _loop(self) -> asyncio.AbstractEventLoop:
        _ = running.get().cell  # refused to a handler that was abandoned
        host = self._host()
        if get_ident() == host.thread:
            raise own_loop()
        return host.loop


class Blocking(BlockingMessages):
    """The verbs of an open system, for a thread that may block."""

    def __init__(self, spawns: Spawning, host: "Callable[[], Host]") -> None:
        super().__init__(host)
        self._spawns = spawns

    def options(
        self,
        *,
        name: str | None = None,
        placement: "Placement | None" = None,
        stop_budget: float | None = None,
        restart: Restart = Restart.TRANSIENT,
        significant: bool = False,
    ) -> BlockingSpawner:
        """How the next actor is to be spawned: `system.options(name="ada").spawn(Account, 100)`."""
        spawner = self._spawns.options(
            name=name, placement=placement, stop_budget=stop_budget, restart=restart, significant=significant
        )
        return BlockingSpawner(self, spawner)

    def spawn(self, actor_class: Callable[P, A], *args: P.args, **kwargs: P.kwargs) -> Ref[A]:
        """Start an actor; returns when its `on_start` has finished. See `Spawner.spawn`."""
        return self.options().spawn(actor_class, *args, **kwargs)

    def spawn_many(self, actor_class: Callable[..., A], arguments: Iterable[tuple[Any, ...]]) -> list[Ref[A]]:
        """Start one actor for each tuple of constructor arguments. See `Spawner.spawn_many`."""
        return self.options().spawn_many(actor_class, arguments)


class BlockingSystem(Blocking):
    """A system on a loop in its own thread: `with System(on="local").blocking() as system: ...`.

    Without `with`, in a notebook: `system.open()` and `system.close()`; a system that is still open when the program
    ends is closed then. An interrupt leaves it open and usable.
    """

    def __init__(self, system: SystemVerbs, new_loop: "Callable[[], asyncio.AbstractEventLoop] | None") -> None:
        super().__init__(system, lambda: system.host)
        self.system = system
        self._new_loop = new_loop
        self._thread: Thread | None = None
        self._end: Future[None] = Future()
        self._ended: Future[StopReport] = Future()

    # ---- opening and closing ----------------------------------------------------------------------------------------

    def open(self) -> Self:
        """Start the thread, and return when the system is open; raises what opening it raises. Opens once."""
        if self._thread is not None:
            message = "This system was opened before. Make a new System(...).blocking() for each opening."
            raise SystemClosed(message)
        opened: Future[None] = Future()
        # a daemon, because Python waits for all other threads before it calls what `atexit` was given
        self._thread = Thread(target=self._live, args=(opened,), name="understudy-system", daemon=True)
        self._thread.start()
        atexit.register(self.close)
        try:
            outcome_of(opened, lambda: False)
        except BaseException:
            self.close()
            raise
        return self

    def stop(self) -> "StopReport":
        """Stop all actors, then the hosts, and end the thread; the report names what had to be abandoned (rule A40).

        Asking twice is asking once. Interrupted, it goes on in the background, and asking again waits for it. Raises
        SystemClosed for a system that was never opened.
        """
        thread = self._thread
        if thread is None:
            return self.wait_for(self.system.stop)
        if thread.ident == get_ident():
            raise own_loop()
        with suppress(InvalidStateError):
            self._end.set_result(None)
        while thread.is_alive():
            thread.join(LOOK_AROUND)
        atexit.unregister(self.close)
        return self._ended.result()

    def shutdown(self) -> "StopReport":
        """Stop the whole system, for everybody, and end the thread. See `System.shutdown`."""
        report = self.wait_for(self.system.shutdown)
        self.close()
        return report

    def close(self) -> None:
        """The same as `stop`, without a report, and nothing for a system that was never opened from here."""
        if self._thread is not None:
            self.stop()

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _live(self, opened: Future[None]) -> None:
        """What the thread does, from its start to its end."""
        try:
            with asyncio.Runner(loop_factory=self._new_loop) as runner:
                report = runner.run(self._serve(opened))
        except BaseException as error:  # noqa: BLE001 - whoever closes the system is to hear it
            self._ended.set_exception(error)
        else:
            self._ended.set_result(report)

    async def _serve(self, opened: Future[None]) -> "StopReport":
        try:
            await self.system.__aenter__()
        except BaseException as error:  # noqa: BLE001 - whoever opens the system is to hear it
            opened.set_exception(error)
            return StopReport()
        opened.set_result(None)
        await asyncio.wrap_future(self._end)
        return await self.system.stop()

    # ---- looking ----------------------------------------------------------------------------------------------------

    def stop_actor(self, ref: Ref[Any]) -> "StopReport":
        """Stop a top-level actor, and wait for its report. See `System.stop_actor`."""
        return self.wait_for(lambda: self.system.stop_actor(ref))

    def lookup(self, name: str) -> Ref[Any] | None:
        """The living top-level actor of this name. See `System.lookup`."""
        return self.wait_for(lambda: self.system.lookup(name))

    def stats(self) -> "list[HostStats]":
        """Figures of every host. See `System.stats`."""
        return self.wait_for(self.system.stats)

    def health(self) -> "Health":
        """How every host is, and what is wrong. See `System.health`."""
        return self.wait_for(self.system.health)

    def members(self) -> "list[Member]":
        """Every host as the directory sees it. See `System.members`."""
        return self.wait_for(self.system.members)

    @property
    def operations(self) -> BlockingOperations:
        """Live operations on all hosts. See `System.operations`."""
        return BlockingOperations(self.system.operations, self)

    @property
    def quarantine(self) -> BlockingQuarantines:
        """Messages that made their actors fail too often. See `System.quarantine`."""
        return BlockingQuarantines(self.system.quarantine, self)


@overload
def blocking(opened: Context) -> BlockingMessages: ...
@overload
def blocking(opened: SystemVerbs) -> Blocking: ...
def blocking(opened: SystemVerbs | Context) -> BlockingMessages:
    """The blocking verbs of what is open already: of a system, or of a blocking handler's `self.context`.

        @call(blocking=True)
        def price(self) -> int:
            return blocking(self.context).ask(self.market, Market.price())

    In a handler an ask inherits the deadline of the request being handled, as it does in one that can await, and no
    actors are spawned: a thread must not change its actor's life.
    """
    if isinstance(opened, Context):
        return BlockingMessages(lambda: _host_of(opened))
    return Blocking(opened, lambda: opened.host)


def _host_of(context: "Context") -> "Host":
    # Not by its ref, which is bound to no cell where messages are copied.
    return context._cell.host  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
