"""How long 10,000 actors are away when their host is killed under load, with a warm spare and without one."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Any

import psutil

from actors import Actor, AskError, Ref, Supervision, System, call, near, spread
from tests.benchmarks.rounds import Measured
from tests.benchmarks.rows import at_most, row
from tests.benchmarks.run import Missing, Opening, Run

COUNT = 10_000
"""Actors on the host that is killed."""

KILLS = 5
PAUSE = 0.01
"""Seconds before an ask that ended without an answer is asked again."""

PATIENCE = 120.0


class Member(Actor):
    """One of many on the host that is killed."""

    @call
    def pid(self) -> int:
        """The process it lives in."""
        return os.getpid()


class Owner(Actor):
    """Their supervisor, on a host that is not killed; their clients are its tasks."""

    supervision = Supervision(restarts=0)  # the loss of a host is not charged

    def __init__(self) -> None:
        self._members: list[Ref[Member]] = []

    @call
    async def populate(self, anchor: "Ref[Member]", count: int) -> None:
        """Spawn the members beside the anchor."""
        self._members = await self.context.options(placement=near(anchor)).spawn_many(Member, [()] * count)

    @call
    async def outage(self) -> tuple[float, float]:
        """Kill the members' host under load; seconds until each has answered, and the longest that a client waited."""
        victim = await self._members[0].ask(Member.pid())
        gaps: list[float] = []
        clients = [asyncio.ensure_future(self._client(first, gaps)) for first in range(8)]
        await asyncio.sleep(0.2)
        began = perf_counter()
        os.kill(victim, signal.SIGKILL)
        await asyncio.gather(*(self._answer(member, victim) for member in self._members))
        away = perf_counter() - began
        for client in clients:
            client.cancel()
        await asyncio.gather(*clients, return_exceptions=True)
        return away, max(gaps)

    async def _answer(self, member: Ref[Member], victim: int) -> None:
        """Until this member answers from another process than the one that was killed."""
        while True:
            try:
                if await member.ask(Member.pid()) != victim:
                    return
            except AskError:
                pass
            await asyncio.sleep(PAUSE)

    async def _client(self, first: int, gaps: list[float]) -> None:
        """Ask one member after the other, and note how long each answer was waited for."""
        number = first
        while True:
            began = perf_counter()
            while True:
                try:
                    await self._members[number % len(self._members)].ask(Member.pid())
                    break
                except AskError:
                    await asyncio.sleep(PAUSE)
            gaps.append(perf_counter() - began)
            number += 8


START = "Ray's process start"

IDLE = 8
"""Processes that Ray may have ready for actors to come; the next one it has to start."""


class Plain:
    """What Ray starts a process for: an actor of its own that says in which."""

    def pid(self) -> int:
        """The process."""
        return os.getpid()


async def process_start() -> float:
    """Seconds until a plain Ray actor answers from a process that was started for it; idle ones are used up first."""
    import ray

    plain: Any = ray.remote(num_cpus=0, max_restarts=0)(Plain)
    held: list[Any] = []
    try:
        for _ in range(IDLE):
            before, began = set(psutil.pids()), perf_counter()
            held.append(plain.remote())
            pid = await asyncio.to_thread(ray.get, held[-1].pid.remote())
            if pid not in before:
                return perf_counter() - began
    finally:
        for actor in held:
            ray.kill(actor)
    raise RuntimeError(f"Ray gave {IDLE} actors to processes that it had already, so the start of one was not seen.")


class Stage:
    """A system with two hosts: one has the supervisor, the other is killed and taken over, again and again."""

    def __init__(self, system: System, owner: Ref[Owner], spares: int) -> None:
        self._system = system
        self._owner = owner
        self._spares = spares

    async def outage(self) -> tuple[float, float]:
        """One kill, when everything is ready for it."""
        async with asyncio.timeout(PATIENCE):
            while len((await self._system.host.directory.table()).spares) < self._spares:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        return await self._owner.ask(Owner.outage(), timeout=PATIENCE)


async def nothing() -> float:
    """What is measured beside a kill where nothing is."""
    return 0.0


async def outages(
    spares: int, count: int, kills: int, beside: Callable[[], Awaitable[float]] = nothing
) -> list[tuple[float, float, float]]:
    """Kill the members' host so many times; for each: their time away, a client's longest wait, and `beside`."""
    try:
        system = System(on="ray", hosts=2, spares=spares, seat_losses=1000, address="local")
    except ImportError as error:
        raise Missing(f"System(on='ray') is not to be had here: {error}.") from None
    async with system:
        there = system.options(placement=spread())
        owner, anchor = await there.spawn(Owner), await there.spawn(Member)
        await owner.ask(Owner.populate(anchor, count), timeout=PATIENCE)
        stage = Stage(system, owner, spares)
        return [(*await stage.outage(), await beside()) for _ in range(kills)]


@asynccontextmanager
async def warm() -> Opening[list[tuple[float, float, float]]]:
    """What the rows with a spare share."""
    yield await outages(1, COUNT, KILLS)


@asynccontextmanager
async def warm_and_few() -> Opening[list[tuple[float, float, float]]]:
    """The same with few actors, to see that the rows work."""
    yield await outages(1, 100, 1)


async def with_a_spare(run: Run) -> list[tuple[float, float, float]]:
    """The figures of all kills."""
    return await run.use(warm_and_few if run.quick else warm)


@row(
    "failover.spare",
    unit="s",
    what="10,000 actors away after kill -9 of their host, a spare",
    targets=[at_most(1)],
)
async def spare(run: Run) -> Measured:
    """From the kill until each of them has answered again."""
    return Measured([away for away, _, _ in await with_a_spare(run)])


@row("failover.worst", unit="s", what="the same, the worst of five kills", targets=[at_most(2)])
async def worst(run: Run) -> Measured:
    """One figure."""
    return Measured([max(away for away, _, _ in await with_a_spare(run))])


@row("failover.gap", unit="s", what="the same, the longest that a client waited for an answer")
async def gap(run: Run) -> Measured:
    """Eight clients ask one actor after the other all the time."""
    return Measured([longest for _, longest, _ in await with_a_spare(run)])


@row(
    "failover.cold",
    unit="s",
    what="10,000 actors away after kill -9 of their host; no spare, Ray starts a process",
    targets=[at_most(1, beyond=START)],
)
async def cold(run: Run) -> Measured:
    """From the kill until each of them has answered again; Ray's own start of a process follows each kill."""
    found = await outages(0, *((100, 1) if run.quick else (COUNT, KILLS)), beside=process_start)
    return Measured([away for away, _, _ in found], {START: [start for _, _, start in found]})
