"""What to do when a child fails: pure rules over (error, budget, time), with no effects.

A supervisor's class says how it treats its children: `supervision = Supervision(restarts=5, within=10.0)`. The rules
run in the supervisor's cell, never in its handlers, so a child is restarted even while the supervisor waits for that
child's answer (rule A8).
"""

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

log = logging.getLogger("understudy.supervision")


class Directive(Enum):
    """What becomes of a child that failed."""

    RESUME = "resume"
    """Go on with the next message and the state as it is; the incarnation does not end."""
    RESTART = "restart"
    """A new incarnation from the original arguments; the mailbox is kept, the failing message is not."""
    STOP = "stop"
    """End the child for good."""
    ESCALATE = "escalate"
    """The supervisor itself fails with the child's error."""


Decider = Callable[[BaseException], Directive]


def restart_always(error: BaseException) -> Directive:
    """The default decider: every failure restarts the child."""
    del error
    return Directive.RESTART


@dataclass(frozen=True, slots=True)
class Backoff:
    """Seconds to wait before a restart: `first`, then `factor` times longer each time, at most `most`, with `jitter`.

    After `reset_after` seconds without a failure the wait starts at `first` again.
    """

    first: float = 0.0
    factor: float = 2.0
    most: float = 30.0
    jitter: float = 0.2
    reset_after: float = 60.0

    def delay(self, failures: int, chance: float) -> float:
        """Seconds before restart number `failures` (1 is the first in a row); `chance` is uniform in 0..1."""
        if self.first <= 0.0:
            return 0.0
        # the exponent is cut off where the power would pass `most` for any sensible factor, so it cannot overflow
        plain = min(self.most, self.first * self.factor ** min(failures - 1, 64))
        return plain * (1.0 + self.jitter * (2.0 * chance - 1.0))


@dataclass(frozen=True, slots=True)
class Supervision:
    """How an actor treats the failures of its children.

    `restarts` restarts are allowed within any `within` seconds, over all children together and per incarnation of the
    supervisor (rule A10); one more, and the supervisor itself fails. `decide` is an ordinary function without await;
    if it raises, that counts as ESCALATE (rule A8).
    """

    restarts: int = 10
    within: float = 10.0
    decide: Decider = restart_always
    backoff: Backoff = field(default_factory=Backoff)

    def __post_init__(self) -> None:
        if self.restarts < 0 or self.within <= 0:
            given = f"Supervision(restarts={self.restarts}, within={self.within})"
            message = f"{given}: give restarts >= 0 and within > 0 seconds."
            raise ValueError(message)


class RestartBudget:
    """Restarts left to one incarnation of a supervisor, in a sliding window; empty at its start."""

    __slots__ = ("_spent", "restarts", "within")

    def __init__(self, restarts: int, within: float) -> None:
        self.restarts = restarts
        self.within = within
        self._spent: deque[float] = deque(maxlen=restarts + 1)

    def spend(self, now: float) -> bool:
        """Take one restart at time `now` (seconds, never decreasing); False when the window already held the limit."""
        spent = self._spent
        while spent and spent[0] <= now - self.within:
            spent.popleft()
        spent.append(now)
        return len(spent) <= self.restarts


def directive_for(supervision: Supervision, error: BaseException) -> Directive:
    """The decider's directive, before any budget is looked at; a decider that raises has said ESCALATE (rule A8)."""
    try:
        directive = supervision.decide(error)
    except Exception:
        log.exception("A decider raised; that counts as ESCALATE.")
        return Directive.ESCALATE
    return directive if isinstance(directive, Directive) else Directive.ESCALATE  # pyright: ignore[reportUnnecessaryIsInstance] - deciders are users' code
