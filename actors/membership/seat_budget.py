"""How often a seat may lose its host before it is left empty for a while: rule A9, for one seat. Pure.

An actor that crashes its process on every message would otherwise take one host after the other with it. What is
charged here is charged to no supervisor.
"""

from collections import deque

FIRST_BACKOFF = 10.0
"""Seconds that a seat stays empty when its budget is spent for the first time."""

LONGEST_BACKOFF = 60.0


class SeatBudget:
    """`losses` are made good at once within any `within` seconds; one more, and the seat has to wait."""

    __slots__ = ("_backoff", "_deaths", "_lost", "_refusals", "losses", "within")

    def __init__(self, losses: int, within: float) -> None:
        self.losses = losses
        self.within = within
        self._lost: deque[float] = deque(maxlen=losses + 1)
        self._backoff = FIRST_BACKOFF
        self._deaths = 0
        self._refusals = 0

    def lost(self, now: float) -> int:
        """How many losses count at `now`."""
        while self._lost and self._lost[0] <= now - self.within:
            self._lost.popleft()
        return len(self._lost)

    def deaths(self, now: float) -> int:
        """How many hosts have died on the seat in a row: since it held for a whole window."""
        return self._deaths if self.lost(now) else 0

    def refusals(self, now: float) -> int:
        """How often in a row it had to wait for that: since it held for a whole window."""
        return self._refusals if self.lost(now) else 0

    def lose(self, now: float) -> float:
        """The seat has lost its host at `now`; the seconds that it has to stay empty, 0 for none."""
        if not self.lost(now):
            self._backoff, self._deaths, self._refusals = FIRST_BACKOFF, 0, 0
        self._lost.append(now)
        self._deaths += 1
        if len(self._lost) <= self.losses:
            return 0.0
        self._refusals += 1
        return self._wait()

    def recall(self, now: float, losses: int, deaths: int = 0, refusals: int = 0) -> None:
        """Somebody else has counted so many; when they were nobody knows, so they count from `now`."""
        while self.lost(now) < min(losses, self.losses):
            self._lost.append(now)
        self._deaths, self._refusals = max(self._deaths, deaths), max(self._refusals, refusals)

    def spend(self, now: float) -> float:
        """Nobody could be found for the seat: as if its budget had been spent. The seconds to wait."""
        while len(self._lost) <= self.losses:
            self._lost.append(now)
        return self._wait()

    def _wait(self) -> float:
        """The time of the backoff is no quiet time: it does not count towards a full budget."""
        wait, self._backoff = self._backoff, min(2 * self._backoff, LONGEST_BACKOFF)
        for _ in range(len(self._lost)):
            self._lost.append(self._lost.popleft() + wait)
        return wait
