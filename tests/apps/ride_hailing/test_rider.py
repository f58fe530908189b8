"""A rider among probes: insists on the request, gives up when patience ends, writes every step once."""

from dataclasses import replace

from actors import Ref, System
from apps.ride_hailing.lifecycle import Stage
from apps.ride_hailing.log import ASKED
from apps.ride_hailing.messages import Begin, Cancel, RideRequest, Step, StepNoted
from apps.ride_hailing.rider import Rider
from apps.ride_hailing.rules import Rules
from tests.apps.ride_hailing.stage import EVENING, JOURNEY, RULES, Probe, played

PATIENT = replace(RULES, patience=(1e6, 1e6))
IMPATIENT = replace(RULES, patience=(60.0, 60.0))


async def waiting(system: System, dispatcher: Probe, rules: Rules) -> Ref[Rider]:
    rider = await system.spawn(Rider, JOURNEY, dispatcher.ref, rules)
    await rider.ask(Begin(EVENING - 30.0))
    return rider


def step(trip: Probe, seq: int, stage: Stage) -> Step:
    return Step("t1", trip.ref, seq, stage, 1)


async def events(rider: Ref[Rider]) -> list[tuple[int, str]]:
    return [(entry.seq, entry.event) for entry in (await rider.ask(Rider.page(0))).entries]


async def several_retellings(system: System) -> None:
    """As long as it takes a rider to whom nobody answers to ask several times."""
    silent = await Probe.spawn(system)
    await waiting(system, silent, PATIENT)
    for _ in range(4):
        await silent.expect(RideRequest)


def test_a_rider_asks_when_it_is_time_and_again_until_the_trip_answers():
    async def scene(system: System) -> None:
        dispatcher, trip = await Probe.spawn(system), await Probe.spawn(system)
        rider = await waiting(system, dispatcher, PATIENT)
        await rider.ask(Begin(EVENING + 1e6))  # a second beginning changes nothing
        first = await dispatcher.expect(RideRequest)
        assert first == await dispatcher.expect(RideRequest)
        assert (first.journey, first.rider) == (JOURNEY, rider)
        (asked,) = (await rider.ask(Rider.page(0))).entries
        assert EVENING <= asked.at < EVENING + 1e6
        rider.tell(step(trip, 1, Stage.REQUESTED))
        await trip.expect(StepNoted)
        await dispatcher.said()
        await several_retellings(system)
        assert await dispatcher.said() == []

    played(scene)


def test_every_step_is_written_once_and_acknowledged_each_time_it_is_told():
    async def scene(system: System) -> None:
        dispatcher, trip = await Probe.spawn(system), await Probe.spawn(system)
        rider = await waiting(system, dispatcher, PATIENT)
        await dispatcher.expect(RideRequest)
        for seq, stage in ((2, Stage.ACCEPTED), (1, Stage.REQUESTED), (2, Stage.ACCEPTED)):
            rider.tell(step(trip, seq, stage))
            assert await trip.expect(StepNoted) == StepNoted("rider", seq)
        assert await events(rider) == [(0, ASKED), (2, "accepted"), (1, "requested")]

    played(scene)


def test_a_rider_whose_patience_ends_cancels_until_the_trip_says_it_is_over():
    async def scene(system: System) -> None:
        dispatcher, trip = await Probe.spawn(system), await Probe.spawn(system)
        rider = await waiting(system, dispatcher, IMPATIENT)
        await dispatcher.expect(RideRequest)
        rider.tell(step(trip, 1, Stage.REQUESTED))
        await trip.expect(Cancel)
        await trip.expect(Cancel)
        rider.tell(step(trip, 2, Stage.CANCELLED))
        await trip.expect(StepNoted, lambda noted: noted.seq == 2)
        assert (await events(rider))[-1] == (2, "cancelled")

    played(scene)


def test_a_rider_who_gave_up_before_any_answer_cancels_as_soon_as_the_trip_is_known():
    async def scene(system: System) -> None:
        dispatcher, trip = await Probe.spawn(system), await Probe.spawn(system)
        rider = await waiting(system, dispatcher, PATIENT)
        await dispatcher.expect(RideRequest)
        await rider.ask(Rider.give_up())
        assert await trip.said() == []
        rider.tell(step(trip, 1, Stage.REQUESTED))
        await trip.expect(Cancel)

    played(scene)


def test_a_rider_in_the_car_does_not_give_up():
    async def scene(system: System) -> None:
        dispatcher, trip = await Probe.spawn(system), await Probe.spawn(system)
        rider = await waiting(system, dispatcher, PATIENT)
        await dispatcher.expect(RideRequest)
        rider.tell(step(trip, 1, Stage.IN_TRIP))
        await rider.ask(Rider.give_up())
        assert await trip.said() == [StepNoted("rider", 1)]

    played(scene)
