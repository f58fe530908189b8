"""Raw Ray actors in the Ray that is running: an actor that calls another one in a process of its own.

At their fastest: plain threaded actors with sync methods and no CPU, `ray.get` per ask, and `remote()` without keeping
the result for one-way calls.
"""

import asyncio
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Any

from tests.benchmarks.run import Missing, Opening


class Target:
    """Counts."""

    def __init__(self) -> None:
        self.count = 0

    def hit(self, number: int) -> int:
        """Count one."""
        self.count += 1
        return number

    def weigh(self, payload: Any) -> int:
        """How long it is."""
        return len(payload)

    def total(self) -> int:
        """How many."""
        return self.count


class Driver:
    """Calls another actor, and returns the seconds."""

    def asks(self, target: Any, count: int) -> list[float]:
        """The latency of each of so many calls."""
        import ray

        latencies: list[float] = []
        for number in range(count):
            began = perf_counter()
            ray.get(target.hit.remote(number))
            latencies.append(perf_counter() - began)
        return latencies

    def tells(self, target: Any, count: int) -> float:
        """The seconds of so many calls whose result nobody wants, until all have run."""
        import ray

        began = perf_counter()
        for number in range(count):
            target.hit.remote(number)
        ray.get(target.total.remote())
        return perf_counter() - began

    def carries(self, target: Any, size: int, count: int) -> float:
        """The seconds of so many calls with a payload of so many bytes."""
        import numpy as np
        import ray

        payload = np.ones(size, np.uint8)
        began = perf_counter()
        for _ in range(count):
            ray.get(target.weigh.remote(payload))
        return perf_counter() - began


class RayPair:
    """The two actors, told from here."""

    def __init__(self, driver: Any, target: Any) -> None:
        self._driver = driver
        self._target = target

    async def tell(self, verb: str, *arguments: Any) -> Any:
        """Have the driver do something, without keeping this loop."""
        import ray

        call = getattr(self._driver, verb).remote(self._target, *arguments)
        return await asyncio.to_thread(ray.get, call)

    def contest(self, verb: str, *arguments: Any) -> Any:
        """A contestant that does so many of something."""

        async def contest(count: int) -> float:
            return float(await self.tell(verb, *arguments, count))

        return contest


@asynccontextmanager
async def ray_pair() -> Opening[RayPair]:
    """Two raw actors in the Ray that this process has joined."""
    try:
        import ray
    except ImportError:
        raise Missing("not installed.") from None
    if not ray.is_initialized():
        raise Missing("Ray is not running in this process.")
    driver, target = ray.remote(num_cpus=0)(Driver).remote(), ray.remote(num_cpus=0)(Target).remote()
    pair = RayPair(driver, target)
    await pair.tell("asks", 1)
    try:
        yield pair
    finally:
        ray.kill(driver)
        ray.kill(target)
