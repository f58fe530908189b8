"""Who holds a name: one top-level actor at a time, until it lets go or the host of its root is gone (rule A3)."""

from collections.abc import Mapping

from actors.address import Address


class Names:
    """The names of a system's top-level actors, as far as the hosts of their roots have said."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[int, Address]] = {}

    def add(self, root_seat: int, names: Mapping[str, Address]) -> None:
        """A host says which names its root has given; what is held already stays where it is."""
        self._held = {name: (root_seat, address) for name, address in names.items()} | self._held

    def claim(self, name: str, root_seat: int, address: Address) -> Address:
        """Who holds the name, now that this actor of this root has asked for it."""
        return self._held.setdefault(name, (root_seat, address))[1]

    def release(self, name: str, address: Address) -> None:
        """Free a name, if this actor holds it."""
        if self.holder(name) == address:
            del self._held[name]

    def release_all(self, root_seat: int) -> None:
        """The host of a root is gone, and its root with it."""
        self._held = {name: held for name, held in self._held.items() if held[0] != root_seat}

    def holder(self, name: str) -> Address | None:
        """The top-level actor of this name, if one has said that it has it."""
        held = self._held.get(name)
        return held[1] if held is not None else None
