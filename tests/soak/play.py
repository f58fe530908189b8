"""The soak itself: clients ask and tell counters on all hosts while one host after the other is killed.

Clients and watchman live in the program that is never killed, so their records are whole; what counters handle is
written to files, which a kill leaves as they are.
"""

import asyncio
import os
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from actors import AskError, DeadLetter, HostLost, Ref, System, here, spread
from tests.soak.cast import Branch, Counter, Watchman
from tests.soak.oracles import Records, violations

DEADLINE = 10.0
"""Seconds for each ask."""

LATE = DEADLINE + 15.0
"""Seconds after which an ask has outlived its deadline and any verdict."""

THINKING = 0.004
"""Seconds between two requests of a client: a soak is about faults and not about load."""

PATIENCE = 60.0
"""Seconds within which everything must answer again after a kill."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How long, how wide, how random."""

    kills: int
    seed: int
    branches: int = 4
    size: int = 8
    clients: int = 8
    pause: float = 0.5
    """Seconds between the return of all actors and the next kill, on average."""


@dataclass(slots=True)
class Report:
    """What came of it."""

    kills: int = 0
    away: list[float] = field(default_factory=list[float])
    """Seconds from each kill until every counter answered again."""
    outcomes: dict[str, int] = field(default_factory=dict[str, int])
    told: int = 0
    endings: int = 0
    memory: list[int] = field(default_factory=list[int])
    """Bytes of the driver after each kill, without the records that the soak keeps."""
    wrong: list[str] = field(default_factory=list[str])


class Soak:
    """One run in one system."""

    def __init__(self, system: System, plan: Plan, folder: Path, progress: Callable[[str], None]) -> None:
        self._system = system
        self._plan = plan
        self._folder = folder
        self._progress = progress
        self._random = random.Random(plan.seed)
        self._records = Records()
        self._numbers = count(1)
        self._began: dict[int, float] = {}
        self._overdue: list[int] = []
        self._branches: list[Ref[Branch]] = []
        self._members: list[list[Ref[Counter]]] = []
        self._watchman: Ref[Watchman] | None = None

    async def run(self) -> Report:
        """Play the plan; the report says what was wrong."""
        plan, report = self._plan, Report()
        self._system.on_dead_letter(self._dead_letter)
        self._system.on_host_lost(self._host_lost)
        self._watchman = await self._system.options(placement=here()).spawn(Watchman)
        for number in range(plan.branches):
            spawner = self._system.options(name=f"branch {number}", placement=spread())
            self._branches.append(await spawner.spawn(Branch, str(self._folder), plan.size))
        self._members = [[] for _ in self._branches]
        await self._all_answer()
        clients = [asyncio.ensure_future(self._client()) for _ in range(plan.clients)]
        try:
            for number in range(plan.kills):
                report.away.append(await self._kill())
                report.kills = number + 1
                report.memory.append(resident() - self._records.size())
                self._progress(f"kill {number + 1} of {plan.kills}: all back after {report.away[-1]:.2f} s")
                await asyncio.sleep(self._random.uniform(0.2, 1.8) * plan.pause)
        finally:
            for client in clients:
                client.cancel()
            await asyncio.gather(*clients, return_exceptions=True)
        await self._close(report)
        return report

    # ---- clients ----------------------------------------------------------------------------------------------------

    async def _client(self) -> None:
        while True:
            branch = self._random.randrange(len(self._branches))
            members = self._members[branch]
            if not members:
                await self._look(branch)
                continue
            member = self._random.choice(members)
            number = next(self._numbers)
            if self._random.random() < 0.5:
                self._records.told.add(number)
                member.tell(Counter.hit(number))
                await asyncio.sleep(THINKING)
            elif await self._ask(member, number) == "ok":
                await asyncio.sleep(THINKING)
            else:
                await self._look(branch)

    async def _ask(self, member: Ref[Counter], number: int) -> str:
        asked = self._records.asked
        asked[number] = ""
        began = time.monotonic()
        try:
            await member.ask(Counter.hit(number), timeout=DEADLINE)
            asked[number] = "ok"
        except AskError as error:
            asked[number] = error.ran
        except asyncio.CancelledError:
            asked[number] = "maybe"
            raise
        if time.monotonic() - began > LATE:
            self._overdue.append(number)
        return asked[number]

    async def _look(self, branch: int) -> None:
        """Who are the members now? A branch whose host was lost has new ones."""
        try:
            found = await self._branches[branch].ask(Branch.members(), timeout=DEADLINE)
        except AskError:
            await asyncio.sleep(0.05)
            return
        self._members[branch] = found
        if found and self._watchman is not None:
            self._watchman.tell(Watchman.watch(found))

    def _dead_letter(self, letter: DeadLetter) -> None:
        number = getattr(letter.message, "request", None)
        if number in self._records.told:
            self._records.letters[letter.reason.value] += 1

    def _host_lost(self, event: HostLost) -> None:
        self._records.lost_at_most += event.at_most

    # ---- kills ------------------------------------------------------------------------------------------------------

    async def _kill(self) -> float:
        """Kill a host at random; returns the seconds until every counter answers again."""
        host = self._system.host
        victims = [seat for seat in host.table.seats if seat.number != host.seat and not seat.vacant]
        victim = self._random.choice(victims)
        began = time.monotonic()
        os.kill(victim.pid, signal.SIGKILL)
        async with asyncio.timeout(PATIENCE):
            while any(seat.sitting == victim.sitting and not seat.vacant for seat in host.table.seats):  # noqa: ASYNC110
                await asyncio.sleep(0.005)
            await self._all_answer()
        return time.monotonic() - began

    async def _all_answer(self) -> None:
        """Until each branch names its members and each of them answers."""
        for branch in range(len(self._branches)):
            while True:
                await self._look(branch)
                number = [next(self._numbers) for _ in self._members[branch]]
                asks = [self._ask(ref, one) for ref, one in zip(self._members[branch], number, strict=True)]
                outcomes = await asyncio.gather(*asks)
                if len(outcomes) == self._plan.size and set(outcomes) == {"ok"}:
                    break

    # ---- the end ----------------------------------------------------------------------------------------------------

    async def _close(self, report: Report) -> None:
        """Stop the branches, hear the watchman, and judge the records."""
        assert self._watchman is not None
        await self._all_answer()
        declared = len(self._branches) * (1 + self._plan.size) + 1
        living = sum(host.actors for host in await self._system.stats())
        if living != declared:
            report.wrong.append(f"{living} actors live, and {declared} were declared")
        await self._watchman.ask(Watchman.leave())
        for branch in self._branches:
            await self._system.stop_actor(branch)
        async with asyncio.timeout(PATIENCE):
            while (await self._watchman.ask(Watchman.account()))[2]:  # noqa: ASYNC110 - it has no event to wait for
                await asyncio.sleep(0.05)
        report.endings, doubled, _ = await self._watchman.ask(Watchman.account())
        report.wrong += [f"an ending was told twice: {ending}" for ending in doubled]
        for path in self._folder.glob("*.handled"):
            self._records.handled.update(int(line) for line in path.read_text().split())
        report.wrong += violations(self._records, self._overdue)
        report.told = len(self._records.told)
        for outcome in self._records.asked.values():
            report.outcomes[outcome] = report.outcomes.get(outcome, 0) + 1


def resident() -> int:
    """Bytes of this process that are in memory."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
