"""One seed: players on several hosts tell, ask, fail, are watched and stopped, while things go wrong; then quiet."""

import asyncio
from random import Random
from typing import Any

from actors import AskError, Ref, SpawnFailed, System, here, near, spread
from actors.backends.simulation.faults import (
    DIRECTORY,
    Crash,
    Cut,
    Fault,
    FaultPlan,
    Pause,
    random_faults,
)
from actors.testing.simulation import Run, run_once
from tests.laws import players
from tests.laws.journal import Journal, Outcome
from tests.laws.players import Fail, Lock, Play, Player, Question, Watcher, Word

HOSTS = 3
PLAYERS = 5
TURNS = 6
DEADLINE = 3.0
LONG = 8
"""One seed in so many has faults that are longer than a lease."""

GENTLE = ("reset", "reset", "reset", "pause", "slow", "lag", "cut")


def plan_of(seed: int) -> FaultPlan:
    """What goes wrong."""
    random = Random(seed)
    if seed % LONG == 0:
        place = random.randint(1, HOSTS)
        long: list[Fault] = [
            Crash(0.3 + random.randint(0, 1000) / 1000, place, 1.0),
            Pause(0.2, place, 11.0),
            Cut(0.2, (place,), (DIRECTORY,), 14.0),
            Cut(0.2, (place,), (DIRECTORY, 0), 14.0),
        ]
        return (long[seed // LONG % len(long)], *random_faults(random, hosts=HOSTS, seconds=1.0, most=2, kinds=GENTLE))
    return random_faults(random, hosts=HOSTS, seconds=1.0, most=4, kinds=GENTLE)


def play(seed: int, faults: FaultPlan | None = None, **options: Any) -> tuple[Journal, "Run[None]"]:
    """Play this seed; the journal, and the account of the run."""
    journal = Journal(lambda: 0.0)
    players.journals.append(journal)
    try:
        run = run_once(
            _Game(journal, seed).main, seed, faults=plan_of(seed) if faults is None else faults, hosts=HOSTS, **options
        )
    finally:
        players.journals.remove(journal)
    return journal, run


class _Game:
    """One run from beginning to end."""

    def __init__(self, journal: Journal, seed: int) -> None:
        self.journal = journal
        self.random = Random(seed)
        self.asks = 0
        self.refs: dict[int, Ref[Any]] = {}
        self.heard: set[int] = set()

    async def main(self, system: System) -> None:
        """The game."""
        loop = asyncio.get_running_loop()
        self.journal.now = loop.time
        self.system = system
        self.backend: Any = system._backend
        self.listen()
        for player in range(PLAYERS):
            self.refs[player] = await self.spawned(system.options(placement=spread()), Player, player)
        self.watchers = {
            100: await system.options(placement=here()).spawn(Watcher, 100),
            101: await self.spawned(system.options(placement=near(self.refs[0])), Watcher, 101),
        }
        self.lock = await system.options(placement=here()).spawn(Lock)
        everybody = [*self.refs.items(), *self.watchers.items()]
        for watcher in self.watchers.values():
            for player, ref in self.refs.items():
                await self.asked(watcher.ask(Watcher.watch(player, ref), timeout=DEADLINE))
        async with asyncio.TaskGroup() as group:
            for turn in range(TURNS):
                for ref in self.refs.values():
                    ref.tell(Play(to=tuple(self.random.sample(everybody, 3)), words=self.random.randint(1, 3)))
                for ref in self.random.sample(list(self.refs.values()), 2):
                    group.create_task(self.ask(ref))
                group.create_task(self.use_the_lock(turn, self.refs[turn % PLAYERS]))
                if turn % 2:
                    self.refs[self.random.randrange(PLAYERS)].tell(Fail())
                if turn == TURNS - 2:
                    group.create_task(self.stop(self.refs[PLAYERS - 1]))
                await asyncio.sleep(self.random.random() / 3)
                self.listen()
        await asyncio.sleep(25.0 if self.is_long else 4.0)  # until everything that went wrong is over
        for ref in self.refs.values():
            await self.stop(ref)
        await asyncio.sleep(1.0)
        self.look_at_the_watches()

    @property
    def is_long(self) -> bool:
        return any(isinstance(it, Crash) or getattr(it, "seconds", 0) > 4 for it in self.backend._faults)

    async def spawned(self, spawner: Any, kind: Any, *args: Any) -> Any:
        while True:
            try:
                return await spawner.spawn(kind, *args)
            except (SpawnFailed, AskError):
                await asyncio.sleep(0.5)

    def listen(self) -> None:
        """Hear the dead letters of every host, new ones too."""
        for process in self.backend.processes.values():
            host = process.host
            if host is not None and host.sitting.epoch not in self.heard:
                self.heard.add(host.sitting.epoch)
                host.dead_letters.subscribe(self.letter)

    def letter(self, letter: Any) -> None:
        if isinstance(letter.message, Word):
            self.journal.letters[letter.message.told] += 1

    async def ask(self, ref: Ref[Player]) -> None:
        self.asks += 1
        number = self.asks
        journal = self.journal
        began = journal.asked[number] = journal.now()
        try:
            value = await ref.ask(Question(number), timeout=DEADLINE)
        except AskError as error:
            journal.answers[number].append(Outcome(type(error).__name__, error.ran, None, journal.now() - began))
        else:
            journal.answers[number].append(Outcome("reply", "yes", value, journal.now() - began))

    async def asked(self, waiting: Any) -> Any:
        try:
            return await waiting
        except AskError:
            return None

    async def use_the_lock(self, number: int, owner: Ref[Any]) -> None:
        if await self.asked(self.lock.ask(Lock.acquire(number, owner), timeout=DEADLINE)):
            await asyncio.sleep(self.random.random() / 5)
        await self.asked(self.lock.ask(Lock.release(number), timeout=DEADLINE))

    async def stop(self, ref: Ref[Any]) -> None:
        await self.system.stop_actor(ref)

    def look_at_the_watches(self) -> None:
        living = {it.host.sitting.epoch for it in self.backend.processes.values() if it.host is not None}
        self.journal.unsafe |= {life.player for life in self.journal.started if life.epoch not in living}
        for process in self.backend.processes.values():
            for cell in list(process.host.cells.values()) if process.host is not None else ():
                if cell._watches is not None and isinstance(cell.actor, Watcher):
                    self.journal.left_watches += len(cell._watches)
