"""What operators are shown: actors, one actor's inside, what it handles, hosts. Plain data; never a message's body."""

from collections.abc import Iterator
from enum import StrEnum

import msgspec

from actors.address import Address, spelled
from actors.membership.seats import Member


class ActorState(StrEnum):
    """What an actor is at."""

    STARTING = "starting"
    """Its constructor or `on_start` has not finished."""
    IDLE = "idle"
    """It waits for a message."""
    BUSY = "busy"
    """A handler is in progress that waits for something."""
    READY = "ready"
    """Messages wait for its turn."""
    SUSPENDED = "suspended"
    """An operator has suspended it: it handles no message until it is resumed."""
    FAILED = "failed"
    """It has failed, or a sibling has, and waits for what its parent decides, or for the start that it decided."""
    STOPPING = "stopping"
    """It takes no message any more, and is about to end."""


class ActorReport(msgspec.Struct, frozen=True):
    """One actor at one moment."""

    address: Address
    parent: Address
    """Of a top-level actor, the root of the host that has spawned it: number 0."""
    path: str
    """Its names from the top; empty for one without a name."""
    kind: str
    """The name of its class."""
    state: ActorState
    waiting: int
    """Messages in its mailbox."""
    restarts: int
    """How often it was started again, on whatever host."""
    handled: int
    """Messages whose handling has begun, since it lives on this host."""

    @property
    def ident(self) -> str:
        """Its address without the system, by which it can be named on a command line: `2/1.17`."""
        return short(self.address)


def short(address: Address) -> str:
    """An address without its system."""
    _, seat, number = address
    return f"{seat}/{spelled(number)}"


class ActorTree(msgspec.Struct, frozen=True):
    """The actors of all hosts."""

    actors: tuple[ActorReport, ...]
    """By seat, and on each in the order of their first start there."""
    silent: tuple[int, ...] = ()
    """Seats whose hosts did not answer, so that their actors are missing."""
    left_out: int = 0
    """Actors that were left out because a host has more of them than were asked for."""
    complete: bool = True
    """Whether all hosts are known; after the end of the directory they are not for some seconds."""

    def rows(self) -> Iterator[tuple[int, ActorReport]]:
        """Every actor with its depth in the tree, each under its parent; one whose parent is missing stands on top."""
        known = {actor.address for actor in self.actors}
        children: dict[Address | None, list[ActorReport]] = {}
        for actor in self.actors:
            children.setdefault(actor.parent if actor.parent in known else None, []).append(actor)
        stack = [(0, actor) for actor in reversed(children.get(None, []))]
        while stack:
            depth, actor = stack.pop()
            yield depth, actor
            stack += [(depth + 1, child) for child in reversed(children.get(actor.address, []))]


class Inspection(msgspec.Struct, frozen=True):
    """The inside of one actor at one moment."""

    actor: ActorReport
    incarnation: int
    behaviour: str
    """What it has become; empty for its declared handlers."""
    stashed: int
    owed: int
    """Replies that it has promised for later."""
    running: tuple[str, ...]
    """The messages of its handlers in progress, by class."""
    attributes: dict[str, str]
    """Its attributes as text, shortened. Sensitive ones (`Annotated[..., Sensitive]`) have stars."""


class Traced(msgspec.Struct, frozen=True):
    """Something that happened in an actor that is traced."""

    at: float
    """Seconds since the trace began."""
    what: str
    """`tell`, `ask`, `tick`, for a message whose handling begins; `failed` for a handler that raised."""
    message: str
    """The class of the message; never its content."""
    sender: str
    """The sender's path, or class and address; empty for code outside every actor."""
    waiting: int
    """Messages that waited behind it."""
    error: str = ""
    """The class of the error of a handler that raised."""


class HostReport(msgspec.Struct, frozen=True):
    """One host process, as a thread of it sees it, also while its loop hangs."""

    name: str
    """Of the process; empty where it has none."""
    pid: int
    node: str
    seat: int | None = None
    """None for a spare, which has no seat yet."""
    epoch: int = 0
    actors: int = 0
    suspended: int = 0
    """Actors that an operator has suspended."""
    asks_waiting: int = 0
    quarantined: int = 0
    abandoned_threads: int = 0
    dead_letters: dict[str, int] = {}
    """By reason, since its start."""
    table: tuple[int, int] = (0, 0)
    """The version of the table of seats that it knows."""
    lease: float | None = None
    """Seconds until it may not act any more unless it renews before; None on a backend without leases."""
    lag: float = 0.0
    """Seconds by which its loop is late."""
    stalled: str = ""
    """The actor in whose handler its loop hangs."""
    unreachable: tuple[int, ...] = ()
    """Seats to which it has no connection, although it had one before."""
    stacks: dict[str, str] = {}
    """Of every thread, and of the tasks of its loop."""


class Diagnosis(msgspec.Struct, frozen=True):
    """All that can be found out about a system without touching it: see `Operations.doctor`."""

    system: str
    problems: tuple[str, ...]
    """What is wrong, a sentence each."""
    members: tuple[Member, ...]
    """The hosts as the directory sees them; empty if it did not answer."""
    hosts: tuple[HostReport, ...]
    """The hosts as they see themselves; those that did not answer are missing, and are named by the problems."""
    versions: dict[str, str]
    """Of Python and what is loaded, in the process that asked."""
    settings: dict[str, str] = {}
    """The settings that are not the default, with where they came from."""
