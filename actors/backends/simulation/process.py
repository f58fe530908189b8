"""One simulated host process: a loop with a clock of its own, and on it the host, post and links of production."""

import asyncio
from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, Any

from actors.address import Sitting
from actors.backends.simulation.machine import Machine
from actors.backends.simulation.network import Listening, Network
from actors.backends.simulation.numbered import NumberedTask
from actors.backends.simulation.town_hall import DirectoryOffice, TownHall
from actors.backends.simulation.world import World
from actors.host import Host
from actors.instrument import Opening
from actors.leased_host import LeasedHost
from actors.links.links import Links
from actors.membership.seats import Answer, Heartbeat, Heirs, Member, Seat, Spare, Standing
from actors.post.link_bounds import link_bounds
from actors.post.lookout import Lookout
from actors.post.observed import post_of
from actors.post.post import Post
from actors.ref import endpoints
from actors.settings import Settings
from actors.supervising.supervision import Supervision

if TYPE_CHECKING:
    from actors.cells.cell import Cell

SECRET = b"a simulated network has no enemy"


class SeededHost(LeasedHost):
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
    """A host process at a place. `open` sits down, `stand_by` waits for a vacant seat first; `kill` is what a crash is.

    `exit` is called when it has to end by itself: it was pronounced dead, or had no lease for too long.
    """

    def __init__(
        self,
        network: Network,
        hall: TownHall,
        place: int,
        machine: Machine,
        settings: Settings,
        *,
        name: str,
        exit: Callable[["Process"], None],  # noqa: A002 - it is what it is
        instrument: Opening | None = None,
    ) -> None:
        self.place = place
        self.machine = machine
        self.name = name
        self.host: SeededHost | None = None
        self.opened: Callable[[Host], object] = _nothing
        """Called with the host before any message comes to it."""
        self._network = network
        self._settings = settings
        self._exit = exit
        self._instrument = instrument
        self._office = DirectoryOffice(hall, network, place, machine)
        self._links: Links | None = None
        self._seat: Seat | None = None

    async def open(self, system: str, supervision: Supervision, *, heirs: Heirs = Heirs.SPARES) -> SeededHost:
        """Sit down on a new seat."""
        return await self._sit(await self._office.ask("sit", self.name), system, supervision, heirs, takes_over=False)

    async def stand_by(self, system: str) -> SeededHost:
        """Wait, as a spare does, until the directory appoints this process to a vacant seat; then sit there."""
        self.machine.world.upkeep = True  # who waits for a spare does not wait for this
        spare = Spare(self.name, node=self._node)
        while (sitting := await self._office.ask("stand_by", spare)) is None:  # noqa: ASYNC110 - it is a renewal too
            await asyncio.sleep(self._settings.renewal)
        return await self._sit(sitting, system, Supervision(), Heirs.SPARES, takes_over=True)

    async def leave(self, seconds: float) -> None:
        """Close in order, and give up the seat."""
        if self.host is not None and self._links is not None:
            await self._links.close(seconds)
            await self.host.close()
            await self._office.ask("leave", self.host.sitting)

    def kill(self) -> None:
        """The process ends, now."""
        self.machine.kill()
        if self.host is not None:
            endpoints.remove(self.host.system, self.host.delivery)
        self._network.process_ended(self.machine)

    def forget(self) -> None:
        """After the end of the world: let go of the messages that this process held when it was killed.

        The garbage collector does not look into envelopes, so a circle that leads through one would stay for ever.
        """
        for cell in list(self.host.cells.values()) if self.host is not None else ():
            at_work = [activity.envelope for activity in cell.activities or ()]
            for envelope in [*cell.mailbox.clear(), *(cell.stash or ()), *at_work, cell.held]:
                if envelope is not None:
                    envelope.message = envelope.sender = envelope.ask = envelope.accepted = envelope.tick = None

    async def refresh(self) -> None:
        """Get the newest table now."""
        if self.host is not None:
            self.host.new_table(await self._office.table())

    async def members(self) -> list[Member]:
        """Every host as the directory sees it."""
        return list(await self._office.ask("members"))

    # ---- sitting down -----------------------------------------------------------------------------------------------

    @property
    def _node(self) -> str:
        return f"place-{self.place}"

    async def _sit(
        self, sitting: Sitting, system: str, supervision: Supervision, heirs: Heirs, *, takes_over: bool
    ) -> SeededHost:
        """Listen, and report to the directory."""
        machine = self.machine
        world = machine.world
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
            node=self._node,
            instrument=self._instrument,
            takes_over=takes_over,
        )
        host.world = world
        self.opened(host)
        host.work.use(NumberedTask)
        host.work.in_thread = _steady(world, host.work.in_thread)  # type: ignore[method-assign]
        # Several hosts of one system are in this process: a ref that is decoded here is one of this host's.
        host.apart(endpoints.decoding.set, host.delivery)
        machine.context.run(endpoints.decoding.set, host.delivery)
        links = self._open_post(host, random)
        endpoint = self._network.listen(
            Listening(self.place, machine, links.listener.protocol), f"{self._node}.{sitting.epoch:x}"
        )
        driver = heirs is Heirs.NOBODY
        self._seat = Seat(*sitting, (endpoint,), node=host.node, takes_anybody=not driver, host=self.name, heirs=heirs)
        await self._register()
        await self._renew()
        world.upkeep = True
        await links.listen()
        host.work.start_system(self._renew_for_ever())
        return host

    def _open_post(self, host: SeededHost, random: Random) -> Links:
        post = post_of(host)
        links = self._links = Links(
            host.sitting,
            host.system,
            SECRET,
            post,
            loop=host.loop,
            clock=host.clock,
            entropy=random.randbytes,
            settings=link_bounds(self._settings, sleeps=False),
            may_flush=host.may_act,
            dial=self._network.dial(self.place, self.machine),
            start=host.work.start_system,
        )
        post.use(links)
        host.post = post
        host.link_stats = links.look
        host.resumed = links.flush
        post.unreachable = host.seating.look_now = Lookout(host, self._look).alarm
        host.seating.when_acted = self._tell_acted
        return links

    # ---- the lease and the table ------------------------------------------------------------------------------------

    async def _register(self) -> None:
        host = self.host
        assert host is not None
        names, known = host.root.children.names(), host.table.seats
        host.new_table(await self._office.ask("register", self._seat, names, known))

    async def _renew_for_ever(self) -> None:
        host = self.host
        assert host is not None
        alone = 0
        pause = self._settings.renewal * host.random.random()  # hosts of a real system do not begin all at once
        while True:
            await asyncio.sleep(pause)
            pause = self._settings.renewal
            self.machine.create_task(self._look())  # the answer to one may be long under way
            alone = 0 if host.may_act() else alone + 1
            if alone * self._settings.renewal > self._settings.isolation and self.place:
                self._exit(self)

    async def _look(self) -> None:
        """Renew, and get the newest table. A peer that had gone away before, and is not in it, has ended."""
        host = self.host
        assert host is not None
        assert isinstance(host.post, Post)
        away = host.post.away()
        await self._renew()
        host.missing(away)

    async def _renew(self) -> None:
        host = self.host
        assert host is not None
        sent = host.clock()
        beat = Heartbeat(host.table.version, host.acknowledged, len(host.cells), suspended=not host.may_act())
        answer: Answer = await self._office.ask("renew", host.sitting, beat)
        if answer.table is not None:
            host.new_table(answer.table)
        if answer.standing is Standing.ENDED and self.place:
            self._exit(self)
        elif answer.standing is Standing.UNKNOWN:
            await self._register()
        elif answer.leased:
            host.leased(sent + self._settings.lease)

    def _tell_acted(self) -> None:
        """The directory waits to hear that this host has acted."""
        if self.host is not None and not self.host.closed:
            self.host.work.start_system(self._renew())


def _nothing(host: Host) -> None:
    """Nobody wants to know."""


def _steady(world: World, in_thread: Callable[..., Any]) -> Any:
    """Hold up the world's time while a handler is in a thread."""

    async def steadily(function: Callable[..., Any], *arguments: Any) -> Any:
        world.thread_started()
        try:
            return await in_thread(function, *arguments)
        finally:
            world.thread_ended()

    return steadily
