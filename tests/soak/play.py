"""The soak itself: clients ask and tell counters on all hosts while one host after the other is struck.

Clients and watchman live in the program that is never killed, so their records are whole; what counters handle is
written to files, which a kill leaves as they are.
"""

import asyncio
import os
import random
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from actors import AskError, DeadLetter, HostLost, Ref, System, here, spread
from tests.soak.blows import Blow, chosen, strike_directory, strike_host, victims
from tests.soak.cast import Branch, Counter, Watchman
from tests.soak.journal import Journal
from tests.soak.oracles import Loss, growth, too_much, violations

DEADLINE = 10.0
"""Seconds for each ask."""

LATE = DEADLINE + 15.0
"""Seconds after which an ask has outlived its deadline and any verdict."""

THINKING = 0.004
"""Seconds between two requests of a client: a soak is about faults and not about load."""

PATIENCE = 60.0
"""Seconds within which everything must answer again after a blow."""

WAITED = 5.0
"""Seconds that a told message can have waited in a host, however busy the machine; older ones were done with."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How long, how wide, how random."""

    kills: int
    """Blows of all kinds."""
    seed: int
    pauses: float = 0.0
    """The share of them that stop a host until it is declared dead."""
    directory: float = 0.0
    """The share of them that kill the directory."""
    branches: int = 4
    size: int = 8
    clients: int = 8
    pause: float = 0.5
    """Seconds between the return of all actors and the next kill, on average."""


@dataclass(slots=True)
class Report:
    """What came of it."""

    kills: int = 0
    away: dict[Blow, list[float]] = field(default_factory=dict[Blow, list[float]])
    """Seconds from each blow until every counter answered again."""
    outcomes: dict[str, int] = field(default_factory=dict[str, int])
    told: int = 0
    endings: int = 0
    memory: list[int] = field(default_factory=list[int])
    """Bytes of the driver after each blow."""
    hosts: list[float] = field(default_factory=list[float])
    """Bytes of a host then, on average. A host lives for some blows only: this shows what each new one inherits."""
    requests: list[int] = field(default_factory=list[int])
    """Requests that had been sent by then."""
    surprises: int = 0
    """Hosts that were lost though nobody had struck them: a machine that is too busy loses some."""
    wrong: list[str] = field(default_factory=list[str])


class Soak:
    """One run in one system."""

    def __init__(self, system: System, plan: Plan, folder: Path, progress: Callable[[str], None]) -> None:
        self._system = system
        self._plan = plan
        self._folder = folder
        self._progress = progress
        self._random = random.Random(plan.seed)
        """For the clients, who take as much of it as they find time for."""
        self._fate = random.Random(plan.seed)
        """For the blows, so that a seed chooses the same."""
        self._journal = Journal(folder)
        self._losses: list[Loss] = []
        self._numbers = count(1)
        self._last = 0
        self._marks: deque[tuple[float, int]] = deque([(time.monotonic(), 1)], maxlen=1000)
        """When which number was the next."""
        self._struck: dict[tuple[int, int], int] = {}
        """The first request that can have waited in a host that was struck, by seat and epoch."""
        self._surprises = 0
        self._where = ""
        """Whom the last blow struck, for the progress."""
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
                blow = chosen(self._fate, plan.pauses, plan.directory)
                away = await self._strike(blow, report)
                report.away.setdefault(blow, []).append(away)
                report.kills = number + 1
                self._measure(report)
                self._progress(f"{number + 1} of {plan.kills}, {blow.value}{self._where}: all back after {away:.2f} s")
                await asyncio.sleep(self._fate.uniform(0.2, 1.8) * plan.pause)
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
            number = self._next()
            if self._random.random() < 0.5:
                self._journal.tells(number, member.address.seat)
                member.tell(Counter.hit(number))
                await asyncio.sleep(THINKING)
            elif await self._ask(member, number) == "ok":
                await asyncio.sleep(THINKING)
            else:
                await self._look(branch)

    async def _ask(self, member: Ref[Counter], number: int) -> str:
        self._journal.asks(number)
        began = time.monotonic()
        try:
            await member.ask(Counter.hit(number), timeout=DEADLINE)
            outcome = "ok"
        except AskError as error:
            outcome = error.ran
        except asyncio.CancelledError:
            self._journal.heard(number, "maybe")
            raise
        self._journal.heard(number, outcome)
        if time.monotonic() - began > LATE:
            self._overdue.append(number)
        return outcome

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

    def _next(self) -> int:
        """The number of the next request."""
        self._last = next(self._numbers)
        if time.monotonic() - self._marks[-1][0] > 0.1:
            self._marks.append((time.monotonic(), self._last))
        return self._last

    def _waiting_at(self, moment: float) -> int:
        """The first request that can have waited in a host at this moment."""
        return max((number for at, number in self._marks if at <= moment - WAITED), default=1)

    def _dead_letter(self, letter: DeadLetter) -> None:
        number = getattr(letter.message, "request", None)
        if number is not None:
            self._journal.given_up(number, letter.reason.value)

    def _host_lost(self, event: HostLost) -> None:
        since = self._struck.get((event.seat, event.epoch))
        if since is None:  # it was silent for as long as a verdict takes
            self._surprises += 1
            since = self._waiting_at(time.monotonic() - self._system.settings.verdict)
        self._losses.append(Loss(event.seat, since, self._last + 1, event.at_most))

    # ---- blows ------------------------------------------------------------------------------------------------------

    async def _strike(self, blow: Blow, report: Report) -> float:
        """Strike at random; returns the seconds until every counter answers again."""
        host = self._system.host
        began = time.monotonic()
        self._where = ""
        back = 0.0

        async def all_back() -> None:
            nonlocal back
            await self._all_answer()
            back = time.monotonic()

        async with asyncio.timeout(PATIENCE):
            if blow is Blow.DIRECTORY:
                await strike_directory(self._system, all_back)
            else:
                victim = self._fate.choice(victims(host))
                counters = sum(ref.address.seat == victim.number for refs in self._members for ref in refs)
                self._where = f" of seat {victim.number} with {counters} counters"
                self._struck[victim.sitting] = self._waiting_at(began)
                if not await strike_host(host, victim, blow, all_back):
                    report.wrong.append(f"process {victim.pid} of {victim.sitting} lived on after a {blow.value}")
        return back - began

    def _measure(self, report: Report) -> None:
        report.requests.append(self._last)
        report.memory.append(resident())
        sizes = [resident(seat.pid) for seat in victims(self._system.host)]
        report.hosts.append(sum(sizes) / max(1, len(sizes)))

    async def _all_answer(self) -> None:
        """Until each branch names its members and each of them answers."""
        for branch in range(len(self._branches)):
            while True:
                await self._look(branch)
                number = [self._next() for _ in self._members[branch]]
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
        records = self._journal.records(self._losses)
        report.wrong += violations(records, self._overdue)
        report.wrong += too_much("the driver", growth(report.requests, report.memory))
        report.wrong += too_much("a host", growth(report.requests, report.hosts))
        report.told = len(records.told)
        report.surprises = self._surprises
        for outcome in records.asked.values():
            report.outcomes[outcome] = report.outcomes.get(outcome, 0) + 1


def resident(pid: int | str = "self") -> int:
    """Bytes of a process that are in memory; 0 if it has just ended."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")
