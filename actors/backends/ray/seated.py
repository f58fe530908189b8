"""A host that has taken its seat: the pure host, its links, its place in the directory, and the renewal of that.

The driver and the host processes are the same here; they differ in who starts and ends them.
"""

import asyncio
import contextlib
import logging
import os
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

from actors.address import Address, Sitting
from actors.backends.ray import internals
from actors.backends.ray.control_store import ControlStore
from actors.backends.ray.directory_actor import DirectoryPlan
from actors.backends.ray.directory_client import DirectoryClient
from actors.backends.ray.errors import DirectoryUnavailable
from actors.backends.ray.store import PayloadStore
from actors.backends.ray.system_name import full_name
from actors.backends.ray.tls import tls_of
from actors.directory import Directory, Rebuilding, Seat, Table
from actors.host import Host
from actors.instrument import Opening
from actors.links.frames import LARGEST_CHUNK
from actors.links.links import Links
from actors.links.settings import LinkSettings
from actors.membership.seats import Answer, Heartbeat, Standing
from actors.placement import Placement
from actors.post.observed import ObservedPost
from actors.post.post import Post
from actors.settings import Settings
from actors.stats import HostStats, LinkStats
from actors.supervising.root import NUMBER as ROOT
from actors.supervising.root import LookAtHost
from actors.supervising.supervision import Supervision

log = logging.getLogger("understudy.ray")

RENEWAL = 1.0
"""Seconds between two renewals with the directory (rule A16)."""

LOOKS = (0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.5)
"""Pauses in seconds between the looks at the table after a peer has gone away; then renewals do. Ray needs 10 ms to say
that a process has ended."""

REBUILDING_PAUSE = 0.1
"""Seconds between two questions to a directory that is being rebuilt."""

DIRECTORY_TIMEOUT = 20.0
"""Seconds that a host waits for the directory, which comes back within two when it has died."""


@dataclass(frozen=True, slots=True)
class Membership:
    """What a process needs to take a seat in a system. Travels through Ray's control plane, which is trusted."""

    directory: DirectoryPlan
    secret: bytes = field(repr=False)
    settings: Settings
    over_tcp: bool
    """Whether hosts on other nodes may have to dial."""
    supervision: Supervision = field(default_factory=Supervision)
    driver: int = 0
    """The driver's seat."""
    instrument: Opening | None = None
    """Makes the instrument of each host."""


class RayDirectory:
    """The directory as a host asks it."""

    def __init__(self, plan: DirectoryPlan, handle: Any = None) -> None:
        self.client = DirectoryClient(plan, handle)

    async def ask(self, method: str, *arguments: Any) -> Any:
        """One call; waits out a restart of the directory."""
        return await self.client.call(method, *arguments, timeout=DIRECTORY_TIMEOUT)

    async def claim(self, name: str, root_seat: int, address: Address) -> bool:
        """Claim a top-level name."""
        return bool(await self._ask_when_rebuilt("claim", name, root_seat, address))

    async def release(self, name: str, address: Address) -> None:
        """Free a top-level name."""
        with contextlib.suppress(DirectoryUnavailable):
            await self.ask("release", name, address)

    async def lookup(self, name: str) -> Address | None:
        """The address of the top-level actor of this name."""
        found = await self._ask_when_rebuilt("lookup", name)
        return Address(*found) if found is not None else None

    async def table(self) -> Table:
        """The newest table."""
        table: Table = await self.ask("table")
        return table

    async def _ask_when_rebuilt(self, method: str, *arguments: Any) -> Any:
        """As `ask`; waits as well until a directory that was restarted knows all names again, which takes seconds."""
        while True:
            try:
                return await self.ask(method, *arguments)
            except Rebuilding:
                await asyncio.sleep(REBUILDING_PAUSE)


class Lookout:
    """Asks for the newest table when a peer has gone away: soon, and again ever more seldom, until there is news."""

    def __init__(self, host: Host, look: Callable[[], Awaitable[None]]) -> None:
        self._host = host
        self._look = look
        self._looking = False

    def alarm(self) -> None:
        """A peer has gone away, which may be its end."""
        if not self._looking and not self._host.closed:
            self._looking = True
            self._host.work.start_system(self._look_for_news())

    async def _look_for_news(self) -> None:
        known = self._host.table.version
        try:
            for pause in LOOKS:
                await asyncio.sleep(pause)
                await look_for_missing(self._host, self._look)
                if self._host.table.version > known:
                    break
        except DirectoryUnavailable as error:
            log.warning("%s", error)
        finally:
            self._looking = False


class Seated:
    """A host on its seat. `take` opens it on the running loop; `leave` closes it in order."""

    def __init__(
        self, membership: Membership, *, node: str, address: str, takes_anybody: bool, labels: Mapping[str, str]
    ) -> None:
        self.membership = membership
        self.directory = RayDirectory(membership.directory)
        self._node = node
        self._address = address
        self._takes_anybody = takes_anybody
        self._labels = dict(labels)
        self._seat: Seat | None = None
        self._host: Host | None = None
        self._links: Links | None = None
        self._renewing: asyncio.Task[None] | None = None

    @property
    def host(self) -> Host:
        """The host, once `take` has returned."""
        assert self._host is not None
        return self._host

    async def take(self) -> Host:
        """Sit down, listen, and report to the directory."""
        member, loop = self.membership, asyncio.get_running_loop()
        sitting = Sitting(*await self.directory.ask("sit", uuid4().hex))
        host = self._host = Host(
            system=full_name(member.directory.namespace, member.directory.system),
            sitting=sitting,
            loop=loop,
            clock=time.monotonic,
            random=Random(),
            settings=member.settings,
            directory=self.directory,
            supervision=member.supervision,
            node=self._node,
            instrument=member.instrument,
        )
        links = self._links = open_post(host, member.secret, link_settings(member.settings))
        host.link_stats = self._link_stats
        watch_peers(host, self._renew)
        sockets = Path(internals.session_folder()) / "u"
        sockets.mkdir(mode=0o700, exist_ok=True)
        endpoints = await links.listen(directory=str(sockets), host=self._address if member.over_tcp else None)
        self._seat = Seat(
            sitting.seat,
            sitting.epoch,
            endpoints,
            node=self._node,
            labels=self._labels,
            pid=os.getpid(),
            takes_anybody=self._takes_anybody,
        )
        await self._register()
        self._renewing = loop.create_task(self._renew_for_ever())
        return host

    async def refresh(self) -> None:
        """Get the newest table now."""
        self.host.new_table(await self.directory.table())

    async def leave(self, seconds: float) -> None:
        """Stop renewing, flush and close the links with a goodbye, give up the seat, close the host."""
        if self._renewing is not None:
            self._renewing.cancel()
        if self._host is not None and isinstance(self._host.post, Post):
            await self._host.post.payloads_taken(seconds / 2)
        if self._links is not None:
            await self._links.close(seconds)
        if self._host is not None:
            await self._host.close()
            with contextlib.suppress(DirectoryUnavailable):
                await self.directory.client.call("leave", self._host.sitting, timeout=1.0)

    async def _register(self) -> None:
        host = self.host
        table: Table = await self.directory.ask("register", self._seat, host.root.children.names(), host.table.seats)
        host.new_table(table)

    async def _renew_for_ever(self) -> None:
        while True:
            await asyncio.sleep(RENEWAL)
            try:
                await look_for_missing(self.host, self._renew)
            except DirectoryUnavailable as error:
                log.warning("%s", error)
            except Exception:
                log.exception("A renewal with the directory failed; the next one follows.")

    async def _renew(self) -> None:
        host = self.host
        beat = Heartbeat(known=host.table.version, acted=host.table.version, load=len(host.cells))
        answer: Answer = await self.directory.ask("renew", host.sitting, beat)
        if answer.standing is Standing.UNKNOWN:
            await self._register()
        elif answer.table is not None:
            host.new_table(answer.table)

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


USED_SEATS = "seats"
"""The control store's key for how many seats a system has given away, while it is open."""


async def look_at(host: Host) -> list[HostStats]:
    """The figures of every host in the table, this one's first."""
    others = [
        host.delivery.ask_afar(host.ref_to(Address(host.system, seat.number, ROOT)), LookAtHost(), 5.0)
        for seat in host.table.seats
        if seat.number != host.seat
    ]
    found = await asyncio.gather(*others, return_exceptions=True)
    return [host.look(), *(stats for stats in found if isinstance(stats, HostStats))]


@dataclass(frozen=True, slots=True)
class Admission:
    """What the directory gives to processes that are no hosts; whoever may call it may run code there anyway."""

    secret: bytes = field(repr=False)
    settings: Settings
    system: str


class OpenDirectory(Directory):
    """The directory with what clients need to be admitted, and with a memory that outlives its process."""

    def __init__(self, generation: int, admission: Admission) -> None:
        self._store = ControlStore(admission.system)
        super().__init__(generation, int(self._store.get(USED_SEATS) or 0), admission.settings)
        self._admission = admission

    def sit(self, now: float, host: str) -> Sitting:
        """As `Directory.sit`; that the seat is used is known to the next directory too."""
        sitting = super().sit(now, host)
        self._store.put(USED_SEATS, str(self.used_seats).encode())
        return sitting

    def admission(self, now: float) -> Admission:
        """What a client needs."""
        del now
        return self._admission


def needs_new_host(placement: Placement, host: Host) -> bool:
    """Dedicated actors get a host each; a node that has no host yet gets one."""
    return placement.kind == "dedicated" or (placement.kind == "node" and not host.can_place(placement))


async def look_for_missing(host: Host, look: Callable[[], Awaitable[None]]) -> None:
    """Get the newest table. A peer that had gone away before, and is not in it, has ended."""
    assert isinstance(host.post, Post)
    away = host.post.away()
    await look()
    host.missing(away)


def watch_peers(host: Host, look: Callable[[], Awaitable[None]]) -> None:
    """Look at the table whenever a peer goes away."""
    assert isinstance(host.post, Post)
    host.post.unreachable = host.seating.look_now = Lookout(host, look).alarm


def open_directory(generation: int, config: Admission) -> OpenDirectory:
    """The directory's entry: what the Ray actor builds."""
    return OpenDirectory(generation, config)


def open_post(host: Host, secret: bytes, settings: LinkSettings) -> Links:
    """Give a host its post, over links that anybody who knows the secret may open."""
    kind = Post if host.observer is None else ObservedPost
    post = kind(host, PayloadStore(8 * host.settings.message_bytes))
    links = Links(
        host.sitting,
        host.system,
        secret,
        post,
        loop=host.loop,
        clock=host.clock,
        entropy=secrets.token_bytes,
        settings=settings,
        start=host.work.start_system,
        tls=tls_of(os.environ),
    )
    post.use(links)
    host.post = post
    return links


def link_settings(settings: Settings) -> LinkSettings:
    """The bounds of links that follow from the settings."""
    return LinkSettings(
        buffer_bytes=settings.link_buffer_bytes,
        largest_bytes=settings.message_bytes,
        large_bytes=2 * settings.message_bytes,
        chunk_bytes=min(settings.chunk_bytes, LARGEST_CHUNK),
        heartbeat_seconds=settings.heartbeat,
        alert_seconds=settings.alert,
        connect_seconds=settings.connect_timeout,
    )
