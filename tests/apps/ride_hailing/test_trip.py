"""A trip among probes: one driver, every step told until noted, and an answer for whoever is late."""

from dataclasses import replace

from actors import Ref, System
from apps.ride_hailing.lifecycle import Claim, Stage
from apps.ride_hailing.messages import Agreed, Cancel, Fix, NoSupply, Progress, Proposed, Released, Step, StepNoted
from apps.ride_hailing.rules import Rules
from apps.ride_hailing.trip import Trip
from tests.apps.ride_hailing.stage import JOURNEY, RULES, Probe, played

ADA, BOB = Claim(1, "ada", 1), Claim(1, "bob", 4)
PATIENT = replace(RULES, silence=1e6)


class Scene:
    """A trip with its rider, its dispatcher and two drivers."""

    def __init__(self, trip: Ref[Trip], rider: Probe, dispatcher: Probe, ada: Probe, bob: Probe) -> None:
        self.trip, self.rider, self.dispatcher, self.ada, self.bob = trip, rider, dispatcher, ada, bob

    @classmethod
    async def set(cls, system: System, rules: Rules = PATIENT) -> "Scene":
        rider, dispatcher, ada, bob = [await Probe.spawn(system) for _ in range(4)]
        trip = await system.spawn(Trip, "t1", rider.ref, dispatcher.ref, rules)
        return cls(trip, rider, dispatcher, ada, bob)

    def ada_says(self, stage: Stage) -> None:
        self.trip.tell(Progress(ADA, stage, self.ada.ref))

    async def step(self, stage: Stage) -> Step:
        """The step to this stage, as both listeners are told it."""
        told = await self.rider.expect(Step, lambda step: step.stage is stage)
        assert told == await self.dispatcher.expect(Step, lambda step: step.stage is stage)
        return told


def test_a_trip_tells_rider_and_dispatcher_of_every_step():
    async def scene(system: System) -> None:
        it = await Scene.set(system)
        assert (await it.step(Stage.REQUESTED)).seq == 1
        it.trip.tell(Proposed(1))
        assert (await it.step(Stage.OFFERED)).seq == 2
        for seq, stage in enumerate((Stage.ACCEPTED, Stage.ARRIVED, Stage.IN_TRIP, Stage.COMPLETED), start=3):
            it.ada_says(stage)
            assert await it.ada.expect(Agreed) == Agreed("t1", ADA, stage)
            step = await it.step(stage)
            assert (step.seq, step.driver, step.spell, step.round) == (seq, "ada", 1, 1)
        assert await it.ada.said() == []

    played(scene)


def test_a_step_is_told_again_to_who_has_not_noted_it_and_not_to_who_has():
    async def scene(system: System) -> None:
        it = await Scene.set(system)
        await it.step(Stage.REQUESTED)
        it.trip.tell(StepNoted("rider", 1))
        await it.dispatcher.expect(Step)
        await it.rider.said()
        for _ in range(3):
            assert (await it.dispatcher.expect(Step)).seq == 1
        assert await it.rider.said() == []

    played(scene)


def test_the_second_driver_is_sent_away_and_the_first_keeps_the_trip():
    async def scene(system: System) -> None:
        it = await Scene.set(system)
        it.ada_says(Stage.ACCEPTED)
        await it.ada.expect(Agreed)
        it.trip.tell(Progress(BOB, Stage.ACCEPTED, it.bob.ref))
        assert await it.bob.expect(Released) == Released("t1", BOB)
        it.ada_says(Stage.ACCEPTED)
        assert await it.ada.expect(Agreed) == Agreed("t1", ADA, Stage.ACCEPTED)

    played(scene)


def test_a_cancelled_trip_sends_its_driver_away_at_once_and_again_when_the_driver_asks():
    async def scene(system: System) -> None:
        it = await Scene.set(system)
        it.ada_says(Stage.ACCEPTED)
        await it.ada.expect(Agreed)
        it.trip.tell(Cancel())
        assert await it.ada.expect(Released) == Released("t1", ADA)
        await it.step(Stage.CANCELLED)
        it.ada_says(Stage.ARRIVED)
        assert await it.ada.expect(Released) == Released("t1", ADA)
        it.trip.tell(Progress(BOB, Stage.ACCEPTED, it.bob.ref))
        assert await it.bob.expect(Released) == Released("t1", BOB)

    played(scene)


def test_a_completed_trip_goes_on_agreeing_with_its_driver():
    async def scene(system: System) -> None:
        it = await Scene.set(system)
        for stage in (Stage.ACCEPTED, Stage.ARRIVED, Stage.IN_TRIP, Stage.COMPLETED, Stage.COMPLETED):
            it.ada_says(stage)
            assert await it.ada.expect(Agreed) == Agreed("t1", ADA, stage)
        it.trip.tell(Cancel())
        it.trip.tell(NoSupply(1))
        it.ada_says(Stage.COMPLETED)
        assert await it.ada.expect(Agreed) == Agreed("t1", ADA, Stage.COMPLETED)

    played(scene)


def test_a_search_that_was_given_up_ends_the_trip():
    async def scene(system: System) -> None:
        it = await Scene.set(system)
        it.trip.tell(NoSupply(2))
        it.trip.tell(NoSupply(1))
        assert (await it.step(Stage.NO_SUPPLY)).seq == 2

    played(scene)


def test_a_driver_of_whom_nothing_is_heard_is_given_up_and_the_search_begins_again():
    async def scene(system: System) -> None:
        it = await Scene.set(system, RULES)
        it.ada_says(Stage.ACCEPTED)
        await it.step(Stage.ACCEPTED)
        again = await it.rider.expect(Step, lambda step: step.round == 2)
        assert (again.stage, again.driver) == (Stage.REQUESTED, "")
        assert await it.ada.expect(Released) == Released("t1", ADA)
        bob = replace(BOB, round=2)
        it.trip.tell(Progress(bob, Stage.ACCEPTED, it.bob.ref))
        assert await it.bob.expect(Agreed) == Agreed("t1", bob, Stage.ACCEPTED)

    played(scene)


def test_a_driver_who_reports_is_not_given_up():
    async def scene(system: System) -> None:
        rules = replace(RULES, silence=1.5)  # so long that no stall of the machine looks like silence
        it, silent = await Scene.set(system, rules), await Scene.set(system, rules)
        it.ada_says(Stage.ACCEPTED)
        silent.ada_says(Stage.ACCEPTED)
        reports = 0
        while not any(isinstance(message, Released) for message in await silent.ada.said()):
            reports += 1
            it.trip.tell(Fix("ada", reports, JOURNEY.pickup, available=False, spell=1))
            await it.dispatcher.expect(Step)  # retold every few hundredths of a second
        assert reports > 10
        assert all(step.round == 1 for step in await it.rider.said() if isinstance(step, Step))

    played(scene)
