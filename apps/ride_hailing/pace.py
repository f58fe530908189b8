"""Simulated time against real time: a day is played faster than it is lived.

Everything the riders and drivers say is in simulated seconds after midnight; everything the runtime is asked to wait
for is in real seconds. This file is the only place where one becomes the other.
"""

from dataclasses import dataclass

HOUR = 3600.0
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the day is played: `speedup` simulated seconds pass in one real second."""

    speedup: float

    def real(self, simulated: float, at_least: float = 0.0) -> float:
        """Real seconds for `simulated` seconds, and never less than `at_least` real seconds.

        The floor is for protocol time-outs: at a high speed-up fifteen simulated seconds are shorter than the time a
        message needs on a busy machine, and a time-out that fires before the answer can come is only noise.
        """
        return max(simulated / self.speedup, at_least)

    def simulated(self, real: float) -> float:
        """Simulated seconds that pass in `real` seconds."""
        return real * self.speedup


@dataclass(frozen=True, slots=True)
class Clock:
    """The simulated time as one host reads it: it was `opened` simulated seconds when its own clock said `origin`."""

    pace: Pace
    opened: float
    origin: float

    def time(self, now: float) -> float:
        """The simulated time, in seconds after midnight, when the host's own clock says `now`."""
        return self.opened + self.pace.simulated(now - self.origin)

    def until(self, at: float, now: float) -> float:
        """Real seconds from `now` until the simulated time `at`; 0 when it has passed."""
        return max(0.0, self.pace.real(at - self.time(now)))


def clock_face(at: float) -> str:
    """A simulated time as people read it: `18:05`."""
    minutes = int(at // 60) % (24 * 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
