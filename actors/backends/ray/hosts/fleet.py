"""The host processes of one system: made, watched, replaced and stopped by the one process that may (rule A14).

That is the driver, or the keeper of a detached system. Processes are started here for the opening, for a placement that
needs one of its own, as spares, and for a seat that waits; the end of each is told to the directory.
"""

import asyncio
import logging
import os
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from actors.backends.ray.clocks import clock
from actors.backends.ray.cluster.cluster import Cluster
from actors.backends.ray.cluster.placement import Needs, Node, living_nodes
from actors.backends.ray.errors import DirectoryUnavailable
from actors.backends.ray.hosts.drains import Drains
from actors.backends.ray.hosts.host_process import HostPlan
from actors.backends.ray.hosts.host_processes import Host as HostProcess
from actors.backends.ray.hosts.host_processes import HostProcesses
from actors.backends.ray.hosts.seated import Membership, Seated, needs_new_host
from actors.backends.ray.hosts.serve import HostSeat, HostTask
from actors.backends.ray.hosts.understudies import Understudies
from actors.membership.seats import Heirs, Seat, Table
from actors.placement import Placement

log = logging.getLogger("understudy.ray")

START_TIMEOUT = 60.0
"""Seconds that the directory and the first hosts have to start; a Ray worker takes 0.2 to 1 s, more on a busy one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetime:
    """Whether the processes outlive whoever makes them; how they are named; and what is set in their environment."""

    namespace: str
    prefix: str
    detached: bool = False
    environment: Mapping[str, str]


class Fleet:
    """The hosts and spares of one system. Used on the loop of the host that makes them."""

    def __init__(self, membership: Membership, seated: Seated, lifetime: Lifetime) -> None:
        self.processes = HostProcesses(lifetime.namespace, detached=lifetime.detached, environment=lifetime.environment)
        self._membership = membership
        self._seated = seated
        self._prefix = lifetime.prefix
        self._making: dict[str, asyncio.Task[list[HostSeat]]] = {}
        self._understudies: Understudies | None = None
        self._drains: Drains | None = None

    # ---- starting ---------------------------------------------------------------------------------------------------

    async def adopt(self, names: Iterable[str]) -> None:
        """Take over the processes that another one has made; all of them, whether they sit, stand by or start."""
        for process in await asyncio.to_thread(self.processes.adopt, list(names), START_TIMEOUT):
            self.bury_when_ended(process)

    async def open(self, count: int, nodes: Sequence[str]) -> None:
        """Start so many hosts, on these nodes in turn; from then on see to it that there are spares."""
        await asyncio.gather(
            *(
                self._start(HostTask(self._membership), share, Needs(node=node), START_TIMEOUT)
                for node, share in _shares(count, nodes).items()
            )
        )
        seated = self._seated
        self._understudies = Understudies(
            self._membership.settings,
            self._bring_spare,
            lambda seat: seated.directory.ask("withhold", seat),
            seated.host.work.start_apart,
            clock,
        )
        self._drains = Drains(
            self._membership.settings,
            self.processes,
            seated.host.node,
            lambda process: seated.directory.ask("ended", process),
            seated.host.work.start_system,
        )

    async def _start(self, task: HostTask, count: int, needs: Needs, deadline: float) -> list[HostSeat]:
        """Start so many processes; the seats of those that have one."""
        entry, drain = "actors.backends.ray.hosts.serve:serve", task.membership.settings.drain_budget
        names = [f"{self._prefix}{uuid4().hex[:8]}" for _ in range(count)]
        plans = [HostPlan(name, entry, replace(task, name=name), drain=drain) for name in names]
        started = await asyncio.to_thread(self.processes.start, plans, needs, deadline)
        for process in started:
            self.bury_when_ended(process)
        await self._seated.refresh()
        return [it.report.report for it in started if isinstance(it.report.report, HostSeat)]

    def bury_when_ended(self, process: HostProcess) -> None:
        """When Ray says that the process has ended, the directory hears: that is proof of death (rule A15)."""
        host, directory = self._seated.host, self._seated.directory

        async def bury() -> None:
            try:
                host.new_table(await directory.ask("ended", process.name))
            except DirectoryUnavailable as error:
                log.warning("%s", error)

        def ended(_: Any) -> None:
            self.processes.forget(process)
            if not host.closed:
                host.loop.call_soon_threadsafe(lambda: None if host.closed else host.work.start_system(bury()))

        def ended_safely(future: Any) -> None:
            try:
                ended(future)
            except RuntimeError:  # the loop has closed: nobody is left to tell
                return

        process.end.add_done_callback(ended_safely)

    # ---- spares -----------------------------------------------------------------------------------------------------

    def look_after(self, table: Table) -> None:
        """With each renewal: are there enough spares, does a seat wait, does Ray drain a node."""
        if self._understudies is not None and self._drains is not None:
            self._understudies.look(table)
            self._drains.look(table)

    async def _bring_spare(self, node: str | None, seat: Seat | None) -> None:
        assert self._drains is not None
        if seat is not None:
            alone, node = seat.heirs is Heirs.MADE, seat.node if seat.ties.node else None
            task = HostTask(self._membership, dedicated=alone, resources=seat.resources, spare=True, seat=seat.number)
            needs = replace(Needs.of(seat.resources), node=node, labels=dict(seat.ties.labels))
            self._drains.refuse(needs.node)
        else:
            living = {it.node_id for it in await asyncio.to_thread(living_nodes)} - self._drains.nodes
            task, needs = HostTask(self._membership, spare=True), Needs(node=node if node in living else None)
        await self._start(task, 1, needs, self._membership.settings.placement_timeout)

    # ---- placing ----------------------------------------------------------------------------------------------------

    def must_make_room(self, placement: Placement) -> bool:
        """Dedicated actors get a host each; a node that has no host yet gets one."""
        return needs_new_host(placement, self._seated.host)

    async def make_room(self, placement: Placement) -> int:
        """Start a host for this placement; Unplaceable, naming what is missing, if Ray cannot give it in time."""
        if placement.kind == "dedicated":
            needs = Needs(num_cpus=placement.num_cpus, num_gpus=placement.num_gpus, resources=dict(placement.resources))
            task = HostTask(self._membership, dedicated=True, resources=needs.demands())
            return await self._make(uuid4().hex, task, needs)
        key = f"{placement.node} {sorted(placement.labels.items())}"
        needs = Needs(node=placement.node, labels=dict(placement.labels))
        return await self._make(key, HostTask(self._membership), needs)

    async def _make(self, key: str, task: HostTask, needs: Needs) -> int:
        """The seat of one new host, the same for all who ask by one key at a time, and made even if they go."""
        making = self._making.get(key)
        if making is None:
            timeout = task.membership.settings.placement_timeout
            start = self._seated.host.work.start_apart  # not a task of the actor that happens to be the first to ask
            making = self._making[key] = start(self._start(task, 1, needs, timeout))
            making.add_done_callback(lambda done: self._made(key, done))
        return (await asyncio.shield(making))[0].seat

    def _made(self, key: str, making: "asyncio.Task[list[HostSeat]]") -> None:
        self._making.pop(key, None)
        if not making.cancelled() and (error := making.exception()) is not None:
            log.info("A host could not be made: %s", error)

    # ---- the end ----------------------------------------------------------------------------------------------------

    def make_no_more(self) -> None:
        """Start nothing more, and drop what is being started."""
        if self._understudies is not None:
            self._understudies.stop()
        for making in list(self._making.values()):
            making.cancel()

    def stop(self, budget: float = 5.0) -> None:
        """Stop all processes within `budget` seconds. Blocks; asking twice is asking once."""
        self.processes.close()
        for stopped in self.processes.stop(budget):
            level = logging.WARNING if stopped.way == "killed" else logging.DEBUG
            log.log(level, "Host %s %s after %.2f s.", stopped.name, stopped.way, stopped.seconds)


def cores(nodes: Iterable[Node]) -> int:
    """The cores that the nodes offer to Ray."""
    return max(1, int(sum(node.resources.get("CPU", 0.0) for node in nodes)))


def _shares(count: int, nodes: Sequence[str]) -> dict[str, int]:
    """How many hosts each node gets: in turn, so that every node has one before any has two.

    Named node by node, because Ray's SPREAD promises no such thing.
    """
    shares = Counter(nodes[index % len(nodes)] for index in range(count))
    return dict(shares)


def environment_of(cluster: Cluster) -> dict[str, str]:
    """What host processes need from this one: where it finds modules. Ray passes it on by itself when embedded."""
    return {} if cluster.embedded and not cluster.borrowed else {"PYTHONPATH": os.pathsep.join(_folders(sys.path))}


def _folders(path: Sequence[str]) -> list[str]:
    return [folder or os.getcwd() for folder in path if not folder or os.path.isdir(folder)]  # noqa: PTH109, PTH112
