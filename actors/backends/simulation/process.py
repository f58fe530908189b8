"""One simulated host process: a loop with a clock of its own, and on it the host, post and links of production."""

import asyncio
from collections.abc import Callable, Coroutine
from random import Random
from typing import TYPE_CHECKING, Any

from actors.address import Sitting
from actors.backends.simulation.machine import Machine
from actors.backends.simulation.network import Listening, Network
from actors.backends.simulation.town_hall import DirectoryOffice, TownHall
from actors.backends.simulation.world import World
from actors.directory import Seat
from actors.host import Host
from actors.links.frames import LARGEST_CHUNK
from actors.links.links import Links
from actors.links.settings import LinkSettings
from actors.post.post import Post
from actors.ref import endpoints
from actors.settings import Settings
from actors.stats import LinkStats
from actors.supervising.supervision import Supervision

if TYPE_CHECKING:
    from actors.cells.cell import Cell

SECRET = b"a simulated network has no enemy"

RENEWAL = 1.0
"""Seconds between two renewals with the directory (rule A16)."""

LOOKS = (0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.5)
"""Pauses in seconds between the looks at the table after a peer has gone away; then renewals do."""


class SeededHost(Host):
    """The host of production, but that cells which are ready at the same time have their turns in seeded order."""

    world: World

    def wake(self, cell: "Cell") -> None:
        """As of any host; it is noted, and any order of different actors will do."""
        world = self.world
        world.upkeep = False
        world.note(f"wake {self.seat} {cell.address.number}")
        super().wake(cell)
        ready = self._ready
        if len(ready) > 1:
            ready.rotate(world.random.randrange(len(ready)))

    def received_signal(self, number: int, signal: Any) -> None:
        """As of any host; it is noted."""
        self.world.upkeep = False
        self.world.note(f"signal {self.seat} {number} {type(signal).__name__}")
        super().received_signal(number, signal)


class Process:
    """A host process at a place. `open` sits down; `kill` is what a crash is."""

    def __init__(self, network: Network, hall: TownHall, place: int, machine: Machine, settings: Settings) -> None:
        self.place = place
        self.machine = machine
        self._network = network
        self._settings = settings
        self._hall = hall
        self._office = DirectoryOffice(hall, network, place, machine)
        self.host: SeededHost | None = None
        self._links: Links | None = None
        self._looking = False

    async def open(self, name: str, system: str, supervision: Supervision, *, takes_anybody: bool) -> SeededHost:
        """Sit down, listen, and report to the directory. Runs on this process' own loop."""
        world, machine = self.machine.world, self.machine
        sitting: Sitting = await self._office.ask("sit", name)
        random = Random(world.random.getrandbits(64))
        host = self.host = SeededHost(
            system=system,
            sitting=sitting,
            loop=machine,
            clock=machine.time,
            random=random,
            settings=self._settings,
            directory=self._office,
            supervision=supervision,
            node=f"place-{self.place}",
        )
        host.world = world
        host.work.in_thread = _steady(world, host.work.in_thread)  # type: ignore[method-assign]
        # Several hosts of one system are in this process: a ref that is decoded here is one of this host's.
        host._variables.run(endpoints.decoding.set, host.delivery)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
        machine.context.run(endpoints.decoding.set, host.delivery)
        post = Post(host)
        links = self._links = Links(
            sitting,
            system,
            SECRET,
            post,
            loop=machine,
            clock=machine.time,
            entropy=random.randbytes,
            settings=_link_settings(self._settings),
            dial=self._network.dial(self.place, machine),
            start=host.work.start_system,
        )
        post.use(links)
        host.post = post
        host.link_stats = self._link_stats
        post.unreachable = self._alarm
        endpoint = self._network.listen(
            Listening(self.place, machine, links.listener.protocol), f"place-{self.place}.{sitting.epoch:x}"
        )
        seat = Seat(sitting.seat, sitting.epoch, (endpoint,), node=host.node, takes_anybody=takes_anybody)
        self._seat = seat
        await self._register()
        world.upkeep = True
        await links.listen()
        host.work.start_system(self._renew_for_ever())
        return host

    async def leave(self, seconds: float) -> None:
        """Close in order, and give up the seat."""
        assert self.host is not None
        assert self._links is not None
        await self._links.close(seconds)
        await self.host.close()
        await self._office.ask("leave", self.host.sitting)

    def kill(self) -> None:
        """The process ends, now."""
        self.machine.kill()
        if self.host is not None:
            endpoints.remove(self.host.system, self.host.delivery)
        self._network.process_ended(self.machine)

    def start(self, steps: Coroutine[Any, Any, Any]) -> None:
        """Run a step of the runtime on this process' loop."""
        self.machine.from_outside(self.machine.create_task, steps, upkeep=False)

    # ---- the table --------------------------------------------------------------------------------------------------

    async def refresh(self) -> None:
        """Get the newest table now."""
        assert self.host is not None
        self.host.new_table(await self._office.table())

    async def _register(self) -> None:
        host = self.host
        assert host is not None
        known = tuple(seat.sitting for seat in host.table.seats)
        host.new_table(await self._office.ask("register", self._seat, host.root.children.names(), known))

    async def _renew_for_ever(self) -> None:
        while True:
            await asyncio.sleep(RENEWAL)
            await self._look()

    async def _look(self) -> None:
        """Renew, and get the newest table. A peer that had gone away before, and is not in it, has ended."""
        host = self.host
        assert host is not None
        assert isinstance(host.post, Post)
        away = host.post.away()
        registered, table = await self._office.ask("renew", host.sitting, len(host.cells), host.table.version)
        if not registered:
            await self._register()
        elif table is not None:
            host.new_table(table)
        host.missing(away)

    def _alarm(self) -> None:
        assert self.host is not None
        if not self._looking and not self.host.closed:
            self._looking = True
            self.host.work.start_system(self._look_for_news())

    async def _look_for_news(self) -> None:
        assert self.host is not None
        known = self.host.table.version
        try:
            for pause in LOOKS:
                await asyncio.sleep(pause)
                await self._look()
                if self.host.table.version > known:
                    break
        finally:
            self._looking = False

    def _link_stats(self) -> tuple[LinkStats, ...]:
        if self._links is None:
            return ()
        return tuple(
            LinkStats(
                seat=link.peer.seat,
                state=link.state.value,
                records_out=link.records_out,
                records_in=link.records_in,
                bytes_out=link.bytes_out,
                bytes_in=link.bytes_in,
                unacked_bytes=link.unacked_bytes + link.unacked_large_bytes,
                reconnects=max(0, link.connections - 1),
                round_trip=link.rtt,
            )
            for link in self._links.stats().links
        )


def _steady(world: World, in_thread: Callable[..., Any]) -> Any:
    """Hold up the world's time while a handler is in a thread."""

    async def steadily(function: Callable[..., Any], *arguments: Any) -> Any:
        world.thread_started()
        try:
            return await in_thread(function, *arguments)
        finally:
            world.thread_ended()

    return steadily


def _link_settings(settings: Settings) -> LinkSettings:
    return LinkSettings(
        buffer_bytes=settings.link_buffer_bytes,
        largest_bytes=settings.message_bytes,
        large_bytes=2 * settings.message_bytes,
        chunk_bytes=min(settings.chunk_bytes, LARGEST_CHUNK),
        heartbeat_seconds=settings.heartbeat,
        connect_seconds=settings.connect_timeout,
    )
