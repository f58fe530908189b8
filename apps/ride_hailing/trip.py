"""A trip owns its stage: driver, rider and dispatcher ask it to move, and it alone decides (`lifecycle.py`).

Every step is told to the rider and to the dispatcher until each has acknowledged it. After its end a trip stays, to
answer whoever is late.
"""

from actors import Actor, Ref, call, receive
from apps.ride_hailing.courier import Courier
from apps.ride_hailing.lifecycle import TripState
from apps.ride_hailing.messages import (
    Agreed,
    Cancel,
    Fix,
    NoSupply,
    Progress,
    Proposed,
    Released,
    Step,
    StepNoted,
)
from apps.ride_hailing.rules import Rules

WATCH = "watch"


class Trip(Courier):
    """One request from its making to its end."""

    def __init__(
        self, trip: str, rider: Ref[Actor], dispatcher: Ref[Actor], rules: Rules, request: bytes = b""
    ) -> None:
        super().__init__(rules.again)
        self._trip = trip
        self._listeners = {"rider": rider, "dispatcher": dispatcher}
        self._silence = rules.silence
        self._request = request
        """The header of the request, in whose trace everything belongs that happens to the trip."""
        self._state = TripState()
        self._seq = 0
        self._driver: Ref[Actor] | None = None
        self._heard = 0.0
        self._latest = 0

    def on_start(self) -> None:
        """The first step: requested."""
        with self.context.telemetry.continuing(self._request, "open"):
            self._announce()

    @receive
    def proposed(self, proposed: Proposed) -> None:
        """The dispatcher has asked a driver."""
        self._move(self._state.proposed(proposed.round))

    @receive
    def progress(self, progress: Progress) -> None:
        """A driver claims the trip, or its driver has reached the next stage; answered every time it is told."""
        state = self._state.driven(progress.claim, progress.stage)
        if state is not self._state and self._driver is None:
            self._driver = progress.driver
            self._heard = self.context.now()
            self.context.timers.fixed_delay(WATCH, self._silence / 2, Trip.watch())
        self._move(state)
        if self._state.acknowledges(progress.claim, progress.stage):
            self._heard = self.context.now()
            progress.driver.tell(Agreed(self._trip, progress.claim, progress.stage))
        else:
            progress.driver.tell(Released(self._trip, progress.claim))

    @receive(conflate="driver")
    def fix(self, fix: Fix) -> None:
        """Where the driver is: a sign of life."""
        claim = self._state.claim
        if claim is not None and fix.driver == claim.driver and fix.seq > self._latest:
            self._latest = fix.seq
            self._heard = self.context.now()

    @receive
    def cancel(self, cancel: Cancel) -> None:
        """The rider gives up."""
        del cancel
        self._move(self._state.cancelled())

    @receive
    def no_supply(self, no_supply: NoSupply) -> None:
        """The dispatcher gives up."""
        self._move(self._state.unsupplied(no_supply.round))

    @receive
    def noted(self, noted: StepNoted) -> None:
        """A listener has a step in its log."""
        self.acknowledged((noted.listener, noted.seq))

    @call
    def watch(self) -> None:
        """A tick: give the driver up for lost if nothing was heard for too long."""
        if self.context.now() - self._heard >= self._silence:
            with self.context.telemetry.continuing(self._request, "driver lost"):
                self._move(self._state.driver_lost())

    def _move(self, state: TripState) -> None:
        if state is self._state:
            return
        before, self._state = self._state, state
        self._announce()
        if self._driver is not None and (state.over or state.claim is None):
            self.context.timers.cancel(WATCH)
            if before.claim is not None and not state.acknowledges(before.claim, before.stage):
                # told once: if this is lost, the driver hears it as the answer to the next Progress
                self._driver.tell(Released(self._trip, before.claim))
            self._driver, self._latest = None, 0

    def _announce(self) -> None:
        self._seq += 1
        state = self._state
        driver, spell = (state.claim.driver, state.claim.spell) if state.claim is not None else ("", 0)
        step = Step(self._trip, self.context.ref, self._seq, state.stage, state.round, driver, spell)
        for name, listener in self._listeners.items():
            self.insist((name, self._seq), listener, step)
