"""The driver, or the keeper, has spares behind the hosts, and finds somebody for each seat that waits (A9, A14).

It looks at every table. A seat that any spare may take needs one more process, unless a spare stands by; a seat with
needs of its own needs one that is made for it. A spare that was called is replaced a little later, when the actors of
the lost host are back: the start of a process takes a core for a second.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from actors.errors import UnderstudyError
from actors.membership.seats import Heirs, Seat, Table
from actors.settings import Settings

log = logging.getLogger("understudy.ray")

REPLACE_AFTER = 2.0
"""Seconds between the call of a spare, or the opening of the system, and the start of the next one."""

HOSTS = (Heirs.SPARES, Heirs.MADE)
"""Who inherits the seat of a host, as against that of a program or of the keeper."""

Make = Callable[[str | None, Seat | None], Awaitable[None]]
"""Starts a spare on a node (None: anywhere), or one that is made for a seat; returns when it stands by."""


class Understudies:
    """What is being made, and how many there should be. Used on the driver's loop."""

    def __init__(
        self,
        settings: Settings,
        make: Make,
        withhold: Callable[[int], Awaitable[object]],
        start: Callable[[Coroutine[Any, Any, None]], "asyncio.Task[None]"],
        clock: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._make = make
        self._withhold = withhold
        self._start = start
        self._clock = clock
        self._making: dict[asyncio.Task[None], tuple[str | None, int | None]] = {}
        """Tasks that start a process: the node it is for, and the seat."""
        self._short_since: float | None = None
        self._stopped = False

    def look(self, table: Table) -> None:
        """Start what is missing."""
        if self._stopped or not table.complete:
            return
        waiting = [seat for seat in table.seats if seat.vacant and not seat.withheld and not seat.host]
        special = [seat for seat in waiting if seat.heirs is Heirs.MADE or _is_tied(seat, table)]
        for seat in special:
            self._make_for(seat, table)
        self._fill([seat for seat in waiting if seat not in special], table)

    def stop(self) -> None:
        """Start nothing more, and drop what is being started."""
        self._stopped = True
        for task in list(self._making):
            task.cancel()

    def _make_for(self, seat: Seat, table: Table) -> None:
        stands_by = any(spare.seat == seat.number for spare in table.spares)
        if not stands_by and not any(number == seat.number for _, number in self._making.values()):
            self._begin(None, seat)

    def _fill(self, waiting: list[Seat], table: Table) -> None:
        wanted = self._wanted(table)
        there = Counter(spare.node for spare in table.spares if spare.seat is None)
        coming = Counter(node or "" for node, number in self._making.values() if number is None)
        missing = sum(wanted.values()) + len(waiting) - sum(there.values()) - sum(coming.values())
        urgent = len(waiting) - sum(there.values()) - sum(coming.values())
        if missing <= 0:
            self._short_since = None
            return
        now = self._clock()
        if self._short_since is None:
            self._short_since = now
        if now - self._short_since < REPLACE_AFTER:
            missing = urgent
        for seat in waiting[: max(0, min(missing, urgent))]:
            self._begin(seat.node, None)
            missing -= 1
        short = wanted - there - coming
        for node in list(short.elements())[: max(0, missing)]:
            self._begin(node, None)

    def _wanted(self, table: Table) -> "Counter[str]":
        """How many spares each node should have: all nodes that have hosts in turn."""
        nodes = sorted({seat.node for seat in table.seats if seat.heirs in HOSTS and not seat.vacant})
        count = self._settings.spares if self._settings.spares is not None else len(nodes)
        return Counter(nodes[index % len(nodes)] for index in range(count)) if nodes else Counter()

    def _begin(self, node: str | None, seat: Seat | None) -> None:
        task = self._start(self._bring(node, seat))
        self._making[task] = (node, seat.number if seat is not None else None)
        task.add_done_callback(lambda done: self._making.pop(done, None))

    async def _bring(self, node: str | None, seat: Seat | None) -> None:
        try:
            await self._make(node, seat)
        except UnderstudyError as error:
            log.warning("A spare could not be started: %s", error)
            if seat is not None:
                await self._withhold(seat.number)
            else:
                await asyncio.sleep(REPLACE_AFTER)  # it counts as coming, so that the next try is not at once


def _is_tied(seat: Seat, table: Table) -> bool:
    """Whether no spare that stands by is where the actors of this seat were to live."""
    return bool(seat.ties) and not any(spare.may_take(seat) for spare in table.spares)
