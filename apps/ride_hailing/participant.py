"""What riders, drivers and the dispatcher have in common: a clock that is set when the day begins, and a log."""

from actors import call, receive
from apps.ride_hailing.courier import Courier
from apps.ride_hailing.evidence import Home
from apps.ride_hailing.log import Entry
from apps.ride_hailing.messages import Begin, Page
from apps.ride_hailing.pace import Clock
from apps.ride_hailing.rules import Rules

PAGE = 2000
"""Entries in one page: a long log is read in several replies, none of them large."""


class Participant(Courier):
    """An actor with a name, a simulated clock and a log of its own that no other actor writes."""

    def __init__(self, name: str, rules: Rules) -> None:
        super().__init__(rules.again)
        self.name = name
        self.rules = rules
        self._clock: Clock | None = None
        self._log: list[Entry] = []

    @receive
    def begin(self, begin: Begin) -> None:
        """Set the clock and start; a second Begin changes nothing.

        Hosts on different machines have clocks with nothing in common, so each takes the simulated time from the
        message, and is late by as long as that took to come.
        """
        if self._clock is None:
            self._clock = Clock(self.rules.pace, begin.at, self.context.now())
            self.began()

    def began(self) -> None:
        """What this participant does when the day begins."""

    @property
    def time(self) -> float:
        """The simulated time; 0 before the day has begun."""
        return self._clock.time(self.context.now()) if self._clock is not None else 0.0

    def later(self, seconds: float) -> float:
        """Real seconds for simulated ones, for a timer."""
        return self.rules.pace.real(seconds)

    def write(self, entry: Entry) -> None:
        """Add a line to the log."""
        self._log.append(entry)

    @call
    def page(self, start: int) -> Page:
        """The log from entry number `start` on, at most PAGE entries; fewer than that means it was the last page."""
        home = Home.on(self.context.ref.address.seat)
        return Page(self.name, home, tuple(self._log[start : start + PAGE]))
