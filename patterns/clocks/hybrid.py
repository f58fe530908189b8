"""Hybrid logical clocks: stamps that order like Lamport's and stay near the time of day (Kulkarni et al. 2014).

A stamp is one number below 2**64: 52 bits of microseconds since 1970 (enough until 2112), and 12 bits that count events
within one of them. It is never behind this host's clock, and ahead of it by no more than the clocks of those that it
heard from. When a microsecond has more than 4,096 events the count carries over into the next: the order stays.
"""

from collections.abc import Callable

from patterns.clocks.errors import BadStamp

COUNT_BITS = 12

END = 2**64
"""Stamps are smaller than this."""


class HybridClock:
    """The clock of one process, whose time of day is `wall()`, in seconds since 1970; that may jump and go back.

    tolerance: seconds that a stamp may be ahead of `wall()` and still be believed, else one broken clock would put all
    others ahead for as long as it is. Not for several threads at once.
    """

    __slots__ = ("_wall", "now", "tolerance")

    def __init__(self, wall: Callable[[], float], *, tolerance: float = 300.0) -> None:
        self._wall = wall
        self.tolerance = tolerance
        self.now = 0
        """The stamp given last."""

    def tick(self) -> int:
        """The stamp of an event here: of something that happens, or of a message that is sent."""
        self.now = max(self.now + 1, stamp_of(self._wall()))
        return self.now

    def observe(self, stamp: int) -> int:
        """The stamp of receiving a message that was sent with `stamp`: later than that, and than all before it here.

        Raises BadStamp for what is no stamp, and for one further ahead than `tolerance`.
        """
        if type(stamp) is not int or not 0 <= stamp < END - 1:
            message = f"{stamp!r} is no stamp of a hybrid clock: those are whole numbers from 0 to 2**64 - 2."
            raise BadStamp(message)
        wall = self._wall()
        ahead = seconds_of(stamp) - wall
        if ahead > self.tolerance:
            message = (
                f"A stamp is {ahead:,.1f} s ahead of the clock here, and at most {self.tolerance:g} s are believed. "
                "Set the clocks of both machines by NTP, or allow a larger tolerance."
            )
            raise BadStamp(message)
        self.now = max(self.now + 1, stamp + 1, stamp_of(wall))
        return self.now


def stamp_of(seconds: float) -> int:
    """The first stamp of this time of day."""
    return int(seconds * 1_000_000) << COUNT_BITS


def seconds_of(stamp: int) -> float:
    """The time of day of a stamp, in seconds since 1970."""
    return (stamp >> COUNT_BITS) / 1_000_000
