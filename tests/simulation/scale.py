"""`python -m tests.simulation.scale 10 100 1000`: what a system of so many simulated hosts says to itself.

In each system a host dies, of which there is proof at once; a spare takes its seat; then another host stands still, of
which there is no proof. `--plot FILE` draws it, `--cpu` says what it cost.
"""

import argparse
import asyncio
import logging
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from actors import System
from actors.address import Sitting
from actors.backends.simulation.backend import SimulationBackend
from actors.backends.simulation.faults import Crash, Pause
from tests.simulation.plot import Curve, drawn

CALM = 5.0
"""Seconds in which nothing happens."""

LOOK = 0.005
"""Seconds between two looks at what the hosts know."""


class Size(NamedTuple):
    """One row. Everything per host is an average, but for `most`."""

    hosts: int
    questions: float
    """To the directory, per host and second, while nothing happens."""
    before: int
    """Connections between hosts while nothing happens."""
    proved: float
    """Seconds from the end of a process until every host had acted on it."""
    asked: float
    """Questions to the directory for that, per host."""
    told: float
    """Messages between hosts for that, per host."""
    connected: float
    """Connections that were made for that, per host."""
    most: int
    """Connections that one host had then."""
    heir: int
    """Connections that the host had which then took the seat."""
    silent: float
    """Seconds from the last act of a host that stands still until every other had acted on that."""


HEADS = (
    "hosts", "questions /host/s", "links before", "proved death: all know after", "questions /host", "messages /host",
    "new links /host", "most links of a host", "links of the heir", "silent death: all know after",
)  # fmt: skip


def measured(hosts: int, seed: int = 0) -> Size:
    """Build a system of so many hosts besides the driver, and let things happen to it."""
    system = System(on="simulation", seed=seed, places=hosts, strict=False, spares=1)
    backend: Any = system._backend
    assert isinstance(backend, SimulationBackend)
    return system.run(_Town(backend, hosts).main)


def row(size: Size) -> str:
    """As a line of a Markdown table."""
    cells = (
        f"{size.hosts:,}", f"{size.questions:.2f}", f"{size.before:,}", f"{size.proved:.2f} s", f"{size.asked:.1f}",
        f"{size.told:.1f}", f"{size.connected:.1f}", f"{size.most}", f"{size.heir:,}", f"{size.silent:.1f} s",
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


class _Town:
    """One system, while it is looked at."""

    def __init__(self, backend: Any, hosts: int) -> None:
        self.backend = backend
        self.hosts = hosts

    async def main(self, system: System) -> Size:
        """All that happens."""
        del system
        backend, hosts = self.backend, self.hosts
        network, hall, world = backend.network, backend.hall, backend.world
        await asyncio.sleep(2.0)
        before = sum(self.links())
        asked = hall.questions
        await asyncio.sleep(CALM)
        questions = (hall.questions - asked) / hosts / CALM

        began, asked, told, made = world.seconds, hall.questions, self.records(), network.connections
        dead = backend.processes[1].host.sitting
        backend.inject(Crash(0.0, 1))
        await self.until(lambda: self.all_know(dead))
        proved = world.seconds - began
        asked, told, made = hall.questions - asked, self.records() - told, network.connections - made
        most = max(self.links())

        await self.until(lambda: any(it.seat == dead.seat for it in self.living))
        await asyncio.sleep(2.0)  # for those to connect that want to
        heir = next(links for it, links in zip(self.living, self.links(), strict=True) if it.seat == dead.seat)

        stopped = backend.processes[2]
        backend.inject(Pause(0.0, 2, 30.0))
        last = world.seconds
        await self.until(lambda: self.all_know(stopped.host.sitting, but=stopped.host))
        silent = world.seconds - last
        return Size(
            hosts, questions, before, proved, asked / hosts, told / hosts, made / hosts, most, heir, silent
        )  # fmt: skip

    @property
    def living(self) -> list[Any]:
        """The hosts that sit."""
        return [it.host for it in self.backend.processes.values() if it.host is not None]

    def links(self) -> list[int]:
        """How many connections each of them has."""
        return [len(it.link_stats()) for it in self.living]

    def records(self) -> int:
        """Messages that they have sent each other."""
        return sum(link.records_out for it in self.living for link in it.link_stats())

    def all_know(self, dead: Sitting, but: Any = None) -> bool:
        """Whether everybody has acted on the end of a sitting."""
        return all(
            it.seating.is_over(*dead) and it.acknowledged == it.table.version for it in self.living if it is not but
        )

    async def until(self, true: Callable[[], bool]) -> None:
        """Look again and again."""
        while not true():  # noqa: ASYNC110 - nobody tells when
            await asyncio.sleep(LOOK)


def plot(sizes: list[Size]) -> str:
    """The figures that may grow, over the number of hosts, both by logarithm: log n is nearly flat, n is a diagonal."""
    return drawn(
        "What a host's death costs, by the number of hosts",
        [size.hosts for size in sizes],
        [
            Curve("connections of the heir", [size.heir for size in sizes]),
            Curve("most connections of a host", [size.most for size in sizes]),
            Curve("new connections per host", [size.connected for size in sizes]),
            Curve("messages per host", [size.told for size in sizes]),
            Curve("questions to the directory per host", [size.asked for size in sizes]),
        ],
    )


def main(arguments: list[str]) -> int:
    """Run the program."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.scale", description=__doc__)
    parser.add_argument("hosts", nargs="*", type=int, default=[10, 100, 1000])
    parser.add_argument("--plot", type=Path, default=None, help="write a drawing there, as SVG")
    parser.add_argument("--cpu", action="store_true", help="say how long each took this process")
    options = parser.parse_args(arguments)
    logging.disable(logging.CRITICAL)
    print(f"| {' | '.join(HEADS)} |", "|" + " --- |" * len(HEADS), sep="\n", flush=True)
    sizes: list[Size] = []
    for hosts in options.hosts:
        began = time.process_time()
        sizes.append(measured(hosts))
        cpu = f" {time.process_time() - began:.1f} s of CPU" if options.cpu else ""
        print(row(sizes[-1]) + cpu, flush=True)
    if options.plot is not None:
        options.plot.write_text(plot(sizes))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
