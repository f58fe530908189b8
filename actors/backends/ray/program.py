"""A program's own place in a system on Ray: the cluster that it has joined, its seat there, and the way out of both."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any

from actors.backends.ray import ray_pickling
from actors.backends.ray.cluster.cluster import Cluster, ClusterSettings, open_cluster
from actors.backends.ray.cluster.placement import Node, living_nodes
from actors.backends.ray.cluster.sigterm import nothing, take_sigterm_back
from actors.backends.ray.hosts.host_actors import look_at_all
from actors.backends.ray.hosts.remains import remove_remains
from actors.backends.ray.hosts.seated import Membership, Place, Seated, look_at
from actors.backends.ray.options import RayOptions
from actors.leased_host import LeasedHost
from actors.membership.seats import Heirs, Member, Table
from actors.operations.reports import HostReport
from actors.settings import CONTINUE
from actors.stats import HostStats

log = logging.getLogger("understudy.ray")


class Program:
    """What the driver of a system and a program that is attached to one have in common."""

    def __init__(self, options: RayOptions) -> None:
        self._options = options
        self._system = ""
        self._cluster: Cluster | None = None
        self._seated: Seated | None = None
        self._lost = False
        """Whether this process may not be a host any more: the rest of the system is out of reach, or says so."""
        self._unteach: Callable[[], None] = _nothing
        self._give_sigterm_back: Callable[[], object] = nothing

    async def _join(self) -> Cluster:
        """Start Ray, or join it."""
        options = self._options
        described = ClusterSettings(
            address=options.address,
            namespace=options.namespace,
            node_ip_address=options.node_address,
            **options.cluster,
        )
        cluster = self._cluster = await asyncio.to_thread(open_cluster, described)
        self._give_sigterm_back = take_sigterm_back()
        if not cluster.embedded or cluster.borrowed:  # else it is new
            await asyncio.to_thread(remove_remains)
        return cluster

    async def _sit(self, member: Membership, cluster: Cluster, **more: Any) -> tuple[LeasedHost, dict[str, Node]]:
        """Take the seat of a program, which nobody inherits; the host, and the nodes by id."""
        if member.settings.without_head == CONTINUE:
            log.warning("Hosts of %s need no lease (without_head): two may act for one seat.", self._system)
        nodes = {node.node_id: node for node in await asyncio.to_thread(living_nodes)}
        here = nodes[cluster.node_id]
        place = Place(node=here.node_id, address=here.address, labels=here.labels, heirs=Heirs.NOBODY)
        seated = self._seated = Seated(member, place, end=self._over, heard=self._heard, **more)
        host = await seated.take()
        self._unteach = ray_pickling.teach(host.sitting.epoch)
        return host, nodes

    def _heard(self, table: Table) -> None:
        """The directory has answered; this is the newest table."""

    def _over(self, reason: str) -> None:
        """This process must not go on as a host; what waits here for others hears that the system is closed."""
        self._lost = True
        self._close_host(reason)

    def _close_host(self, reason: str) -> None:
        assert self._seated is not None
        host = self._seated.host
        log.critical("This program is not a part of the system %s any more: %s.", host.system, reason)
        why = f"this program is not a part of it any more: {reason}"
        with contextlib.suppress(RuntimeError):  # the loop has closed
            host.loop.call_soon_threadsafe(lambda: None if host.closed else host.work.start_apart(host.lose(why)))

    async def stats(self) -> list[HostStats]:
        """The figures of every host."""
        assert self._seated is not None
        return await look_at(self._seated.host)

    async def members(self) -> list[Member]:
        """Every host as the directory sees it."""
        assert self._seated is not None
        return list(await self._seated.directory.ask("members"))

    async def look_closely(self) -> tuple[list[HostReport], list[str]]:
        """Every host process as it sees itself, and who does not answer; hosts are asked by Ray, so loops may hang."""
        assert self._seated is not None
        reports, silent = await look_at_all(self._options.namespace, self._system, self._seated.host)
        return [self._seated.report(), *reports], silent

    async def _stand_up(self, budget: float) -> None:
        """Give up the seat."""
        if self._seated is not None:
            await self._seated.leave(0.0 if self._lost else budget)  # without a lease no record may leave
            self._seated = None
        self._unteach()
        self._unteach = _nothing
        self._give_sigterm_back()

    async def _part(self) -> None:
        """Leave Ray."""
        await asyncio.to_thread(self.leave_ray)

    def leave_ray(self) -> None:
        """The last step of closing, which a second signal may have cut short. Blocks; asking twice is asking once.

        Not left to the end of the program: what Ray does there makes Python forget that Ctrl-C has ended it.
        """
        if self._cluster is not None:
            (self._cluster.abandon if self._lost else self._cluster.close)()
            self._cluster = None


def _nothing() -> None:
    """Ray's pickler was taught nothing."""
