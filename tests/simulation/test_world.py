"""A simulated world: one seed is one history, in any process; time costs nothing; who can never wake is told."""

import asyncio
import json
import os
import subprocess
import sys
import time

import pytest

from actors import Actor, NobodyWakes, OutOfTime, Ref, System, SystemClosed, call, spread
from actors.testing import run_once, simulate
from tests.simulation import golden, ledger


def simulated(seed: int = 0, **options) -> System:
    return System(on="simulation", seed=seed, **options)


class Sleeper(Actor):
    """Sleeps, and says what its clock shows."""

    @call
    async def sleep(self, seconds: float) -> float:
        before = self.context.now()
        await asyncio.sleep(seconds)
        return self.context.now() - before

    @call
    def now(self) -> float:
        return self.context.now()

    @call
    async def wait_for(self, other: "Ref[Sleeper] | None") -> None:
        """Asks the other, who asks back; without one, waits for what never comes."""
        if other is None:
            await asyncio.get_running_loop().create_future()
        else:
            await other.ask(Sleeper.wait_for(None), timeout=None)


def test_one_seed_is_one_history_and_another_seed_another() -> None:
    assert ledger.run(7) == ledger.run(7)
    assert len({ledger.run(seed)[0] for seed in range(20)}) == 20


def test_what_is_written_down_happens_on_this_machine_and_python() -> None:
    assert golden.computed() == golden.committed(), (
        "These histories are others than those written down. If the order or the time of events was meant to change, "
        "write them down again: python -m tests.simulation.golden. If not, or if another version of Python or "
        "another machine comes to them, the same seed is not the same run any more."
    )


@pytest.mark.parametrize(("hash_seed", "place"), [("1", "C"), ("random", "C.UTF-8")])
def test_what_is_written_down_happens_in_any_process(hash_seed: str, place: str) -> None:
    found = subprocess.run(
        [sys.executable, "-m", "tests.simulation.golden", "--print"],
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "LC_ALL": place, "TZ": "Pacific/Chatham"},
        cwd=golden.FILE.parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(found.stdout) == golden.committed()


def test_an_hour_of_sleeps_on_several_hosts_takes_no_hour() -> None:
    async def main(system: System) -> None:
        sleepers = [await system.options(placement=spread()).spawn(Sleeper) for _ in range(3)]
        slept = await asyncio.gather(*(it.ask(Sleeper.sleep(3600.0), timeout=None) for it in sleepers))
        assert all(3600.0 <= it < 3600.1 for it in slept)

    began = time.monotonic()
    simulated().run(main)
    assert time.monotonic() - began < 60


def test_hosts_have_clocks_of_their_own() -> None:
    async def main(system: System) -> None:
        sleepers = [await system.options(placement=spread()).spawn(Sleeper) for _ in range(3)]
        shown = [await it.ask(Sleeper.now()) for it in sleepers]
        assert len({round(it) for it in shown}) == 3

    simulated().run(main)


def test_who_waits_for_what_can_never_come_is_told_with_seed_and_trace() -> None:
    async def main(system: System) -> None:
        one = await system.spawn(Sleeper)
        other = await system.spawn(Sleeper)
        await one.ask(Sleeper.wait_for(other), timeout=None)

    with pytest.raises(NobodyWakes, match=r"(?s)Nobody can ever wake.*Seed 11.*wake") as caught:
        simulated(11).run(main)
    assert "connected" in str(caught.value)


class Beating(Sleeper):
    """A sleeper with a heartbeat, so that there is always something to do."""

    def on_start(self) -> None:
        self.context.timers.fixed_rate("beat", 1.0, Beating.now())


async def forgotten(system: System) -> None:
    beating = await system.spawn(Beating)
    await beating.ask(Sleeper.wait_for(None), timeout=None)


def test_who_waits_for_ever_beside_a_heartbeat_is_told_after_the_limit_with_seed_and_trace() -> None:
    text = (
        r"(?s)not ended within 300 simulated seconds.*`limit=`.*Who waits:\n  the main function, in forgotten "
        r"\(test_world.py:\d+\)\n  Beating .* on seat \d, which handles Sleeper.wait_for.*Seed 11.*wake"
    )
    with pytest.raises(OutOfTime, match=text):
        simulated(11, limit=300.0).run(forgotten)
    with pytest.raises(OutOfTime, match="300"):
        simulate(forgotten, 11, limit=300.0)


@pytest.mark.leaves_behind("its main function cannot be ended")
def test_a_main_function_that_does_not_end_when_it_is_cancelled_ends_the_run_all_the_same() -> None:
    async def main(system: System) -> None:
        while True:
            try:
                await forgotten(system)
            except asyncio.CancelledError:
                continue

    with pytest.raises(OutOfTime, match="300"):
        simulated(limit=300.0).run(main)


def test_a_limit_is_some_time() -> None:
    with pytest.raises(ValueError, match="limit=0"):
        simulated(limit=0)


def test_a_limit_changes_nothing_in_a_run_that_ends_before() -> None:
    assert run_once(ledger.business, 3, limit=1000.0).hash == run_once(ledger.business, 3).hash


def test_whoever_only_sleeps_or_has_a_deadline_is_not_stuck() -> None:
    async def main(system: System) -> str:
        one = await system.spawn(Sleeper)
        with pytest.raises(Exception, match="deadline"):
            await one.ask(Sleeper.wait_for(None), timeout=500.0)
        await asyncio.sleep(5000.0)
        return "well"

    assert simulated().run(main) == "well"


def test_what_main_raises_is_raised() -> None:
    async def main(system: System) -> None:
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        simulated().run(main)


def test_a_simulation_is_refused_where_there_is_real_time() -> None:
    async def inside() -> None:
        async with simulated():
            raise AssertionError

    with pytest.raises(SystemClosed, match="time of its own"):
        asyncio.run(inside())
    with pytest.raises(SystemClosed, match="no real time"):
        simulated().blocking()
