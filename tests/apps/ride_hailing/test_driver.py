"""A driver among probes: decides alone, insists with the trip, and is free when sent away."""

import asyncio
from dataclasses import replace

from actors import Ref, System
from apps.ride_hailing.driver import Driver
from apps.ride_hailing.lifecycle import Claim, Stage
from apps.ride_hailing.log import CLAIMED, DONE, RELEASED
from apps.ride_hailing.messages import Agreed, Begin, Declined, Fix, Offer, Progress, Released, SignedOn, SignOn
from apps.ride_hailing.rules import Rules
from tests.apps.ride_hailing.stage import EVENING, JOURNEY, RULES, Probe, played

CLAIM = Claim(1, "ada", 1)
LONG = 1e9


async def at_work(system: System, dispatcher: Probe, rules: Rules = RULES) -> Ref[Driver]:
    ada = await system.spawn(Driver, "ada", JOURNEY.pickup, dispatcher.ref, rules)
    await ada.ask(Begin(EVENING))
    return ada


def offer(trip: Probe, claim: Claim = CLAIM, expires: float = LONG) -> Offer:
    return Offer("t1", trip.ref, claim, JOURNEY, expires)


async def events(ada: Ref[Driver]) -> list[str]:
    return [entry.event for entry in (await ada.ask(Driver.page(0))).entries]


def test_a_driver_signs_on_until_the_dispatcher_answers():
    async def scene(system: System) -> None:
        dispatcher = await Probe.spawn(system)
        ada = await at_work(system, dispatcher)
        assert (await dispatcher.expect(SignOn)).driver == "ada"
        assert (await dispatcher.expect(SignOn)).ref == ada
        ada.tell(SignedOn())
        await ada.ask(Driver.page(0))
        await dispatcher.said()
        for _ in range(5):
            await dispatcher.expect(Fix)
        assert not any(isinstance(message, SignOn) for message in (await dispatcher.said()))

    played(scene)


def test_reports_are_numbered_and_name_the_spell():
    async def scene(system: System) -> None:
        dispatcher = await Probe.spawn(system)
        await at_work(system, dispatcher)
        fixes = [await dispatcher.expect(Fix) for _ in range(4)]
        assert [fix.seq for fix in fixes] == [1, 2, 3, 4]
        assert all(fix.available and fix.spell == 1 for fix in fixes)

    played(scene)


def test_a_driver_goes_through_a_trip_only_as_the_trip_agrees():
    async def scene(system: System) -> None:
        dispatcher, trip = await Probe.spawn(system), await Probe.spawn(system)
        ada = await at_work(system, dispatcher)
        ada.tell(offer(trip))
        for stage in (Stage.ACCEPTED, Stage.ARRIVED, Stage.IN_TRIP, Stage.COMPLETED):
            await trip.expect(Progress, lambda told, stage=stage: told.stage is stage)
            again = await trip.expect(Progress)
            assert (again.stage, again.claim) == (stage, CLAIM), "told again, and no further, until the trip agrees"
            ada.tell(Agreed("t1", CLAIM, stage))
            ada.tell(Agreed("t1", CLAIM, stage))
        free = await dispatcher.expect(Fix, lambda fix: fix.spell > 1)
        assert free.available
        assert await events(ada) == [CLAIMED, DONE]

    played(scene)


def test_a_driver_on_a_trip_reports_to_the_trip_as_well():
    async def scene(system: System) -> None:
        dispatcher, trip = await Probe.spawn(system), await Probe.spawn(system)
        ada = await at_work(system, dispatcher, replace(RULES, boarding=LONG))
        ada.tell(offer(trip))
        await trip.expect(Progress)
        ada.tell(Agreed("t1", CLAIM, Stage.ACCEPTED))
        assert not (await trip.expect(Fix)).available

    played(scene)


def test_an_old_agreement_does_not_move_the_driver():
    async def boarding(system: System) -> tuple[Ref[Driver], Probe]:
        """A driver who is telling the trip that the rider is in."""
        dispatcher, trip = await Probe.spawn(system), await Probe.spawn(system)
        ada = await at_work(system, dispatcher, replace(RULES, boarding=300.0))
        ada.tell(offer(trip))
        for stage in (Stage.ACCEPTED, Stage.ARRIVED):
            await trip.expect(Progress, lambda told, stage=stage: told.stage is stage)
            ada.tell(Agreed("t1", CLAIM, stage))
        await trip.expect(Progress, lambda told: told.stage is Stage.IN_TRIP)
        return ada, trip

    async def scene(system: System) -> None:
        (ada, trip), (_, undisturbed) = await asyncio.gather(boarding(system), boarding(system))
        for stage in (Stage.ACCEPTED, Stage.ARRIVED, Stage.COMPLETED):
            ada.tell(Agreed("t1", CLAIM, stage))
        await trip.said()
        for _ in range(5):
            await undisturbed.expect(Progress)
        told = [message.stage for message in await trip.said() if isinstance(message, Progress)]
        assert told, "insists as if nothing had been said"
        assert set(told) == {Stage.IN_TRIP}

    played(scene)


def test_an_offer_for_another_spell_or_to_a_busy_driver_is_declined():
    async def scene(system: System) -> None:
        dispatcher, trip = await Probe.spawn(system), await Probe.spawn(system)
        ada = await at_work(system, dispatcher)
        stale = Claim(1, "ada", 0)
        ada.tell(offer(trip, stale))
        assert await dispatcher.expect(Declined) == Declined("t1", stale)
        ada.tell(offer(trip))
        await trip.expect(Progress)
        second = Claim(7, "ada", 1)
        ada.tell(Offer("t2", trip.ref, second, JOURNEY, LONG))
        assert await dispatcher.expect(Declined) == Declined("t2", second)

    played(scene)


def test_an_offer_that_expires_while_the_driver_thinks_is_declined_and_never_claimed():
    async def scene(system: System) -> None:
        dispatcher, trip = await Probe.spawn(system), await Probe.spawn(system)
        ada = await at_work(system, dispatcher, replace(RULES, thinking=(60.0, 60.0)))
        ada.tell(offer(trip, expires=EVENING + 30.0))
        assert await dispatcher.expect(Declined) == Declined("t1", CLAIM)
        assert await events(ada) == []
        assert await trip.said() == []

    played(scene)


def test_a_driver_who_declines_is_free_in_a_new_spell():
    async def scene(system: System) -> None:
        dispatcher, trip = await Probe.spawn(system), await Probe.spawn(system)
        ada = await at_work(system, dispatcher, replace(RULES, declines=1.0))
        ada.tell(offer(trip))
        await dispatcher.expect(Declined)
        assert (await dispatcher.expect(Fix)).spell == 2

    played(scene)


def test_a_driver_sent_away_is_free_and_forgets_the_timers_of_that_trip():
    async def scene(system: System) -> None:
        dispatcher, trip = await Probe.spawn(system), await Probe.spawn(system)
        ada = await at_work(system, dispatcher)
        ada.tell(offer(trip))
        await trip.expect(Progress)
        ada.tell(Released("another trip", CLAIM))
        ada.tell(Released("t1", Claim(2, "ada", 1)))
        assert await events(ada) == [CLAIMED], "neither was about this commitment"
        ada.tell(Released("t1", CLAIM))
        assert (await dispatcher.expect(Fix, lambda fix: fix.spell == 2)).available
        ada.tell(Driver.reached(CLAIM, Stage.ARRIVED))
        assert await events(ada) == [CLAIMED, RELEASED]
        await trip.said()
        ada.tell(Offer("t2", trip.ref, Claim(1, "ada", 2), JOURNEY, LONG))
        ada.tell(Driver.reached(CLAIM, Stage.ARRIVED))
        first = await trip.expect(Progress)
        assert (first.claim.spell, first.stage) == (2, Stage.ACCEPTED)

    played(scene)
