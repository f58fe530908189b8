"""Permanent, transient and temporary children, significant ones, and those who fail for ever (A10)."""

import asyncio
from typing import Any

import pytest

from actors import (
    Actor,
    Directive,
    EndReason,
    NotRunning,
    Ref,
    Restart,
    Shutdown,
    SpawnFailed,
    Stopped,
    Strategy,
    Supervision,
    System,
    Terminated,
    call,
    spread,
)
from tests.contract.cast import Note, Recorder
from tests.contract.house import FIRST, LAST, MIDDLE, Part, becomes

# ---- those who fail for ever ----------------------------------------------------------------------------------------


class NeverStarts(Actor):
    """Says that it is about to fail."""

    def __init__(self, log: Ref[Recorder]) -> None:
        self.log = log

    def on_start(self) -> None:
        self.log.tell(Note("tries"))
        raise ValueError("never")


class StopsAtOnce(NeverStarts):
    def on_start(self) -> None:
        self.log.tell(Note("tries"))
        self.context.stop()


class Manager(Actor):
    """Starts what never stays, and does not wait for it."""

    supervision = Supervision(restarts=2, within=60.0, strategy=Strategy.ONE_FOR_ALL)

    def __init__(self, kind: type[Any], log: Ref[Recorder]) -> None:
        self.kind, self.log = kind, log

    def on_start(self) -> None:
        self.context.options(restart=Restart.PERMANENT).spawn_nowait(self.kind, self.log)

    @call
    def life(self) -> int:
        return self.context.incarnation


@pytest.mark.parametrize("kind", [NeverStarts, StopsAtOnce])
def test_children_that_fail_for_ever_end_by_escalation_after_a_known_number_of_starts(
    own_system: System, kind: type[Any]
) -> None:
    async def main(system: System) -> None:
        log = await system.spawn(Recorder)
        manager = await system.spawn(Manager, kind, log)
        await log.ask(Recorder.watch(manager))

        async def is_gone() -> bool:
            try:
                await manager.ask(Manager.life())
            except (NotRunning, Stopped):
                return True
            return False

        await becomes(True, is_gone)
        tries = (await log.ask(Recorder.until(0))).count("tries")
        assert tries == 3 * 11  # two restarts here, ten in the system's root: levels multiply

    own_system.run(main)


# ---- permanent, significant, and options that contradict each other --------------------------------------------------


class Lasting(Actor):
    supervision = Supervision(restarts=3, within=60.0)

    def __init__(self, log: Ref[Recorder]) -> None:
        self.log = log

    async def on_start(self) -> None:
        options = self.context.options(name=FIRST, placement=spread(), restart=Restart.PERMANENT)
        self.child = await options.spawn(Part, self.log, FIRST)

    @call
    def get(self) -> Ref[Part]:
        return self.child

    @call
    def life(self) -> int:
        return self.context.incarnation


def test_a_permanent_actor_that_stops_itself_goes_on_as_its_next_incarnation(system: System) -> None:
    async def main(system: System) -> None:
        log, watcher = await system.spawn(Recorder), await system.spawn(Recorder)
        lasting = await system.spawn(Lasting, log)
        child = await lasting.ask(Lasting.get())
        await watcher.ask(Recorder.watch(child))
        child.tell(Part.finish())
        assert await child.ask(Part.life()) == 2  # it waited in the mailbox meanwhile
        (ended,) = await watcher.ask(Recorder.until(1))
        assert isinstance(ended, Terminated)
        assert (ended.incarnation, ended.reason) == (1, EndReason.STOPPED)

    system.run(main)


def test_a_permanent_actor_that_stops_itself_too_often_fails_its_parent(system: System) -> None:
    async def main(system: System) -> None:
        log = await system.spawn(Recorder)
        lasting = await system.spawn(Lasting, log)
        child = await lasting.ask(Lasting.get())
        for _ in range(4):
            child.tell(Part.finish())
        await becomes(2, lambda: lasting.ask(Lasting.life()))
        assert await (await lasting.ask(Lasting.get())).ask(Part.life()) == 1

    system.run(main)


def test_a_permanent_actor_that_stops_itself_while_it_starts_fails_its_spawn(system: System) -> None:
    async def main(system: System) -> None:
        log = await system.spawn(Recorder)
        with pytest.raises(SpawnFailed, match="stopped itself"):
            await system.options(restart=Restart.PERMANENT).spawn(StopsAtOnce, log)

    system.run(main)


class Leader(Actor):
    """Two significant children, and one that is not."""

    supervision = Supervision(shutdown=Shutdown.ANY_SIGNIFICANT)

    def __init__(self, log: Ref[Recorder]) -> None:
        self.log = log

    async def on_start(self) -> None:
        for label in (FIRST, MIDDLE):
            options = self.context.options(name=label, placement=spread(), significant=True)
            await options.spawn(Part, self.log, label)
        await self.context.options(name=LAST, placement=spread()).spawn(Part, self.log, LAST)

    @call
    def part(self, label: str) -> Ref[Any] | None:
        return self.context.child(label)

    @call
    async def end(self, label: str) -> None:
        ref = self.context.child(label)
        assert ref is not None
        await self.context.stop_child(ref)


class Team(Leader):
    supervision = Supervision(shutdown=Shutdown.ALL_SIGNIFICANT)


def test_a_supervisor_stops_when_any_significant_child_has_ended(system: System) -> None:
    async def main(system: System) -> None:
        log, watcher = await system.spawn(Recorder), await system.spawn(Recorder)
        leader = await system.spawn(Leader, log)
        await watcher.ask(Recorder.watch(leader))
        part = {label: await leader.ask(Leader.part(label)) for label in (FIRST, MIDDLE, LAST)}
        part[FIRST].tell(Part.fail(ValueError("it is restarted, so it has not ended")))
        assert await part[FIRST].ask(Part.life()) == 2
        part[LAST].tell(Part.finish())  # it is not significant
        await becomes(None, lambda: leader.ask(Leader.part(LAST)))
        part[MIDDLE].tell(Part.finish())
        (ended,) = await watcher.ask(Recorder.until(1))
        assert isinstance(ended, Terminated)
        assert ended.reason is EndReason.STOPPED
        assert (await log.ask(Recorder.until(0)))[-2:] == ["b stop 1", "a stop 2"]

    system.run(main)


def test_a_supervisor_stops_when_the_last_significant_child_has_ended_by_itself(system: System) -> None:
    async def main(system: System) -> None:
        log, watcher = await system.spawn(Recorder), await system.spawn(Recorder)
        team = await system.spawn(Team, log)
        await watcher.ask(Recorder.watch(team))
        part = {label: await team.ask(Leader.part(label)) for label in (FIRST, MIDDLE)}
        part[FIRST].tell(Part.finish())
        await becomes(None, lambda: team.ask(Leader.part(FIRST)))
        part[MIDDLE].tell(Part.finish())
        (ended,) = await watcher.ask(Recorder.until(1))
        assert isinstance(ended, Terminated)
        assert ended.reason is EndReason.STOPPED

    system.run(main)


class Quick(Actor):
    def on_start(self) -> None:
        self.context.stop()


class Sleepy(Actor):
    """As Quick, but not at once."""

    async def on_start(self) -> None:
        await asyncio.sleep(0)
        self.context.stop()


class Broken(Actor):
    def on_start(self) -> None:
        raise ValueError("planned")


class Hopeful(Actor):
    """Spawns one significant child, and waits for its start or does not."""

    supervision = Supervision(shutdown=Shutdown.ALL_SIGNIFICANT, decide=lambda error: Directive.STOP)

    @call
    def spawn_nowait(self, kind: type[Any]) -> None:
        self.context.options(significant=True).spawn_nowait(kind)

    @call
    async def spawn(self, kind: type[Any]) -> str:
        try:
            await self.context.options(significant=True).spawn(kind)
        except SpawnFailed:
            return "told"
        return "started"


@pytest.mark.parametrize("kind", [Quick, Sleepy, Broken])
def test_a_significant_child_that_ends_in_its_first_start_counts_unless_its_spawner_is_told(
    system: System, kind: type[Any]
) -> None:
    async def main(system: System) -> None:
        watcher = await system.spawn(Recorder)
        hopeful = await system.spawn(Hopeful)
        await watcher.ask(Recorder.watch(hopeful))
        assert await hopeful.ask(Hopeful.spawn(kind)) == "told"
        assert await hopeful.ask(Hopeful.spawn(kind)) == "told"  # so it lives
        hopeful.tell(Hopeful.spawn_nowait(kind))
        (ended,) = await watcher.ask(Recorder.until(1))
        assert isinstance(ended, Terminated)
        assert ended.reason is EndReason.STOPPED

    system.run(main)


def test_a_supervisor_does_not_stop_for_a_child_that_it_stops(system: System) -> None:
    async def main(system: System) -> None:
        log = await system.spawn(Recorder)
        leader = await system.spawn(Leader, log)
        await leader.ask(Leader.end(FIRST))
        await leader.ask(Leader.end(MIDDLE))
        assert await leader.ask(Leader.part(LAST)) is not None

    system.run(main)


class Contradictory(Actor):
    @call
    async def spawn(self, restart: Restart) -> str:
        try:
            await self.context.options(restart=restart, significant=True).spawn(Recorder)
        except ValueError as error:
            return str(error)
        return "spawned"


@pytest.mark.parametrize(
    ("restart", "why"), [(Restart.TRANSIENT, "shutdown="), (Restart.PERMANENT, "cannot be significant")]
)
def test_options_that_contradict_each_other_are_refused(system: System, restart: Restart, why: str) -> None:
    async def main(system: System) -> None:
        contradictory = await system.spawn(Contradictory)
        assert why in await contradictory.ask(Contradictory.spawn(restart))

    system.run(main)


@pytest.mark.parametrize("wrong", [{"strategy": Strategy.ONE_FOR_ALL}, {"shutdown": Shutdown.ANY_SIGNIFICANT}])
def test_a_system_treats_each_top_level_actor_by_itself(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="each top-level actor by itself"):
        System(on="local", supervision=Supervision(**wrong))


@pytest.mark.parametrize("wrong", [{"strategy": "one_for_all"}, {"shutdown": "never"}])
def test_a_strategy_that_is_none_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="give a"):
        Supervision(**wrong)
