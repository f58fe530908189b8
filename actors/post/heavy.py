"""Records whose bytes count: in the mailbox that they go to, or behind a large one that is on its way (rule A33)."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from actors.mail.dead_letters import Reason
from actors.mail.weights import LIGHT
from actors.post.peer import REQUESTS, Peer

if TYPE_CHECKING:
    from actors.host import Host

Found = tuple[Any, ...]
Taker = Callable[[Peer, Found], None]


class Heavy:
    """The heavy records that come to one host, and what is held back whatever it weighs."""

    def __init__(self, host: "Host", serve: Taker, refuse: Taker) -> None:
        self._host = host
        self._serve = serve
        self._refuse = refuse
        self.held_bytes = 0
        """Bytes of the heavy records that are held back."""
        self._sizes: dict[int, int] = {}
        """Of each, by its identity."""

    def serve(self, peer: Peer, found: Found, size: int) -> None:
        """Serve a record of so many bytes: its mailbox is told to expect them."""
        cell = self._host.cells.get(found[1]) if size > LIGHT and found[0] in REQUESTS else None
        if cell is None:
            self._serve(peer, found)
            return
        mailbox = cell.mailbox
        mailbox.expect(size, cell.blueprint.mailbox.byte_bound or self._host.settings.mailbox_byte_bound)
        self._serve(peer, found)
        for loser in mailbox.arrived():
            cell.give_up(loser, Reason.MAILBOX_FULL)

    def held_back(self, peer: Peer, found: Found, size: int) -> bool:
        """Whether the record waits behind a large one, or is refused because as much waits as one mailbox holds."""
        waiting, settings = peer.held.get(found[1]), self._host.settings
        if waiting is not None and found[0] in REQUESTS:
            full = len(waiting) >= settings.mailbox_bound
            if full or (size > LIGHT and self.held_bytes + size > settings.mailbox_byte_bound):
                self._refuse(peer, found)
                return True
        if not peer.must_wait(found):
            return False
        if size > LIGHT:
            self._sizes[id(found)] = size
            self.held_bytes += size
        return True

    def release(self, peer: Peer, found: Found) -> None:
        """Serve a record that had to wait."""
        size = self._sizes.pop(id(found), 0)
        self.held_bytes -= size
        self.serve(peer, found, size)
