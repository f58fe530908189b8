"""How a supervisor treats its children: what a class says about it, and nothing that is done.

A supervisor's class says `supervision = Supervision(restarts=5, within=10.0)`, and each spawn says of which restart
type the child is. The rules run in the supervisor's cell, never in its handlers, so a child is restarted even while the
supervisor waits for that child's answer (rule A8). What follows from them is in `strategies`.
"""

import inspect
import logging
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from actors.supervising.amounts import amount, whole

log = logging.getLogger("understudy.supervision")


class Directive(Enum):
    """What becomes of a child that failed."""

    RESUME = "resume"
    """Go on with the next message and the state as it is; the incarnation does not end."""
    RESTART = "restart"
    """What its restart type says: a new incarnation from the original arguments, or for a temporary child the end.

    The mailbox is kept, the failing message is not."""
    STOP = "stop"
    """End the child for good, whatever its restart type."""
    ESCALATE = "escalate"
    """The supervisor itself fails with the child's error."""


class Strategy(Enum):
    """Who is restarted together with a child. Those concerned keep their addresses and their mailboxes."""

    ONE_FOR_ONE = "one_for_one"
    """Nobody: children do not depend on each other."""
    ONE_FOR_ALL = "one_for_all"
    """All its siblings: each depends on each."""
    REST_FOR_ONE = "rest_for_one"
    """Those that were started after it: each depends on those before it."""


class Restart(Enum):
    """After which ends a child is started again by itself. A child that its parent stops is gone, whatever its type."""

    PERMANENT = "permanent"
    """After every one: `context.stop()` only ends the incarnation, and counts as a restart."""
    TRANSIENT = "transient"
    """After a failure, or the loss of its host. The type of a child that names none, other than in OTP: here an actor
    ends by `context.stop()`, and who says that expects to be gone."""
    TEMPORARY = "temporary"
    """Never: a failure ends it, and charges nobody."""


class Shutdown(Enum):
    """When a supervisor stops by itself because children that were spawned as `significant` have ended for good.

    By themselves, that is: not because it has stopped them. One that ends in its first start counts as well, unless a
    spawner waits for that start, who is told.
    """

    NEVER = "never"
    ANY_SIGNIFICANT = "any_significant"
    """When the first of them has ended."""
    ALL_SIGNIFICANT = "all_significant"
    """When the last of them has ended."""


Decider = Callable[[BaseException], Directive]


def restart_always(error: BaseException) -> Directive:
    """The default decider: every failure restarts the child."""
    del error
    return Directive.RESTART


STEEPEST = 1000
"""The largest factor of a backoff; its 64th power is still a float."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """Seconds to wait before a restart: `first`, then `factor` times longer each time, at most `most`, with `jitter`.

    After `reset_after` seconds without a failure the wait starts at `first` again. `jitter` is a share: 0.2 is up to a
    fifth more or less. Raises TypeError and ValueError.
    """

    first: float = 0.0
    factor: float = 2.0
    most: float = 30.0
    jitter: float = 0.2
    reset_after: float = 60.0

    def __post_init__(self) -> None:
        amount("Backoff(first", self.first, "seconds, 0 or more", lambda first: 0 <= first < math.inf)
        amount("Backoff(factor", self.factor, f"a number, 1 to {STEEPEST}", lambda factor: 1 <= factor <= STEEPEST)
        amount("Backoff(most", self.most, "seconds, 0 or more", lambda most: most >= 0)
        amount("Backoff(jitter", self.jitter, "a share, 0 to 1", lambda jitter: 0 <= jitter <= 1)
        amount("Backoff(reset_after", self.reset_after, "seconds, 0 or more", lambda reset_after: reset_after >= 0)

    def delay(self, failures: int, chance: float) -> float:
        """Seconds before restart number `failures` (1 is the first in a row); `chance` is uniform in 0..1."""
        # the exponent is cut off where the power has passed `most` for any sensible factor, so it cannot overflow
        plain = min(self.most, self.first * self.factor ** min(failures - 1, 64))
        return max(0.0, plain * (1.0 + self.jitter * (2.0 * chance - 1.0)))


@dataclass(frozen=True, slots=True)
class Supervision:
    """How an actor treats the failures of its children.

    `restarts` restarts are allowed within any `within` seconds, over all children together and per incarnation of the
    supervisor (rule A10); one more, and the supervisor itself fails. `System(supervision=...)` allows them to each
    top-level actor by itself, and one more stops that one (rule A13). Several failures with one cause are one: those of
    a whole round of `strategy`, and those that a link passes on. `decide` is an ordinary function without await; if it
    raises, or answers anything but a Directive, that counts as ESCALATE, and is logged (rule A8). Raises TypeError and
    ValueError.
    """

    restarts: int = 10
    within: float = 10.0
    decide: Decider = restart_always
    backoff: Backoff = field(default_factory=Backoff)
    strategy: Strategy = Strategy.ONE_FOR_ONE
    shutdown: Shutdown = Shutdown.NEVER

    def __post_init__(self) -> None:
        whole("Supervision(restarts", self.restarts, "a whole number, 0 or more", least=0)
        amount("Supervision(within", self.within, "seconds, more than 0", lambda within: within > 0)
        for name, kind in (("strategy", Strategy), ("shutdown", Shutdown)):
            if not isinstance(getattr(self, name), kind):
                message = f"Supervision({name}={getattr(self, name)!r}): give a {kind.__name__}: {named(kind)}."
                raise TypeError(message)
        backoff: object = self.backoff
        if not isinstance(backoff, Backoff):  # pyright: ignore[reportUnnecessaryIsInstance] - users pass anything
            raise TypeError(f"Supervision(backoff={backoff!r}): give a Backoff, such as Backoff(first=0.1).")
        decide: object = self.decide
        if not callable(decide):
            message = f"Supervision(decide={decide!r}): give a function that takes the error and returns a Directive."
            raise TypeError(message)
        if _waits(decide):
            message = (
                f"Supervision(decide={_called(decide)}): a decider runs in the supervisor's cell and cannot wait. Make "
                "it an ordinary `def` that returns a Directive, without await or yield."
            )
            raise TypeError(message)


def directive_for(supervision: Supervision, error: BaseException) -> Directive:
    """The decider's directive, before any budget is looked at; a decider that raises has said ESCALATE (rule A8).

    Whatever it raises: a CancelledError would end what hears the child, which then would wait for ever, and SystemExit
    is as much a failure of users' code as in a handler. Only KeyboardInterrupt goes through: it is no decider's, but of
    whoever ends the process, where nothing is decided any more.
    """
    decide = supervision.decide
    try:
        directive: Any = decide(error)
    except KeyboardInterrupt:
        raise
    except BaseException:
        log.exception("The decider %s raised over %s; that counts as ESCALATE.", _called(decide), type(error).__name__)
        return Directive.ESCALATE
    if isinstance(directive, Directive):
        return directive
    log.error(
        "The decider %s answered %.200r to %s; that counts as ESCALATE. Let it return a Directive, such as %s.",
        _called(decide),
        directive,
        type(error).__name__,
        Directive.RESTART,
    )
    if inspect.iscoroutine(directive):
        directive.close()
    return Directive.ESCALATE


def named(kind: type[Enum]) -> str:
    """Its members, for an error that says what is allowed."""
    return ", ".join(str(member) for member in kind)


def _waits(decide: Callable[..., Any]) -> bool:
    calls = (decide, getattr(type(decide), "__call__", None))  # noqa: B004 - not whether, but which
    waiting = (inspect.iscoroutinefunction, inspect.isasyncgenfunction, inspect.isgeneratorfunction)
    return any(waits(call) for call in calls for waits in waiting)


def _called(decide: Callable[..., Any]) -> str:
    name = getattr(decide, "__qualname__", None)
    return f"{decide.__module__}.{name}" if name else repr(decide)
