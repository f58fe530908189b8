"""Actors whose parent was lost with its host: they are stopped, whatever they do (rule A6).

Siblings stop as their parent would have stopped them: named ones in reverse order, one after the other, runs of unnamed
ones together. Each has its own stop budget, so that all have ended after as many budgets as there are levels.
"""

import asyncio
from typing import TYPE_CHECKING

from actors.cells import lifecycle
from actors.supervising.signals import EndReason

if TYPE_CHECKING:
    from collections.abc import Iterable

    from actors.address import Address
    from actors.cells.cell import Cell
    from actors.host import Host

AT_ONCE = 256
"""Actors that are stopped before others have a turn of the loop: about a millisecond."""


class Orphans:
    """Stops the orphans of one host."""

    def __init__(self, host: "Host") -> None:
        self._host = host
        self.ends: dict[int, asyncio.Future[None]] = {}
        """Who waits for the ends of which actors, by number."""

    async def stop(self, cells: "Iterable[Cell]") -> None:
        """Stop these and everything below them; returns when all have ended."""
        families: dict[Address, list[Cell]] = {}
        for cell in cells:
            families.setdefault(cell.parent, []).append(cell)
        ordered = [family for family in families.values() if len(family) > 1 and any(cell.path for cell in family)]
        one_by_one = [self._host.work.start_apart(self._stop_in_order(family)) for family in ordered]
        for family in ordered:
            del families[family[0].parent]
        ends: list[asyncio.Future[None]] = []
        for count, cell in enumerate((cell for family in families.values() for cell in family), 1):
            ends += self._begin(cell)
            if count % AT_ONCE == 0:
                await asyncio.sleep(0)
        if ends or one_by_one:
            await asyncio.wait([*ends, *one_by_one])

    def ended(self, number: int) -> None:
        """An actor of this host has ended."""
        waiting = self.ends.pop(number, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(None)

    async def _stop_in_order(self, family: "list[Cell]") -> None:
        batch: list[asyncio.Future[None]] = []
        for cell in sorted(family, key=_number, reverse=True):
            if cell.path and batch:
                await asyncio.wait(batch)
                batch = []
            batch += self._begin(cell)
            if cell.path and batch:
                await asyncio.wait(batch)
                batch = []
        if batch:
            await asyncio.wait(batch)

    def _begin(self, cell: "Cell") -> "list[asyncio.Future[None]]":
        """Begin to stop one; what is to be waited for, if it has not ended already."""
        host, number = self._host, cell.address.number
        host.apart(lifecycle.stop, cell, EndReason.PARENT_FAILED)
        if number not in host.cells:
            return []
        return [self.ends.setdefault(number, host.loop.create_future())]


def _number(cell: "Cell") -> int:
    return cell.address.number
