"""A spare takes a lost host's seat, and hears from others before the actors of that seat are back."""

import asyncio

import pytest

from actors import Actor, AskError, Ref, System, call, spread
from actors.backends.simulation.faults import Crash, Cut
from actors.testing import inject


class Echo(Actor):
    """Says which incarnation it is, and asks another which one that is."""

    @call
    def which(self) -> int:
        return self.context.incarnation

    @call
    async def ask(self, other: "Ref[Echo]", seconds: float) -> int | str:
        return await heard(other, seconds)


async def heard(other: Ref[Echo], seconds: float) -> int | str:
    """What whoever asks this one hears."""
    try:
        return await other.ask(Echo.which(), timeout=seconds)
    except AskError as error:
        return type(error).__name__


async def two(system: System) -> tuple[Ref[Echo], Ref[Echo]]:
    """One at the first place, another at the second; the parent of both is the driver's root."""
    found = {0: None, 1: None, 2: None}
    seats = {place: process.host.seat for place, process in system._backend.processes.items() if process.host}
    while found[1] is None or found[2] is None:
        ref = await system.options(placement=spread()).spawn(Echo)
        found |= {place: ref for place, seat in seats.items() if seat == ref.address.seat}
    return found[1], found[2]


@pytest.mark.parametrize("seed", range(5))
def test_whoever_asks_while_a_seat_changes_hands_never_hears_that_its_actors_have_ended(seed: int) -> None:
    async def main(system: System) -> None:
        one, other = await two(system)
        inject(system, Crash(0.0, 2))
        asked = []
        for _ in range(150):
            asked += [asyncio.ensure_future(it) for it in (one.ask(Echo.ask(other, 20.0)), heard(other, 20.0))]
            await asyncio.sleep(0.02)
        outcomes = await asyncio.gather(*asked)
        assert set(outcomes) <= {"Unreachable", 1, 2}
        assert outcomes[-2:] == [2, 2]

    System(on="simulation", seed=seed, hosts=2).run(main)


def test_a_parent_that_cannot_reach_the_new_host_is_waited_for_as_long_as_it_lives() -> None:
    async def main(system: System) -> None:
        one, other = await two(system)
        inject(system, Cut(0.0, (0,), (3,), 30.0))  # the driver, and whoever takes the seat
        inject(system, Crash(0.0, 2))
        await asyncio.sleep(3.0)
        assert system._backend.processes[3].host is not None
        assert await one.ask(Echo.ask(other, 60.0), timeout=60.0) == 2
        assert system._backend.world.seconds > 30.0

    System(on="simulation", seed=1, hosts=2).run(main)
