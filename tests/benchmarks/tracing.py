"""What tracing costs: off, on but not taken, and taken."""

import tempfile
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from tests.benchmarks import hook_free, instructions
from tests.benchmarks.processes import ROOT, Process, standing_by
from tests.benchmarks.rounds import Measured
from tests.benchmarks.rows import at_most, row
from tests.benchmarks.run import Opening, Run

WITHOUT = "without tracing"
HOOK_FREE = "hook-free"
TELLS = 20_000
"""Told under the count of instructions; twice, and twice as many."""


@asynccontextmanager
async def processes() -> Opening[dict[str, Process]]:
    """A process for each kind of tracing; their figures are processor time, so they do not disturb each other much."""
    async with AsyncExitStack() as stack:
        yield {
            kind: await stack.enter_async_context(standing_by("tests.benchmarks.traced", kind))
            for kind in ("without", "0", "1")
        }


@row("tracing.off", unit="instructions", what="a local tell without an instrument", targets=[at_most(1.02, HOOK_FREE)])
async def off(run: Run) -> Measured:
    """Against the same source with every question about an instrument left out: counted, so once is enough."""
    with tempfile.TemporaryDirectory(prefix="understudy-hooks-") as name:
        hooked, free = Path(name) / "hooked", Path(name) / "free"
        hook_free.write(ROOT / "actors", hooked, hooks=True)
        questions = hook_free.write(ROOT / "actors", free, hooks=False)
        run.notes.append(f"{questions} questions about an instrument are left out of the hook-free source.")
        count = 1_000 if run.quick else TELLS
        ours, theirs = [await instructions.per_tell(folder, count) for folder in (hooked, free)]
    return Measured([ours], {HOOK_FREE: [theirs]})


async def compared(run: Run, verb: str, kind: str) -> Measured:
    """One kind of tracing against none."""
    found = await run.use(processes)
    return await run.times(found[kind].contest(verb), {WITHOUT: found["without"].contest(verb)})


@row("tracing.not_taken.handler", unit="µs", what="a tell from a handler, not taken", targets=[at_most(1.1, WITHOUT)])
async def not_taken_handler(run: Run) -> Measured:
    """What most messages of a traced system are."""
    return await compared(run, "handler", "0")


@row("tracing.not_taken.outside", unit="µs", what="a tell from outside, not taken", targets=[at_most(1.1, WITHOUT)])
async def not_taken_outside(run: Run) -> Measured:
    """Here a user's own span may be around the message."""
    return await compared(run, "outside", "0")


@row("tracing.not_taken.ask", unit="µs", what="an ask from outside, not taken", targets=[at_most(1.1, WITHOUT)])
async def not_taken_ask(run: Run) -> Measured:
    """As above."""
    return await compared(run, "asks", "0")


@row("tracing.taken.tell", unit="µs", what="a tell from a handler with both its spans")
async def taken_tell(run: Run) -> Measured:
    """Sender's and receiver's side together."""
    return await compared(run, "handler", "1")


@row("tracing.taken.ask", unit="µs", what="an ask from outside with both its spans")
async def taken_ask(run: Run) -> Measured:
    """As above."""
    return await compared(run, "asks", "1")
