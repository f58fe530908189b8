"""Clocks of different origin (A30), of different rate (A16), and a time that a test could not wait for (A41)."""

import asyncio
from typing import Any

import pytest

from actors import Actor, AskError, Expired, Ref, System, TimedOut, call, spread
from actors.backends.simulation.faults import ClockRate, Pause
from tests.laws.laws import no_life_acts_after_its_successor
from tests.laws.play import LONG, play

HOUR = 3600.0
TENTH = 0.047
"""By so much the rates differ from the true one: the fastest clock is a tenth faster than the slowest."""


class Colleague(Actor):
    """Works for a while, and says what its clock shows and what time it has."""

    def __init__(self) -> None:
        self.worked = 0

    @call
    def now(self) -> float:
        return self.context.now()

    @call
    async def work(self, seconds: float) -> float | None:
        self.worked += 1
        await asyncio.sleep(seconds)
        return self.context.remaining

    @call
    async def pass_on(self, to: "Ref[Colleague]", seconds: float) -> float | None:
        await asyncio.sleep(seconds)
        return await to.ask(Colleague.work(0.0))

    @call
    async def ask(self, to: "Ref[Colleague]", seconds: float, timeout: float) -> tuple[str, float]:
        """What came of it, and after how many seconds of this clock."""
        began = self.context.now()
        try:
            await to.ask(Colleague.work(seconds), timeout=timeout)
        except AskError as error:
            return type(error).__name__, self.context.now() - began
        return "reply", self.context.now() - began

    @call
    def times(self) -> int:
        return self.worked


class Stubborn(Actor):
    """Its end takes a day."""

    async def on_stop(self) -> None:
        await asyncio.sleep(24 * HOUR)


def test_deadlines_mean_the_same_on_hosts_whose_clocks_are_hours_apart() -> None:
    async def main(system: System) -> list[float]:
        refs = [await system.options(placement=spread()).spawn(Colleague) for _ in range(3)]
        clocks = [await ref.ask(Colleague.now()) for ref in refs]
        for one in refs:
            for other in refs:
                if one is not other:
                    what, after = await one.ask(Colleague.ask(other, 0.1, 0.5))
                    assert what == "reply"
                    what, after = await one.ask(Colleague.ask(other, 0.9, 0.5))
                    assert what == "TimedOut"
                    assert 0.5 <= after < 0.6
                    await asyncio.sleep(1.0)
                    left = await one.ask(Colleague.pass_on(other, 0.3), timeout=2.0)
                    assert left is not None
                    assert 1.5 < left <= 1.75
        return clocks

    clocks = System(on="simulation", seed=2, hosts=3).run(main)
    low, middle, high = sorted(clocks)
    assert low + HOUR < middle < high - HOUR


def test_a_request_that_expires_on_a_host_with_another_clock_is_not_run() -> None:
    async def main(system: System) -> None:
        one, other = [await system.options(placement=spread()).spawn(Colleague) for _ in range(2)]
        assert abs(await one.ask(Colleague.now()) - await other.ask(Colleague.now())) > HOUR
        busy = asyncio.ensure_future(other.ask(Colleague.work(2.0)))
        await asyncio.sleep(0.1)
        with pytest.raises((TimedOut, Expired)):
            await other.ask(Colleague.work(0.0), timeout=1.0)
        assert (await one.ask(Colleague.ask(other, 0.0, 0.3)))[0] in {"TimedOut", "Expired"}
        await busy
        await asyncio.sleep(1.0)
        assert await other.ask(Colleague.times()) == 1

    System(on="simulation", seed=2, hosts=3).run(main)


@pytest.mark.parametrize("number", range(4))
def test_nothing_acts_twice_where_clocks_differ_in_their_rate_by_a_tenth(number: int) -> None:
    seed = number * LONG
    journal, run = play(seed, drift=TENTH)
    assert run.error is None
    assert journal.acts
    assert list(no_life_acts_after_its_successor(journal)) == []


def test_a_clock_of_half_the_rate_is_beyond_what_leases_can_bear_and_is_seen_to_be() -> None:
    def acted_twice(seed: int) -> list[str]:
        place = 1 + seed % 3
        journal, _ = play(seed, (ClockRate(0.0, place, 0.5), Pause(0.2, place, 9.5)))
        return list(no_life_acts_after_its_successor(journal))

    assert any(acted_twice(seed) for seed in range(20))


def test_a_system_has_thirty_seconds_to_stop_and_names_what_has_not() -> None:
    stopped: list[Any] = []

    async def main(system: System) -> None:
        refs = [await system.options(placement=spread(), stop_budget=24 * HOUR).spawn(Stubborn) for _ in range(3)]
        loop = asyncio.get_running_loop()
        began = loop.time()
        report = await system.stop()
        stopped.extend((loop.time() - began, report, refs))

    System(on="simulation", hosts=2, strict=False).run(main)
    seconds, report, refs = stopped
    assert 29.9 < seconds < 40.0
    assert sorted(report.abandoned) == sorted(f"Stubborn {ref.address}" for ref in refs)
