"""`python -m tests.simulation.scale 10 100`: what a system of so many simulated hosts says to itself, as a table.

A host dies; the directory has proof at once. How long until every host has acted on it, and what did that take?
"""

import asyncio
import logging
import sys
from typing import Any, NamedTuple

from actors import System
from actors.backends.simulation.backend import SimulationBackend
from actors.backends.simulation.faults import Crash

CALM = 5.0
"""Seconds in which nothing happens."""


class Size(NamedTuple):
    """One row: per host and second while it is calm, and what one death took."""

    hosts: int
    questions: float
    """To the directory, per host and second."""
    bytes: float
    """Over links, per host and second."""
    links: int
    """Connections that were ever made before the death."""
    agreed: float
    """Seconds from the end of the process until every host had acted on it."""
    asked: float
    """Questions to the directory for that, per host."""
    told: float
    """Connections that were made for that, per host."""


def measured(hosts: int) -> Size:
    """Build a system of so many hosts and let one die."""
    system = System(on="simulation", places=hosts, strict=False, spares=0, seat_losses=5)
    backend: Any = system._backend

    async def main(system: System) -> Size:
        hall, network, world = backend.hall, backend.network, backend.world
        await asyncio.sleep(2.0)
        asked, sent, links = hall.questions, network.bytes, network.connections
        await asyncio.sleep(CALM)
        questions, quiet = (hall.questions - asked) / hosts / CALM, (network.bytes - sent) / hosts / CALM
        before, asked, made = world.seconds, hall.questions, network.connections
        sitting = backend.processes[1].host.sitting
        backend.inject(Crash(0.0, 1))
        living = [it.host for place, it in backend.processes.items() if place != 1 and it.host is not None]
        while not all(it.seating.is_over(*sitting) and it.acknowledged == it.table.version for it in living):  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        return Size(
            hosts, questions, quiet, links, world.seconds - before,
            (hall.questions - asked) / hosts, (network.connections - made) / hosts,
        )  # fmt: skip

    assert isinstance(backend, SimulationBackend)
    return system.run(main)


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    print(
        "| hosts | questions /host/s | link bytes /host/s | links | agreed after | questions /host | new links /host |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for argument in sys.argv[1:]:
        size = measured(int(argument))
        print(
            f"| {size.hosts:,} | {size.questions:.2f} | {size.bytes:,.0f} | {size.links:,} | {size.agreed:.2f} s "
            f"| {size.asked:.1f} | {size.told:.1f} |",
            flush=True,
        )
