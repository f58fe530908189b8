"""The keeper of a detached system does what its driver would: keeps the root, makes hosts and spares, stops them all.

It is a Ray actor of detached lifetime on the head node, as the directory is, and a host of its own on which no actor
lives. Ray starts it again when it has died. It then takes the seat of its predecessor, reads the root's entries, and
takes over the processes that are there; nothing of the system has stopped meanwhile, and top-level actors that had
failed have waited for it.
"""

import asyncio
import contextlib
import logging
import os
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import uuid4

from actors import logs
from actors.address import Sitting
from actors.backends.ray import calls
from actors.backends.ray.cluster.placement import Node, living_nodes
from actors.backends.ray.detached.ledger import StoredLedger
from actors.backends.ray.detached.systems import KeeperTask
from actors.backends.ray.directory.claim import check_own
from actors.backends.ray.directory.control_store import ControlStore
from actors.backends.ray.directory.directory_actor import start_directory
from actors.backends.ray.hosts.fleet import START_TIMEOUT, Fleet, Lifetime, cores
from actors.backends.ray.hosts.host_life import HostLife
from actors.backends.ray.hosts.seated import Place, Seated
from actors.backends.ray.hosts.serve import EXIT_CODE, end_at_once
from actors.backends.ray.hosts.sockets import remove_sockets
from actors.backends.ray.hosts.spare import stand_by
from actors.backends.ray.system_name import full_name, host_prefix, part_of
from actors.host import Host
from actors.membership.seats import Heirs, Spare, Table
from actors.supervising.kept_root import KeptRoot
from actors.supervising.signals import StopReport

log = logging.getLogger("understudy.ray")

SEAT = "keeper"
"""The control store's key for the name of the last keeper's process and its seat."""

STOPPING = "stopping"
"""The control store's key that is there while the system is being stopped."""

LOOK = 0.05
"""Seconds between two looks at whether the seat of a keeper that has died is vacant."""


async def keep(task: KeeperTask, life: HostLife) -> None:
    """Be the keeper until the system is stopped. A keeper that ends otherwise is started again by Ray."""
    plan = task.membership.directory
    keeper = Keeper(task, ControlStore(full_name(plan.namespace, plan.system)))
    try:
        await keeper.open(life)
    except BaseException:
        if keeper.first:
            await keeper.leave_nothing()
        raise
    life.ready(keeper.membership)
    told = asyncio.ensure_future(life.stopping.wait())
    asked = asyncio.ensure_future(keeper.root.stopping.wait())
    await asyncio.wait([told, asked], return_when=asyncio.FIRST_COMPLETED)
    if not asked.done():
        os._exit(EXIT_CODE)  # not in order: Ray would take it for an end that was meant
    told.cancel()
    await keeper.stop()


class Keeper:
    """One life of the keeper."""

    def __init__(self, task: KeeperTask, store: ControlStore) -> None:
        self.membership = task.membership
        self.first = True
        """Whether there was none before it."""
        self._environment = task.environment
        self._store = store
        self._name = f"{task.membership.directory.system}-keeper-{uuid4().hex[:8]}"
        self._directory: Any = None
        self._seated: Seated | None = None
        self._fleet: Fleet | None = None

    @property
    def root(self) -> KeptRoot:
        """The root it keeps."""
        assert self._seated is not None
        root = self._seated.host.root
        assert isinstance(root, KeptRoot)
        return root

    # ---- opening ----------------------------------------------------------------------------------------------------

    async def open(self, life: HostLife) -> None:
        """Open the system, or take over what there is of it."""
        member = self.membership
        former = await asyncio.to_thread(self._store.get, SEAT)
        self.first = former is None
        self._directory = await asyncio.to_thread(start_directory, member.directory, START_TIMEOUT)
        try:
            await check_own(member.directory, member.secret, START_TIMEOUT)
        except BaseException:
            self._directory = None  # it is not ours to end
            raise
        nodes = {node.node_id: node for node in await asyncio.to_thread(living_nodes)}
        here = nodes[calls.node_id()]
        place = Place(name=self._name, node=here.node_id, address=here.address, labels=here.labels, heirs=Heirs.KEEPER)
        end = partial(end_at_once, self._name)
        seated = self._seated = Seated(member, place, end=end, heard=self._heard, root=self._make_root)
        sitting = await self._inherit(former.decode(), place, life) if former is not None else None
        host = await seated.take(sitting)
        life.look = seated.report
        logs.to_stderr(member.settings.log_level, "keeper")
        await asyncio.to_thread(self._store.put, SEAT, f"{self._name} {host.seat}".encode())
        await self._dismiss_others(host, seated)
        self.membership = replace(member, driver=host.seat)
        await self._make_hosts(host, nodes)
        if await asyncio.to_thread(self._store.get, STOPPING) is not None:
            self.root.stopping.set()

    async def _inherit(self, former: str, place: Place, life: HostLife) -> Sitting | None:
        """The sitting that follows that of the last keeper; None if nobody knows its seat any more.

        Ray starts a keeper only when the one before has ended: that is proof of its death.
        """
        assert self._seated is not None
        directory, (name, _, number) = self._seated.directory, former.rpartition(" ")
        await directory.ask("ended", name)
        while True:
            table = await directory.table()
            if any(seat.number == int(number) and seat.vacant for seat in table.seats):
                spare = Spare(place.name, place.node, int(number))
                return await stand_by(spare, directory, life, self.membership.settings)
            if table.complete and not any(seat.number == int(number) for seat in table.seats):
                return None
            await asyncio.sleep(LOOK)  # a directory that was lost as well is being rebuilt

    def _make_root(self, host: Host) -> KeptRoot:
        ledger = StoredLedger(self._store, host.sitting.epoch)
        root = KeptRoot(host, self.membership.supervision, ledger)
        root.kept.take_over(ledger.entries())
        return root

    async def _dismiss_others(self, host: Host, seated: Seated) -> None:
        """A keeper that died before it was known had a seat that nobody is waited for to take."""
        for seat in host.table.seats:
            if seat.heirs is Heirs.KEEPER and seat.number != host.seat:
                await seated.directory.ask("give_up", seat.number)

    async def _make_hosts(self, host: Host, nodes: dict[str, Node]) -> None:
        assert self._seated is not None
        plan, settings = self.membership.directory, self.membership.settings
        lifetime = Lifetime(
            namespace=plan.namespace,
            prefix=host_prefix(plan.system),
            detached=True,
            environment=self._environment,
        )
        fleet = self._fleet = Fleet(self.membership, self._seated, lifetime)
        host.placing.placer = fleet
        listed = await asyncio.to_thread(calls.named_actors)
        ours = [name for space, name in listed if space == plan.namespace]
        await fleet.adopt(name for name in ours if part_of(name) == (plan.system, "host"))
        there = sum(seat.heirs is Heirs.SPARES for seat in host.table.seats)
        missing = settings.host_count(cores(nodes.values())) - there
        await fleet.open(max(0, missing), sorted(nodes, key=lambda node: nodes[node].is_head))

    def _heard(self, table: Table) -> None:
        if self._fleet is not None:
            self._fleet.look_after(table)

    # ---- the end ----------------------------------------------------------------------------------------------------

    async def stop(self) -> None:
        """Stop all actors, then all hosts; tell whoever asked, and all programs; leave nothing, not even itself."""
        assert self._seated is not None
        host, root = self._seated.host, self.root
        await asyncio.to_thread(self._store.put, STOPPING, b"1")
        if self._fleet is not None:
            self._fleet.make_no_more()
        report = StopReport()
        try:
            report = await host.stop_actors()
            await self._stop_hosts()
        finally:
            root.say_over(report)
            await self.leave_nothing()
            calls.kill(calls.this_actor())

    async def _stop_hosts(self) -> None:
        if self._fleet is not None:
            await asyncio.to_thread(self._fleet.stop, self.membership.settings.stop_budget)

    async def leave_nothing(self) -> None:
        """End the hosts that are left, the directory, and what stands in the control store."""
        await self._stop_hosts()
        if self._seated is not None:
            with contextlib.suppress(Exception):  # whatever has failed before, the rest is to go as well
                await self._seated.leave(self.membership.settings.stop_budget)
        if self._directory is not None:
            await asyncio.to_thread(calls.kill, self._directory)
            plan = self.membership.directory
            await asyncio.to_thread(remove_sockets, full_name(plan.namespace, plan.system))
            await asyncio.to_thread(self._store.clear)
