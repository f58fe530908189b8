"""Dead letters as a test's business in a simulation: those of every host, in the world's time."""

import asyncio

import pytest

from actors import Actor, Reason, Ref, System, call, spread
from actors.testing import Crash, expect_dead_letters, inject, no_dead_letters, run, simulate


class Talker(Actor):
    """Tells others, wherever it lives."""

    @call
    async def tell(self, other: "Ref[Talker]", after: float = 0.0) -> None:
        """Say something, and be done before it arrives."""
        await asyncio.sleep(after)
        other.tell(Talker.listen())

    @call
    def listen(self) -> None:
        """Do nothing."""


async def two(system: System) -> tuple[Ref[Talker], Ref[Talker]]:
    """On two hosts, neither of them the driver's; the second one has stopped."""
    one, other = [await system.options(placement=spread()).spawn(Talker) for _ in range(2)]
    await system.stop_actor(other)
    return one, other


@pytest.mark.parametrize("seed", range(5))
def test_a_letter_of_any_host_is_seen(seed: int) -> None:
    async def main(system: System) -> None:
        one, other = await two(system)
        async with expect_dead_letters(system, count=2, reason=Reason.NOT_RUNNING, of=Talker.listen) as letters:
            await one.ask(Talker.tell(other))
            await one.ask(Talker.tell(other))
        assert [it.target for it in letters] == [other.address, other.address]
        async with expect_dead_letters(system):
            one.tell(Talker.tell(other, after=2.0))

    simulate(main, seed)


def test_a_letter_of_a_host_that_began_meanwhile_is_seen() -> None:
    async def main(system: System) -> None:
        _, other = await two(system)
        async with expect_dead_letters(system, count=1, reason=Reason.NOT_RUNNING):
            inject(system, Crash(0.0, 1))
            inject(system, Crash(0.0, 2))
            await asyncio.sleep(5.0)
            new = await system.options(placement=spread()).spawn(Talker)
            new.tell(Talker.tell(other))

    simulate(main, hosts=2, spares=2)


def test_letters_that_do_not_come_and_those_that_should_not_are_told() -> None:
    async def main(system: System) -> None:
        one, other = await two(system)
        with pytest.raises(AssertionError, match="at least one dead letter, and there were none"):
            async with expect_dead_letters(system):
                await one.ask(Talker.listen())
        with pytest.raises(AssertionError, match=r"1 dead letter, and there were 2:"):
            async with expect_dead_letters(system, count=1):
                await asyncio.gather(*(one.ask(Talker.tell(other)) for _ in range(2)))
        with pytest.raises(AssertionError, match="no dead letters, and there were 1"):
            async with no_dead_letters(system):
                one.tell(Talker.tell(other, after=1.0))
        async with no_dead_letters(system):
            one.tell(Talker.listen())

    simulate(main)


def test_a_letter_of_another_host_that_nobody_expected_fails_a_test() -> None:
    async def main(system: System) -> None:
        one, other = await two(system)
        one.tell(Talker.tell(other))

    with pytest.raises(AssertionError, match="1 dead letters that the test did not expect"):
        run(main, "simulation")
    run(main, "simulation", allow_dead_letters=True)
