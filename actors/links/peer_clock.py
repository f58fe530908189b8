"""The peer's monotonic clock seen from here: the offset of the exchange with the shortest round trip (rule A30)."""

from collections import deque
from typing import Final

_SAMPLES: Final = 8
"""Heartbeats remembered. More would find a shorter round trip, but let an old offset drift."""


class PeerClock:
    """`offset` is the peer's clock minus ours, in seconds; it is wrong by at most half of the round trip `best`."""

    __slots__ = ("_samples", "rtt")

    def __init__(self) -> None:
        self._samples: deque[tuple[float, float]] = deque(maxlen=_SAMPLES)
        self.rtt: float | None = None
        """The latest round trip in seconds, the peer's loop lag included."""

    def measured(self, left: float, theirs: float, back: float) -> None:
        """Something left at `left`, was answered when the peer's clock read `theirs`, and was back at `back`."""
        self.rtt = back - left
        self._samples.append((self.rtt, theirs - (left + back) / 2))

    @property
    def offset(self) -> float | None:
        """The peer's clock minus ours in seconds; None before the first exchange."""
        return min(self._samples)[1] if self._samples else None

    @property
    def error(self) -> float | None:
        """The largest possible error of `offset` in seconds."""
        return min(self._samples)[0] / 2 if self._samples else None
