"""Ray drains a node before it takes it away: the driver has the hosts there move, while there is time.

It looks once a second. Spares on the node end first, so that none of them is called to a seat that is being left. Then
each host finishes what it has and leaves its seat to a spare elsewhere. The driver itself cannot move.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from ray.exceptions import RayError

from actors.backends.ray import internals
from actors.backends.ray.hosts.host_processes import Host, HostProcesses
from actors.errors import Unplaceable
from actors.membership.seats import Table
from actors.settings import Settings

log = logging.getLogger("understudy.ray")

PATIENCE = 1.0
"""Seconds that Ray has to say which nodes it drains."""

LEAST = 1.0
"""Seconds that a host has to leave in any case."""

MARGIN = 1.0
"""Seconds before the node is taken away by which its hosts shall have left."""


class Drains:
    """The nodes that are drained, and who has moved away from them. Used on the driver's loop."""

    def __init__(
        self,
        settings: Settings,
        processes: HostProcesses,
        node: str,
        ended: Callable[[str], Awaitable[object]],
        start: Callable[[Coroutine[Any, Any, None]], "asyncio.Task[None]"],
    ) -> None:
        self._settings = settings
        self._processes = processes
        self._node = node
        self._ended = ended
        self._start = start
        self._looking: asyncio.Task[None] | None = None
        self._table = Table((0, 0))
        self.nodes: set[str] = set()
        """Where nothing is to be started any more."""

    def look(self, table: Table) -> None:
        """Look whether there are new ones, unless a look is under way."""
        self._table = table
        if self._looking is None or self._looking.done():
            self._looking = self._start(self._look())

    def refuse(self, node: str | None) -> None:
        """Raise Unplaceable for a node where nothing is to be started any more."""
        if node in self.nodes:
            raise Unplaceable(f"Ray drains the node {node}, and the actors of this seat were to live there only.")

    async def _look(self) -> None:
        try:
            draining = await asyncio.to_thread(internals.draining_nodes, PATIENCE)
        except RayError as error:
            log.info("Ray does not say which nodes it drains: %s", error)
            return
        for node, deadline in draining.items():
            if node not in self.nodes:
                self.nodes.add(node)
                self._start(self._empty(node, deadline))

    async def _empty(self, node: str, deadline: float) -> None:
        """Everybody leaves this node."""
        budget = self._settings.drain_budget
        if deadline:
            budget = max(LEAST, min(budget, deadline - time.time() - MARGIN))
        log.warning("Ray drains the node %s: the hosts there have %.1f s to leave.", node, budget)
        if node == self._node:
            log.warning("The driver is on it, and cannot move.")
        there = [process for process in self._processes.alive() if process.report.node_id == node]
        seated = {seat.host for seat in self._table.seats if not seat.vacant}
        await asyncio.gather(*(self._move(spare, budget) for spare in there if spare.name not in seated))
        await asyncio.gather(*(self._move(host, budget) for host in there if host.name in seated))

    async def _move(self, process: Host, budget: float) -> None:
        await asyncio.to_thread(self._processes.move, process, budget)
        await self._ended(process.name)
