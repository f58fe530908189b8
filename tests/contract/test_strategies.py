"""Strategies, restart types and ways to end: who is restarted with whom, in which order, and who is gone (A10, A11)."""

import asyncio

import pytest

from actors import (
    Backoff,
    Directive,
    EndReason,
    Failed,
    Ref,
    Restart,
    Strategy,
    Supervision,
    System,
    Terminated,
    call,
    spread,
)
from tests.contract.cast import Gate, Recorder
from tests.contract.house import FIRST, LAST, MIDDLE, House, Part, becomes, lives, parts


def decide(error: BaseException) -> Directive:
    if isinstance(error, ArithmeticError):
        return Directive.ESCALATE
    return Directive.STOP if isinstance(error, LookupError) else Directive.RESTART


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


@pytest.mark.parametrize("restart", list(Restart))
@pytest.mark.parametrize("strategy", list(Strategy))
def test_a_failure_that_escalates_ends_the_whole_family_which_begins_anew(
    system: System, strategy: Strategy, restart: Restart
) -> None:
    async def main(system: System) -> None:
        log = await system.spawn(Recorder)
        house = await system.spawn(HOUSES[strategy], log, restart)
        refs = await parts(house)
        refs[1].tell(Part.fail(ArithmeticError("planned")))
        seen = await log.ask(Recorder.until(9))
        assert set(seen[3:5]) == {"c stop 1", "b stop 1"}  # the one that failed is told first, on its own host
        assert seen[5:] == ["a stop 1", *BEGIN]
        assert await house.ask(House.life()) == 2
        assert await lives(refs) == [0, 0, 0]  # those of the new family have addresses of their own
        assert await lives(await parts(house)) == [1, 1, 1]
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


class Diligent(Part):
    """Works as long as a gate is shut."""

    @call
    async def hold(self, gate: Ref[Gate]) -> None:
        await gate.ask(Gate.passed(), timeout=None)


def test_a_sibling_may_finish_what_it_is_at_within_its_stop_budget(system: System) -> None:
    async def main(system: System) -> None:
        log, gate = await system.spawn(Recorder), await system.spawn(Gate)
        house = await system.spawn(OneForAll, log, c=Diligent)
        refs = await parts(house)
        held = refs[2].ask(Diligent.hold(gate))
        await gate.ask(Gate.reached(1))
        with pytest.raises(Failed):
            await refs[0].ask(Part.fail(ValueError("planned")))
        assert await refs[1].ask(Part.life()) == 1  # so the round has begun, and waits
        await gate.ask(Gate.open())
        await held
        assert await lives(refs) == [2, 2, 2]

    system.run(main)


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
