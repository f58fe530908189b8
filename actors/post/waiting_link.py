"""Stands for the link to a seat that is vacant or being asked about, so that what is sent there keeps its order."""

import asyncio
from collections.abc import Collection, Sequence

from actors.links.events import LinkState

NOBODY = 0
"""Stands for the epoch of whoever will be found on a seat, or will take it."""


class WaitingLink:
    """Stands for the link to a seat that is being looked for: keeps records, up to a bound in bytes."""

    offset = None

    def __init__(self, room: int) -> None:
        self.state = LinkState.CONNECTING
        self._room = room
        self._records: list[bytes] = []
        self._over = asyncio.Event()

    @property
    def over(self) -> bool:
        """Whether it is known who sits there, or that nobody does."""
        return self._over.is_set()

    def send(self, record: bytes) -> bool:
        """Keep a record; False when there is no room."""
        if len(record) > self._room or self.state.final:
            return False
        self._room -= len(record)
        self._records.append(record)
        return True

    def send_large(self, parts: Sequence[bytes | memoryview]) -> int | None:
        """Large records are refused: they would need memory without a bound that means anything."""
        del parts

    async def room(self, size: int = 0) -> bool:
        """Room comes with the link. False: there will be none."""
        del size
        await self._over.wait()
        return not self.state.final

    async def room_for_large(self, size: int) -> bool:
        """As `room`."""
        del size
        return await self.room()

    def unfinished(self) -> Collection[int]:
        """There are no large records."""
        return ()

    def close(self, *, found: bool) -> list[bytes]:
        """The search is over. Returns what was kept, in order."""
        if not found:
            self.state = LinkState.GIVEN_UP
        self._over.set()
        records, self._records = self._records, []
        return records
