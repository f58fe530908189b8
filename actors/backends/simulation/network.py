"""The network of a simulated world: who can be dialled, how long things are under way, and who is cut off from whom.

A connection behaves like TCP: bytes come in order and once, or the connection breaks and what was under way is gone.
While two places are cut off from each other what was sent waits in the network.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import msgspec

from actors.backends.simulation.machine import Machine
from actors.backends.simulation.wire import Line, SimulatedWire
from actors.backends.simulation.world import SECOND, World
from actors.links.endpoints import Endpoint, TcpEndpoint
from actors.links.station import Wire

MANY = 64
"""Wires from which those that have ended are looked for; later twice as many as were left."""


class Delays(msgspec.Struct, frozen=True):
    """Seconds that something is under way: `least`, up to `spread` more, and one in `seldom` up to `tail` more."""

    least: float = 0.00005
    spread: float = 0.0004
    tail: float = 0.02
    seldom: int = 50


class Listening(msgspec.Struct, frozen=True):
    """Who listens at an endpoint."""

    place: int
    machine: Machine
    protocol: Callable[[], asyncio.BufferedProtocol]


class Network:
    """All connections, and which places are cut off from each other."""

    def __init__(self, world: World, delays: Delays) -> None:
        self.world = world
        self.holding: dict[Line, None] = {}
        """Lines on which something waits for the end of a cut."""
        self._delays = delays
        self.listening: dict[Endpoint, Listening] = {}
        self._wires: dict[SimulatedWire, None] = {}
        self._many = MANY
        self._cuts: dict[tuple[int, int], int] = {}
        self._lags: dict[tuple[int, int], int] = {}
        self.connections = 0
        self.bytes = 0

    def delay(self, one: int, other: int) -> int:
        """Nanoseconds for one trip."""
        random, delays = self.world.random, self._delays
        seconds = delays.least + delays.spread * random.random()
        if delays.seldom and random.random() * delays.seldom < 1.0:
            seconds += delays.tail * random.random()
        return int(seconds * SECOND) + self._lags.get((one, other), 0)

    # ---- connections ------------------------------------------------------------------------------------------------

    def listen(self, listening: Listening, name: str) -> TcpEndpoint:
        """From now on this host can be dialled at the endpoint."""
        endpoint = TcpEndpoint(name, 1)
        self.listening[endpoint] = listening
        return endpoint

    def dial(self, place: int, machine: Machine) -> "Dialling":
        """How the host at this place dials."""
        return Dialling(self, place, machine)

    def connect(self, place: int, machine: Machine, endpoint: Endpoint, protocol: Any, found: Any) -> None:
        """Something to connect with has come to where somebody should listen."""
        listening = self.listening.get(endpoint)
        back = Line(self, listening.place if listening else place, place)
        if listening is None or listening.machine.dead:
            back.carry(lambda: _refuse(machine, found, endpoint))
            return
        # The two ends open one after the other, as the packets come.
        there = SimulatedWire(back, listening.machine, listening.protocol())
        here = SimulatedWire(Line(self, place, listening.place), machine, protocol())
        self.connections += 1
        self.world.note(f"connected {place}>{listening.place}")
        if len(self._wires) >= self._many:
            self._forget_ended()
            self._many = max(MANY, 2 * len(self._wires))
        self._wires[here] = self._wires[there] = None
        listening.machine.from_outside(there.open, here, upkeep=self.world.upkeep)
        back.carry(lambda: machine.from_outside(_opened, here, there, found, upkeep=self.world.upkeep))

    def process_ended(self, machine: Machine) -> None:
        """Its process was killed: whoever was connected to it hears that, as far as the network goes."""
        for wire in list(self._wires):
            if wire.machine is machine and not wire.over:
                wire.over = True
                wire.line.carry(partial(wire.hang_up, ConnectionResetError("the process has ended")))
        self._forget_ended()

    def reset(self, one: int, other: int) -> None:
        """Break the connections between two places."""
        for wire in list(self._wires):
            if (wire.line.one, wire.line.other) == (one, other):
                wire.broken()
        self._forget_ended()

    def _forget_ended(self) -> None:
        for wire in [it for it in self._wires if it.over]:
            del self._wires[wire]

    # ---- cuts and lags ----------------------------------------------------------------------------------------------

    def is_cut(self, one: int, other: int) -> bool:
        """Whether nothing gets from one place to the other."""
        return (one, other) in self._cuts

    def cut(self, pairs: list[tuple[int, int]]) -> None:
        """From now on nothing gets from the first to the second of each pair."""
        for pair in pairs:
            self._cuts[pair] = self._cuts.get(pair, 0) + 1

    def heal(self, pairs: list[tuple[int, int]]) -> None:
        """Take back one cut of each; what was held goes on."""
        for pair in pairs:
            self._cuts[pair] -= 1
            if not self._cuts[pair]:
                del self._cuts[pair]
        for line in [line for line in self.holding if line.go_on()]:
            self.holding.pop(line, None)

    def heal_all(self) -> None:
        """Take back every cut and every lag."""
        self._lags.clear()
        for pair, times in list(self._cuts.items()):
            for _ in range(times):
                self.heal([pair])

    def lag(self, pairs: list[tuple[int, int]], seconds: float) -> None:
        """Trips take so much longer; a negative number takes that back."""
        for pair in pairs:
            self._lags[pair] = self._lags.get(pair, 0) + int(seconds * SECOND)


class Dialling:
    """The `dial` of one host's links."""

    def __init__(self, network: Network, place: int, machine: Machine) -> None:
        self._network = network
        self._place = place
        self._machine = machine

    def __call__(self, endpoint: Endpoint, protocol: Callable[[], asyncio.BufferedProtocol]) -> Awaitable[Wire]:
        """Connect. Raises `OSError`; while the network is cut nothing comes back."""
        network = self._network
        found: asyncio.Future[Wire] = self._machine.create_future()
        listening = network.listening.get(endpoint)
        there = listening.place if listening is not None else self._place
        trip = Line(network, self._place, there)
        trip.carry(lambda: network.connect(self._place, self._machine, endpoint, protocol, found))
        return found


def _opened(here: SimulatedWire, there: SimulatedWire, found: "asyncio.Future[Wire]") -> None:
    """The dialler hears. It may have given up meanwhile, and then the connection is closed again."""
    here.open(there)
    if found.done():
        here.abort()
    else:
        found.set_result(here)


def _refuse(machine: Machine, found: "asyncio.Future[Wire]", endpoint: Endpoint) -> None:
    def hear() -> None:
        if not found.done():
            found.set_exception(ConnectionRefusedError(f"nobody listens at {endpoint}"))

    machine.from_outside(hear, upkeep=False)
