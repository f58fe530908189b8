"""Actors that ask each other at random, and the court that is told what each of them awaits; see `waiting`."""

import asyncio
from collections.abc import Callable
from typing import Any

from actors import Actor, AskError, Deadlock, Ref, call

ENDLESS = 60.0
"""Seconds of an ask that is to be found before its deadline."""

TIMEOUTS = (ENDLESS, ENDLESS, ENDLESS, 0.3, 1.0)

NEWS = 1.0
"""Seconds that the news of an end may take: meanwhile a deadline may have ended the cycle as well."""


class Cycle:
    """Players who wait for each other."""

    def __init__(self, players: frozenset[str], keys: frozenset[int], began: float) -> None:
        self.players = players
        self.keys = keys
        self.began = began
        self.ended: float | None = None


class Court:
    """Knows who waits for whom, and writes down what is wrong."""

    def __init__(self, seed: int, *, soon: float) -> None:
        self.seed = seed
        self.now: Callable[[], float] = float
        self.wrong: list[str] = []
        self.cycles: list[Cycle] = []
        self.handled: set[int] = set()
        self._soon = soon
        self._withdrawn: set[int] = set()
        self._edges: dict[str, tuple[str, int]] = {}
        self._latest: dict[str, int] = {}
        self._moved: set[int] = set()
        self._last = 0

    def key(self) -> int:
        """A new ask."""
        self._last += 1
        return self._last

    def moved(self, key: int) -> None:
        """A request was passed on: its asker waits for another now, and may be found to or not."""
        self._moved.add(key)

    def awaits(self, asker: str, asked: str, key: int) -> None:
        """The handler of an actor awaits this, and it alone, from now on."""
        self._edges[asker] = (asked, key)
        self._latest[asker] = key
        players, keys, at = [asker], [key], asked
        while at != asker and at in self._edges and at not in players[1:]:
            players.append(at)
            at, key = self._edges[at]
            keys.append(key)
        if at == asker and not self._moved.intersection(keys):
            self.cycles.append(Cycle(frozenset(players), frozenset(keys), self.now()))

    def over(self, asker: str, key: int, error: AskError | None) -> None:
        """It awaits this no longer."""
        del self._edges[asker]
        now = self.now()
        mine = [it for it in self.cycles if key in it.keys]
        for cycle in mine:
            if cycle.ended is None:
                cycle.ended = now
                if now - cycle.began > self._soon:
                    self.wrong.append(f"{sorted(cycle.players)} waited for each other for {now - cycle.began:.3f} s")
        if isinstance(error, Deadlock):
            self._withdrawn.add(key)
            named, passed_on = set(error.cycle), self._moved.intersection(map(self._latest.get, error.cycle))
            if not passed_on and not any(it.players == named and (it.ended or now) >= now - NEWS for it in mine):
                self.wrong.append(f"{asker} heard of a cycle {error.cycle} that was none")

    def close(self) -> None:
        """Everybody should have an answer."""
        self.wrong += [f"{sorted(it.players)} were never found" for it in self.cycles if it.ended is None]
        self.wrong += [
            f"ask {key} was withdrawn and ran" for key in sorted(self._withdrawn & self.handled - self._moved)
        ]


courts: list[Court] = []
"""The court of the run that goes on."""


class Player(Actor):
    """Waits for a while and asks somebody, in one of several ways."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.others: list[tuple[str, Ref[Player]]] = []

    @call
    def meet(self, others: "list[tuple[str, Ref[Player]]]") -> None:
        """Learn who there is."""
        self.others = others

    @call
    async def play(self, key: int, depth: int) -> None:
        """One request, which may lead to others."""
        courts[-1].handled.add(key)
        random = self.context.random
        await asyncio.sleep(random.random() * 0.3)
        if depth:
            name, other = self._somebody()
            asked = courts[-1].key()
            request = Player.look(asked) if random.random() < 0.1 else Player.play(asked, depth - 1)
            timeout = random.choice(TIMEOUTS)
            way = random.random()
            if way < 0.75:
                await self._ask(name, other, asked, request, timeout)
            elif way < 0.85:
                await asyncio.gather(other.ask(request, timeout=min(timeout, 1.0)), return_exceptions=True)
            elif way < 0.95:
                await asyncio.wait([asyncio.ensure_future(other.ask(request, timeout=min(timeout, 1.0)))])
            elif name != self.name:
                courts[-1].moved(key)
                self.context.forward(other, Player.play(key, 0))

    @call(interleaved=True)
    async def look(self, key: int) -> None:
        """A request that runs beside others, and may ask as well."""
        courts[-1].handled.add(key)
        random = self.context.random
        await asyncio.sleep(random.random() * 0.2)
        if random.random() < 0.5:
            name, other = self._somebody()
            del name
            await asyncio.gather(other.ask(Player.look(courts[-1].key()), timeout=1.0), return_exceptions=True)

    def _somebody(self) -> "tuple[str, Ref[Player]]":
        return self.context.random.choice(self.others)

    async def _ask(self, name: str, other: "Ref[Player]", key: int, request: Any, timeout: float) -> None:
        court, error, waited = courts[-1], None, False
        try:
            answer = asyncio.ensure_future(other.ask(request, timeout=timeout))
            if self.context.random.random() < 0.2:
                await asyncio.sleep(self.context.random.random() * 3)
            if not answer.done():
                court.awaits(self.name, name, key)
                waited = True
            await answer
        except AskError as it:
            error = it
        if waited:
            court.over(self.name, key, error)
