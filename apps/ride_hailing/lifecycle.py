"""The stages of a trip, who may move it, and the compare-and-set that keeps it to one driver.

    REQUESTED ──► OFFERED ──► ACCEPTED ──► ARRIVED ──► IN_TRIP ──► COMPLETED
        └────────────┴───────────┴────────────┴───────────┴──────► CANCELLED
        └────────────┴───────────────────────────────────────────► NO_SUPPLY

A trip searches in *rounds*: a driver who is lost on the way ends the round, and the next search is round + 1. Whoever
wants to move the trip names the round, and whoever is late names an old one. So a message that comes twice, late or not
at all can waste an offer but never give the trip a second driver.

Everything here is a value: a move returns the next state, or the same object when the move does not apply.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum


class Stage(StrEnum):
    """Where a trip stands."""

    REQUESTED = "requested"
    """It looks for a driver."""
    OFFERED = "offered"
    """A driver has been proposed and thinks about it."""
    ACCEPTED = "accepted"
    """A driver has it and is on the way to the rider."""
    ARRIVED = "arrived"
    """The driver is there."""
    IN_TRIP = "in_trip"
    """The rider is in the car."""
    COMPLETED = "completed"
    """The rider is where they wanted to be."""
    CANCELLED = "cancelled"
    """The rider gave up, or the driver was lost during the ride."""
    NO_SUPPLY = "no_supply"
    """The dispatcher found no driver."""


TERMINAL = frozenset({Stage.COMPLETED, Stage.CANCELLED, Stage.NO_SUPPLY})
"""The stages that a trip never leaves; every request reaches exactly one of them."""

DRIVEN = (Stage.ACCEPTED, Stage.ARRIVED, Stage.IN_TRIP, Stage.COMPLETED)
"""The stages that the driver brings about, in their order."""

FOLLOWS: Mapping[Stage, frozenset[Stage]] = {
    Stage.REQUESTED: frozenset({Stage.OFFERED, Stage.ACCEPTED, Stage.CANCELLED, Stage.NO_SUPPLY}),
    Stage.OFFERED: frozenset({Stage.ACCEPTED, Stage.CANCELLED, Stage.NO_SUPPLY}),
    Stage.ACCEPTED: frozenset({Stage.ARRIVED, Stage.REQUESTED, Stage.CANCELLED}),
    Stage.ARRIVED: frozenset({Stage.IN_TRIP, Stage.REQUESTED, Stage.CANCELLED}),
    Stage.IN_TRIP: frozenset({Stage.COMPLETED, Stage.CANCELLED}),
    **{stage: frozenset[Stage]() for stage in TERMINAL},
}
"""What may come after what. ACCEPTED may follow REQUESTED: a driver's word can overtake the dispatcher's."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A driver's claim to a trip: in which round of the trip, by whom, and in which of the driver's spells.

    A *spell* (the driver's epoch) is one time of being available; it ends with the first offer the driver takes up.
    """

    round: int
    driver: str
    spell: int


@dataclass(frozen=True, slots=True)
class TripState:
    """Where a trip stands, in which round, and whose it is."""

    stage: Stage = Stage.REQUESTED
    round: int = 1
    claim: Claim | None = None

    @property
    def over(self) -> bool:
        """Whether a terminal stage is reached."""
        return self.stage in TERMINAL

    def proposed(self, round_: int) -> "TripState":
        """The dispatcher has proposed the trip to a driver."""
        if self.stage is Stage.REQUESTED and round_ == self.round:
            return replace(self, stage=Stage.OFFERED)
        return self

    def driven(self, claim: Claim, stage: Stage) -> "TripState":
        """The driver says that `stage` is reached: taken up in order, and only from the trip's own driver."""
        if stage is Stage.ACCEPTED:
            free = self.stage in {Stage.REQUESTED, Stage.OFFERED} and claim.round == self.round
            return replace(self, stage=stage, claim=claim) if free else self
        if claim == self.claim and stage in DRIVEN and stage in FOLLOWS[self.stage]:
            return replace(self, stage=stage)
        return self

    def acknowledges(self, claim: Claim, stage: Stage) -> bool:
        """Whether the driver with this claim may go on from `stage`; False sends the driver away.

        True as well for a stage that was reached before: the driver asks again when an answer is lost.
        """
        return claim == self.claim and self.stage in DRIVEN and DRIVEN.index(self.stage) >= DRIVEN.index(stage)

    def cancelled(self) -> "TripState":
        """The rider gives up: possible until the ride begins."""
        return self._ended(Stage.CANCELLED) if not self.over and self.stage is not Stage.IN_TRIP else self

    def unsupplied(self, round_: int) -> "TripState":
        """The dispatcher has given up the search of a round."""
        searching = self.stage in {Stage.REQUESTED, Stage.OFFERED}
        return self._ended(Stage.NO_SUPPLY) if searching and round_ == self.round else self

    def driver_lost(self) -> "TripState":
        """Nothing was heard of the driver for too long: search again, or end a ride that had begun."""
        if self.claim is None or self.over:
            return self
        if self.stage is Stage.IN_TRIP:
            return self._ended(Stage.CANCELLED)
        return TripState(Stage.REQUESTED, self.round + 1)

    def _ended(self, stage: Stage) -> "TripState":
        return replace(self, stage=stage)
