"""A driver reports positions, takes offers up or not, and is the only one who decides about being committed.

What the driver says about a trip is told until the trip answers, and the driver goes on only then: claimed, arrived,
rider in, arrived at the destination. Whatever the answer `Released` finds the driver doing, the driver is free again.
"""

from actors import Actor, Ref, call, receive
from apps.ride_hailing.city import Point, along, nearest_crossing, travel_seconds
from apps.ride_hailing.duty import Duty, Status
from apps.ride_hailing.lifecycle import Claim, Stage
from apps.ride_hailing.log import CLAIMED, DONE, RELEASED, Entry
from apps.ride_hailing.messages import Agreed, Declined, Fix, Offer, Progress, Released, SignedOn, SignOn
from apps.ride_hailing.participant import Participant
from apps.ride_hailing.rules import Rules

NEXT = "next"
CRUISE = 800.0
"""Metres, at most and along each axis, that a free driver goes to look for passers-by."""


class Driver(Participant):
    """One driver with one car."""

    def __init__(self, name: str, start: Point, dispatcher: Ref[Actor], rules: Rules) -> None:
        super().__init__(name, rules)
        self._dispatcher = dispatcher
        self._duty = Duty()
        self._offer: Offer | None = None
        self._told: Stage | None = None
        """The stage the trip has been told of and has not answered yet."""
        self._claims = 0
        self._seq = 0
        self._leg = (start, start)
        self._set_off = 0.0
        self._lasts = 0.0

    def began(self) -> None:
        """Go to work, and report from now on."""
        self._duty = self._duty.online()
        self._set_off = self.time
        self.insist("sign on", self._dispatcher, SignOn(self.name, self.context.ref))
        self.context.timers.fixed_rate("report", self.rules.report_seconds, Driver.report())

    @receive
    def signed_on(self, signed_on: SignedOn) -> None:
        """The dispatcher knows us."""
        del signed_on
        self.acknowledged("sign on")

    @call
    def report(self) -> None:
        """A tick: say where the car is, to the dispatcher and to the trip we are on."""
        now = self.time
        free = self._duty.status is Status.AVAILABLE
        if free and now >= self._set_off + self._lasts:
            self._cruise(now)
        self._seq += 1
        fix = Fix(self.name, self._seq, self._place(now), free, self._duty.spell)
        self._dispatcher.tell(fix)
        if self._offer is not None and self._duty.status in {Status.EN_ROUTE, Status.IN_TRIP}:
            self._offer.ref.tell(fix)

    @receive
    def offer(self, offer: Offer) -> None:
        """Look at an offer, if it can be taken up at all."""
        duty = self._duty.offered(offer.claim, offer.expires, self.time)
        if duty is self._duty:
            if offer.claim != duty.claim:
                self._dispatcher.tell(Declined(offer.trip, offer.claim))
            return
        self._duty, self._offer = duty, offer
        self._after(self.context.random.uniform(*self.rules.thinking), Stage.ACCEPTED)

    @call
    def reached(self, claim: Claim, stage: Stage) -> None:
        """A timer: thought enough, at the pickup, the rider is in, at the destination. Tell the trip."""
        offer = self._offer
        if offer is None or claim != self._duty.claim:
            return
        if stage is Stage.ACCEPTED:
            if self.time >= offer.expires or self.context.random.random() < self.rules.declines:
                self._dispatcher.tell(Declined(offer.trip, offer.claim))
                self._free()
                return
            self._note(CLAIMED, offer)
        self._told = stage
        self.insist("trip", offer.ref, Progress(claim, stage, self.context.ref))

    @receive
    def agreed(self, agreed: Agreed) -> None:
        """The trip has recorded the stage: go on to the next."""
        offer = self._offer
        if offer is None or agreed.claim != self._duty.claim or agreed.stage is not self._told:
            return
        self._told = None
        self.acknowledged("trip")
        self._duty = self._duty.agreed(agreed.stage)
        if agreed.stage is Stage.ACCEPTED:
            self._after(self._drive(offer.journey.pickup), Stage.ARRIVED)
        elif agreed.stage is Stage.ARRIVED:
            self._after(self.rules.boarding, Stage.IN_TRIP)
        elif agreed.stage is Stage.IN_TRIP:
            self._after(self._drive(offer.journey.dropoff, offer.journey.ride_seconds), Stage.COMPLETED)
        else:
            self._note(DONE, offer)
            self._free()

    @receive
    def released(self, released: Released) -> None:
        """The trip is not ours, or no longer."""
        offer = self._offer
        if offer is not None and released.trip == offer.trip and released.claim == self._duty.claim:
            self._note(RELEASED, offer)
            self._free()

    def _free(self) -> None:
        """Free again, wherever the car is now; said at once, because somebody may be waiting for a car."""
        now = self.time
        place = self._place(now)
        self._duty = self._duty.freed()
        self._offer = self._told = None
        self._leg, self._set_off, self._lasts = (place, place), now, 0.0
        self.context.timers.cancel(NEXT)
        self.acknowledged("trip")
        self.report()

    def _after(self, seconds: float, stage: Stage) -> None:
        assert self._duty.claim is not None
        reached = Driver.reached(self._duty.claim, stage)
        self.context.timers.once(NEXT, self.later(seconds), reached, continues=True)

    def _note(self, event: str, offer: Offer) -> None:
        self._claims += 1
        claim = offer.claim
        self.write(
            Entry(offer.trip, event, self._claims, self.time, claim.round, self.name, claim.spell, offer.expires)
        )

    def _drive(self, to: Point, recorded: float | None = None) -> float:
        """Set off; returns how long it takes, in simulated seconds: as recorded, or at the speed of the hour."""
        now = self.time
        self._leg, self._set_off = (self._place(now), to), now
        self._lasts = travel_seconds(*self._leg, now) if recorded is None else recorded
        return self._lasts

    def _cruise(self, now: float) -> None:
        place = self._leg[1]
        chance = self.context.random
        near = Point(place.x + chance.uniform(-CRUISE, CRUISE), place.y + chance.uniform(-CRUISE, CRUISE))
        self._leg, self._set_off = (place, nearest_crossing(near)), now
        self._lasts = max(self.rules.report_every, travel_seconds(*self._leg, now))

    def _place(self, now: float) -> Point:
        if self._lasts <= 0.0:
            return self._leg[1]
        return along(*self._leg, (now - self._set_off) / self._lasts)
