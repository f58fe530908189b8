"""The process of `xoscar_peer`: xoscar with uvloop, as it chooses itself, and between processes its Unix sockets.

Its `batch` of many calls in one message is not used: every row counts messages.
"""

import asyncio
import sys
from time import perf_counter
from typing import Any

import xoscar

from tests.benchmarks.processes import private_output, serve


class Counter(xoscar.Actor):
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


class Driver(xoscar.Actor):
    """Asks or tells another actor, and returns the seconds."""

    async def asks(self, target: Any, count: int) -> list[float]:
        """The latency of each of so many asks."""
        latencies: list[float] = []
        for number in range(count):
            began = perf_counter()
            await target.hit(number)
            latencies.append(perf_counter() - began)
        return latencies

    async def tells(self, target: Any, count: int) -> float:
        """The seconds of so many tells, until all are handled."""
        began = perf_counter()
        for number in range(count):
            await target.hit.tell(number)
        await target.total()
        return perf_counter() - began

    async def carries(self, target: Any, size: int, count: int) -> float:
        """The seconds of so many asks with a payload of so many bytes."""
        import numpy as np

        payload = np.ones(size, np.uint8)
        began = perf_counter()
        for _ in range(count):
            await target.weigh(payload)
        return perf_counter() - began


async def main(processes: int) -> None:
    output = private_output()
    pool = await xoscar.create_actor_pool("127.0.0.1:0", n_process=processes)
    async with pool:
        address = pool.external_address

        async def actor(kind: Any, process: int) -> Any:
            placed = {"allocate_strategy": xoscar.allocate_strategy.ProcessIndex(process)} if processes else {}
            return await xoscar.create_actor(kind, address=address, uid=kind.__name__, **placed)

        driver, target = await actor(Driver, 1), await actor(Counter, 2)

        async def asks(count: int) -> Any:
            return await driver.asks(target, count)

        async def tells(count: int) -> Any:
            return await driver.tells(target, count)

        async def carries(size: int, count: int) -> Any:
            return await driver.carries(target, size, count)

        async def spawns(count: int) -> float:
            began = perf_counter()
            made = [await xoscar.create_actor(Counter, address=address, uid=f"c{number}") for number in range(count)]
            took = perf_counter() - began
            for each in made:
                await xoscar.destroy_actor(each)
            return took

        await serve({"asks": asks, "tells": tells, "carries": carries, "spawns": spawns}, output)


if __name__ == "__main__":
    import tests.benchmarks.peers.xoscar_process as importable  # classes by a name that pool processes can import

    asyncio.run(importable.main(int(sys.argv[1])))
