"""Several hosts of one system in this process, with real links between them: quick, because Ray is left out."""

import asyncio
import os
import tempfile
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from random import Random
from typing import Any

from msgspec import structs

from actors import Actor, Message, Ref, Settings, receive
from actors.address import Address, Sitting
from actors.cells.spawner import Spawner
from actors.directory import Directory, Seat, Table
from actors.host import Host
from actors.links import Links, LinkSettings
from actors.mail.dead_letters import DeadLetter
from actors.membership.seats import Heirs
from actors.placement import Placement, here
from actors.post.observed import post_of
from actors.supervising.root import Root
from actors.supervising.signals import EndReason

SECRET = b"only for these tests, 32 bytes.."
PATIENCE = 60.0


class Clerk:
    """The directory as one host of the town asks it."""

    def __init__(self, directory: Directory) -> None:
        self.directory = directory
        self.asked = 0
        self.closed: asyncio.Event | None = None

    async def claim(self, name: str, root_seat: int, address: Address) -> bool:
        return self.directory.claim(time.monotonic(), name, root_seat, address)

    async def release(self, name: str, address: Address) -> None:
        self.directory.release(time.monotonic(), name, address)

    async def lookup(self, name: str) -> Address | None:
        return self.directory.lookup(time.monotonic(), name)

    async def table(self) -> Table:
        self.asked += 1
        if self.closed is not None:
            await self.closed.wait()
        return self.directory.table(time.monotonic())


class Resident:
    """One host with its links, its endpoints, and its dead letters."""

    def __init__(
        self,
        directory: Directory,
        sitting: Sitting,
        settings: Settings,
        link_settings: LinkSettings,
        store: Any,
        instrument: Any = None,
        *,
        takes_over: bool,
    ) -> None:
        loop = asyncio.get_running_loop()
        self.clerk = Clerk(directory)
        self.host = Host(
            system="town",
            sitting=sitting,
            loop=loop,
            clock=time.monotonic,
            random=Random(1),
            settings=settings,
            directory=self.clerk,
            node="node",
            instrument=instrument,
            takes_over=takes_over,
        )
        self.post = post_of(self.host, store)
        self.links = Links(
            self.host.sitting,
            "town",
            SECRET,
            self.post,
            loop=loop,
            clock=time.monotonic,
            entropy=os.urandom,
            settings=link_settings,
            start=self.host.work.start_system,
        )
        self.post.use(self.links)
        self.host.seating.look_now = self.look
        self.host.post = self.post
        self.letters: list[DeadLetter] = []
        self.host.dead_letters.subscribe(self.letters.append)
        self.seat: Seat | None = None
        self.crashed = False

    async def listen(self, folder: Path, heirs: Heirs) -> Seat:
        endpoints = await self.links.listen(directory=str(folder))
        self.seat = Seat(self.host.seat, self.host.sitting.epoch, endpoints, node="node", pid=os.getpid(), heirs=heirs)
        return self.seat

    async def spawn(self, kind: Any, *args: Any, seat: int | None = None, name: str | None = None) -> Any:
        """Spawn from this host's root, here or on another seat."""
        placement = (
            here() if seat is None else Placement("near", near=Ref(Address("town", seat, 0), self.host.delivery))
        )
        spawner = Spawner(self.host, self.host.root.children, name=name, placement=placement, stop_budget=None)
        return await spawner.spawn(kind, *args)

    def look(self) -> None:
        """Get the newest table, soon."""

        async def steps() -> None:
            self.host.new_table(await self.clerk.table())

        self.host.work.start_system(steps())

    def ref(self, other: "Ref[Any]") -> "Ref[Any]":
        """The same actor, reached from this host."""
        return self.host.ref_to(other.address)

    def reasons(self) -> list[str]:
        return [letter.reason.value for letter in self.letters]

    def crash(self) -> None:
        """End as a killed process does: no goodbye, and nobody listens any more."""
        self.crashed = True
        for link in list(self.links._links.values()):
            link.end(type(link.state).GIVEN_UP, "crash")
        self.links._closing = True
        self._stop_listening()
        self.host._next_turn = _nothing

    def _stop_listening(self) -> None:
        """At once for whoever dials. A server that is closed while it accepts would leak the socket (CPython 3.11)."""
        listener, loop = self.links.listener, self.host.loop
        for server in listener._servers:
            for socket in server.sockets:
                loop.remove_reader(socket.fileno())
        for path in listener._paths:
            Path(path).unlink(missing_ok=True)
        loop.call_later(0.01, listener.close)


class Town:
    """All residents, and the directory they share."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.directory = Directory(generation=1)
        self.residents: list[Resident] = []

    async def settle(
        self,
        *,
        settings: Settings | None = None,
        links: LinkSettings | None = None,
        store: Any = None,
        known: bool = True,
        seat: int | None = None,
        instrument: Any = None,
        heirs: Heirs = Heirs.SPARES,
        root: Callable[[Host], Root] | None = None,
        takes_anybody: bool = True,
    ) -> Resident:
        """One more host, on a new seat or on the vacant one that is named.

        Unless `known`, the others hear of it only when they ask the directory. `root` makes its root.
        """
        now, name = time.monotonic(), f"resident {len(self.residents)}"
        sitting = self.directory.sit(now, name) if seat is None else self.directory.appoint(now, seat, name)
        resident = Resident(
            self.directory,
            sitting,
            settings or Settings(cancel_grace=0.2, stop_budget=0.2, spawn_timeout=10.0),
            links or LinkSettings(backoff_seconds=0.001, backoff_most_seconds=0.02, ack_seconds=0.001),
            store,
            instrument,
            takes_over=seat is not None,
        )
        if root is not None:
            resident.host.root = root(resident.host)
        its_seat = structs.replace(await resident.listen(self.folder, heirs), takes_anybody=takes_anybody)
        table = self.directory.register(now, its_seat, resident.host.root.children.names(), ())
        self.residents.append(resident)
        for one in self.living if known else [resident]:
            one.host.new_table(table)
        return resident

    def bears_losses(self) -> None:
        """Let its seats lose as many hosts as a test likes. Before anybody settles."""
        self.directory = Directory(generation=1, settings=Settings(seat_losses=1_000))

    @property
    def living(self) -> list[Resident]:
        """Those that have not crashed."""
        return [one for one in self.residents if not one.crashed]

    def condemn(self, dead: Resident) -> None:
        """The directory pronounces a host dead, and tells everybody; its seat is vacant."""
        table = self.directory.verdict(time.monotonic(), dead.host.sitting)
        for one in self.living:
            if one is not dead:
                one.host.new_table(table)

    async def kill(self, *dead: Resident) -> None:
        """Hosts die at once, and everybody has acted on it: their seats are vacant."""
        for one in dead:
            one.crash()
        for one in dead:
            self.condemn(one)
        version = self.directory.table(time.monotonic()).version
        for one in self.living:
            await until(lambda one=one: one.host.acknowledged == version)

    async def replace(self, dead: Resident, **options: Any) -> Resident:
        """A host dies, and another one takes its seat."""
        await self.kill(dead)
        return await self.settle(seat=dead.host.seat, **options)

    def bury(self, dead: Resident) -> None:
        """The directory hears that a host has died for good, and tells everybody."""
        self.directory.leave(time.monotonic(), dead.host.sitting)
        table = self.directory.give_up(time.monotonic(), dead.host.seat)
        for one in self.residents:
            if one is not dead:
                one.host.new_table(table)

    async def lose(self, dead: Resident) -> None:
        """A host dies, and everybody has heard of it."""
        dead.crash()
        self.bury(dead)
        for one in self.residents:
            if one is not dead:
                await until(lambda one=one: dead.host.seat not in one.post._peers)

    async def close(self) -> None:
        for resident in self.residents:
            if resident.crashed:  # what is left of it is no part of the test
                resident.host._next_turn = resident.host._turn
                resident.host._ask_for_turn()
            await resident.host.stop_cells(EndReason.STOPPED)
        for resident in self.residents:
            await resident.links.close(1.0)
            await resident.host.close()


def in_town(main: Callable[[Town], Coroutine[Any, Any, None]]) -> None:
    """Run a test in a new town."""

    async def whole() -> None:
        with tempfile.TemporaryDirectory(prefix="town-", dir="/tmp") as folder:  # short, for the names of sockets
            town = Town(Path(folder))
            try:
                await main(town)
            finally:
                await town.close()

    asyncio.run(whole())


async def until(holds: Callable[[], object]) -> None:
    """Return as soon as this holds; an error after PATIENCE."""
    async with asyncio.timeout(PATIENCE):
        while not holds():  # noqa: ASYNC110 - what is waited for has no event of its own
            await asyncio.sleep(0.001)


def _nothing() -> None:
    """What a host does that has crashed."""


class Note(Message):
    text: object


class Keeper(Actor):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    @receive
    def note(self, note: Note) -> None:
        self.seen.append(note.text)


def actor(resident: Resident, ref: "Ref[Any]") -> Any:
    """The actor object behind a ref that lives on this resident."""
    return resident.host.cells[ref.address.number].actor
