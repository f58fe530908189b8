"""The dispatcher among probes: opens trips, proposes from the latest reports, and asks nobody twice."""

from dataclasses import replace

from actors import Actor, Ref, System
from apps.ride_hailing.city import Point
from apps.ride_hailing.dispatcher import Dispatcher
from apps.ride_hailing.lifecycle import Claim, Stage
from apps.ride_hailing.log import OPENED
from apps.ride_hailing.messages import (
    Begin,
    Board,
    Cancel,
    Declined,
    Fix,
    NoSupply,
    Offer,
    RideRequest,
    SignedOn,
    SignOn,
    Step,
    StepNoted,
)
from apps.ride_hailing.rules import Rules
from apps.ride_hailing.trip import Trip
from tests.apps.ride_hailing.stage import EVENING, JOURNEY, RULES, Probe, played

NEAR, FAR = Point(0.0, 100.0), Point(0.0, 900.0)
LONG = replace(RULES, shortest_offer=1e6)


class City:
    """A dispatcher with two drivers and a rider."""

    def __init__(self, ref: Ref[Dispatcher], ada: Probe, bob: Probe, rider: Probe) -> None:
        self.ref, self.ada, self.bob, self.rider = ref, ada, bob, rider

    @classmethod
    async def open(cls, system: System, rules: Rules = RULES, kind: type[Dispatcher] = Dispatcher) -> "City":
        ada, bob, rider = [await Probe.spawn(system) for _ in range(3)]
        city = cls(await system.spawn(kind, rules), ada, bob, rider)
        await city.ref.ask(Begin(EVENING))
        for name, probe in (("ada", ada), ("bob", bob)):
            city.ref.tell(SignOn(name, probe.ref))
            await probe.expect(SignedOn)
        return city

    def report(self, driver: str, seq: int, at: Point, *, available: bool = True, spell: int = 1) -> None:
        self.ref.tell(Fix(driver, seq, at, available, spell))

    def request(self, trip: str = "t1") -> None:
        self.ref.tell(RideRequest(replace(JOURNEY, trip=trip), self.rider.ref))

    async def trip(self, name: str = "t1") -> Ref[Actor]:
        """The trip that was opened, as the rider hears of it."""
        return (await self.rider.expect(Step, lambda step: step.trip == name)).ref

    async def board(self) -> Board:
        return await self.ref.ask(Dispatcher.board())


def test_a_request_opens_one_trip_however_often_it_is_told():
    async def scene(system: System) -> None:
        city = await City.open(system)
        for _ in range(3):
            city.request()
        await city.trip()
        board = await city.board()
        assert (board.requests, board.searching) == (1, 1)
        opened = [entry for entry in (await city.ref.ask(Dispatcher.page(0))).entries if entry.event == OPENED]
        assert len(opened) == 1

    played(scene)


def test_the_nearest_driver_is_asked_in_the_spell_of_the_last_report():
    async def scene(system: System) -> None:
        city = await City.open(system)
        city.report("ada", 5, NEAR, spell=3)
        await city.board()  # handled, so that the next report does not take its place in the mailbox
        city.report("ada", 4, FAR, spell=2)  # overtaken on its way
        city.report("bob", 1, FAR)
        city.request()
        offer = await city.ada.expect(Offer)
        assert (offer.trip, offer.claim, offer.journey) == ("t1", Claim(1, "ada", 3), JOURNEY)
        assert offer.ref == await city.trip()

    played(scene)


def test_a_driver_who_is_busy_or_too_far_is_not_asked():
    async def scene(system: System) -> None:
        city = await City.open(system)
        city.report("ada", 1, NEAR)
        city.report("ada", 2, NEAR, available=False)
        city.report("bob", 1, Point(0.0, 1e6))
        city.request()
        await city.trip()
        city.report("bob", 2, FAR)
        await city.bob.expect(Offer)
        assert await city.ada.said() == []

    played(scene)


def test_a_driver_who_declined_a_trip_is_not_asked_again_for_it():
    async def scene(system: System) -> None:
        city = await City.open(system, LONG)
        city.report("ada", 1, NEAR)
        city.report("bob", 1, FAR)
        city.request()
        declined = await city.ada.expect(Offer)
        city.report("ada", 2, NEAR, spell=2)
        city.ref.tell(Declined("t1", declined.claim))
        assert (await city.bob.expect(Offer)).trip == "t1"
        assert await city.ada.said() == []

    played(scene)


def test_a_driver_who_has_an_offer_is_not_asked_for_another_trip_whatever_old_reports_say():
    async def scene(system: System) -> None:
        city = await City.open(system, LONG)
        city.report("ada", 1, NEAR)
        city.request("t1")
        await city.ada.expect(Offer)
        city.report("ada", 2, NEAR)  # sent before the offer had come
        city.report("bob", 1, FAR)
        city.request("t2")
        assert (await city.bob.expect(Offer)).trip == "t2"
        assert await city.ada.said() == []
        city.report("ada", 3, NEAR, spell=2)
        city.request("t3")
        assert (await city.ada.expect(Offer)).trip == "t3"

    played(scene)


def test_an_offer_that_nobody_answered_is_made_again_when_it_has_expired():
    async def scene(system: System) -> None:
        city = await City.open(system)
        city.report("ada", 1, NEAR)
        city.request()
        first = await city.ada.expect(Offer)
        seq = 1
        while not (offers := [it for it in (await city.ada.said()) if isinstance(it, Offer)]):
            seq += 1
            city.report("ada", seq, NEAR)
            await city.board()
        assert offers[0].claim == first.claim
        assert offers[0].expires > first.expires

    played(scene)


def test_a_search_that_lasts_too_long_ends_without_supply():
    async def scene(system: System) -> None:
        city = await City.open(system, replace(RULES, search=30.0))
        city.request()
        await city.rider.expect(Step, lambda step: step.stage is Stage.NO_SUPPLY)
        while (await city.board()).no_supply == 0:
            pass
        assert (await city.board()).searching == 0

    played(scene)


class HardOfHearing(Trip):
    """Misses the first two times that it is told of the end of the search."""

    missed = 0

    def no_supply(self, no_supply: NoSupply) -> None:
        self.missed += 1
        if self.missed > 2:
            super().no_supply(no_supply)


class Patient(Dispatcher):
    trip_class = HardOfHearing


def test_the_end_of_a_search_is_told_until_the_trip_has_taken_it_in():
    async def scene(system: System) -> None:
        city = await City.open(system, replace(RULES, search=30.0), Patient)
        city.request()
        await city.rider.expect(Step, lambda step: step.stage is Stage.NO_SUPPLY)

    played(scene)


def test_steps_are_written_once_and_acknowledged_each_time():
    async def scene(system: System) -> None:
        city = await City.open(system)
        trip = await Probe.spawn(system)
        city.request()
        await city.trip()
        for _ in range(3):
            city.ref.tell(Step("t1", trip.ref, 7, Stage.ARRIVED, 1, "ada", 1))
            assert await trip.expect(StepNoted) == StepNoted("dispatcher", 7)
        steps = [entry for entry in (await city.ref.ask(Dispatcher.page(0))).entries if entry.seq == 7]
        assert len(steps) == 1

    played(scene)


def test_a_trip_that_ends_leaves_the_search():
    async def scene(system: System) -> None:
        city = await City.open(system)
        city.request()
        (await city.trip()).tell(Cancel())
        await city.rider.expect(Step, lambda step: step.stage is Stage.CANCELLED)
        while (await city.board()).cancelled == 0:
            pass
        board = await city.board()
        assert (board.searching, board.driving, board.over) == (0, 0, 1)

    played(scene)


def test_a_trip_that_lost_its_driver_is_searched_for_again():
    async def scene(system: System) -> None:
        city = await City.open(system)
        trip = await Probe.spawn(system)
        city.request()
        await city.trip()
        city.ref.tell(Step("t1", trip.ref, 2, Stage.ACCEPTED, 1, "ada", 1))
        await trip.expect(StepNoted)
        assert (await city.board()).searching == 0
        city.ref.tell(Step("t1", trip.ref, 3, Stage.REQUESTED, 2))
        city.report("bob", 1, NEAR)
        assert (await city.bob.expect(Offer)).claim == Claim(2, "bob", 1)

    played(scene)
