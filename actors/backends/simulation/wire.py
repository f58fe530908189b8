"""Connections of a simulated network, as the links at both ends see them: bytes come in order, or it breaks."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from actors.backends.simulation.machine import Machine
from actors.backends.simulation.world import World
from actors.links.station import Wire

BUFFER = 256 * 1024
"""Bytes under way in one direction from which the sender is asked to pause."""

Trip = Callable[[], None]


class Ways(Protocol):
    """What a line needs of its network."""

    world: World
    holding: "dict[Line, None]"
    bytes: int

    def is_cut(self, one: int, other: int) -> bool:
        """Whether nothing gets from one place to the other."""
        ...

    def delay(self, one: int, other: int) -> int:
        """Nanoseconds for one trip."""
        ...


class Line:
    """One direction of one connection, or the way to the directory and back: first in, first out."""

    __slots__ = ("_held", "_last", "network", "one", "other")

    def __init__(self, network: Ways, one: int, other: int) -> None:
        self.one = one
        self.other = other
        self.network = network
        self._held: deque[tuple[Trip, bool]] = deque()
        self._last = 0

    def carry(self, trip: Trip) -> None:
        """Call `trip` when it has got there, after everything that went before."""
        network = self.network
        if self._held or network.is_cut(self.one, self.other):
            network.world.note(f"held {self.one}>{self.other}")
            self._held.append((trip, network.world.upkeep))
            network.holding[self] = None
            return
        self._go(trip, network.world.upkeep)

    def go_on(self) -> bool:
        """The cut may be over; whether nothing is held any more."""
        if self.network.is_cut(self.one, self.other):
            return False
        held, self._held = self._held, deque()
        for trip, upkeep in held:
            self._go(trip, upkeep)
        return True

    def _go(self, trip: Trip, upkeep: bool) -> None:  # noqa: FBT001
        world = self.network.world
        when = world.now + self.network.delay(self.one, self.other)
        self._last = when = when if when > self._last else self._last + 1
        if not upkeep:
            world.pending += 1
        world.at(when, self._arrive, (trip, upkeep))

    def _arrive(self, arrived: tuple[Trip, bool]) -> None:
        world = self.network.world
        trip, world.upkeep = arrived
        trip()
        if not arrived[1]:
            world.done()


class SimulatedWire(Wire):
    """One end of a connection, as the link that uses it sees it."""

    def __init__(self, line: Line, machine: Machine, protocol: asyncio.BufferedProtocol) -> None:
        self.machine = machine
        self.line = line
        self._protocol = protocol
        self._peer: SimulatedWire | None = None
        self.closing = False
        self.over = False
        self._under_way = 0
        self._pausing = False

    def open(self, peer: "SimulatedWire") -> None:
        """The connection is made."""
        self._peer = peer
        self._protocol.connection_made(self)  # type: ignore[arg-type] # all that a link needs of a transport

    def write(self, data: bytes, /) -> None:
        """See `Wire`."""
        if self.closing or self.over:
            return
        self._under_way += len(data)
        self.line.network.bytes += len(data)
        self.line.carry(lambda: self._deliver(data))
        if self._under_way > BUFFER and not self._pausing:
            self._pausing = True
            self._protocol.pause_writing()

    def close(self) -> None:
        """See `Wire`."""
        if not self.closing:
            self.closing = True
            self.line.carry(self.hang_up)
            self.machine.call_soon(self.lost, None)

    def abort(self) -> None:
        """See `Wire`."""
        if not self.over:
            self.closing = True
            self.line.carry(lambda: self.hang_up(ConnectionResetError("connection reset by peer")))
            self.machine.call_soon(self.lost, None)

    def is_closing(self) -> bool:
        """See `Wire`."""
        return self.closing

    def broken(self) -> None:
        """The network has broken the connection: both ends hear, and what is under way is lost."""
        for end in (self, self._peer):
            if end is not None and not end.over:
                end.closing = True
                error = ConnectionResetError("connection reset")
                end.machine.from_outside(end.lost, error, upkeep=False)
                end.cut_off()

    def read(self, data: bytes, sender: "SimulatedWire") -> None:
        """Bytes have come."""
        world = self.machine.world
        world.note(f"read {self.line.other}>{self.line.one}")  # not how much: tracebacks have paths in them
        protocol, left = self._protocol, data
        while left and not (self.over or self.closing):  # as a transport of asyncio, which stops reading
            buffer: Any = protocol.get_buffer(len(left))
            size = min(len(buffer), len(left))
            buffer[:size] = left[:size]
            left = left[size:]
            protocol.buffer_updated(size)
        sender.confirmed(len(data))

    def confirmed(self, count: int) -> None:
        """So many bytes that this end has sent are not under way any more."""
        self._under_way -= count
        if self._pausing and self._under_way < BUFFER // 4 and not self.over:
            self._pausing = False
            self.machine.from_outside(self._resume, upkeep=False)

    def hang_up(self, error: Exception | None = None) -> None:
        """The other end hears that this one has closed."""
        peer = self._peer
        if peer is not None and not peer.over:
            peer.machine.from_outside(peer.lost, error, upkeep=False)

    def lost(self, error: Exception | None) -> None:
        """The connection has ended."""
        if not self.over:
            self.over = self.closing = True
            self._protocol.connection_lost(error)

    def cut_off(self) -> None:
        """What this end has sent arrives no more."""
        self._peer = None

    def _deliver(self, data: bytes) -> None:
        peer = self._peer
        if peer is None or peer.over or peer.closing:
            self.confirmed(len(data))
            return
        machine = peer.machine
        machine.arrived(peer.read, data, self, upkeep=machine.world.upkeep)

    def _resume(self) -> None:
        if not self.over:
            self._protocol.resume_writing()
