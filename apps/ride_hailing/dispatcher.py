"""The dispatcher opens a trip for each request and proposes drivers; drivers and trips decide.

All it knows of drivers is what their last reports said, so everything it holds about them may be wrong and nothing
depends on its being right: a proposal that comes too late is declined by the driver or by the trip. What it knows of
trips are their steps, which it writes into its own log.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from actors import Actor, Ref, call, near, receive
from apps.ride_hailing.cells import CellIndex
from apps.ride_hailing.city import Point
from apps.ride_hailing.demand import Journey
from apps.ride_hailing.hours import speed
from apps.ride_hailing.lifecycle import TERMINAL, Claim, Stage
from apps.ride_hailing.log import OPENED, Entry
from apps.ride_hailing.matching import Search, match
from apps.ride_hailing.messages import (
    Board,
    Declined,
    Fix,
    NoSupply,
    Offer,
    Proposed,
    RideRequest,
    SignedOn,
    SignOn,
    Step,
    StepNoted,
)
from apps.ride_hailing.participant import Participant
from apps.ride_hailing.rules import Rules
from apps.ride_hailing.trip import Trip

LISTENER = "dispatcher"

CANDIDATES = 8
"""Nearest drivers looked at for each search."""


@dataclass(slots=True)
class Car:
    """A driver as the last report showed them."""

    ref: Ref[Actor]
    seq: int = 0
    spell: int = 0
    asked_spell: int = -1
    """The spell for which there is an offer on its way, so that old reports do not put the driver back on the map."""
    asked_until: float = 0.0


@dataclass(slots=True)
class Ride:
    """A trip as its last step showed it, and the search for its driver."""

    ref: Ref[Actor]
    journey: Journey
    since: float
    stage: Stage = Stage.REQUESTED
    round: int = 1
    steps: set[int] = field(default_factory=set[int])
    last: int = 0
    claim: Claim | None = None
    """The latest proposal of the round."""
    asked_until: float = 0.0
    declined: set[str] = field(default_factory=set[str])
    header: bytes = b""
    """Of the request: what is done for it in a batch belongs to its trace."""
    given_up: bool = False

    @property
    def searching(self) -> bool:
        """Whether it needs a driver."""
        return self.stage in {Stage.REQUESTED, Stage.OFFERED} and not self.given_up


class Dispatcher(Participant):
    """One dispatcher for the city."""

    trip_class: ClassVar[type[Trip]] = Trip
    """What is opened for each request."""

    def __init__(self, rules: Rules) -> None:
        super().__init__("dispatcher", rules)
        self._cars: dict[str, Car] = {}
        self._free = CellIndex()
        self._rides: dict[str, Ride] = {}
        self._searches: dict[str, Ride] = {}
        self._over: dict[Stage, int] = dict.fromkeys(TERMINAL, 0)
        self._offers = self._declined = self._fixes = 0

    def began(self) -> None:
        """Match from now on."""
        self.context.timers.fixed_rate("match", self.rules.match_seconds, Dispatcher.batch())

    @receive
    def sign_on(self, sign_on: SignOn) -> None:
        """A driver goes to work; acknowledged every time it is told."""
        self._cars.setdefault(sign_on.driver, Car(sign_on.ref))
        sign_on.ref.tell(SignedOn())

    @receive(conflate="driver")
    def fix(self, fix: Fix) -> None:
        """A driver's position; a report that was overtaken by a later one is dropped."""
        car = self._cars.get(fix.driver)
        if car is None or fix.seq <= car.seq:
            return
        self._fixes += 1
        car.seq, car.spell = fix.seq, fix.spell
        if fix.available and (fix.spell != car.asked_spell or self.time >= car.asked_until):
            self._free.put(fix.driver, fix.at)
        else:
            self._free.remove(fix.driver)

    @receive
    def ride_request(self, request: RideRequest) -> None:
        """A rider wants to go somewhere: open the trip, near the rider. A second telling changes nothing."""
        journey = request.journey
        if journey.trip in self._rides:
            return
        self.write(Entry(journey.trip, OPENED, 0, self.time))
        spawner = self.context.options(placement=near(request.rider))
        header = self.context.telemetry.header
        trip = spawner.spawn_nowait(self.trip_class, journey.trip, request.rider, self.context.ref, self.rules, header)
        self._rides[journey.trip] = self._searches[journey.trip] = Ride(trip, journey, self.time, header=header)

    @receive
    def step(self, step: Step) -> None:
        """A trip has taken a step: write it down once, and acknowledge it each time it is told."""
        step.ref.tell(StepNoted(LISTENER, step.seq))
        ride = self._rides.get(step.trip)
        if ride is None or step.seq in ride.steps:
            return
        ride.steps.add(step.seq)
        self.write(step.entry(self.time))
        if step.stage in TERMINAL:
            self._over[step.stage] += 1
        if step.seq > ride.last:
            self._follow(ride, step)

    @receive
    def declined(self, declined: Declined) -> None:
        """A driver does not want the trip, or could not take it: ask another in the next batch."""
        self._declined += 1
        ride = self._rides.get(declined.trip)
        if ride is not None and ride.claim == declined.claim:
            ride.declined.add(declined.claim.driver)
            ride.asked_until = 0.0

    @call
    def batch(self) -> None:
        """A tick: propose drivers to all searches that have no open offer; give up those that have lasted too long."""
        now = self.time
        waiting = list(self._waiting(now))
        if not waiting:
            return
        metres = self.rules.reach * speed(now)

        def nearest(pickup: Point) -> list[tuple[float, str]]:
            return self._free.nearest(pickup, CANDIDATES, metres)

        for search, driver in match(waiting, nearest):
            self._propose(self._rides[search.trip], driver, now)

    @call
    def board(self) -> Board:
        """How the run stands."""
        over = sum(self._over.values())
        return Board(
            at=self.time,
            signed_on=len(self._cars),
            available=len(self._free),
            requests=len(self._rides),
            searching=len(self._searches),
            driving=len(self._rides) - len(self._searches) - over,
            completed=self._over[Stage.COMPLETED],
            cancelled=self._over[Stage.CANCELLED],
            no_supply=self._over[Stage.NO_SUPPLY],
            offers=self._offers,
            declined=self._declined,
            fixes=self._fixes,
        )

    def _follow(self, ride: Ride, step: Step) -> None:
        if step.round != ride.round:
            ride.round, ride.since, ride.given_up = step.round, self.time, False
            ride.claim, ride.asked_until = None, 0.0
        ride.last, ride.stage = step.seq, step.stage
        if ride.searching:
            self._searches[step.trip] = ride
        else:
            self._searches.pop(step.trip, None)
            self.acknowledged(("no supply", step.trip))

    def _waiting(self, now: float) -> Iterator[Search]:
        for trip, ride in list(self._searches.items()):
            if ride.asked_until > now:
                continue
            if now - ride.since < self.rules.search:
                yield Search(trip, ride.journey.pickup, ride.declined)
            else:
                ride.given_up = True
                del self._searches[trip]
                with self.context.telemetry.continuing(ride.header, "give up"):
                    self.insist(("no supply", trip), ride.ref, NoSupply(ride.round))

    def _propose(self, ride: Ride, driver: str, now: float) -> None:
        car = self._cars[driver]
        claim = Claim(ride.round, driver, car.spell)
        expires = now + self.rules.offer_lasts
        self._free.remove(driver)
        car.asked_spell, car.asked_until = car.spell, expires
        ride.claim, ride.asked_until = claim, expires
        self._offers += 1
        with self.context.telemetry.continuing(ride.header, "propose"):
            car.ref.tell(Offer(ride.journey.trip, ride.ref, claim, ride.journey, expires))
            ride.ref.tell(Proposed(ride.round))
