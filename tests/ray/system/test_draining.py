"""A host that is told to leave by SIGTERM gets nothing new, finishes what it has, and leaves its seat to another."""

import asyncio
import contextlib
import os
import signal
from pathlib import Path
from typing import Any, cast

import pytest

from actors import Actor, NotRunning, Ref, Restart, Settings, System, call, near
from tests.ray.system.cast import Keeper, Note, Worker
from tests.standstill import stop


class Slow(Actor):
    """Takes some time for each message, once there is a certain file, and passes it on."""

    def __init__(self, to: Ref[Keeper], gate: Path) -> None:
        self.to = to
        self.gate = gate

    @call
    async def handle(self, number: int) -> int:
        while not self.gate.exists():  # noqa: ASYNC110 - another process makes it
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.02)
        self.to.tell(Note(number))
        return number


async def draining(system: System, seat: int) -> None:
    """Until the host on this seat says that it drains."""
    while not any(host.draining for host in (await system.health()).hosts if host.seat == seat):
        pass


async def succeeded(system: System, seat: int, pid: int) -> None:
    """Until another process than this one sits on this seat."""
    while seat not in system.host.seats or system.host.seats[seat].pid in {None, pid}:  # noqa: ASYNC110 - tables are silent
        await asyncio.sleep(0.01)


def dead(hosts: list[Any]) -> int:
    return sum(sum(host.dead_letters.values()) for host in hosts)


def test_a_host_that_is_told_to_leave_finishes_what_it_has_and_its_actors_start_again_on_its_seat(
    cluster: Any, tmp_path: Path
) -> None:
    del cluster  # the system borrows the Ray that all tests share
    gate = tmp_path / "gate"

    async def main(system: System) -> None:
        keeper = await system.spawn(Keeper)
        leaves: Any = None
        while leaves is None or leaves.address.seat == keeper.address.seat:
            leaves = await system.spawn(Slow, keeper, gate)
        seat = leaves.address.seat
        worker = await system.options(placement=near(leaves)).spawn(Worker)
        extra = await system.options(placement=near(leaves), restart=Restart.TEMPORARY).spawn(Worker)
        pid = await worker.ask(Worker.pid())
        losses: list[Any] = []
        system.on_host_lost(losses.append)
        for number in range(50):
            leaves.tell(Slow.handle(number))
        last = leaves.ask(Slow.handle(50), timeout=None)
        os.kill(pid, signal.SIGTERM)
        await draining(system, seat)
        while not (await system.health()).ready:  # a host that leaves is no trouble; one that is late may be
            pass
        assert not last.done()
        for _ in range(10):
            assert (await system.spawn(Worker)).address.seat == keeper.address.seat
        gate.touch()
        assert await last == 50
        assert await keeper.ask(Keeper.until(51)) == list(range(51))
        await succeeded(system, seat, pid)
        assert dead(await system.stats()) == 0
        assert await leaves.ask(Slow.handle(51)) == 51  # they have started again, and their refs are good
        assert await worker.ask(Worker.pid()) == system.host.seats[seat].pid != pid
        with pytest.raises(NotRunning):
            await extra.ask(Worker.pid())
        assert losses == []

    System(on="ray", settings=Settings(hosts=2, drain_budget=120.0)).run(main)


def test_a_host_that_leaves_while_the_directory_is_late_is_not_lost(cluster: Any) -> None:
    del cluster

    async def main(system: System) -> None:
        worker = await system.spawn(Worker)
        seat, pid = worker.address.seat, await worker.ask(Worker.pid())
        sitting, links = system.host.seats[seat].sitting, cast("Any", system.host.post)._by_sitting
        losses: list[Any] = []
        system.on_host_lost(losses.append)
        directory: Any = system.host.directory
        await directory.table()
        origin = directory.client._origin.life.pid
        stop(origin)
        try:
            os.kill(pid, signal.SIGTERM)
            while sitting in links:  # noqa: ASYNC110 - links tell the post, and nobody else
                await asyncio.sleep(0.01)
            await asyncio.sleep(3)  # it has said goodbye to the others, and now asks the directory
        finally:
            with contextlib.suppress(ProcessLookupError):  # if it was late itself, another host has ended it
                os.kill(origin, signal.SIGCONT)
        await succeeded(system, seat, pid)
        assert await worker.ask(Worker.pid()) == system.host.seats[seat].pid != pid
        assert losses == []

    System(on="ray", settings=Settings(hosts=2, drain_budget=60.0)).run(main)


def test_a_host_that_has_too_much_to_do_leaves_when_its_time_is_over(cluster: Any, tmp_path: Path) -> None:
    del cluster

    async def main(system: System) -> None:
        keeper = await system.spawn(Keeper)
        leaves: Any = None
        while leaves is None or leaves.address.seat == keeper.address.seat:
            leaves = await system.spawn(Slow, keeper, tmp_path)
        pid = await (await system.options(placement=near(leaves)).spawn(Worker)).ask(Worker.pid())
        for number in range(500):  # ten seconds of work
            leaves.tell(Slow.handle(number))
        await leaves.send(Slow.handle(500))
        os.kill(pid, signal.SIGTERM)
        await succeeded(system, leaves.address.seat, pid)
        handled = await keeper.ask(Keeper.until(1))
        assert handled == list(range(len(handled)))  # in order, as far as it came
        assert len(handled) < 501

    System(on="ray", settings=Settings(hosts=2, drain_budget=3.0)).run(main)
