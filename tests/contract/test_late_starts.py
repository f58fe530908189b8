"""A start has `spawn_timeout`, whether somebody awaits it or not: then it has failed, and its supervisor decides (A4).

On systems of their own, because those that serve all tests are given the usual half a minute.
"""

import asyncio
from dataclasses import replace

import pytest

from actors import Actor, Directive, Ref, Settings, Strategy, Supervision, System, call, spread
from tests.contract.cast import Gate, Note, Recorder
from tests.contract.house import House, Part, becomes, lives, parts

SETTINGS = Settings(spawn_timeout=1.0, cancel_grace=0.5)


@pytest.fixture(params=["local", "simulation"])
def hurried(request: pytest.FixtureRequest) -> System:
    settings = replace(SETTINGS, hosts=2) if request.param == "simulation" else SETTINGS
    return System(on=request.param, settings=settings)


async def hang(log: Ref[Recorder], label: str) -> None:
    try:
        await asyncio.get_running_loop().create_future()
    except asyncio.CancelledError:
        log.tell(Note(f"{label} cancelled"))
        raise


class HangsOnce(Part):
    """Its second start does not end."""

    async def on_start(self) -> None:
        if self.context.incarnation == 2:
            await hang(self.log, self.label)
        await self.say("start")


class Together(House):
    supervision = Supervision(strategy=Strategy.ONE_FOR_ALL)


def test_a_restart_whose_start_hangs_is_cancelled_and_named_and_the_round_begins_again(
    hurried: System, caplog: pytest.LogCaptureFixture
) -> None:
    async def main(system: System) -> None:
        log = await system.spawn(Recorder)
        house = await system.options(name="house").spawn(Together, log, b=HangsOnce)
        refs = await parts(house)
        refs[0].tell(Part.fail(ValueError("planned")))
        seen = await log.ask(Recorder.until(12))
        assert [it for it in seen[3:] if it != "b cancelled"] == [
            "c stop 1", "b stop 1", "a stop 1", "a start 2",
            "a stop 2", "a start 3", "b start 3", "c start 2",
        ]  # fmt: skip
        assert "b cancelled" in seen
        assert await lives(refs) == [3, 3, 2]
        assert await house.ask(House.life()) == 1

    hurried.run(main)
    assert "/house/b (HangsOnce) failed: SpawnFailed: /house/b did not finish its start within 1 s: " in caplog.text
    assert f"of {__file__}" in caplog.text


class NeverReady(Actor):
    def __init__(self, log: Ref[Recorder]) -> None:
        self.log = log

    async def on_start(self) -> None:
        await hang(self.log, "it")


class Hopeful(Actor):
    """Spawns what never gets ready, and does not wait for it."""

    supervision = Supervision(restarts=1, within=3600.0)

    def __init__(self, log: Ref[Recorder]) -> None:
        self.log = log

    @call
    def begin(self) -> None:
        self.context.options(placement=spread()).spawn_nowait(NeverReady, self.log)

    @call
    def life(self) -> int:
        return self.context.incarnation

    @call
    def count(self) -> int:
        return len(self.context.children)


class Resigned(Hopeful):
    supervision = Supervision(decide=lambda error: Directive.STOP)


def test_a_start_that_hangs_again_and_again_is_charged_each_time_and_escalates(hurried: System) -> None:
    async def main(system: System) -> None:
        log = await system.spawn(Recorder)
        hopeful = await system.spawn(Hopeful, log)
        await hopeful.ask(Hopeful.begin())
        await becomes(2, lambda: hopeful.ask(Hopeful.life()))
        assert await log.ask(Recorder.until(2)) == ["it cancelled"] * 2
        assert await hopeful.ask(Hopeful.count()) == 0

    hurried.run(main)


def test_a_decider_may_stop_what_does_not_get_ready(hurried: System) -> None:
    async def main(system: System) -> None:
        log = await system.spawn(Recorder)
        resigned = await system.spawn(Resigned, log)
        await resigned.ask(Hopeful.begin())
        assert await log.ask(Recorder.until(1)) == ["it cancelled"]
        await becomes(0, lambda: resigned.ask(Hopeful.count()))
        assert await resigned.ask(Hopeful.life()) == 1

    hurried.run(main)


class Deaf(Part):
    """Its second start does not even end when it is cancelled."""

    def __init__(self, log: Ref[Recorder], gate: Ref[Gate]) -> None:
        super().__init__(log, "deaf")
        self.held = gate

    async def on_start(self) -> None:
        while self.context.incarnation == 2:
            try:
                await self.held.ask(Gate.passed(), timeout=None)
                return
            except asyncio.CancelledError:
                pass


@pytest.mark.leaves_behind("a start that does not end when it is cancelled")
def test_a_start_that_does_not_listen_to_its_cancelling_is_abandoned_and_the_next_one_begins() -> None:
    async def main(system: System) -> None:
        log, gate = await system.spawn(Recorder), await system.spawn(Gate)
        deaf = await system.options(name="deaf").spawn(Deaf, log, gate)
        deaf.tell(Part.fail(ValueError("planned")))
        assert await deaf.ask(Part.life()) == 3
        report = await system.stop_actor(deaf)
        assert report.abandoned == ("/deaf (a handler)",)
        await gate.ask(Gate.open())

    System(on="local", settings=SETTINGS).run(main)


class Slow(Actor):
    async def on_start(self) -> None:
        await asyncio.sleep(SETTINGS.spawn_timeout * 0.9)

    @call
    def life(self) -> int:
        return self.context.incarnation


def test_a_start_that_is_slow_but_in_time_is_not_disturbed_later() -> None:
    async def main(system: System) -> None:
        slow = system.spawn_nowait(Slow)
        assert await slow.ask(Slow.life()) == 1
        await asyncio.sleep(10 * SETTINGS.spawn_timeout)  # in no time: this clock is the simulation's
        assert await slow.ask(Slow.life()) == 1

    System(on="simulation", settings=replace(SETTINGS, hosts=2)).run(main)
