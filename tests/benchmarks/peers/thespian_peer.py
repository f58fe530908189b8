"""Thespian: `simpleSystemBase` within this process, and actors in processes of their own over UDP or queues.

UDP is its fastest base for asking, but loses some of many tells; queues are the fastest that lose none.
"""

import importlib.util
import os
from contextlib import asynccontextmanager
from datetime import timedelta
from time import perf_counter
from typing import Any

from tests.benchmarks.processes import Process, standing_by
from tests.benchmarks.run import Missing, Opening

PROCESS = "tests.benchmarks.peers.thespian_process"
COUNTER = f"{PROCESS}.Counter"
PATIENCE = timedelta(seconds=60)
NO_LOG = {"THESPLOG_FILE": os.devnull}
"""Thespian's processes would leave a log in the folder for temporary files."""


class ThespianActor:
    """A Thespian actor that counts, in this process."""

    def __init__(self, system: Any) -> None:
        self._system = system
        self._actor = system.createActor(COUNTER)

    def tell(self, message: object) -> None:
        """Tell it."""
        self._system.tell(self._actor, message)

    async def flush(self) -> None:
        """Wait until everything is handled."""
        self._system.ask(self._actor, "total", PATIENCE)

    async def asks(self, count: int) -> float:
        """Ask so many times, one after the other; returns the seconds."""
        began = perf_counter()
        for number in range(count):
            self._system.ask(self._actor, ("ask", number), PATIENCE)
        return perf_counter() - began

    async def spawns(self, count: int) -> float:
        """Create so many actors; returns the seconds."""
        began = perf_counter()
        for _ in range(count):
            self._system.createActor(COUNTER)
        return perf_counter() - began


def _installed() -> None:
    if importlib.util.find_spec("thespian") is None:
        raise Missing("not installed.")


@asynccontextmanager
async def thespian_actor() -> Opening[ThespianActor]:
    """A Thespian actor that counts, in this process."""
    _installed()
    from thespian.actors import ActorSystem

    system = ActorSystem("simpleSystemBase", logDefs={"version": 1}, transientUnique=True)
    try:
        yield ThespianActor(system)
    finally:
        system.shutdown()


@asynccontextmanager
async def thespian_askers() -> Opening[Process]:
    """Two actors in processes of their own, over UDP."""
    _installed()
    async with standing_by(PROCESS, "multiprocUDPBase", environment=NO_LOG) as process:
        yield process


@asynccontextmanager
async def thespian_tellers() -> Opening[Process]:
    """Two actors in processes of their own, over queues."""
    _installed()
    async with standing_by(PROCESS, "multiprocQueueBase", environment=NO_LOG) as process:
        yield process
