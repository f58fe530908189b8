"""Who sits where: seats with their sittings, and the names of top-level actors. Pure: no wire, no Ray, no clock.

One directory judges for the whole system. It hands out seats and epochs, keeps names unique, and tells everybody the
newest table. It is off the path of messages. When it dies, a successor of a higher generation is rebuilt from what the
hosts report. Until every host of the predecessor has reported, or REBUILDING seconds have passed, its table is not
complete: nobody is taken for lost because it is missing, no name is granted, and no seat that was ever used is given
away (rule A18). Every method may be called twice with the same arguments.
"""

from collections.abc import Mapping
from typing import Protocol

import msgspec

from actors.address import Address, Sitting, epoch_of
from actors.errors import UnderstudyError
from actors.links.endpoints import Endpoint

REBUILDING = 8.0
"""Seconds after which a directory stops waiting for the hosts of its predecessor: the time of a verdict (rule A16)."""

SETTLING = 2.5
"""Seconds that a successor waits for hosts that nobody told it of: two renewals, in which every living one reports."""


class Rebuilding(UnderstudyError):
    """The directory does not know yet, because it has just taken over from one that died. Ask again soon."""


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
    vacant: bool = False
    """Whether its sitting has ended by a verdict, and somebody else is to sit here."""

    @property
    def sitting(self) -> Sitting:
        """The seat with its present epoch."""
        return Sitting(self.number, self.epoch)


class Table(msgspec.Struct, frozen=True):
    """All seats, and the version of this table: a higher one is newer."""

    version: tuple[int, int]
    """The directory's generation, and its count of changes."""
    seats: tuple[Seat, ...] = ()
    complete: bool = True
    """Whether a sitting that is missing has ended."""


class DirectoryAccess(Protocol):
    """What a host asks of its system's directory; in this process, or far away."""

    async def claim(self, name: str, root_seat: int, address: Address) -> bool:
        """Claim a top-level name."""
        ...

    async def release(self, name: str, address: Address) -> None:
        """Free a top-level name."""
        ...

    async def lookup(self, name: str) -> Address | None:
        """The address of the top-level actor of this name."""
        ...

    async def table(self) -> Table:
        """The newest table."""
        ...


class Directory:
    """The state of one generation of a system's directory.

    `used_seats`: how many seats its predecessors have given away; 0 for the first directory of a system.
    """

    def __init__(self, generation: int, used_seats: int = 0) -> None:
        self.generation = generation
        self.used_seats = used_seats
        """Seats that were ever given away; the next host gets the one of this number."""
        self._complete = used_seats == 0
        self._changes = 0
        self._sittings: dict[str, Sitting] = {}
        self._seats: dict[int, Seat] = {}
        self._names: dict[str, tuple[int, Address]] = {}
        self._missing: set[Sitting] = set()
        self._ended: set[Sitting] = set()
        self._since: float | None = None

    def sit(self, now: float, host: str) -> Sitting:
        """A sitting for a new host on the lowest seat that was never used; `host` is a name nobody else has."""
        self._begin(now)
        if host not in self._sittings:
            epoch = epoch_of(self.generation, len(self._sittings) + 1)
            self._sittings[host] = Sitting(self.used_seats, epoch)
            self.used_seats += 1
        return self._sittings[host]

    def register(self, now: float, seat: Seat, names: Mapping[str, Address], known: tuple[Sitting, ...]) -> Table:
        """A host takes its seat, or reports to a successor: the names of its root's children, and whom it knew."""
        self._begin(now)
        if seat.sitting not in self._ended:
            if not self._complete:
                self._missing |= {sitting for sitting in known if sitting not in self._ended}
            self._seats[seat.number] = seat
            self.used_seats = max(self.used_seats, seat.number + 1, *(sitting.seat + 1 for sitting in known))
            for name, address in names.items():
                self._names.setdefault(name, (seat.number, address))
            self._missing -= {present.sitting for present in self._seats.values()}
            self._changes += 1
        return self.table(now)

    def renew(self, now: float, sitting: Sitting, load: int, known: tuple[int, int]) -> tuple[bool, Table | None]:
        """A host lives, with this many actors. Whether it is in the table at all, and the table if it has changed."""
        seat = self._seats.get(sitting.seat)
        registered = seat is not None and seat.epoch == sitting.epoch and not seat.vacant
        if seat is not None and registered:
            self._seats[sitting.seat] = msgspec.structs.replace(seat, load=load)
        table = self.table(now)
        return registered, table if table.version > tuple(known) else None

    def leave(self, now: float, sitting: Sitting) -> Table:
        """A host has stopped, or its process has ended: its sitting is over, its root's names are free."""
        self._ended.add(sitting)
        self._missing.discard(sitting)
        seat = self._seats.get(sitting.seat)
        if seat is not None and seat.epoch == sitting.epoch:
            del self._seats[sitting.seat]
            self._names = {name: held for name, held in self._names.items() if held[0] != sitting.seat}
        self._changes += 1
        return self.table(now)

    def verdict(self, now: float, sitting: Sitting) -> Table:
        """A host is dead: its sitting is over, its root's names are free, its seat is vacant until it is taken again.

        A seat that nobody sits on, or somebody newer, stays as it is.
        """
        self._ended.add(sitting)
        self._missing.discard(sitting)
        seat = self._seats.get(sitting.seat)
        if seat is not None and seat.epoch == sitting.epoch and not seat.vacant:
            self._seats[sitting.seat] = msgspec.structs.replace(seat, vacant=True, endpoints=(), pid=0, load=0)
            self._names = {name: held for name, held in self._names.items() if held[0] != sitting.seat}
            self._changes += 1
        return self.table(now)

    def appoint(self, now: float, seat: int, host: str) -> Sitting:
        """A sitting for a new host on a vacant seat; the seat stays vacant until that host has registered."""
        self._begin(now)
        if host not in self._sittings:
            self._sittings[host] = Sitting(seat, epoch_of(self.generation, len(self._sittings) + 1))
        return self._sittings[host]

    def table(self, now: float) -> Table:
        """The newest table."""
        complete = self._is_complete(now)
        return Table((self.generation, self._changes), tuple(self._seats.values()), complete)

    def claim(self, now: float, name: str, root_seat: int, address: Address) -> bool:
        """Claim a name for an actor whose root is on `root_seat`; False when another actor holds it (rule A3).

        Raises Rebuilding while it may be held by one that has not been reported yet.
        """
        if name not in self._names and not self._is_complete(now):
            raise Rebuilding
        return self._names.setdefault(name, (root_seat, address))[1] == address

    def release(self, now: float, name: str, address: Address) -> None:
        """Free a name, if this actor holds it."""
        self._begin(now)
        held = self._names.get(name)
        if held is not None and held[1] == address:
            del self._names[name]

    def lookup(self, now: float, name: str) -> Address | None:
        """The address of the top-level actor of this name; raises Rebuilding as `claim` does."""
        held = self._names.get(name)
        if held is None and not self._is_complete(now):
            raise Rebuilding
        return held[1] if held is not None else None

    def _is_complete(self, now: float) -> bool:
        """Once it is, it stays so; and that is a change, which every host must hear of."""
        since = self._begin(now)
        if not self._complete:
            waited = now - since
            if waited >= REBUILDING or (waited >= SETTLING and self._seats and not self._missing):
                self._complete = True
                self._changes += 1
        return self._complete

    def _begin(self, now: float) -> float:
        if self._since is None:
            self._since = now
        return self._since
