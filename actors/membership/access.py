"""What a host asks of its system's directory, which is in this process or far away."""

from typing import Protocol

from actors.address import Address
from actors.membership.seats import Table


class DirectoryAccess(Protocol):
    """What a host asks of its system's directory; in this process, or far away."""

    async def claim(self, name: str, root_seat: int, address: Address) -> bool:
        """Claim a top-level name."""
        ...

    async def release(self, name: str, address: Address) -> None:
        """Free a top-level name."""
        ...

    async def lookup(self, name: str) -> Address | None:
        """The address of the top-level actor of this name."""
        ...

    async def table(self) -> Table:
        """The newest table."""
        ...
