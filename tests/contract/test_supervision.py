"""Supervision: children belong to an incarnation (A6), decisions are made in the cell (A8), budgets and escalation."""

import asyncio
from typing import Any, ClassVar

import pytest

from actors import (
    Actor,
    Backoff,
    Directive,
    Failed,
    NotRunning,
    Ref,
    SpawnFailed,
    Stopped,
    Supervision,
    System,
    call,
)
from tests.contract.cast import Gate, Recorder, Worker, restarted


class Family(Actor):
    """Two named children from its own start, and more when told."""

    supervision = Supervision(restarts=2, within=60.0)

    def __init__(self, log: Ref[Recorder]) -> None:
        self.log = log

    async def on_start(self) -> None:
        self.kids = [
            await self.context.options(name=name).spawn(Worker, self.log, name) for name in ("first", "second")
        ]

    @call
    def kid(self, number: int) -> Ref[Worker]:
        return self.kids[number]

    @call
    async def adopt(self) -> Ref[Worker]:
        return await self.context.spawn(Worker, self.log, "extra")

    @call
    def count(self) -> int:
        return len(self.context.children)

    @call
    def fail(self) -> None:
        raise ValueError("planned")

    @call
    def life(self) -> int:
        return self.context.incarnation

    @call
    async def ask_failing(self) -> str:
        try:
            await self.kids[0].ask(Worker.fail())
        except Failed as error:
            return f"{error.type_name} {await self.kids[0].ask(Worker.incarnation())}"
        return "no failure"


def decide(error: BaseException) -> Directive:
    match error:
        case KeyError():
            return Directive.RESUME
        case ValueError():
            return Directive.RESTART
        case LookupError():
            return Directive.STOP
        case TypeError():
            raise RuntimeError("a decider must not raise")
        case TimeoutError():
            raise asyncio.CancelledError
        case ArithmeticError():
            raise SystemExit(3)
        case EOFError():
            return "restart"  # type: ignore[return-value] # pyright: ignore[reportReturnType]
        case _:
            return Directive.ESCALATE


class Chief(Actor):
    """Treats each kind of failure in its own way."""

    supervision = Supervision(decide=decide)

    async def on_start(self) -> None:
        self.hand = await self.context.spawn(Hand)

    @call
    def get(self) -> Ref["Hand"]:
        return self.hand

    @call
    def life(self) -> int:
        return self.context.incarnation


class Hand(Actor):
    def __init__(self) -> None:
        self.handled = 0

    @call
    def fail(self, error: Exception) -> None:
        raise error

    @call
    def look(self) -> tuple[int, int]:
        self.handled += 1
        return self.context.incarnation, self.handled


class FailsTwice(Actor):
    """Its first starts fail."""

    tries: ClassVar[list[int]] = []

    def on_start(self) -> None:
        self.tries.append(1)
        if len(self.tries) < 3:
            raise ValueError("not yet")

    @call
    def life(self) -> int:
        return self.context.incarnation


class Nursery(Actor):
    """Spawns without waiting."""

    @call
    def start(self, kind: type[Any]) -> Ref[Any]:
        return self.context.spawn_nowait(kind)


class NeverStarts(Actor):
    def on_start(self) -> None:
        raise ValueError("never")


class FragileStart(Actor):
    """Its child fails beyond the budget while it is still starting."""

    supervision = Supervision(restarts=1, within=60.0)

    def __init__(self, gate: Ref[Gate]) -> None:
        self.gate = gate

    async def on_start(self) -> None:
        self.context.spawn_nowait(NeverStarts)
        await self.gate.ask(Gate.passed(), timeout=None)


def test_a_parent_that_restarts_stops_its_children_in_reverse_and_builds_them_anew(system: System) -> None:
    async def main(system: System) -> None:
        log = await system.spawn(Recorder)
        family = await system.options(name="family").spawn(Family, log)
        old = await family.ask(Family.kid(0))
        extra = await family.ask(Family.adopt())
        assert await family.ask(Family.count()) == 3
        family.tell(Family.fail())
        assert await family.ask(Family.count()) == 2  # what is not built by on_start does not come back
        seen = await log.ask(Recorder.until(8))
        assert seen == [
            "first start 1", "second start 1", "extra start 1",
            "extra stop 1", "second stop 1", "first stop 1",
            "first start 1", "second start 1",
        ]  # fmt: skip
        for ref in (old, extra):  # a re-created child is another address (A7)
            with pytest.raises((NotRunning, Stopped)):
                await ref.ask(Worker.add(1))

    system.run(main)


def test_a_child_is_restarted_while_its_parent_waits_for_its_answer(system: System) -> None:
    async def main(system: System) -> None:
        log = await system.spawn(Recorder)
        family = await system.spawn(Family, log)
        assert await family.ask(Family.ask_failing()) == "ValueError 2"

    system.run(main)


def test_each_failure_is_treated_as_the_decider_says(system: System) -> None:
    async def main(system: System) -> None:
        chief = await system.spawn(Chief)
        hand = await chief.ask(Chief.get())
        assert await hand.ask(Hand.look()) == (1, 1)
        hand.tell(Hand.fail(KeyError("resume")))
        assert await hand.ask(Hand.look()) == (1, 2)
        hand.tell(Hand.fail(ValueError("restart")))
        assert await hand.ask(Hand.look()) == (2, 1)
        assert await chief.ask(Chief.life()) == 1
        with pytest.raises(Failed):
            await hand.ask(Hand.fail(LookupError("stop")))
        with pytest.raises((NotRunning, Stopped)):
            await hand.ask(Hand.look())
        assert await chief.ask(Chief.life()) == 1

    system.run(main)


@pytest.mark.parametrize(
    "error",
    [
        OSError("escalate"),
        TypeError("the decider raises"),
        TimeoutError("the decider is cancelled"),
        ArithmeticError("the decider exits"),
        EOFError("the decider answers nonsense"),
    ],
    ids=str,
)
def test_an_escalated_failure_fails_the_parent(system: System, error: Exception) -> None:
    async def main(system: System) -> None:
        chief = await system.spawn(Chief)
        log = await system.spawn(Recorder)
        await log.ask(Recorder.watch(chief))
        hand = await chief.ask(Chief.get())
        hand.tell(Hand.fail(error))
        await log.ask(Recorder.until(1))  # the chief's incarnation has ended
        assert await chief.ask(Chief.life()) == 2
        assert await (await chief.ask(Chief.get())).ask(Hand.look()) == (1, 1)

    system.run(main)


def test_a_spent_budget_escalates_and_a_restarted_parent_begins_with_a_full_one(system: System) -> None:
    async def main(system: System) -> None:
        log = await system.spawn(Recorder)
        family = await system.spawn(Family, log)
        await log.ask(Recorder.watch(family))
        for _ in range(2):
            kid = await family.ask(Family.kid(0))
            for life in (2, 3):  # two restarts are in the budget, the third failure is one too many
                kid.tell(Worker.fail())
                await restarted(kid, life)
            assert await family.ask(Family.life()) in (1, 2)
            before = await family.ask(Family.life())
            kid.tell(Worker.fail())
            while await family.ask(Family.life()) == before:
                await log.ask(Recorder.until(0))
        assert await family.ask(Family.life()) == 3

    system.run(main)


def test_a_start_without_waiting_that_fails_is_the_supervisors_alone_and_is_tried_again(system: System) -> None:
    async def main(system: System) -> None:
        FailsTwice.tries.clear()
        nursery = await system.spawn(Nursery)
        child = await nursery.ask(Nursery.start(FailsTwice))
        assert await child.ask(FailsTwice.life()) == 3  # the ask waited in the mailbox meanwhile

    system.run(main)


def test_a_child_that_fails_beyond_the_budget_fails_a_parent_that_is_still_starting(system: System) -> None:
    async def main(system: System) -> None:
        gate = await system.spawn(Gate)
        with pytest.raises(SpawnFailed, match="FragileStart"):
            await system.spawn(FragileStart, gate)

    system.run(main)


class Patient(Actor):
    supervision = Supervision(backoff=Backoff(first=0.02, factor=1.0, jitter=0.0))

    def __init__(self, log: Ref[Recorder]) -> None:
        self.log = log

    async def on_start(self) -> None:
        self.kid = await self.context.spawn(Worker, self.log)

    @call
    def get(self) -> Ref[Worker]:
        return self.kid


class Endless(Patient):
    supervision = Supervision(backoff=Backoff(first=3600.0, most=3600.0))


def test_the_incarnation_ends_at_once_and_the_mailbox_accepts_while_the_backoff_lasts(system: System) -> None:
    async def main(system: System) -> None:
        log = await system.spawn(Recorder)
        patient = await system.spawn(Patient, log)
        kid = await patient.ask(Patient.get())
        await log.ask(Recorder.watch(kid))
        kid.tell(Worker.fail())
        sums = [kid.ask(Worker.add(1)) for _ in range(3)]
        assert await asyncio.gather(*sums) == [1, 2, 3]
        seen = await log.ask(Recorder.until(4))
        assert [it if isinstance(it, str) else type(it).__name__ for it in seen] == [
            "worker start 1", "worker stop 1", "Terminated", "worker start 2",
        ]  # fmt: skip

    system.run(main)


def test_an_actor_that_waits_for_its_restart_can_be_stopped(system: System) -> None:
    async def main(system: System) -> None:
        log = await system.spawn(Recorder)
        endless = await system.spawn(Endless, log)
        kid = await endless.ask(Patient.get())
        kid.tell(Worker.fail())
        await log.ask(Recorder.until(2))
        queued = kid.ask(Worker.add(1), timeout=None)
        report = await system.stop_actor(endless)
        assert (report.stopped, report.abandoned) == (2, ())
        with pytest.raises(Stopped):
            await queued

    system.run(main)


def test_the_failures_of_a_top_level_actor_charge_no_other(system: System) -> None:
    async def main(system: System) -> None:
        log = await system.spawn(Recorder)
        for _ in range(11):
            with pytest.raises(SpawnFailed):
                await system.spawn(NeverStarts)
        workers = [await system.spawn(Worker, log, str(number)) for number in range(15)]
        for worker in workers:
            worker.tell(Worker.fail())
        for worker in workers:
            await restarted(worker, 2)

    system.run(main)


def test_a_top_level_actor_beyond_its_budget_is_stopped_and_the_others_go_on(system: System) -> None:
    async def main(system: System) -> None:
        worker, other = await system.spawn(Worker), await system.spawn(Worker)
        log = await system.spawn(Recorder)
        for life in range(1, 11):
            worker.tell(Worker.fail())
            await restarted(worker, life + 1)
        await log.ask(Recorder.watch(worker))
        worker.tell(Worker.fail())
        await log.ask(Recorder.until(1))
        with pytest.raises((NotRunning, Stopped)):
            await worker.ask(Worker.add(1))
        assert await other.ask(Worker.add(1)) == 1

    system.run(main)
