"""A rider asks for one trip, waits with limited patience, and writes down what is told about it."""

from actors import Actor, Ref, call, receive
from apps.ride_hailing.demand import Journey
from apps.ride_hailing.lifecycle import TERMINAL, Stage
from apps.ride_hailing.log import ASKED, Entry
from apps.ride_hailing.messages import Cancel, RideRequest, Step, StepNoted
from apps.ride_hailing.participant import Participant
from apps.ride_hailing.rules import Rules

LISTENER = "rider"


class Rider(Participant):
    """One person with one journey to make."""

    def __init__(self, journey: Journey, dispatcher: Ref[Actor], rules: Rules) -> None:
        super().__init__(f"rider of {journey.trip}", rules)
        self._journey = journey
        self._dispatcher = dispatcher
        self._trip: Ref[Actor] | None = None
        self._steps: set[int] = set()
        self._last = 0
        self._stage = Stage.REQUESTED
        self._impatient = False

    def began(self) -> None:
        """Wait for the time of the journey."""
        self.context.timers.once("journey", self.later(self._journey.at - self.time), Rider.ask_for_trip())

    @call
    def ask_for_trip(self) -> None:
        """It is time: ask for the trip until the trip itself answers."""
        self.write(Entry(self._journey.trip, ASKED, 0, self.time))
        self.insist("request", self._dispatcher, RideRequest(self._journey, self.context.ref))
        patience = self.context.random.uniform(*self.rules.patience)
        self.context.timers.once("patience", self.later(patience), Rider.give_up(), continues=True)

    @call
    def give_up(self) -> None:
        """Patience has ended: cancel, unless the ride has begun or is over."""
        if self._stage is not Stage.IN_TRIP and self._stage not in TERMINAL:
            self._impatient = True
            self._cancel()

    @receive
    def step(self, step: Step) -> None:
        """The trip has taken a step: write it down once, and acknowledge it each time it is told."""
        step.ref.tell(StepNoted(LISTENER, step.seq))
        if step.seq in self._steps:
            return
        self._steps.add(step.seq)
        self.write(step.entry(self.time))
        self.acknowledged("request")
        self._trip = step.ref
        if step.seq > self._last:
            self._last, self._stage = step.seq, step.stage
        if self._stage is Stage.IN_TRIP or self._stage in TERMINAL:
            self.context.timers.cancel("patience")
            self.acknowledged("cancel")
        elif self._impatient:
            self._cancel()

    def _cancel(self) -> None:
        # a request that was never answered is told again until its trip answers; then the trip hears of this
        if self._trip is not None:
            self.insist("cancel", self._trip, Cancel())
