"""What hosts and the directory tell each other: seats, the table of them, heartbeats, answers, and the state of hosts.

All of it is plain data that travels through Ray's control plane and is never changed in place.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

import msgspec

from actors.address import Sitting
from actors.links.endpoints import Endpoint

Version = tuple[int, int]
"""Of a table: the directory's generation, and its count of changes. A higher one is newer."""


class Heirs(StrEnum):
    """Who may sit on a seat after its host was lost."""

    SPARES = "spares"
    """Any spare."""
    MADE = "made"
    """A process that is made for this seat, because its host had needs of its own."""
    NOBODY = "nobody"
    """The seat of a program: what lives there ends with it, and with the driver the system."""
    KEEPER = "keeper"
    """The seat of a detached system's root: the next keeper. Actors whose parent is that root end with none of them."""


class Ties(msgspec.Struct, frozen=True):
    """Where a seat may be taken, because actors on it were to live there and nowhere else (`on_node`)."""

    node: bool = False
    """On its node only."""
    labels: Mapping[str, str] = {}
    """On nodes with these labels only."""

    def __bool__(self) -> bool:
        return self.node or bool(self.labels)

    def __or__(self, other: "Ties") -> "Ties":
        """Where both are met."""
        return Ties(self.node or other.node, {**self.labels, **other.labels})


class Seat(msgspec.Struct, frozen=True):
    """One seat as the directory's table shows it."""

    number: int
    epoch: int
    endpoints: tuple[Endpoint, ...] = ()
    """Where the sitting host listens."""
    node: str = ""
    labels: Mapping[str, str] = {}
    pid: int = 0
    takes_anybody: bool = True
    """Whether "anywhere" may choose it: not the driver, not a dedicated host."""
    load: int = 0
    """Live actors at the last renewal."""
    host: str = ""
    """The name of the process that sits there; of a vacant seat, of the one that was called to it."""
    heirs: Heirs = Heirs.SPARES
    resources: Mapping[str, float] = {}
    """What its host had asked of Ray, by Ray's names; whoever makes its next host, asks for the same (rule A14)."""
    ties: Ties = Ties()
    vacant: bool = False
    """The sitting of this epoch has ended by a verdict, and somebody will sit here again, with a higher epoch."""
    losses: int = 0
    """How often it has lost its host of late: a directory that takes over learns it from here (rule A9)."""
    deaths: int = 0
    """How many hosts have died on it in a row, since it held for a `seat_window`."""
    refusals: int = 0
    """How often in a row it was withheld for that."""
    moved: bool = False
    """It is vacant because its host has left in order, so that somebody else takes it (rule A45)."""
    withheld: bool = False
    """Its budget of losses is spent: it stays vacant until its backoff has passed (rule A9)."""
    backoff: float = 0.0
    """Seconds of that."""

    @property
    def sitting(self) -> Sitting:
        """The seat with its present epoch."""
        return Sitting(self.number, self.epoch)


class Spare(msgspec.Struct, frozen=True):
    """A warm process without a seat; `seat` is the only one that it may take, None for any."""

    name: str
    node: str = ""
    seat: int | None = None
    labels: Mapping[str, str] = {}

    def may_take(self, seat: Seat) -> bool:
        """Whether it is where actors of this seat were to live, if it was made for no seat."""
        there = not seat.ties.node and all(self.labels.get(key) == value for key, value in seat.ties.labels.items())
        return self.seat is None and (there or self.node == seat.node)


class Table(msgspec.Struct, frozen=True):
    """All seats, and the version of this table."""

    version: Version
    seats: tuple[Seat, ...] = ()
    complete: bool = True
    """Whether a sitting that is missing has ended."""
    spares: tuple[Spare, ...] = ()

    def holds(self, sitting: Sitting) -> bool:
        """Whether this sitting goes on."""
        return any(seat.sitting == sitting and not seat.vacant for seat in self.seats)


class Cue(NamedTuple):
    """What a spare hears each time it says that it stands by."""

    sitting: Sitting | None
    """The sitting that it is to take, once it is called."""
    table: Table | None
    """The newest table, if the spare has not got it."""


class Appointment(NamedTuple):
    """The directory's decision that a spare takes a vacant seat."""

    host: str
    """The name of the spare's process."""
    sitting: Sitting


class Heartbeat(msgspec.Struct, frozen=True):
    """What a host says of itself with each renewal."""

    known: Version = (0, 0)
    """Of the newest table it has."""
    acted: Version = (0, 0)
    """Of the newest table it has acted on: what it says to stop has stopped (rule A15)."""
    load: int = 0
    """Live actors."""
    ties: Ties = Ties()
    suspended: bool = False
    """Whether its lease had run out when this was sent."""
    lag: float = 0.0
    """Seconds by which its loop is late."""
    stalled: str = ""
    """The actor in whose handler the loop hangs, if it does."""
    stack: str = ""
    """Where in it."""


class Standing(StrEnum):
    """What a host is to the directory."""

    MEMBER = "member"
    UNKNOWN = "unknown"
    """The directory is a new one: report to it."""
    ENDED = "ended"
    """There is a verdict on this sitting, or a newer one has its seat: the process must exit."""


class Answer(msgspec.Struct, frozen=True):
    """What a host hears when it renews."""

    standing: Standing
    leased: bool = False
    """Whether it may act for the time of a lease, counted from the sending of its renewal."""
    table: Table | None = None
    """The newest table, if the host has not got it."""


class HostState(StrEnum):
    """How a host is, as the directory sees it."""

    UP = "up"
    SLOW = "slow"
    """Its loop is late: it has more to do than it can."""
    STALLED = "stalled"
    """Its loop hangs in one handler; it is not dead (rule A21)."""
    UNREACHABLE = "unreachable"
    """It has not renewed in time. It may be dead, or cut off; there is no verdict yet."""
    DEAD = "dead"
    """There is a verdict, and nobody has taken its seat yet."""


class Member(msgspec.Struct, frozen=True):
    """One host at one moment."""

    seat: int
    epoch: int
    state: HostState
    node: str = ""
    pid: int = 0
    actors: int = 0
    silence: float = 0.0
    """Seconds since it was heard of."""
    lag: float = 0.0
    """Seconds by which its loop was late when it was heard of."""
    stalled: str = ""
    """The actor in whose handler its loop hangs."""
    stack: str = ""
    """Where in it, as a thread of the host saw it."""
    withheld: float = 0.0
    """Seconds that its seat still stays empty, because so many hosts have died on it."""
    deaths: int = 0
    """How many hosts have died on its seat in a row."""
