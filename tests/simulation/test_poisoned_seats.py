"""An actor that ends its process whenever it can takes a bounded number of hosts with it, and its neighbours live on.

All with default settings, in virtual time.
"""

import asyncio
import contextlib
from typing import Any, ClassVar

import pytest

from actors import Actor, AskError, Backoff, Ref, Supervision, System, call, here, spread
from actors.address import Sitting
from actors.backends.simulation.backend import SimulationBackend
from actors.backends.simulation.faults import Crash
from actors.testing import inject

PATIENCE = 3600.0
"""Seconds within which all must be over."""

QUIET = 600.0
"""Seconds in which nothing more may happen; the longest pause of a seat is one minute."""


class Scene:
    """The system that is played in, and the host of every process that was killed, in order."""

    system: ClassVar[System]
    killed: ClassVar[list[Sitting]]


def segfault(actor: Actor) -> None:
    """End the process of this actor, a moment from now."""
    backend = Scene.system._backend
    assert isinstance(backend, SimulationBackend)
    for place, process in backend.processes.items():
        if process.host is not None and process.host.seat == actor.context.ref.address.seat:
            Scene.killed.append(process.host.sitting)
            inject(Scene.system, Crash(0.001, place, 1.0))


class AtStart(Actor):
    """Ends its process whenever it starts."""

    def on_start(self) -> None:
        segfault(self)


class AtMessage(Actor):
    """Ends its process with every message."""

    @call
    async def work(self) -> None:
        segfault(self)
        await asyncio.sleep(1.0)


class Neighbour(Actor):
    """Has nothing to do with all that."""

    @call
    def incarnation(self) -> int:
        return self.context.incarnation


class Keeps(Actor):
    """Starts a child anew whenever it starts itself; waits a little before it does, because there may be no host."""

    supervision = Supervision(backoff=Backoff(first=5.0))

    def __init__(self, kind: type[Actor]) -> None:
        self.kind = kind

    async def on_start(self) -> None:
        self.child: Ref[Any] = self.context.options(placement=spread()).spawn_nowait(self.kind)

    @call
    def get(self) -> Ref[Any]:
        return self.child


class Awaits(Keeps):
    """Waits until its child has started."""

    async def on_start(self) -> None:
        self.child = await self.context.options(placement=spread()).spawn(self.kind)


class Twice(Keeps):
    """The parent of a parent."""

    async def on_start(self) -> None:
        self.child = await self.context.options(placement=here()).spawn(Keeps, self.kind)


def play(main: Any, **options: Any) -> None:
    async def whole(system: System) -> None:
        Scene.system, Scene.killed = system, []
        await main(system)

    supervision = Supervision(backoff=Backoff(first=5.0))
    System(on="simulation", seed=1, spares=1, supervision=supervision, **options).run(whole)


async def until_over(ref: Ref[Any]) -> int:
    """Wait until this top-level actor has ended for good; how many processes were killed by then."""
    async with asyncio.timeout(PATIENCE):
        while is_there(ref):  # noqa: ASYNC110 - in virtual time, that costs nothing
            await asyncio.sleep(1.0)
    return len(Scene.killed)


def is_there(ref: Ref[Any]) -> bool:
    return ref.address.number in Scene.system.host.root.children.table


async def answer(ref: Ref[Neighbour]) -> int:
    """Ask until there is an answer."""
    async with asyncio.timeout(PATIENCE):
        while True:
            with contextlib.suppress(AskError):
                return await ref.ask(Neighbour.incarnation(), timeout=10.0)
            await asyncio.sleep(1.0)


@pytest.mark.parametrize(
    ("parent", "hosts", "most"),
    [(Keeps, 1, 8 + 2), (Awaits, 1, 8 + 2), (Twice, 1, 8 * 3), (Keeps, 2, 2 * 8 + 1), (Awaits, 2, 2 * 8 + 1)],
)
def test_one_that_segfaults_at_every_start_ends_and_its_parents_with_it(
    parent: type[Keeps], hosts: int, most: int
) -> None:
    async def main(system: System) -> None:
        top = system.options(placement=here()).spawn_nowait(parent, AtStart)
        assert await until_over(top) <= most
        await asyncio.sleep(QUIET)
        assert len(Scene.killed) <= most
        assert (await system.health()).ready

    play(main, hosts=hosts)


def test_one_that_segfaults_at_every_message_ends_and_its_parent_with_it() -> None:
    async def main(system: System) -> None:
        top = await system.options(placement=here()).spawn(Keeps, AtMessage)
        async with asyncio.timeout(PATIENCE):
            while is_there(top):
                with contextlib.suppress(AskError):
                    child = await top.ask(Keeps.get(), timeout=5.0)
                    await child.ask(AtMessage.work(), timeout=30.0)
                await asyncio.sleep(1.0)
        assert 8 < len(Scene.killed) <= 2 * 8 + 1

    play(main, hosts=2)


def test_one_without_a_parent_ends_after_as_many_refusals_as_the_system_has_restarts() -> None:
    async def main(system: System) -> None:
        assert await until_over(system.spawn_nowait(AtStart)) == 5 + 10 + 1
        await asyncio.sleep(QUIET)
        assert len(Scene.killed) == 5 + 10 + 1

    play(main, hosts=2)


def test_health_names_the_seat_the_hosts_that_died_the_time_left_and_who_waits() -> None:
    async def main(system: System) -> None:
        top = await system.options(placement=here()).spawn(Keeps, AtStart)
        async with asyncio.timeout(PATIENCE):
            while not (health := await system.health()).withheld:  # noqa: ASYNC110 - in virtual time
                await asyncio.sleep(0.1)
        (seat,) = health.withheld
        assert (seat.seat, seat.deaths) == (1, 6)
        assert 8.0 < seat.left <= 10.0
        child = await top.ask(Keeps.get())
        assert health.problems == (
            f"Seat 1 stays empty for {seat.left:.0f} s more: 6 hosts have died on it in a row.",
            f"Waiting for seat 1: AtStart {child.address}.",
        )
        (member,) = [it for it in await system.members() if it.seat == 1]
        assert member.deaths == 6
        assert 8.0 < member.withheld <= 10.0

    play(main, hosts=1)


def test_neighbours_on_its_seats_live_on() -> None:
    async def main(system: System) -> None:
        neighbours = [await system.options(placement=spread()).spawn(Neighbour) for _ in range(24)]
        sheltered = await system.options(placement=here()).spawn(Keeps, Neighbour)
        await until_over(system.options(placement=here()).spawn_nowait(Keeps, AtStart))
        assert min([await answer(it) for it in neighbours]) > 6
        assert await answer(await sheltered.ask(Keeps.get())) >= 1

    play(main, hosts=2)


def test_a_seat_that_has_held_for_a_window_has_its_refusals_forgotten() -> None:
    async def main(system: System) -> None:
        parent = await system.options(placement=here()).spawn(Keeps, AtMessage)
        child = await parent.ask(Keeps.get())
        for times in range(1, 5):  # each time the second refusal is borne, and a third in a row would not be
            async with asyncio.timeout(PATIENCE):
                while len(Scene.killed) < 7 * times:
                    with contextlib.suppress(AskError):
                        await child.ask(AtMessage.work(), timeout=10.0)
                    await asyncio.sleep(1.0)
            await asyncio.sleep(120.0)
        assert len(Scene.killed) == 4 * 7
        assert await parent.ask(Keeps.get()) == child

    play(main, hosts=2)
