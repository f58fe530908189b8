"""What a user does with simulated worlds: one seed, many seeds, a failure that is replayed and made short."""

# ruff: noqa: PLW0108 - what is called is looked up when it is called, not when this file is read

import asyncio
import logging
import random
import secrets
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from actors import (
    Actor,
    Directive,
    Failed,
    NotDeterministic,
    Settings,
    Supervision,
    System,
    call,
    here,
    spread,
)
from actors.testing import (
    CALM,
    Chaos,
    Crash,
    Cut,
    Delays,
    Pause,
    Reset,
    SeedFailed,
    explore,
    fault_plans,
    plan_from_text,
    run_once,
    simulate,
)
from actors.testing.replay import call_again
from tests.simulation import ledger

TOUCHED: dict[str, Callable[[], object]] = {
    "clock": lambda: time.time(),
    "processor time": lambda: time.process_time(),
    "sleep": lambda: time.sleep(0),
    "local time": lambda: time.localtime(),
    "universal time": lambda: time.gmtime(None),
    "time as text": lambda: time.ctime(),
    "time in a format": lambda: time.strftime("%H"),
    "chance": lambda: random.random(),
    "exponential": lambda: random.expovariate(1.0),
    "normal": lambda: random.normalvariate(),
    "triangular": lambda: random.triangular(),
    "random bytes": lambda: random.randbytes(3),
    "global seed": lambda: random.seed(3),
    "generator without seed": lambda: random.Random().random(),
    "seed of the system": lambda: random.Random(1).seed(),
    "chance of the system": lambda: random.SystemRandom().choice([1, 2]),
    "secret": lambda: secrets.randbits(8),
    "identity": lambda: uuid.uuid4(),
    "thread": lambda: threading.Thread(target=print).start(),
    "timer": lambda: threading.Timer(0.0, print).start(),
    "pool of threads": lambda: ThreadPoolExecutor().submit(print),
}


class Touchy(Actor):
    """Uses what no seed decides."""

    @call
    def touch(self, what: str) -> None:
        TOUCHED[what]()

    @call
    def bear(self) -> str:
        """Uses what looks like that, and is decided by its arguments."""
        numbers = random.Random(7)
        numbers.seed(8)
        return f"{time.strftime('%H', time.gmtime(0))} {time.localtime(0.0).tm_year} {numbers.randbytes(2).hex()}"

    @call
    async def elsewhere(self) -> str:
        """Calls in what would be another thread outside of a simulation."""
        loop = asyncio.get_running_loop()
        names = [await asyncio.to_thread(threading.current_thread), await loop.run_in_executor(None, _thread)]
        return ", ".join(it.name for it in names)


def _thread() -> threading.Thread:
    return threading.current_thread()


async def touching(system: System, what: str) -> None:
    await (await system.spawn(Touchy)).ask(Touchy.touch(what))


@pytest.mark.parametrize("what", TOUCHED)
def test_an_actor_that_uses_what_no_seed_decides_is_told_what_to_use(what: str) -> None:
    with pytest.raises(Failed) as caught:
        simulate(lambda system: touching(system, what))
    assert isinstance(caught.value.__cause__, NotDeterministic)


def test_a_time_that_is_given_and_a_generator_with_a_seed_are_no_hidden_chance() -> None:
    async def main(system: System) -> str:
        return await (await system.spawn(Touchy)).ask(Touchy.bear())

    assert simulate(main).startswith("00 19")


def test_what_would_be_called_in_a_thread_is_called_at_once_in_the_same_thread() -> None:
    async def main(system: System) -> str:
        return await (await system.spawn(Touchy)).ask(Touchy.elsewhere())

    assert simulate(main) == "MainThread, MainThread"


def test_one_that_insists_may_and_outside_of_simulations_all_is_as_ever() -> None:
    simulate(lambda system: touching(system, "clock"), strict=False)
    assert time.time() > 0
    System(on="local").run(lambda system: touching(system, "clock"))


def test_an_actor_spawns_a_class_that_was_defined_in_a_function() -> None:
    class Child(Actor):
        @call
        def answer(self) -> int:
            return 42

    class Parent(Actor):
        async def on_start(self) -> None:
            self.child = await self.context.options(placement=spread()).spawn(Child)

        @call
        async def answer(self) -> int:
            return await self.child.ask(Child.answer())

    async def main(system: System) -> int:
        parent = await system.options(placement=here()).spawn(Parent)
        return await parent.ask(Parent.answer())

    assert [simulate(main, seed) for seed in range(3)] == [42, 42, 42]


SCRIPT = """
from actors import Actor, System, here, spread
from actors.testing import simulate

class Child(Actor):
    def on_start(self):
        print("started")

class Parent(Actor):
    async def on_start(self):
        await self.context.options(placement=spread()).spawn(Child)

async def main(system):
    await system.options(placement=here()).spawn(Parent)

simulate(main)
"""


def test_an_actor_of_a_script_spawns_a_class_of_the_script(tmp_path: Path) -> None:
    file = tmp_path / "script.py"
    file.write_text(SCRIPT)
    done = subprocess.run([sys.executable, str(file)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "started\n"), done.stderr


LIBRARY = """
import logging, time
ordinary = logging.LogRecord
def record(*args, **options):
    time.time_ns()
    return ordinary(*args, **options)
"""


class Talkative(Actor):
    @call
    def say(self) -> None:
        self.context.logger.warning("something")


def test_an_actor_may_log_though_a_library_puts_the_clock_into_each_record() -> None:
    library: dict[str, Any] = {"__name__": "library"}
    exec(LIBRARY, library)
    before = logging.getLogRecordFactory()
    logging.setLogRecordFactory(library["record"])
    try:
        simulate(logging_once)
    finally:
        logging.setLogRecordFactory(before)


async def logging_once(system: System) -> None:
    await (await system.spawn(Talkative)).ask(Talkative.say())


async def fragile(system: System) -> None:
    """Fails when host 2 was away for long."""
    outcomes = await ledger.business(system)
    if any("maybe" in it for it in outcomes):
        raise ValueError("somebody waited in vain")


def test_a_failing_seed_is_replayed_to_the_same_history() -> None:
    plan = (Pause(0.01, 2, 20.0),)
    first, second = run_once(fragile, 3, faults=plan), run_once(fragile, 3, faults=plan)
    assert isinstance(first.error, ValueError)
    assert first.hash == second.hash
    with pytest.raises(ValueError, match="in vain") as caught:
        simulate(fragile, 3, faults=plan)
    assert first.hash in caught.value.__notes__[0]


def test_what_was_not_needed_to_fail_is_dropped_from_the_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    needed = Pause(0.01, 2, 20.0)
    plan = (Reset(0.0, 0, 1), needed, Reset(0.1, 1, 2), Cut(30.0, (1,), (2,), 1.0))
    monkeypatch.setattr(Chaos, "plan", lambda self, seed, hosts: plan)
    with pytest.raises(SeedFailed, match="Seed 3 fails") as caught:
        explore(fragile, seeds=[3])
    assert caught.value.run.faults == (needed,)
    assert isinstance(caught.value.__cause__, ValueError)
    line = next(line for line in str(caught.value).splitlines() if line.startswith("Replay"))
    assert plan_from_text(line.partition("'")[2].rpartition("'")[0]) == (needed,)


def restarting(failure: Any) -> Directive:
    return Directive.RESTART


async def hopeless(system: System) -> None:
    await ledger.business(system)
    raise ValueError("all in vain")


def test_the_line_that_replays_a_failure_has_all_that_made_the_run() -> None:
    given = {
        "hosts": 2, "spares": 3, "drift": 0.01, "ask_timeout": 5.0, "copy_messages": False,
        "delays": Delays(least=0.001), "supervision": Supervision(restarts=3, decide=restarting),
    }  # fmt: skip
    with pytest.raises(SeedFailed) as caught:
        explore(hopeless, seeds=[3], **given)
    line = next(line for line in str(caught.value).splitlines() if line.startswith("Replay"))
    assert line.endswith(
        "hosts=2, spares=3, drift=0.01, ask_timeout=5.0, copy_messages=False, delays=Delays(least=0.001), "
        "supervision=Supervision(restarts=3, decide=restarting))"
    )
    with pytest.raises(ValueError, match="in vain") as again:
        eval(line.removeprefix("Replay: "), {**globals(), "main": hopeless})
    assert caught.value.run.hash in again.value.__notes__[0]


def test_what_is_the_default_is_not_in_that_line_but_what_a_settings_object_would_change_is() -> None:
    begin = "simulate(main, seed=1, faults=plan_from_text('[]')"
    assert call_again(1, (), {"hosts": 3}) == f"{begin})"
    settings = Settings(hosts=2, ask_timeout=5.0)
    told = f"{begin}, hosts=3, settings=Settings(ask_timeout=5.0, hosts=2))"
    assert call_again(1, (), {"hosts": 3, "settings": settings}) == told


def test_seeds_that_do_not_fail_are_counted() -> None:
    found = explore(ledger.business, seeds=range(6), chaos=Chaos(most=2))
    assert found.runs == 6
    assert 0 < found.faults <= 12
    assert found.messages > 6 * 12
    assert "6 seeds" in str(found)
    assert explore(ledger.business, seeds=[0], chaos=CALM).faults == 0


@settings(max_examples=10)
@given(plan=fault_plans(hosts=3, seconds=0.5))
def test_plans_come_from_hypothesis_too(plan) -> None:
    assert len(simulate(ledger.business, faults=plan)) == 12


def test_a_plan_is_one_line_of_text() -> None:
    plan = (Crash(0.5, 1, 1.0), Cut(0.1, (1, 2), (3,), 1.0, one_way=True))
    text = (
        '[{"type":"Crash","at":0.5,"place":1,"back_after":1.0},'
        '{"type":"Cut","at":0.1,"one":[1,2],"other":[3],"seconds":1.0,"one_way":true}]'
    )
    assert plan_from_text(text) == plan
    with pytest.raises(ValueError, match="Earthquake"):
        plan_from_text('[{"type":"Earthquake","at":0.5}]')


FAILING = """
from tests.simulation.test_kit import fragile
from actors.testing import Chaos

def test_it(explore):
    chaos = Chaos(kinds=("pause", "reset"), seconds=30.0, most=4)
    explore(fragile, range(100), chaos=chaos, hosts=2, spares=2, drift=0.01)
"""


def test_pytest_prints_one_line_that_replays_the_failure(tmp_path: Path) -> None:
    file = tmp_path / "test_it.py"
    file.write_text(FAILING)
    pytest_ = [sys.executable, "-m", "pytest", "-p", "actors.testing.pytest_plugin", "-p", "no:cacheprovider", "-q"]
    first = subprocess.run([*pytest_, str(file)], capture_output=True, text=True, check=False)
    replay = next(line for line in first.stdout.splitlines() if line.startswith('pytest "'))
    assert '"type":"Pause"' in replay
    assert '"type":"Reset"' not in replay
    command, _, history = replay.partition("    # history ")
    seed, faults = command.partition(" --seed ")[2].split(" --faults ")
    again = subprocess.run(
        [*pytest_, str(file), "--seed", seed, "--faults", faults.strip("'")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"# history {history}" in again.stdout
    healthy = subprocess.run([*pytest_, str(file), "--seed", seed, "--faults", "[]"], capture_output=True, check=False)
    assert healthy.returncode == 0
