"""xoscar in processes of its own, because importing it makes every garbage collection of this one longer."""

import importlib.util
from contextlib import asynccontextmanager

from tests.benchmarks.processes import Process, standing_by
from tests.benchmarks.run import Missing, Opening

PROCESS = "tests.benchmarks.peers.xoscar_process"


def _installed() -> None:
    if importlib.util.find_spec("xoscar") is None:
        raise Missing("not installed.")


@asynccontextmanager
async def xoscar_local() -> Opening[Process]:
    """A process with a driver and an actor that counts beside it."""
    _installed()
    async with standing_by(PROCESS, "0") as process:
        yield process


@asynccontextmanager
async def xoscar_pair() -> Opening[Process]:
    """A process with a driver and an actor that counts in two further processes."""
    _installed()
    async with standing_by(PROCESS, "2") as process:
        yield process
