"""A host that has taken its seat: the pure host, its links, its place in the directory, and the renewal of that.

The driver and the host processes are the same here; they differ in who starts and ends them.
"""

import asyncio
import contextlib
import logging
import os
import secrets
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from uuid import uuid4

from msgspec import structs

from actors.address import Address, Sitting
from actors.backends.ray.clocks import clock
from actors.backends.ray.cluster.tls import tls_of
from actors.backends.ray.directory.directory_actor import DirectoryPlan
from actors.backends.ray.directory.ray_directory import RayDirectory
from actors.backends.ray.errors import DirectoryUnavailable, SeatLost
from actors.backends.ray.hosts.lookout import look_for_missing, watch_peers
from actors.backends.ray.hosts.pulse import Pulse
from actors.backends.ray.hosts.sockets import leave_sockets, socket_folder
from actors.backends.ray.store import PayloadStore
from actors.backends.ray.system_name import full_name
from actors.host import Host
from actors.instrument import Opening
from actors.leased_host import LeasedHost
from actors.links.links import Links
from actors.links.settings import LinkSettings
from actors.membership.seats import Answer, Heartbeat, Heirs, Seat, Standing, Table
from actors.membership.watchdog import Watchdog
from actors.operations.reports import HostReport
from actors.placement import Placement
from actors.post.link_bounds import link_bounds
from actors.post.observed import post_of
from actors.post.post import Post
from actors.settings import Settings
from actors.stats import HostStats
from actors.supervising.root import NUMBER as ROOT
from actors.supervising.root import LookAtHost, Root
from actors.supervising.supervision import Supervision

log = logging.getLogger("understudy.ray")

UNANSWERED = 2
"""Renewals without an answer, one after the other, after which a directory counts as hung (rule A18)."""

LEAST_PATIENCE = 1.0
"""Seconds that the directory has to hear of a host that leaves, however little time that was given."""


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
    """The seat of whoever makes hosts: the driver, or the keeper of a detached system."""
    instrument: Opening | None = None
    """Makes the instrument of each host."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a process brings to the seat it takes."""

    name: str = field(default_factory=lambda: uuid4().hex)
    """By which the directory knows the process before it has a seat; nobody else has it."""
    node: str
    address: str
    labels: Mapping[str, str]
    heirs: Heirs = Heirs.SPARES
    resources: Mapping[str, float] = field(default_factory=dict[str, float])


class Seated:
    """A host on its seat. `take` opens it on the running loop; `leave` closes it in order.

    `end` is called when the host must not go on, with the reason, in whatever thread finds that out: there is a verdict
    on it, or its loop hangs, or nobody could be reached for too long. `root` makes the root, where it is a special one.
    """

    def __init__(
        self,
        membership: Membership,
        place: Place,
        *,
        end: Callable[[str], None],
        heard: Callable[[Table], None] | None = None,
        root: Callable[[Host], Root] | None = None,
    ) -> None:
        self.membership = membership
        self.directory = RayDirectory(membership.directory)
        self._place = place
        self._tell_end = end
        self._over = False
        self._heard = heard
        self._make_root = root
        self._seat: Seat | None = None
        self._host: LeasedHost | None = None
        self._links: Links | None = None
        self._pulse: Pulse | None = None
        self._renewing: asyncio.Task[None] | None = None
        self._unanswered = 0
        self._leaving = False
        self._soon = False
        self._hurrying = False

    @property
    def host(self) -> LeasedHost:
        """The host, once `take` has returned."""
        assert self._host is not None
        return self._host

    async def take(self, sitting: Sitting | None = None) -> LeasedHost:
        """Sit down, listen, and report to the directory; on the seat of `sitting`, else on a new one.

        Raises SeatLost if the directory does not let it.
        """
        member, place, loop = self.membership, self._place, asyncio.get_running_loop()
        given = sitting is not None
        sitting = sitting or Sitting(*await self.directory.ask("sit", place.name))
        host = self._host = LeasedHost(
            system=full_name(member.directory.namespace, member.directory.system),
            sitting=sitting,
            loop=loop,
            clock=clock,
            random=Random(),
            settings=member.settings,
            directory=self.directory,
            supervision=member.supervision,
            node=place.node,
            instrument=member.instrument,
            takes_over=given,
        )
        if self._make_root is not None:
            host.root = self._make_root(host)
        links = self._links = open_post(host, member.secret, link_bounds(member.settings), may_flush=host.may_act)
        host.resumed = links.flush
        host.attendant.look = self.report
        host.link_stats = links.look
        watch_peers(host, self._renew)
        host.seating.look_now = host.seating.when_acted = self._renew_soon
        sockets = str(socket_folder(host.system))
        endpoints = await links.listen(directory=sockets, host=place.address if member.over_tcp else None)
        self._seat = Seat(
            sitting.seat,
            sitting.epoch,
            endpoints,
            node=place.node,
            labels=dict(place.labels),
            pid=os.getpid(),
            takes_anybody=place.heirs is Heirs.SPARES,
            host=place.name,
            heirs=place.heirs,
            resources=dict(place.resources),
        )
        sent = clock()
        table = await self._register()
        if not table.holds(sitting):
            raise SeatLost(f"{sitting} was given to another process, or to none; this one was too slow.")
        host.leased(sent + member.settings.lease)
        watchdog = Watchdog(member.settings, patient=place.heirs is Heirs.NOBODY or sys.gettrace() is not None)
        self._pulse = Pulse(host, watchdog, self._renew_in_thread, self._end)
        self._pulse.start()
        self._renewing = loop.create_task(self._renew_for_ever())
        return host

    def report(self) -> HostReport:
        """How the host is, for operators; from any thread, also while its loop hangs."""
        host, pulse, lease = self.host, self._pulse, self.host.lease_until - clock()
        report = structs.replace(host.attendant.report(), name=self._place.name, lease=lease)
        return report if pulse is None else structs.replace(report, lag=pulse.lag, stalled=pulse.stalled)

    async def refresh(self) -> None:
        """Get the newest table now."""
        self.host.new_table(await self.directory.table())

    async def leave(self, seconds: float, *, moves: bool = False) -> None:
        """Stop renewing, flush and close the links with a goodbye, close the host, give up the seat.

        If it `moves`, the seat is for somebody else to take. A directory that is late may answer as long as the rest of
        the `seconds`, and a second at least: a host that it did not hear of counts as lost when its process ends.
        """
        self._leaving, until = True, clock() + seconds
        if self._host is not None and isinstance(self._host.post, Post):
            await self._host.post.payloads_taken(seconds / 2)
        if self._links is not None:
            await self._links.close(seconds)
            leave_sockets(self.host.system)
        if self._renewing is not None:
            self._renewing.cancel()
        if self._pulse is not None:
            await asyncio.to_thread(self._pulse.stop)
        if self._host is not None:
            await self._host.close()
            with contextlib.suppress(DirectoryUnavailable):
                patience = max(LEAST_PATIENCE, until - clock())
                await self.directory.client.call("leave", self._host.sitting, moves, timeout=patience)

    def _end(self, reason: str) -> None:
        """Go on no more: whatever answer is on its way, this sitting gets no lease again."""
        self._over = True
        self._tell_end(reason)

    # ---- renewing ---------------------------------------------------------------------------------------------------

    async def _register(self) -> Table:
        host = self.host
        table: Table = await self.directory.ask("register", self._seat, host.root.children.names(), host.table.seats)
        host.new_table(table)
        return table

    async def _renew_for_ever(self) -> None:
        while not self._over:
            await asyncio.sleep(self.membership.settings.renewal)
            try:
                await look_for_missing(self.host, self._renew)
            except DirectoryUnavailable as error:
                log.warning("%s", error)
            except Exception:
                log.exception("A renewal with the directory failed; the next one follows.")

    def _renew_soon(self) -> None:
        """Do not wait a second: another host says that there is news, or the directory waits to hear of this one."""
        self._soon = True
        if not self._hurrying and not self._leaving:
            self._hurrying = True
            self.host.work.start_system(self._hurry())

    async def _hurry(self) -> None:
        try:
            while self._soon:
                self._soon = False
                await self._renew()
        except DirectoryUnavailable as error:
            log.warning("%s", error)
        finally:
            self._hurrying = False

    async def _renew(self) -> None:
        """Renew the lease, and get the newest table. The lease counts from before the question (rule A16)."""
        settings, client = self.membership.settings, self.directory.client
        sent, beat = clock(), self._beat()
        try:
            answer: Answer = await client.call("renew", self.host.sitting, beat, timeout=2 * settings.renewal)
        except DirectoryUnavailable as error:
            self._unanswered += error.hangs
            if self._unanswered >= UNANSWERED:
                self._unanswered = 0
                log.warning("The directory does not answer; it is ended, so that Ray starts it anew.")
                await client.restart()
            raise
        self._unanswered = 0
        if answer.standing is Standing.UNKNOWN:
            await self._register()
        self._answered(sent, answer)

    def _renew_in_thread(self, pulse: Pulse) -> None:
        """In place of a loop that hangs. What is new to the host waits until the loop runs."""
        settings, client, host = self.membership.settings, self.directory.client, self.host
        sent, beat = clock(), self._beat()
        try:
            answer: Answer = client.call_blocking("renew", host.sitting, beat, timeout=2 * settings.renewal)
            if answer.standing is Standing.UNKNOWN:
                names = host.root.children.names()
                table = client.call_blocking("register", self._seat, names, host.table.seats, timeout=settings.renewal)
                host.loop.call_soon_threadsafe(host.new_table, table)
        except (DirectoryUnavailable, RuntimeError) as error:  # the loop runs again, and changes what is read here
            log.warning("The lease could not be renewed while %s hangs: %s", pulse.stalled, error)
            return
        if answer.leased:
            host.lease_until = max(host.lease_until, sent + settings.lease)
        with contextlib.suppress(RuntimeError):  # the loop has closed
            host.loop.call_soon_threadsafe(self._answered, sent, answer)

    def _answered(self, sent: float, answer: Answer) -> None:
        """First the news, then the lease: who was away must hear what has happened before he acts again."""
        host = self.host
        if self._over:
            return
        if answer.table is not None:
            host.new_table(answer.table)
        if answer.standing is Standing.ENDED and not self._leaving:
            self._end("there is a verdict on it")
        elif answer.leased:
            host.leased(sent + self.membership.settings.lease)
        if self._heard is not None:
            self._heard(host.table)

    def _beat(self) -> Heartbeat:
        host, pulse = self.host, self._pulse
        return Heartbeat(
            known=host.table.version,
            acted=host.acknowledged,
            load=len(host.cells),
            ties=host.ties,
            suspended=not host.may_act(),
            lag=pulse.lag if pulse is not None else 0.0,
            stalled=pulse.stalled if pulse is not None else "",
            stack=pulse.stack if pulse is not None else "",
        )


async def look_at(host: Host) -> list[HostStats]:
    """The figures of every host in the table, this one's first."""
    others = [
        host.delivery.ask_afar(host.ref_to(Address(host.system, seat.number, ROOT)), LookAtHost(), 5.0)
        for seat in host.table.seats
        if seat.number != host.seat and not seat.vacant
    ]
    found = await asyncio.gather(*others, return_exceptions=True)
    return [host.look(), *(stats for stats in found if isinstance(stats, HostStats))]


def needs_new_host(placement: Placement, host: Host) -> bool:
    """Dedicated actors get a host each; a node that has no host yet gets one."""
    return placement.kind == "dedicated" or (placement.kind == "node" and not host.placing.can(placement))


def open_post(
    host: Host, secret: bytes, settings: LinkSettings, *, may_flush: Callable[[], bool] = lambda: True
) -> Links:
    """Give a host its post, over links that anybody who knows the secret may open."""
    post = post_of(host, PayloadStore(8 * host.settings.message_bytes))
    links = Links(
        host.sitting,
        host.system,
        secret,
        post,
        loop=host.loop,
        clock=host.clock,
        entropy=secrets.token_bytes,
        settings=settings,
        may_flush=may_flush,
        start=host.work.start_system,
        tls=tls_of(os.environ),
    )
    post.use(links)
    host.post = post
    return links
