"""When a message has waited too long to be handled: what is left of the work under overload is worth it (rule A44).

It is CoDel's idea, for work instead of packets: one long wait is a burst, and only if for a whole interval even the
shortest wait was too long, there is more work than can be done. Then whatever has waited longer than the target is
shed when its turn comes, until something comes through quickly again. Each priority is judged by itself.
"""

from dataclasses import dataclass
from math import inf

OVERLOADED_FROM = 0.5
"""Of the target: a shortest wait above that is overload. Shedding at the target keeps the waits between the two."""

INTERVALS = 10.0
"""The interval in targets, where none is given."""


@dataclass(frozen=True, slots=True)
class Shedding:
    """`MailboxOptions(shedding=Shedding(target=0.1))`: under overload, handle nothing that has waited longer than that.

    `target` in seconds. `interval`: seconds of waiting too long that are overload and no burst, by default ten targets.
    """

    target: float
    interval: float | None = None

    def __post_init__(self) -> None:
        if self.target <= 0 or (self.interval is not None and self.interval < self.target):
            message = f"Shedding(target={self.target}, interval={self.interval}): give seconds, 0 < target <= interval."
            raise ValueError(message)

    @property
    def patience(self) -> float:
        """Seconds of the interval."""
        return self.interval if self.interval is not None else self.target * INTERVALS


class Judge:
    """Says of each message in turn whether it has waited too long. Pure: times come in, a verdict goes out."""

    __slots__ = ("_bearable", "_interval", "_least", "_target", "_until", "overloaded")

    def __init__(self, shedding: Shedding) -> None:
        self._target = shedding.target
        self._bearable = shedding.target * OVERLOADED_FROM
        self._interval = shedding.patience
        self._least = 0.0
        """The shortest wait of this interval."""
        self._until = -inf
        """The end of this interval."""
        self.overloaded = False

    def too_long(self, waited: float, now: float) -> bool:
        """Whether a message that has waited so long is to be shed now."""
        if waited <= self._bearable:
            self.overloaded = False
            self._least = waited
        elif now >= self._until:
            # nothing taken for a whole interval: what waited then says nothing about now
            self.overloaded = self._least > self._bearable and now < self._until + self._interval
            self._least = waited
            self._until = now + self._interval
        else:
            self._least = min(self._least, waited)
        return self.overloaded and waited > self._target
