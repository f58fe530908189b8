"""The directory is killed, or stopped, while messages flow: nobody is declared dead, and nothing is lost."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable
from typing import Any

from actors.membership.seats import HostState
from tests.ray.membership.company import Player, on_hosts, ready, until
from tests.ray.system.cast import Worker
from tests.ray_stage import Stage
from tests.standstill import stop


async def lose_directory(system: Stage, strike: Callable[[int], object]) -> None:
    """While two hosts are asked without pause, the directory is struck; it comes back and nobody was lost."""
    await ready(system)
    players = await on_hosts(system, "Castor", "Pollux")
    before = [await player.ask(Player.facts()) for player in players]
    directory: Any = system.host.directory
    await directory.table()
    pid, generation = directory.client._origin.life.pid, system.host.table.version[0]
    over = asyncio.Event()
    counts = [asyncio.ensure_future(ask_until(player, over)) for player in players]
    begun = time.monotonic()
    strike(pid)
    try:

        async def rebuilt() -> bool:
            table = system.host.table
            return table.version[0] > generation and table.complete

        await until(rebuilt)
        print(f"rebuilt after {time.monotonic() - begun:.2f} s")
        await ready(system)
    finally:
        over.set()
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
    for player, facts, count in zip(players, before, counts, strict=True):
        asked = await count
        part, process, incarnation, total = await player.ask(Player.facts())
        assert (part, process, incarnation) == facts[:3]
        assert total == asked

    async def all_are_up() -> bool:
        states = {it.state for it in await system.members()}
        assert HostState.DEAD not in states
        return states <= {HostState.UP, HostState.SLOW}

    await until(all_are_up)


async def ask_until(player: Any, over: asyncio.Event) -> int:
    asked = 0
    while not over.is_set():
        asked += 1
        assert await player.ask(Worker.add(1)) == asked
    return asked


def test_a_killed_directory_is_rebuilt_and_no_host_notices(stage: Stage) -> None:
    async def main(system: Stage) -> None:
        await lose_directory(system, lambda pid: os.kill(pid, signal.SIGKILL))

    stage.run(main)


def test_a_stopped_directory_is_ended_by_a_host_and_no_host_is_declared_dead(stage: Stage) -> None:
    async def main(system: Stage) -> None:
        await lose_directory(system, stop)

    stage.run(main)
