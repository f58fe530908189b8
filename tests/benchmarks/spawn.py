"""Spawning within one process: waiting for each actor, not waiting, and a hundred thousand at once."""

from time import perf_counter
from typing import Any

from actors import System
from tests.benchmarks.messages import Counter
from tests.benchmarks.peers.pykka_peer import pykka_actor
from tests.benchmarks.peers.thespian_peer import thespian_actor
from tests.benchmarks.peers.xoscar_peer import xoscar_local
from tests.benchmarks.rounds import Measured
from tests.benchmarks.rows import at_least, row
from tests.benchmarks.run import Run

MANY = 100_000


@row("spawn.one", unit="1/s", what="spawn, each awaited before the next")
async def one(run: Run) -> Measured:
    """Peers create their actors one by one too."""

    async def ours(count: int) -> float:
        async with System(on="local") as system:
            began = perf_counter()
            for _ in range(count):
                await system.spawn(Counter)
            return perf_counter() - began

    near: dict[str, Any] = await run.peers({"Pykka": pykka_actor, "Thespian": thespian_actor})
    far = await run.peers({"xoscar": xoscar_local})
    peers = {name: peer.spawns for name, peer in near.items()}
    return await run.rates(ours, peers | {name: peer.contest("spawns") for name, peer in far.items()})


@row("spawn.nowait", unit="1/s", what="spawn_nowait, until all have started")
async def nowait(run: Run) -> Measured:
    """The last one's answer shows that all have started, for the host starts them in order."""

    async def ours(count: int) -> float:
        async with System(on="local") as system:
            began = perf_counter()
            refs = [system.spawn_nowait(Counter) for _ in range(count)]
            await refs[-1].ask(Counter.total())
            return perf_counter() - began

    return await run.rates(ours)


@row("spawn.many", unit="1/s", what=f"spawn_many of {MANY:,}", targets=[at_least(100_000)])
async def many(run: Run) -> Measured:
    """All in one call."""
    count = 1_000 if run.quick else MANY

    async def ours() -> float:
        async with System(on="local") as system:
            began = perf_counter()
            await system.spawn_many(Counter, [()] * count)
            return count / (perf_counter() - began)

    return await run.figures(ours)
