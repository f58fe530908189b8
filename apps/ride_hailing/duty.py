"""What a driver is committed to, and the compare-and-set by which the driver alone decides about it.

    OFFLINE ──► AVAILABLE ──offer──► OFFERED ──trip agrees──► EN_ROUTE ──rider in──► IN_TRIP
                    ▲                   │                        │                      │
                    └───────────────────┴────────────────────────┴──────────────────────┘

A dispatcher proposes from a picture that is always a little old. An offer therefore names the *spell* (the driver's
epoch) in which the driver was seen available; it is taken up only in that spell, only once, and only before it expires.
A stale dispatcher can waste an offer, but it cannot book a driver twice.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from apps.ride_hailing.lifecycle import Claim, Stage


class Status(StrEnum):
    """What a driver is doing."""

    OFFLINE = "offline"
    AVAILABLE = "available"
    OFFERED = "offered"
    EN_ROUTE = "en_route"
    IN_TRIP = "in_trip"


@dataclass(frozen=True, slots=True)
class Duty:
    """A driver's status, the number of the current spell, and the claim by which the driver is committed."""

    status: Status = Status.OFFLINE
    spell: int = 0
    claim: Claim | None = None

    def online(self) -> "Duty":
        """Go to work: the first spell begins."""
        return Duty(Status.AVAILABLE, self.spell + 1) if self.status is Status.OFFLINE else self

    def offered(self, claim: Claim, expires: float, now: float) -> "Duty":
        """Take an offer up, if it is for this spell, the driver is free, and it has not expired."""
        if self.status is Status.AVAILABLE and claim.spell == self.spell and now < expires:
            return replace(self, status=Status.OFFERED, claim=claim)
        return self

    def agreed(self, stage: Stage) -> "Duty":
        """The trip of the claim has agreed that `stage` is reached."""
        if stage is Stage.ACCEPTED and self.status is Status.OFFERED:
            return replace(self, status=Status.EN_ROUTE)
        if stage is Stage.IN_TRIP and self.status is Status.EN_ROUTE:
            return replace(self, status=Status.IN_TRIP)
        return self

    def freed(self) -> "Duty":
        """Available again, after a trip or without one: a new spell, so offers for the old one are void."""
        return Duty(Status.AVAILABLE, self.spell + 1)
