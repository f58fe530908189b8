"""Random losses of hosts and failures, over hosts with real links: the family is whole again, and never twice."""

import gc
from random import Random
from typing import Any

import pytest

from actors import Actor, AskError, Ref, Settings, Strategy, Supervision, call, near
from actors.address import Address
from actors.directory import Directory
from actors.links import LinkState
from tests.actors.town import Resident, Town, actor, in_town, until

EVENTS = 12
ALIVE: dict[int, tuple[int, Any]] = {}
"""Which incarnation of which part is alive, and the host it lives on: all hosts are in this process."""


DEAD: list[Any] = []
"""Hosts that have died. Of a process that is killed no step runs any more; here a last one may."""


def died(dead: Resident) -> None:
    """A host has died, without a word of what lived there."""
    DEAD.append(dead.host)
    for number in [number for number, (_, host) in ALIVE.items() if host is dead.host]:
        del ALIVE[number]


class Part(Actor):
    def on_start(self) -> None:
        number, host = self.context.ref.address.number, self.context._alive().host
        if host not in DEAD:
            assert number not in ALIVE, "two incarnations at once"
            ALIVE[number] = (self.context.incarnation, host)

    def on_stop(self) -> None:
        number, host = self.context.ref.address.number, self.context._alive().host
        if host not in DEAD:
            del ALIVE[number]

    @call
    def fail(self) -> None:
        raise ValueError("planned")

    @call
    def life(self) -> int:
        return self.context.incarnation


class Family(Actor):
    """Two parts on each of the places."""

    def __init__(self, places: list[Ref[Any]]) -> None:
        self.places = places

    async def on_start(self) -> None:
        for number, place in enumerate(self.places * 2):
            name = f"part {number}" if number % 3 else None
            await self.context.options(name=name, placement=near(place)).spawn(Part)

    @call
    def life(self) -> int:
        return self.context.incarnation


def is_linked(one: Resident, other: Resident) -> bool:
    peer = one.post._by_sitting.get(other.host.sitting)
    return peer is not None and peer.link.state is LinkState.UP


def family(strategy: Strategy) -> type[Family]:
    rules = Supervision(restarts=1000, within=1000.0, strategy=strategy)
    return type("Family", (Family,), {"supervision": rules, "__module__": __name__})


FAMILIES = {strategy: family(strategy) for strategy in Strategy}
"""Made once, because their code travels."""


# A host that crashes here may leave a connection that was just being made; for a process the kernel closes it.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("strategy", list(Strategy))
@pytest.mark.parametrize("seed", range(6))
def test_after_any_course_of_losses_every_part_is_there_once(strategy: Strategy, seed: int) -> None:
    async def main(town: Town) -> None:
        ALIVE.clear()
        DEAD.clear()
        random = Random(seed)
        town.directory = Directory(generation=1, settings=Settings(seat_losses=1000))
        home, *others = [await town.settle() for _ in range(4)]
        places = [Ref(Address("town", one.host.seat, 0), None) for one in others]
        parent = await home.spawn(FAMILIES[strategy], places)
        children = actor(home, parent).context._cell.children
        numbers = list(children.table)
        failures = 0
        for _ in range(EVENTS):
            if random.random() < 0.5:
                index = random.randrange(len(others))
                dead = others[index]
                await until(lambda dead=dead: is_linked(home, dead))  # else a socket is left that was just accepted
                dead.crash()
                died(dead)
                if random.random() < 0.3:  # a failure that comes before anybody has heard of the loss
                    home.host.ref_to(random.choice(list(children.table.values())).address).tell(Part.fail())
                    failures += 1
                town.condemn(dead)
                await until(lambda: home.host.acknowledged == home.host.table.version)
                others[index] = await town.settle(seat=dead.host.seat)
            else:
                home.host.ref_to(random.choice(list(children.table.values())).address).tell(Part.fail())
                failures += 1
        await until(lambda: len(ALIVE) == len(numbers) and children.restarts._round is None)

        async def is_whole() -> bool:
            try:
                refs = [home.host.ref_to(child.address) for child in children.table.values()]
                lives = [await ref.ask(Part.life()) for ref in refs]
            except AskError:
                return False
            known = [child.incarnation for child in children.table.values()]
            return lives == known and children.restarts._round is None

        while not await is_whole():
            pass
        assert list(children.table) == numbers
        assert len(children.restarts.budget._spent) <= failures
        assert await parent.ask(Family.life()) == 1
        await town.residents[0].host.stop_actors()
        assert not ALIVE

    in_town(main)
    gc.collect()
