"""What idle actors cost in memory, and how long the loop stands still for them. Each round is a process of its own.

Counted for each actor, because none of it can be left out: the user's instance (with one attribute), its cell, mailbox
and context, its ref, its parent's and its host's entry for it, and its place in the caller's list of refs.
"""

from contextlib import asynccontextmanager
from typing import Any

from tests.benchmarks.processes import standing_by
from tests.benchmarks.rounds import Measured, Pace
from tests.benchmarks.rows import at_most, row
from tests.benchmarks.run import MILLISECONDS, Opening, Run

MILLION = 1_000_000
KIB = 1024
GB = 1e9
COUNTED = "counted are instance, cell, mailbox, ref, the parent's and the host's entry, and the list of refs (PSS)."
ROUNDS = 3


async def population(count: int) -> dict[str, float]:
    """One round: a new process with so many actors."""
    async with standing_by("tests.benchmarks.population") as process:
        figures: dict[str, float] = await process.tell("spawn", count)
        figures["collection"] = await process.tell("collection")
        await process.tell("freeze")
        figures["frozen"] = await process.tell("collection")
    return figures


@asynccontextmanager
async def millions() -> Opening[list[dict[str, float]]]:
    """What the rows about a million actors share."""
    yield [await population(MILLION) for _ in range(ROUNDS)]


@asynccontextmanager
async def few() -> Opening[list[dict[str, float]]]:
    """The same with few actors, to see that the rows work."""
    yield [await population(1_000)]


async def rounds(run: Run) -> list[dict[str, Any]]:
    """The figures of all rounds."""
    return await run.use(few if run.quick else millions)


@row("memory.hundred_thousand", unit="KiB", what="memory of each of 100,000 idle actors", targets=[at_most(1.5)])
async def hundred_thousand(run: Run) -> Measured:
    """The process of its own makes a round long: three are enough."""
    run.pace = Pace(rounds=ROUNDS, most=2 * ROUNDS)
    run.notes.append(COUNTED)

    async def ours() -> float:
        return (await population(1_000 if run.quick else 100_000))["each"] / KIB

    return await run.figures(ours)


@row("memory.million", unit="KiB", what="memory of each of a million idle actors", targets=[at_most(1.5)])
async def million(run: Run) -> Measured:
    """What one more actor costs among many."""
    run.notes.append(COUNTED)
    return Measured([each["each"] / KIB for each in await rounds(run)])


@row("memory.process", unit="GB", what="memory of the process with a million live actors", targets=[at_most(2)])
async def process(run: Run) -> Measured:
    """With the interpreter and all that was imported."""
    return Measured([each["total"] / GB for each in await rounds(run)])


@row("memory.pause", unit="ms", what="the loop's longest pause while a million actors are spawned, 1,000 at a time")
async def pause(run: Run) -> Measured:
    """Nearly all of it is the collector, so a full collection afterwards is shown beside it, and one after a freeze."""
    found = await rounds(run)
    return Measured(
        [each["pause"] * MILLISECONDS for each in found],
        {
            "full collection": [each["collection"] * MILLISECONDS for each in found],
            "after gc.freeze()": [each["frozen"] * MILLISECONDS for each in found],
        },
    )
