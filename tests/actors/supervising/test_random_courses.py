"""Random failures, stops, spawns and links in families of every strategy: in the end the tree is as its tables say."""

import asyncio
from random import Random
from typing import Any

import pytest

from actors import Actor, Ref, Restart, Strategy, Supervision, call
from tests.actors.clockwork import run

EVENTS = 60


class Chances:
    """What the actors of a test draw from, and how many of each are alive."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.calm = False
        self.alive: set[tuple[int, int]] = set()

    def happens(self, chance: float) -> bool:
        return not self.calm and self.random.random() < chance

    async def pause(self) -> None:
        if not self.calm:
            await asyncio.sleep(self.random.choice((0.0, 0.0, 0.01, 0.2)))


class Child(Actor):
    """Starts, works and stops slowly, and may fail at each."""

    def __init__(self, chances: Chances) -> None:
        self.chances = chances

    async def on_start(self) -> None:
        key = (self.context.ref.address.number, self.context.incarnation)
        assert not any(number == key[0] for number, _ in self.chances.alive), "two incarnations at once"
        await self.chances.pause()
        if self.chances.happens(0.15):
            raise ValueError("start")
        if self.chances.happens(0.05):
            self.context.stop()  # then on_stop is not owed
            return
        self.chances.alive.add(key)

    async def on_stop(self) -> None:
        await self.chances.pause()
        self.chances.alive.discard((self.context.ref.address.number, self.context.incarnation))
        if self.chances.happens(0.1):
            raise ValueError("stop")

    @call
    async def work(self) -> None:
        await self.chances.pause()
        if self.chances.happens(0.5):
            raise ValueError("work")

    @call
    def finish(self) -> None:
        self.context.stop()

    @call
    def link(self, other: Ref[Any]) -> None:
        self.context.link(other)

    @call
    def unlink(self, other: Ref[Any]) -> None:
        self.context.unlink(other)

    @call
    def life(self) -> int:
        return self.context.incarnation


class Family(Actor):
    """Spawns and stops children as told."""

    def __init__(self, chances: Chances) -> None:
        self.chances = chances

    @call
    def spawn(self, name: str | None, restart: Restart) -> Ref[Child] | None:
        if name is not None and self.context.child(name) is not None:
            return None
        return self.context.options(name=name, restart=restart).spawn_nowait(Child, self.chances)

    @call
    async def spawn_and_wait(self, restart: Restart) -> Ref[Child]:
        return await self.context.options(restart=restart).spawn(Child, self.chances)

    @call
    async def end(self, ref: Ref[Any]) -> None:
        await self.context.stop_child(ref)

    @call
    def life(self) -> int:
        return self.context.incarnation


def family(strategy: Strategy, restarts: int) -> type[Family]:
    rules = Supervision(restarts=restarts, within=1.0, strategy=strategy)
    return type("Family", (Family,), {"supervision": rules, "__module__": __name__})


async def course(system: Any, chances: Chances, parent: Ref[Any]) -> None:
    """Random events, one after the other, mostly before the one before has had its effect."""
    random, kids = chances.random, list[Ref[Any]]()
    for number in range(EVENTS):
        event, restart = random.random(), random.choice(list(Restart))
        if event < 0.15 or len(kids) < 2:
            name = f"child {number}" if random.random() < 0.5 else None
            ref = await asyncio.gather(parent.ask(Family.spawn(name, restart)), return_exceptions=True)
            kids += [it for it in ref if isinstance(it, Ref)]
        elif event < 0.2:
            ref = await asyncio.gather(parent.ask(Family.spawn_and_wait(restart)), return_exceptions=True)
            kids += [it for it in ref if isinstance(it, Ref)]
        elif event < 0.6:
            random.choice(kids).tell(Child.work())
        elif event < 0.7:
            random.choice(kids).tell(Child.finish())
        elif event < 0.75:
            parent.tell(Family.end(random.choice(kids)))
        else:
            one, other = random.choice(kids), random.choice(kids)
            if one != other:
                one.tell((Child.link if event < 0.95 else Child.unlink)(other))
        await chances.pause()


@pytest.mark.parametrize("restarts", [3, 1000])
@pytest.mark.parametrize("strategy", list(Strategy))
@pytest.mark.parametrize("seed", range(12))
def test_after_any_course_of_events_all_that_the_table_names_are_there_and_nobody_else(
    strategy: Strategy, seed: int, restarts: int
) -> None:
    async def main(system: Any, loop: Any) -> None:
        chances, host = Chances(seed), system.host
        parent = await system.spawn(family(strategy, restarts), chances)
        await course(system, chances, parent)
        chances.calm = True
        cell = host.cells.get(parent.address.number)
        if cell is not None:
            await asyncio.sleep(60.0)  # of a clock that does not wait
            table = cell.children.table
            assert cell.children.restarts._round is None
            for number, child in list(table.items()):
                assert await host.ref_to(child.address).ask(Child.life()) == child.incarnation
                assert child.running
                assert (number, child.incarnation) in chances.alive
            assert set(host.cells) == {parent.address.number, *table}
            linked = {number: host.cells[number].links._peers for number in table if host.cells[number].has_links}
            for number, peers in linked.items():
                for peer, numbers in peers.items():
                    assert linked[peer.number][host.cells[number].address] == numbers, "both ends know of a link"
            await system.stop_actor(parent)
        assert not host.cells
        assert not chances.alive

    run(main, stop_budget=1.0, cancel_grace=0.5)
