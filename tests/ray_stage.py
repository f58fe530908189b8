"""One system on Ray for many tests: to open one takes seconds, so each test only cleans up after itself."""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import msgspec
import uvloop

from actors import Restart, Settings, Spawner, System
from actors.cells.spawner import Spawns
from actors.placement import Placement, spread
from actors.stats import HostStats
from actors.supervising.signals import EndReason
from tests.leftovers import shared_by_all_files

T = TypeVar("T")

PATIENCE = 60.0
THREADS = 6
COUNTED = ("handled", "restarts")


class Stage(Spawns):
    """A system that is open already, on a loop in a thread of its own; its actors live on the hosts in turn.

    `run(main)` is as that of a system: afterwards the actors that `main` has spawned are stopped, and figures that only
    grow begin at zero again.
    """

    def __init__(self, system: System, loop: asyncio.AbstractEventLoop) -> None:
        self._system = system
        self._loop = loop
        self._before: dict[int, HostStats] = {}

    def run(self, main: Callable[[Any], Coroutine[Any, Any, T]]) -> T:
        """Run the test on the system's loop."""
        return asyncio.run_coroutine_threadsafe(self._whole(main), self._loop).result(PATIENCE)

    def options(
        self,
        *,
        name: str | None = None,
        placement: Placement | None = None,
        stop_budget: float | None = None,
        restart: Restart = Restart.TRANSIENT,
        significant: bool = False,
    ) -> Spawner:
        """As the system's, but spread over the hosts."""
        return self._system.options(
            name=name,
            placement=placement or spread(),
            stop_budget=stop_budget,
            restart=restart,
            significant=significant,
        )

    async def stats(self) -> list[HostStats]:
        """Since the test began."""
        return [_since(self._before.get(host.seat), host) for host in await self._system.stats()]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._system, name)

    async def _whole(self, main: Callable[[Any], Coroutine[Any, Any, T]]) -> T:
        self._before = {host.seat: host for host in await self._system.stats()}
        try:
            async with asyncio.timeout(PATIENCE - 10):
                return await main(self)
        finally:
            await self._system.host.root.children.stop_all(EndReason.STOPPED)


def _since(before: HostStats | None, now: HostStats) -> HostStats:
    if before is None:
        return now
    letters = Counter(now.dead_letters)
    letters.subtract(before.dead_letters)
    figures: dict[str, Any] = {name: getattr(now, name) - getattr(before, name) for name in COUNTED}
    return msgspec.structs.replace(now, dead_letters={key: count for key, count in letters.items() if count}, **figures)


@contextmanager
def open_stage(settings: Settings, **options: Any) -> Iterator[Stage]:
    """Open a system on Ray; close it at the end."""
    system = System(on="ray", settings=settings, **options)
    loop = uvloop.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="stage")
    with shared_by_all_files():
        thread.start()

    def call(steps: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(steps, loop).result(PATIENCE)

    async def start() -> None:
        # All threads of the loop at once, so that none is new in a test: a file must not end with more than it began.
        together = threading.Barrier(THREADS)
        loop.set_default_executor(_executor())
        await asyncio.gather(*(asyncio.to_thread(together.wait) for _ in range(THREADS)))
        await system.__aenter__()

    try:
        with shared_by_all_files():
            call(start())
        try:
            yield Stage(system, loop)
        finally:
            call(system.stop())
    finally:
        try:
            call(loop.shutdown_default_executor())
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()


def _executor() -> Any:
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(THREADS, thread_name_prefix="stage")
