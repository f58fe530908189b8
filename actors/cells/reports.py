"""What a host tells the root of a detached system when that has a new keeper: who lives, who waits, who has ended.

The root outlives the process that keeps it, and what was told to a keeper that died may be lost with it. So a host
remembers the last failure of each of the root's actors, and each end until the root says that it has been noted.
"""

from typing import TYPE_CHECKING

from actors.address import Address
from actors.supervising.signals import ChildEnded, ChildFailed, ChildFinished, ChildHere, Signal

if TYPE_CHECKING:
    from actors.host import Host


class Reports:
    """What one host has told the root, as far as it may have to be told again."""

    __slots__ = ("_ends", "_host", "_waits")

    def __init__(self, host: "Host") -> None:
        self._host = host
        self._waits: dict[int, ChildFailed | ChildFinished] = {}
        """By the number of an actor, what it waits for an answer to, or waited for at last."""
        self._ends: dict[int, ChildEnded] = {}

    def told(self, signal: Signal) -> None:
        """The root is being told this."""
        match signal:
            case ChildFailed() | ChildFinished():
                self._waits[signal.child.number] = signal
            case ChildEnded():
                self._waits.pop(signal.child.number, None)
                self._ends[signal.child.number] = signal
            case _:
                pass

    def noted(self, child: Address) -> None:
        """This end need not be told again."""
        self._ends.pop(child.number, None)

    def give(self, root: Address) -> None:
        """Tell a new keeper everything: first who has ended, then each that lives, with what it waits for."""
        host = self._host
        for ended in list(self._ends.values()):
            host.signal(root, ended)
        for cell in list(host.cells.values()):
            if cell.parent != root:
                continue
            present = cell.incarnation if cell.successor is None else cell.successor.incarnation
            host.signal(root, ChildHere(cell.address, present, cell.began))
            waits = self._waits.get(cell.address.number)
            if waits is not None and cell.failing and cell.successor is None and waits.incarnation == present:
                host.signal(root, waits)
