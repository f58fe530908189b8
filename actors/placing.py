"""Where what is spawned on one host is to live: on a seat of the table, or on one that is made for it.

Hosts that are about to leave are given nothing while there are others. While every seat that would do waits for its
next host, or the directory has just been rebuilt, a spawn waits as well: somebody sits there again in a moment.
"""

import asyncio
import contextlib
from typing import TYPE_CHECKING

from actors.errors import Unplaceable
from actors.placement import Chooser, Placement, Placer

if TYPE_CHECKING:
    from actors.host import Host


class Placing:
    """Finds seats for the spawns of one host."""

    def __init__(self, host: "Host") -> None:
        self._host = host
        self._chooser = Chooser(host.random)
        self._next_table: asyncio.Future[None] | None = None
        self.placer: Placer | None = None
        """Makes hosts, where hosts can be made."""

    def refresh(self) -> None:
        """A new table came."""
        self._chooser.refresh()
        if self._next_table is not None and not self._next_table.done():
            self._next_table.set_result(None)
        self._next_table = None

    def can(self, placement: Placement) -> bool:
        """Whether a host of the known table will do."""
        return self._chooser.fits_any(placement, self._host.seating.taken)

    def now(self, placement: Placement) -> int:
        """The seat for a placement that needs no new host; Unplaceable for any other."""
        if self.placer is not None and self.placer.must_make_room(placement):
            text = f"A host has to be made for {placement.kind!r} first, which takes time: use `await spawn(...)`."
            raise Unplaceable(text)
        return self._chooser.choose(placement, self._host.seating.staying, self._host.seat)

    async def seat(self, placement: Placement) -> int:
        """The seat for a placement, after a host was made for it if need be; Unplaceable if there can be none.

        While all that would do are vacant, or not all hosts are known yet, it waits, as long as a spawn may take.
        """
        if self.placer is not None and self.placer.must_make_room(placement):
            return await self.placer.make_room(placement)
        if placement.kind not in ("here", "near"):
            with contextlib.suppress(TimeoutError):  # then the choice says what is missing
                async with asyncio.timeout(self._host.settings.spawn_timeout):
                    while not self.can(placement) and self._may_come(placement):
                        await self._news()
        return self.now(placement)

    def _may_come(self, placement: Placement) -> bool:
        """A vacant seat would do; or the directory is new, and has not heard of every host yet."""
        table = self._host.table
        return not table.complete or self._chooser.fits_any(placement, table.seats)

    async def seats(self, placement: Placement, count: int) -> list[int]:
        """Seats for many actors of one placement."""
        first = [await self.seat(placement)] if count else []
        if placement.kind == "dedicated":
            return first * count
        return first + [self.now(placement) for _ in range(count - 1)]

    async def _news(self) -> None:
        if self._next_table is None:
            self._next_table = self._host.loop.create_future()
        await asyncio.shield(self._next_table)
