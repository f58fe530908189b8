"""When a process must end by itself: its loop hangs for too long (A21), or it was without a lease for too long (A17).

Only time counts in which the process was awake. One that was stopped, or whose machine was suspended, finds its loop
late and its lease run out, and may have lost nothing: its next renewal tells.
"""

from enum import StrEnum

from actors.settings import Settings

PERIOD = 0.25
"""Seconds between two ticks."""

NAMED_AFTER = 1.0
"""Seconds after which a loop that hangs is called stalled, and the actor named."""


class Fate(StrEnum):
    """What the watchdog says at a tick."""

    FINE = "fine"
    STALLED = "stalled"
    """The loop has been hanging for more than a second."""
    HANGS = "hangs"
    """It has been hanging for too long: end."""
    ALONE = "alone"
    """The directory could not be reached for too long: end."""


class Watchdog:
    """Looks at one process four times a second. `patient`: it never ends for a loop that hangs, as under a debugger."""

    def __init__(self, settings: Settings, *, patient: bool) -> None:
        self.hanging = 0.0
        """Seconds for which the loop has not run."""
        self.alone = 0.0
        """Seconds without a lease."""
        self._settings = settings
        self._patient = patient
        self._ticked_at: float | None = None

    def tick(self, now: float, *, runs: bool, leased: bool) -> Fate:
        """Whether the loop has run since the last tick, and whether the lease lasts now."""
        ticked_at, self._ticked_at = self._ticked_at, now
        step = 0.0 if ticked_at is None else min(now - ticked_at, 2 * PERIOD)
        self.hanging = 0.0 if runs else self.hanging + step
        self.alone = 0.0 if leased else self.alone + step
        if self.alone > self._settings.isolation:
            return Fate.ALONE
        if self.hanging > self._settings.stall_limit and not self._patient:
            return Fate.HANGS
        return Fate.STALLED if self.hanging >= NAMED_AFTER else Fate.FINE
