"""Strategies, restart types and ways to end: who is restarted with whom, in which order, and who is gone (A10, A11)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from actors import (
    Actor,
    Backoff,
    Directive,
    EndReason,
    Failed,
    NotRunning,
    Ref,
    Restart,
    Shutdown,
    SpawnFailed,
    Stopped,
    StopReport,
    Strategy,
    Supervision,
    System,
    Terminated,
    call,
    spread,
)
from tests.contract.cast import Gate, Note, Recorder

FIRST, MIDDLE, LAST = "abc"
PATIENCE = 20.0


def decide(error: BaseException) -> Directive:
    return Directive.STOP if isinstance(error, LookupError) else Directive.RESTART


class Part(Actor):
    """Says when it starts and stops, and goes on only when that was heard, so that the order is the true one."""

    def __init__(self, log: Ref[Recorder], label: str, gate: Ref[Gate] | None = None) -> None:
        self.log, self.label, self.gate = log, label, gate

    async def on_start(self) -> None:
        await self.say("start")

    async def on_stop(self) -> None:
        if self.gate is not None:
            await self.gate.ask(Gate.passed(), timeout=None)
        await self.say("stop")

    async def say(self, what: str) -> None:
        await self.log.send(Note(f"{self.label} {what} {self.context.incarnation}"))

    @call
    def life(self) -> int:
        return self.context.incarnation

    @call
    def fail(self, error: Exception) -> None:
        raise error

    @call
    def finish(self) -> None:
        self.context.stop()

    @call
    async def fail_after(self, gate: Ref[Gate]) -> None:
        await gate.ask(Gate.passed(), timeout=None)
        raise ValueError("all at once")


class House(Actor):
    """Three parts in order, on several hosts where there are any."""

    def __init__(self, log: Ref[Recorder], restart: Restart = Restart.TRANSIENT, **kinds: Any) -> None:
        self.log, self.restart, self.kinds = log, restart, kinds

    async def on_start(self) -> None:
        for label in (FIRST, MIDDLE, LAST):
            restart = self.restart if label == MIDDLE else Restart.TRANSIENT
            options = self.context.options(name=label, placement=spread(), restart=restart, stop_budget=2.0)
            await options.spawn(self.kinds.get(label, Part), self.log, label)

    @call
    def part(self, label: str) -> Ref[Any] | None:
        return self.context.child(label)

    @call
    async def end(self, label: str) -> StopReport:
        ref = self.context.child(label)
        assert ref is not None
        return await self.context.stop_child(ref)

    @call
    def names(self) -> list[str]:
        return [label for label in (FIRST, MIDDLE, LAST) if self.context.child(label) is not None]

    @call
    def life(self) -> int:
        return self.context.incarnation


class OneForOne(House):
    supervision = Supervision(decide=decide, restarts=1, within=60.0)


class OneForAll(House):
    supervision = Supervision(decide=decide, restarts=1, within=60.0, strategy=Strategy.ONE_FOR_ALL)


class RestForOne(House):
    supervision = Supervision(decide=decide, restarts=1, within=60.0, strategy=Strategy.REST_FOR_ONE)


HOUSES: dict[Strategy, type[House]] = {
    Strategy.ONE_FOR_ONE: OneForOne,
    Strategy.ONE_FOR_ALL: OneForAll,
    Strategy.REST_FOR_ONE: RestForOne,
}
ROUNDS = {
    Strategy.ONE_FOR_ONE: ["b stop 1", "b start 2"],
    Strategy.ONE_FOR_ALL: ["c stop 1", "b stop 1", "a stop 1", "a start 2", "b start 2", "c start 2"],
    Strategy.REST_FOR_ONE: ["c stop 1", "b stop 1", "b start 2", "c start 2"],
}
BACK = {
    "failed": (Restart.PERMANENT, Restart.TRANSIENT),
    "stopped itself": (Restart.PERMANENT,),
    "failed, and is to stop": (),
    "was stopped by its parent": (),
}
BEGIN = [f"{label} start 1" for label in (FIRST, MIDDLE, LAST)]


async def parts(house: Ref[House]) -> list[Ref[Any]]:
    return [await house.ask(House.part(label)) for label in (FIRST, MIDDLE, LAST)]


async def lives(refs: list[Ref[Any]]) -> list[int]:
    """The incarnation of each; 0 for one that is gone."""

    async def life(ref: Ref[Any]) -> int:
        try:
            return await ref.ask(Part.life())
        except (NotRunning, Stopped):
            return 0

    return [await life(ref) for ref in refs]


async def becomes(expected: object, look: Callable[[], Awaitable[object]]) -> None:
    """Look until it is so; an error after PATIENCE."""
    async with asyncio.timeout(PATIENCE):
        while await look() != expected:
            pass


@pytest.mark.parametrize("restart", list(Restart))
@pytest.mark.parametrize("end", list(BACK))
@pytest.mark.parametrize("strategy", list(Strategy))
def test_who_is_restarted_with_whom_after_which_end(
    system: System, strategy: Strategy, end: str, restart: Restart
) -> None:
    async def main(system: System) -> None:
        log = await system.spawn(Recorder)
        house = await system.spawn(HOUSES[strategy], log, restart)
        refs = await parts(house)
        match end:
            case "failed":
                refs[1].tell(Part.fail(ValueError("planned")))
            case "stopped itself":
                refs[1].tell(Part.finish())
            case "failed, and is to stop":
                refs[1].tell(Part.fail(LookupError("planned")))
            case _:
                await house.ask(House.end(MIDDLE))
        if restart in BACK[end]:
            expected = ROUNDS[strategy]
            again = [2 if f"{label} start 2" in expected else 1 for label in (FIRST, MIDDLE, LAST)]
        else:
            expected, again = ["b stop 1"], [1, 0, 1]
            await becomes([FIRST, LAST], lambda: house.ask(House.names()))
        seen = await log.ask(Recorder.until(len(BEGIN) + len(expected)))
        assert seen == BEGIN + expected
        assert await lives(refs) == again  # the refs are good, and whoever is gone is gone
        assert await house.ask(House.life()) == 1
        assert await log.ask(Recorder.until(0)) == seen

    system.run(main)


@pytest.mark.parametrize("strategy", [Strategy.ONE_FOR_ALL, Strategy.REST_FOR_ONE])
def test_several_failures_of_one_round_are_charged_once(system: System, strategy: Strategy) -> None:
    async def main(system: System) -> None:
        log, gate = await system.spawn(Recorder), await system.spawn(Gate)
        house = await system.spawn(HOUSES[strategy], log)  # one restart is in its budget
        refs = await parts(house)
        for ref in refs if strategy is Strategy.ONE_FOR_ALL else refs[:1]:
            ref.tell(Part.fail_after(gate))
        await gate.ask(Gate.reached(3 if strategy is Strategy.ONE_FOR_ALL else 1))
        await gate.ask(Gate.open())
        seen = await log.ask(Recorder.until(9))
        assert seen == BEGIN + ROUNDS[Strategy.ONE_FOR_ALL]
        assert await lives(refs) == [2, 2, 2]
        assert await house.ask(House.life()) == 1
        refs[2].tell(Part.fail(ValueError("one too many")))
        await becomes(2, lambda: house.ask(House.life()))
        assert await lives(await parts(house)) == [1, 1, 1]

    system.run(main)


class Temporary(House):
    supervision = Supervision(strategy=Strategy.ONE_FOR_ALL)

    async def on_start(self) -> None:
        await self.context.options(name=FIRST, placement=spread()).spawn(Part, self.log, FIRST)
        options = self.context.options(name=MIDDLE, placement=spread(), restart=Restart.TEMPORARY)
        await options.spawn(Part, self.log, MIDDLE)


def test_a_temporary_child_stops_in_its_siblings_round_and_does_not_come_back(system: System) -> None:
    async def main(system: System) -> None:
        log = await system.spawn(Recorder)
        house = await system.spawn(Temporary, log)
        first = await house.ask(House.part(FIRST))
        first.tell(Part.fail(ValueError("planned")))
        seen = await log.ask(Recorder.until(5))
        assert seen[2:] == ["b stop 1", "a stop 1", "a start 2"]
        assert await house.ask(House.names()) == [FIRST]

    system.run(main)


class Unlucky(Part):
    """Its second start fails."""

    async def on_start(self) -> None:
        await self.say("start")
        if self.context.incarnation == 2:
            raise ValueError("planned")


class Generous(House):
    supervision = Supervision(restarts=5, within=60.0, strategy=Strategy.ONE_FOR_ALL)


def test_a_start_that_fails_in_a_round_begins_it_again(system: System) -> None:
    async def main(system: System) -> None:
        log = await system.spawn(Recorder)
        house = await system.spawn(Generous, log, b=Unlucky)
        refs = await parts(house)
        refs[0].tell(Part.fail(ValueError("planned")))
        seen = await log.ask(Recorder.until(12))
        assert seen[3:] == [
            "c stop 1", "b stop 1", "a stop 1", "a start 2", "b start 2",
            "a stop 2", "a start 3", "b start 3", "c start 2",
        ]  # fmt: skip
        assert await lives(refs) == [3, 3, 2]

    system.run(main)


class Quitter(Part):
    """Stops itself when it is told to end for the others."""

    async def on_stop(self) -> None:
        self.context.stop()
        await self.say("stop")


def test_a_child_that_ends_by_itself_in_a_round_is_left_behind(system: System) -> None:
    async def main(system: System) -> None:
        log = await system.spawn(Recorder)
        house = await system.spawn(Generous, log, b=Quitter)
        refs = await parts(house)
        refs[0].tell(Part.fail(ValueError("planned")))
        seen = await log.ask(Recorder.until(8))
        assert seen[3:] == ["c stop 1", "b stop 1", "a stop 1", "a start 2", "c start 2"]
        assert await lives(refs) == [2, 0, 2]

    system.run(main)


class GatedHouse(House):
    supervision = Supervision(strategy=Strategy.ONE_FOR_ALL)

    def __init__(self, log: Ref[Recorder], gate: Ref[Gate]) -> None:
        super().__init__(log)
        self.gate = gate

    async def on_start(self) -> None:
        for label in (FIRST, MIDDLE, LAST):
            gate = self.gate if label == LAST else None
            await self.context.options(name=label, placement=spread()).spawn(Part, self.log, label, gate)


def test_a_supervisor_that_is_stopped_in_the_middle_of_a_round_ends_all_its_children(system: System) -> None:
    async def main(system: System) -> None:
        log, gate = await system.spawn(Recorder), await system.spawn(Gate)
        house = await system.spawn(GatedHouse, log, gate)
        refs = await parts(house)
        refs[0].tell(Part.fail(ValueError("planned")))
        await gate.ask(Gate.reached(1))  # the last one is stopping, for the round
        stopping = asyncio.ensure_future(system.stop_actor(house))
        await gate.ask(Gate.open())
        report = await stopping
        assert (report.stopped, report.abandoned) == (4, ())
        assert await log.ask(Recorder.until(0)) == [*BEGIN, "c stop 1", "b stop 1", "a stop 1"]
        assert await lives(refs) == [0, 0, 0]

    system.run(main)


def test_a_failure_of_an_earlier_child_widens_a_round_that_has_begun(system: System) -> None:
    class Wide(GatedHouse):
        supervision = Supervision(strategy=Strategy.REST_FOR_ONE)

    async def main(system: System) -> None:
        log, gate = await system.spawn(Recorder), await system.spawn(Gate)
        house = await system.spawn(Wide, log, gate)
        refs = await parts(house)
        refs[2].tell(Part.fail(ValueError("planned")))
        await gate.ask(Gate.reached(1))
        with pytest.raises(Failed):
            await refs[1].ask(Part.fail(ValueError("planned")))
        await gate.ask(Gate.open())
        seen = await log.ask(Recorder.until(7))
        assert seen[3:] == ["c stop 1", "b stop 1", "b start 2", "c start 2"]
        assert await lives(refs) == [1, 2, 2]

    system.run(main)


class Stubborn(Part):
    """A handler that does not listen to its cancelling."""

    @call
    async def hold(self, gate: Ref[Gate]) -> None:
        while True:
            try:
                await gate.ask(Gate.passed(), timeout=None)
                return
            except asyncio.CancelledError:
                pass


class Patient(House):
    supervision = Supervision(strategy=Strategy.ONE_FOR_ALL)

    async def on_start(self) -> None:
        for label, kind in ((FIRST, Part), (LAST, Stubborn)):
            await self.context.options(name=label, placement=spread(), stop_budget=0.02).spawn(kind, self.log, label)


@pytest.mark.leaves_behind("a handler that does not end when it is cancelled")
def test_a_child_that_refuses_to_stop_is_abandoned_and_the_round_goes_on(own_system: System) -> None:
    async def main(system: System) -> None:
        log, gate = await system.spawn(Recorder), await system.spawn(Gate)
        house = await system.options(name="house").spawn(Patient, log)
        first, last = await house.ask(House.part(FIRST)), await house.ask(House.part(LAST))
        last.tell(Stubborn.hold(gate))
        await gate.ask(Gate.reached(1))
        first.tell(Part.fail(ValueError("planned")))
        seen = await log.ask(Recorder.until(6))
        assert seen[2:] == ["c stop 1", "a stop 1", "a start 2", "c start 2"]
        assert await lives([first, last]) == [2, 2]
        report = await system.stop_actor(house)
        assert report.abandoned == ("/house/c (a handler)",)
        await gate.ask(Gate.open())

    own_system.run(main)


def test_watchers_of_those_that_stop_with_a_sibling_hear_why(system: System) -> None:
    async def main(system: System) -> None:
        log, watcher = await system.spawn(Recorder), await system.spawn(Recorder)
        house = await system.spawn(OneForAll, log)
        refs = await parts(house)
        for ref in refs:
            await watcher.ask(Recorder.watch(ref))
        refs[1].tell(Part.fail(ValueError("planned")))
        ended = await watcher.ask(Recorder.until(3))
        reasons = {it.ref: (it.incarnation, it.reason) for it in ended if isinstance(it, Terminated)}
        assert reasons == {
            refs[0]: (1, EndReason.SIBLING_ENDED),
            refs[1]: (1, EndReason.FAILED),
            refs[2]: (1, EndReason.SIBLING_ENDED),
        }
        assert await lives(refs) == [2, 2, 2]

    system.run(main)


def test_what_waits_for_those_that_stop_with_a_sibling_is_handled_by_their_next_incarnation(system: System) -> None:
    async def main(system: System) -> None:
        log, gate = await system.spawn(Recorder), await system.spawn(Gate)
        house = await system.spawn(GatedHouse, log, gate)
        refs = await parts(house)
        refs[0].tell(Part.fail(ValueError("planned")))
        await gate.ask(Gate.reached(1))
        asked = [ref.ask(Part.life()) for ref in refs]
        assert await asked[1] == 1  # it is not its turn to stop yet
        await gate.ask(Gate.open())
        assert await asyncio.gather(asked[0], asked[2]) == [2, 2]

    system.run(main)


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


class Waiting(House):
    supervision = Supervision(
        restarts=20, within=60.0, strategy=Strategy.ONE_FOR_ALL, backoff=Backoff(first=0.02, jitter=0.0)
    )


def test_a_round_waits_for_its_backoff_and_failures_meanwhile_begin_it_again(system: System) -> None:
    async def main(system: System) -> None:
        log = await system.spawn(Recorder)
        house = await system.spawn(Waiting, log, b=Unlucky)
        refs = await parts(house)
        for heard in (12, 18):
            refs[0].tell(Part.fail(ValueError("planned")))
            await log.ask(Recorder.until(heard))
        assert await lives(refs) == [4, 4, 3]
        assert await house.ask(House.life()) == 1

    system.run(main)
