"""What cells and their hosts tell each other besides users' messages: starts, failures, ends, watches.

Signals to a cell of the same host are a short queue that is served before any mailbox; signals to another host travel
on the link in one stream with the messages, so that an end is heard after everything the dead had sent (rule A24).
"""

from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import msgspec

from actors.address import Address, Sitting
from actors.membership.seats import Ties
from actors.supervising.supervision import Restart

if TYPE_CHECKING:
    from actors.actor import Actor


class Spec(msgspec.Struct, frozen=True):
    """What an actor is started from, each time it is started: captured at spawn, held by its parent alone (rule A5)."""

    actor_class: "type[Actor]"
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] | None = None
    stop_budget: float | None = None
    """Seconds that a handler in progress and `on_stop` have when the actor stops; None for the setting."""
    restart: Restart = Restart.TRANSIENT
    significant: bool = False
    """Whether its end may be its supervisor's."""
    ties: Ties | None = None
    """The node, or the labels of nodes, that it is to live on."""

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


class Cause(NamedTuple):
    """What a failure began with: failures of one cause are charged once (rule A10). A lost host has number 0."""

    address: Address
    incarnation: int


class EndReason(StrEnum):
    """Why an incarnation ended."""

    STOPPED = "stopped"
    """It was stopped, or stopped itself."""
    FAILED = "failed"
    """It failed; a restart may follow as the next incarnation."""
    PARENT_ENDED = "parent_ended"
    """Its parent stopped, or was stopped (rule A6)."""
    PARENT_FAILED = "parent_failed"
    """Its parent's incarnation failed, or was lost, or ended with one above it that did (rule A6)."""
    SIBLING_ENDED = "sibling_ended"
    """A sibling failed, or was lost, and their supervisor restarts both (rule A11)."""
    NOT_RUNNING = "not_running"
    """It had ended before the watch began."""
    HOST_LOST = "host_lost"
    """Its host was lost, or moved away with its seat."""

    @property
    def normal(self) -> bool:
        """Whether somebody wanted it so: such an end does not spread over links (rule A12)."""
        return self in (EndReason.STOPPED, EndReason.PARENT_ENDED)


class StartChild(msgspec.Struct, frozen=True):
    """Parent to the child's host: start this incarnation; a repeat of one that was started already does nothing."""

    child: Address
    incarnation: int
    spec: Spec
    parent: Address
    path: str
    delay: float = 0.0
    """Seconds between the end of the incarnation before, which comes at once, and this start."""
    waits: bool = False
    """Make room for it, with a mailbox that takes messages, and wait for the same command without this."""


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
    cause: Cause | None = None
    """What it began with, where that was the end of another."""
    charged: bool = False
    """Whether the restart budget has paid for the message that did it before (rule A39)."""


class ChildFinished(msgspec.Struct, frozen=True):
    """Permanent child to parent: this incarnation has stopped itself and waits for the start of the next."""

    child: Address
    incarnation: int


class HaltChild(msgspec.Struct, frozen=True):
    """Parent to child: end this incarnation, and wait for the start of the next: others are to end first (rule A11)."""

    child: Address
    parent: Address
    incarnation: int


class ChildHalted(msgspec.Struct, frozen=True):
    """Child to parent: this incarnation has ended, as it was told to."""

    child: Address
    incarnation: int


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


class LinkPeer(msgspec.Struct, frozen=True):
    """One actor to another: hold on to each other (rule A12)."""

    peer: Address
    linker: Address
    link: int
    """A number that no other link of the system has, so that the end of one is not taken for that of another."""


class UnlinkPeer(msgspec.Struct, frozen=True):
    """One actor to another: forget these links."""

    peer: Address
    linker: Address
    links: tuple[int, ...]


class PeerEnded(msgspec.Struct, frozen=True):
    """One actor to another that it is linked to: the incarnation that held these links has ended."""

    peer: Address
    """Who is told."""
    ended: Address
    incarnation: int
    links: tuple[int, ...]
    reason: EndReason
    cause: Cause
    failure: Failure | None = None
    """What it failed with."""


def not_linked(signal: LinkPeer, reason: EndReason) -> PeerEnded:
    """What a linker hears of an actor that is not there (any more)."""
    cause = Cause(signal.peer, 0)
    return PeerEnded(signal.linker, signal.peer, 0, (signal.link,), reason, cause)


OfChild = ChildStarted | ChildFailed | ChildFinished | ChildHalted | ChildEnded
"""What a child tells its parent."""

OfPeer = LinkPeer | UnlinkPeer | PeerEnded
"""What linked actors tell each other."""


class NewsAbout(msgspec.Struct, frozen=True):
    """Root to root: the directory's table has reached this version, and it matters; ask for it now."""

    version: tuple[int, int]


class Restored(msgspec.Struct, frozen=True):
    """Root to the root of a new sitting: of the actors that lived on its seat, those whose parents are here are sent.

    `host` is the sitting that says so.
    """

    host: Sitting


class ChildHere(msgspec.Struct, frozen=True):
    """Host to the root of a new keeper: this actor of the root lives here."""

    child: Address
    incarnation: int
    started: bool
    """Whether its `on_start` has finished."""


class ChildNoted(msgspec.Struct, frozen=True):
    """Keeper's root to a host: that this actor has ended stands where a keeper's end does not reach; forget it."""

    child: Address


class SystemOver(msgspec.Struct, frozen=True):
    """Keeper's root to every host: the whole system has been stopped."""


OfHost = NewsAbout | Restored | ChildHere | ChildNoted | SystemOver
"""What hosts tell each other, root to root."""


class Edge(NamedTuple):
    """The ordinary handler of an actor awaits exactly this ask (rule A43)."""

    asker: Address
    epoch: int
    """That of the asker's host."""
    number: int
    """Which of that host's waits it is: of later ones it is greater."""
    ask: int
    """The ask's number on a link; 0 where the actor asked lives on the asker's host."""
    name: str
    """What people call the asker."""


class Probe(msgspec.Struct, frozen=True):
    """Follows who waits for whom, to the actor that the last of them waits for; see `post.deadlocks`."""

    path: tuple[Edge, ...]
    at: int = -1
    """Once the path is a cycle: the edge to be looked at again."""
    queued: tuple[int, ...] = ()
    """Edges whose requests were found in a mailbox."""


Signal = OfChild | OfPeer | OfHost | StartChild | HaltChild | ResumeChild | StopChild | Watch | Unwatch | Ended | Probe
