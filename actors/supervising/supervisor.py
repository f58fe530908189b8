"""What a supervisor is to its table of children: where it is, and what it does when they are too much for it."""

from typing import TYPE_CHECKING, Protocol

from actors.address import Address

if TYPE_CHECKING:
    from actors.host import Host


class Supervisor(Protocol):
    """What owns a table of children: a cell, or the root of a host."""

    host: "Host"

    @property
    def address(self) -> Address:
        """Where children send their signals."""
        ...

    @property
    def path(self) -> str:
        """Names from the root down, for people; empty for one that has no name."""
        ...

    @property
    def stem(self) -> str:
        """What the paths of its children begin with: no other living supervisor has the same."""
        ...

    def escalate(self, error: BaseException) -> None:
        """Fail with a child's error."""
        ...

    def shut_down(self) -> None:
        """Stop by itself, because significant children have ended."""
        ...

    async def claim(self, name: str, address: Address) -> bool:
        """Claim a child's name wherever it must be unique besides this table; False when another has it."""
        ...

    def released(self, name: str, address: Address) -> None:
        """A child that held a name has ended."""
        ...
