"""Telling among ten actors and among a million: what it costs that they are spread over memory.

Each population is a process of its own, so that a million actors do not lie in the ten's way. Messages are told to
actors drawn at random, eighty per turn of the loop.
"""

from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from tests.benchmarks.processes import Process, standing_by
from tests.benchmarks.rounds import Measured
from tests.benchmarks.rows import at_least, row
from tests.benchmarks.run import Opening, Run

FEW, MANY = "10 actors", "1,000,000 actors"
SIZES = {FEW: 10, "1,000 actors": 1_000, "100,000 actors": 100_000, MANY: 1_000_000}


async def crowds(stack: AsyncExitStack, share: int) -> dict[str, Process]:
    """The populations, or the given share of them."""
    found: dict[str, Process] = {}
    for name, size in SIZES.items():
        found[name] = await stack.enter_async_context(standing_by("tests.benchmarks.population"))
        await found[name].tell("spawn", max(10, size // share))
    return found


@asynccontextmanager
async def all_crowds() -> Opening[dict[str, Process]]:
    """Every population at its size."""
    async with AsyncExitStack() as stack:
        yield await crowds(stack, 1)


@asynccontextmanager
async def small_crowds() -> Opening[dict[str, Process]]:
    """Small populations, to see that the rows work."""
    async with AsyncExitStack() as stack:
        yield await crowds(stack, 1_000)


async def tells(run: Run, verb: str) -> Measured:
    """The million against the smaller crowds."""
    crowd = await run.use(small_crowds if run.quick else all_crowds)
    contests = {name: process.contest(verb) for name, process in crowd.items()}
    return await run.rates(contests.pop(MANY), contests)


row(
    "crowd.eight",
    unit="1/s",
    what="a million actors told eight messages at a time",
    targets=[at_least(0.5, over=FEW)],
)(partial(tells, verb="eight"))
row("crowd.uniform", unit="1/s", what="a million actors told single messages")(partial(tells, verb="uniform"))
