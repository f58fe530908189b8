"""A process with as many idle actors as it is told: says what they cost, and is told to them or to a few of them."""

import asyncio
import gc
import os
import random
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

from actors import Ref, System
from tests.benchmarks.messages import Counter, Struct
from tests.benchmarks.processes import private_output, serve

CHUNK = 1_000
"""Actors spawned before the loop does anything else."""

ACTIVATIONS = 10
"""Actors that a turn of the loop serves, where each gets eight messages; as many messages as in the uniform case."""

EACH = 8
"""Messages per activation."""


class Pauses:
    """The longest time for which the loop did nothing else, in seconds; the heart beats a thousand times a second."""

    def __init__(self) -> None:
        self._longest = 0.0
        self._beat = perf_counter()
        self._heart = asyncio.ensure_future(self._beats())

    async def _beats(self) -> None:
        while True:
            self._mark()
            await asyncio.sleep(0.001)

    def _mark(self) -> None:
        now = perf_counter()
        self._longest = max(self._longest, now - self._beat)
        self._beat = now

    async def longest(self) -> float:
        """Since it was asked last."""
        await asyncio.sleep(0.002)
        longest, self._longest = self._longest, 0.0
        return longest

    def end(self) -> None:
        """Stop the heart."""
        self._heart.cancel()


class Population:
    """The actors, and what can be asked about them."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._refs: list[Ref[Counter]] = []
        self._pauses = Pauses()
        self._random = random.Random(1)

    async def spawn(self, count: int) -> dict[str, float]:
        """Spawn in chunks. Returns bytes for each, bytes of the process, seconds, and the loop's longest pause."""
        gc.collect()
        await self._pauses.longest()
        before, began = resident(), perf_counter()
        while len(self._refs) < count:
            self._refs += await self._system.spawn_many(Counter, [()] * min(CHUNK, count - len(self._refs)))
            await asyncio.sleep(0)
        took = perf_counter() - began
        gc.collect()
        after = resident()
        return {
            "each": (after - before) / count,
            "total": after,
            "seconds": took,
            "pause": await self._pauses.longest(),
        }

    async def collection(self) -> float:
        """The pause of a full garbage collection, in seconds."""
        await self._pauses.longest()
        gc.collect()
        return await self._pauses.longest()

    async def freeze(self) -> None:
        """Keep what lives now out of all later collections."""
        gc.freeze()

    async def eight(self, count: int) -> float:
        """Tell eight messages to each of some actors drawn at random; the seconds of so many messages."""
        chosen = self._random.choices(self._refs, k=max(1, count // EACH))
        message = Struct(1)
        began = perf_counter()
        for first in range(0, len(chosen), ACTIVATIONS):
            for ref in chosen[first : first + ACTIVATIONS]:
                tell = ref.tell
                for _ in range(EACH):
                    tell(message)
            await asyncio.sleep(0)
        await chosen[-1].ask(Counter.total())
        return perf_counter() - began

    async def uniform(self, count: int) -> float:
        """Tell each message to an actor drawn at random; the seconds of so many messages."""
        chosen = self._random.choices(self._refs, k=count)
        message = Struct(1)
        turn = ACTIVATIONS * EACH
        began = perf_counter()
        for first in range(0, count, turn):
            for ref in chosen[first : first + turn]:
                ref.tell(message)
            await asyncio.sleep(0)
        await chosen[-1].ask(Counter.total())
        return perf_counter() - began


def resident() -> int:
    """Bytes of memory that are this process' own: PSS on Linux, else the most that was ever resident."""
    try:
        lines = Path("/proc/self/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


async def main(system: System) -> None:
    """Serve until the input ends."""
    output = private_output()
    population = Population(system)
    verbs: dict[str, Any] = {
        name: getattr(population, name) for name in ("spawn", "collection", "freeze", "eight", "uniform")
    }
    await serve(verbs, output)
    os._exit(0)  # stopping a million actors in order takes longer than all that was measured


if __name__ == "__main__":
    System(on="local").run(main)
