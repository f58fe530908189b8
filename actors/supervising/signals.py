"""What cells and their hosts tell each other besides users' messages: starts, failures, ends, watches.

Signals to a cell of the same host are a short queue that is served before any mailbox; signals to another host travel
on the link in one stream with the messages, so that an end is heard after everything the dead had sent (rule A24).
"""

from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Any, cast

import msgspec

from actors.address import Address

if TYPE_CHECKING:
    from actors.actor import Actor


class Spec(msgspec.Struct, frozen=True):
    """What an actor is started from, each time it is started: captured at spawn, held by its parent alone (rule A5)."""

    actor_class: "type[Actor]"
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] | None = None
    stop_budget: float | None = None
    """Seconds that a handler in progress and `on_stop` have when the actor stops; None for the setting."""

    def arguments(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The constructor's arguments, for one start: no incarnation sees what another did to its lists (rule A5)."""
        return captured(self.args) if self.args else (), captured(self.kwargs) if self.kwargs else {}


def captured(value: Any) -> Any:
    """The value with plain containers copied, all the way down; any other object is itself.

    Not `deepcopy`, which would also copy what an actor is given to share: a queue, a connection, a service.
    """
    copier = _COPIERS.get(cast("type[Any]", type(value)))
    return copier(value) if copier is not None else value


_COPIERS: dict[type[Any], Callable[[Any], Any]] = {
    list: lambda value: [captured(item) for item in value],
    tuple: lambda value: tuple([captured(item) for item in value]),
    set: set[Any],
    dict: lambda value: {key: captured(item) for key, item in value.items()},
    bytearray: bytearray,
}


class Failure(msgspec.Struct, frozen=True):
    """An exception as it can be told to another host: always the words, and the object where it can travel."""

    type_name: str
    text: str
    traceback: str
    error: BaseException | None = None


class EndReason(StrEnum):
    """Why an incarnation ended."""

    STOPPED = "stopped"
    """It was stopped, or stopped itself."""
    FAILED = "failed"
    """It failed; a restart may follow as the next incarnation."""
    PARENT_ENDED = "parent_ended"
    """Its parent's incarnation ended (rule A6)."""
    NOT_RUNNING = "not_running"
    """It had ended before the watch began."""
    HOST_LOST = "host_lost"
    """Its host was lost."""


class StartChild(msgspec.Struct, frozen=True):
    """Parent to the child's host: start this incarnation; a repeat of one that was started already does nothing."""

    child: Address
    incarnation: int
    spec: Spec
    parent: Address
    path: str
    delay: float = 0.0
    """Seconds between the end of the incarnation before, which comes at once, and this start."""


class ChildStarted(msgspec.Struct, frozen=True):
    """Child to parent: `on_start` has finished."""

    child: Address
    incarnation: int


class ChildFailed(msgspec.Struct, frozen=True):
    """Child to parent: this incarnation failed and waits, suspended, for a directive."""

    child: Address
    incarnation: int
    failure: Failure
    starting: bool
    """Whether it was the constructor or `on_start` that failed."""
    charged: bool = False
    """Whether the restart budget has paid for the message that did it before (rule A39)."""


class ResumeChild(msgspec.Struct, frozen=True):
    """Parent to child: go on as you are."""

    child: Address
    incarnation: int


class StopChild(msgspec.Struct, frozen=True):
    """Parent to child: end for good. It names the parent, who is answered even if the child has ended long ago."""

    child: Address
    parent: Address
    reason: EndReason


class StopReport(msgspec.Struct, frozen=True):
    """What a stop did: how many actors it ended, and what had to be abandoned, by path."""

    stopped: int = 0
    abandoned: tuple[str, ...] = ()

    def __add__(self, other: "StopReport") -> "StopReport":
        return StopReport(self.stopped + other.stopped, self.abandoned + other.abandoned)


class ChildEnded(msgspec.Struct, frozen=True):
    """Child to parent: the address has ended; nothing of it runs any more except what the report names."""

    child: Address
    incarnation: int
    reason: EndReason
    report: StopReport


class Watch(msgspec.Struct, frozen=True):
    """Watcher's host to the watched host: tell when the present incarnation ends."""

    watched: Address
    watcher: Address
    watch: int
    """The watcher's number for this watch, so that a notice for an older one is not taken for it."""


class Unwatch(msgspec.Struct, frozen=True):
    """Watcher's host to the watched host: forget the watch."""

    watched: Address
    watcher: Address
    watch: int


class Ended(msgspec.Struct, frozen=True):
    """Watched host to the watcher's host: the watched incarnation has ended."""

    watched: Address
    watcher: Address
    watch: int
    incarnation: int
    reason: EndReason


Signal = StartChild | ChildStarted | ChildFailed | ResumeChild | StopChild | ChildEnded | Watch | Unwatch | Ended
