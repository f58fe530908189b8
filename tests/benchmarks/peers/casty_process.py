"""The process of `casty_peer`: one node, or a system of its own. Imports nothing but Casty and the standard library.

The actor counts in a local variable, because a state that is set is replicated, which no other peer does.
"""

import asyncio
import sys
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from casty import ActorSystem, Askable, Cluster, Context, actor

from tests.benchmarks.processes import private_output, serve


@dataclass(frozen=True)
class Hit:
    """Counted."""

    number: int


@dataclass(frozen=True)
class Echo(Askable[int]):
    """Answered with its number."""

    number: int


@dataclass(frozen=True)
class Total(Askable[int]):
    """Answered with the count."""


@actor(initial=0)
async def counter(context: Context[int, Hit | Echo | Total]) -> None:
    """Count."""
    await _count(context)


@actor(pinned=True, initial=0)
async def pinned(context: Context[int, Hit | Echo | Total]) -> None:
    """The same on a node that the ref names."""
    await _count(context)


async def _count(context: Any) -> None:
    count = 0
    async for message in context.inbox:
        if isinstance(message, Hit):
            count += 1
        elif isinstance(message, Echo):
            message.reply_to.tell(message.number)
        else:
            message.reply_to.tell(count)


async def _asks(target: Any, count: int) -> list[float]:
    latencies: list[float] = []
    for number in range(count):
        began = perf_counter()
        await target.ask(Echo(number))
        latencies.append(perf_counter() - began)
    return latencies


async def _tells(target: Any, count: int) -> float:
    began = perf_counter()
    for begun in range(0, count, 5_000):
        for number in range(begun, min(count, begun + 5_000)):
            target.tell(Hit(number))
        await target.ask(Total())
    return perf_counter() - began


async def node(bind: str, seed: str | None) -> None:
    """One node, or a system of this process alone for `local`; with a seed, it drives the actor on that node."""
    output = private_output()
    cluster = None if bind == "local" else Cluster(bind=bind, seeds=(seed,) if seed else ())
    async with ActorSystem(cluster=cluster) as system:
        while seed and len(system.members) < 2:  # noqa: ASYNC110 - Casty has nothing to wait for
            await asyncio.sleep(0.05)
        if cluster is None:
            target = system.ref(counter, "target")
        else:
            target = system.ref(pinned, "target", at=seed or system.node)
        await target.ask(Total())

        async def asks(count: int) -> list[float]:
            return await _asks(target, count)

        async def tells(count: int) -> float:
            return await _tells(target, count)

        await serve({"asks": asks, "tells": tells}, output)


if __name__ == "__main__":
    import tests.benchmarks.peers.casty_process as importable  # every node must know the actor by the same name

    asyncio.run(importable.node(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None))
