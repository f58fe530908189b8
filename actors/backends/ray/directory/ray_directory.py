"""The directory as a host asks it: through Ray, and as patiently as each question needs."""

import asyncio
import contextlib
from typing import Any

from actors.address import Address
from actors.backends.ray.directory.directory_actor import DirectoryPlan
from actors.backends.ray.directory.directory_client import DirectoryClient
from actors.backends.ray.errors import DirectoryUnavailable
from actors.directory import Rebuilding
from actors.membership.seats import Table

REBUILDING_PAUSE = 0.1
"""Seconds between two questions to a directory that is being rebuilt."""

DIRECTORY_TIMEOUT = 20.0
"""Seconds that a host waits for the directory, which comes back within two when it has died."""


class RayDirectory:
    """The directory as a host asks it."""

    def __init__(self, plan: DirectoryPlan, handle: Any = None) -> None:
        self.client = DirectoryClient(plan, handle)

    async def ask(self, method: str, *arguments: Any) -> Any:
        """One call; waits out a restart of the directory."""
        return await self.client.call(method, *arguments, timeout=DIRECTORY_TIMEOUT)

    async def claim(self, name: str, root_seat: int, address: Address) -> bool:
        """Claim a top-level name."""
        return bool(await self._ask_when_rebuilt("claim", name, root_seat, address))

    async def release(self, name: str, address: Address) -> None:
        """Free a top-level name."""
        with contextlib.suppress(DirectoryUnavailable):
            await self.ask("release", name, address)

    async def lookup(self, name: str) -> Address | None:
        """The address of the top-level actor of this name."""
        found = await self._ask_when_rebuilt("lookup", name)
        return Address(*found) if found is not None else None

    async def table(self) -> Table:
        """The newest table."""
        table: Table = await self.ask("table")
        return table

    async def _ask_when_rebuilt(self, method: str, *arguments: Any) -> Any:
        """As `ask`; waits as well until a directory that was restarted knows all names again, which takes seconds."""
        while True:
            try:
                return await self.ask(method, *arguments)
            except Rebuilding:
                await asyncio.sleep(REBUILDING_PAUSE)
