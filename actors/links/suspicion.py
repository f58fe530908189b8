"""How unlikely a peer's silence is: the phi-accrual detector (Hayashibara et al., 2004); a figure, not a verdict."""

from collections import deque
from math import erfc, log10, sqrt
from typing import Final

_WINDOW: Final = 64
_MOST: Final = 300.0
"""Reported where the probability is too small for a float."""


class Suspicion:
    """Learns the spread of heartbeat intervals; the level is -log10 of the chance that the peer is only late.

    1 means one in ten, 8 one in a hundred million. The spread is taken as at least a quarter of a heartbeat, so that
    a very regular peer is not suspected for one late thread switch.
    """

    __slots__ = ("_expected", "_intervals", "_last_beat", "_last_sign")

    def __init__(self, expected: float, now: float) -> None:
        self._expected = expected
        self._intervals: deque[float] = deque((expected,), _WINDOW)
        self._last_beat: float | None = None
        self._last_sign = now

    def beat(self, now: float) -> None:
        """A heartbeat came."""
        if self._last_beat is not None:
            self._intervals.append(now - self._last_beat)
        self._last_beat = self._last_sign = now

    def sign(self, now: float) -> None:
        """Anything else came: the peer lives, but this says nothing of its heartbeat's rhythm."""
        self._last_sign = now

    def interrupted(self) -> None:
        """The connection was lost: the pause until the next beat is no interval to learn from."""
        self._last_beat = None

    def level(self, now: float) -> float:
        """Phi at this time, between 0 and 300."""
        intervals = self._intervals
        mean = sum(intervals) / len(intervals)
        variance = sum((interval - mean) ** 2 for interval in intervals) / len(intervals)
        spread = max(sqrt(variance), self._expected / 4)
        chance = erfc((now - self._last_sign - mean) / (spread * sqrt(2))) / 2
        return -log10(chance) if chance > 0 else _MOST
