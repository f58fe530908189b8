"""The words riders, trips, drivers and the dispatcher say to each other.

    rider ──RideRequest──► dispatcher ──spawns──► trip      the dispatcher proposes,
    dispatcher ──Offer──► driver ──Claim in Progress──► trip      the driver disposes, the trip agrees:
    trip ──Agreed | Released──► driver      two compare-and-sets, no lock
    trip ──Step──► rider, dispatcher ──StepNoted──► trip      what has happened, told until acknowledged
    driver ──Fix──► dispatcher, trip      where the car is: only the latest counts

A message may be lost, late, or come twice. What must arrive is told again until it is acknowledged (`courier.py`), what
comes twice is recognised by its sequence number, claim or round, and what comes late names an old one.
"""

from dataclasses import dataclass

from actors import Actor, Message, Ref, Request
from apps.ride_hailing.city import Point
from apps.ride_hailing.demand import Journey
from apps.ride_hailing.evidence import Home
from apps.ride_hailing.lifecycle import Claim, Stage
from apps.ride_hailing.log import Entry


class Begin(Request[None]):
    """The day begins; the simulated time is `at` now."""

    at: float


class SignOn(Message):
    """A driver goes to work."""

    driver: str
    ref: Ref[Actor]


class SignedOn(Message):
    """The dispatcher knows the driver."""


class Fix(Message):
    """Where a driver is; `seq` grows with each report, so that a driver never goes back in time."""

    driver: str
    seq: int
    at: Point
    available: bool
    spell: int


class RideRequest(Message):
    """A rider wants to make a journey."""

    journey: Journey
    rider: Ref[Actor]


class Cancel(Message):
    """The rider gives up."""


class Offer(Message):
    """Will you drive this? Good for the driver's spell named in the claim, until the simulated time `expires`."""

    trip: str
    ref: Ref[Actor]
    claim: Claim
    journey: Journey
    expires: float


class Declined(Message):
    """The driver does not take the offer up."""

    trip: str
    claim: Claim


class Proposed(Message):
    """The dispatcher has offered the trip to a driver."""

    round: int


class NoSupply(Message):
    """The dispatcher finds no driver for this round of the trip."""

    round: int


class Progress(Message):
    """The driver has reached a stage of the trip, and goes on when the trip has agreed."""

    claim: Claim
    stage: Stage
    driver: Ref[Actor]


class Agreed(Message):
    """The trip has recorded the stage."""

    trip: str
    claim: Claim
    stage: Stage


class Released(Message):
    """The trip is not, or no longer, this driver's."""

    trip: str
    claim: Claim


class Step(Message):
    """Step number `seq` of a trip: it has reached a stage. Told to the rider and to the dispatcher."""

    trip: str
    ref: Ref[Actor]
    seq: int
    stage: Stage
    round: int
    driver: str = ""
    spell: int = 0

    def entry(self, at: float) -> Entry:
        """The step as a line in the log of whoever was told, at that one's simulated time."""
        return Entry(self.trip, self.stage.value, self.seq, at, self.round, self.driver, self.spell)


class StepNoted(Message):
    """A listener has the step in its log."""

    listener: str
    seq: int


@dataclass(frozen=True, slots=True)
class Page:
    """A part of an actor's log, and where the actor lives."""

    name: str
    home: Home
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Board:
    """What the dispatcher knows of the run so far, for the progress line."""

    at: float
    signed_on: int
    available: int
    requests: int
    searching: int
    driving: int
    completed: int
    cancelled: int
    no_supply: int
    offers: int
    declined: int
    fixes: int

    @property
    def over(self) -> int:
        """Requests that have reached a terminal stage."""
        return self.completed + self.cancelled + self.no_supply
