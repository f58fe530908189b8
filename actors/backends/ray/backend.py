"""The backend behind `System(on="ray")`: Ray starts, places and watches host processes; links carry the messages.

Order of opening: the cluster (started or joined), the directory, the driver's own seat, the host processes. Order of
closing: actors (the system has stopped them), hosts newest first, the driver's links, the directory, the cluster.
"""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

from actors.backends.ray import calls
from actors.backends.ray.detached.attached import AttachedBackend
from actors.backends.ray.directory.claim import check_own
from actors.backends.ray.directory.control_store import ControlStore
from actors.backends.ray.directory.directory_actor import DirectoryPlan, start_directory
from actors.backends.ray.directory.open_directory import DIRECTORY_KEYS, Admission
from actors.backends.ray.hosts.fleet import START_TIMEOUT, Fleet, Lifetime, cores, environment_of
from actors.backends.ray.hosts.seated import Membership
from actors.backends.ray.hosts.sockets import remove_sockets
from actors.backends.ray.options import RayOptions
from actors.backends.ray.program import Program
from actors.backends.ray.system_name import full_name, host_prefix
from actors.host import Host
from actors.instrument import Opening
from actors.membership.seats import Table
from actors.settings import Settings
from actors.supervising.signals import StopReport
from actors.supervising.supervision import Supervision


class RayBackend(Program):
    """One system on Ray, as its driver sees it."""

    def __init__(self, options: RayOptions) -> None:
        super().__init__(options)
        self._system = options.name or f"system-{uuid4().hex[:10]}"
        self._directory: Any = None
        self._membership: Membership | None = None
        self._fleet: Fleet | None = None

    # ---- opening ----------------------------------------------------------------------------------------------------

    async def open(self, settings: Settings, supervision: Supervision, instrument: Opening | None = None) -> Host:
        """Open everything, or leave nothing behind; see the module for the order."""
        try:
            return await self._open(settings, supervision, instrument)
        except BaseException:
            await asyncio.shield(self._close(1.0))
            raise

    async def _open(self, settings: Settings, supervision: Supervision, instrument: Opening | None) -> Host:
        cluster = await self._join()
        secret = secrets.token_bytes(32)
        plan = DirectoryPlan(
            self._system,
            self._options.namespace,
            "actors.backends.ray.directory.open_directory:open_directory",
            config=Admission(secret, settings, self._system, self._options.namespace),
        )
        directory = await asyncio.to_thread(start_directory, plan, START_TIMEOUT)
        await check_own(plan, secret, START_TIMEOUT)
        self._directory = directory
        cluster.before_close(self._remove)  # also where a second signal cuts the closing short
        member = self._membership = Membership(
            directory=plan,
            secret=secret,
            settings=settings,
            over_tcp=not cluster.embedded or cluster.borrowed,  # one that the program began may have several nodes
            supervision=supervision,
            instrument=instrument,
        )
        host, nodes = await self._sit(member, cluster)
        assert self._seated is not None
        lifetime = Lifetime(
            namespace=plan.namespace, prefix=host_prefix(self._system), environment=environment_of(cluster)
        )
        fleet = self._fleet = Fleet(replace(member, driver=host.seat), self._seated, lifetime)
        host.placing.placer = fleet
        cluster.before_close(fleet.stop)
        count = settings.host_count(cores(nodes.values()))
        await fleet.open(count, sorted(nodes, key=lambda node: (nodes[node].is_head, node == cluster.node_id)))
        return host

    def _heard(self, table: Table) -> None:
        if self._fleet is not None:
            self._fleet.look_after(table)

    # ---- closing ----------------------------------------------------------------------------------------------------

    async def close(self, report: StopReport) -> None:
        """End hosts, directory and Ray, in order; the actors have stopped already."""
        del report
        assert self._membership is not None
        await asyncio.shield(self._close(self._membership.settings.stop_budget))

    async def _close(self, budget: float) -> None:
        if self._fleet is not None:
            self._fleet.make_no_more()
        if self._lost:
            self._fleet = None  # out of reach, hosts and directory end by themselves
        if self._fleet is not None:
            await asyncio.to_thread(self._fleet.stop, budget)
        await self._stand_up(budget)
        await self._part()

    def _remove(self) -> None:
        """End the directory, and remove its keys and this node's sockets: no host is left. Blocks."""
        name = full_name(self._options.namespace, self._system)
        calls.kill(self._directory)
        ControlStore(name).clear(*DIRECTORY_KEYS)
        remove_sockets(name)

    def hurry(self) -> Callable[[], object]:
        """Wait for no host any more: those that have not ended are killed. Then Ray is to be left."""
        if self._fleet is not None:
            self._fleet.processes.kill_all()
        return self.leave_ray


def open_backend(**options: Any) -> "RayBackend | AttachedBackend":
    """The backend for these options, see RayOptions; TypeError for one that it does not have."""
    chosen = RayOptions(**options)
    return AttachedBackend(chosen) if chosen.detached or chosen.attach is not None else RayBackend(chosen)
