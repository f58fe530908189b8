"""Who is linked to whom: each link is between two incarnations, and the abnormal end of one fails the other (rule A12).

Both ends keep the link under its number. Whichever ends first tells the other, and each forgets the link when its own
incarnation ends, or hears of the other's end, so neither table keeps what is over. Links that two actors make to each
other in the same moment are two numbers of one link.
"""

from typing import TYPE_CHECKING

import msgspec

from actors.address import Address
from actors.cells import failing
from actors.errors import LinkedExit, TooManyWatches
from actors.mail.envelope import Envelope
from actors.supervising.failure import packed, revived
from actors.supervising.signals import Cause, EndReason, Failure, LinkPeer, OfPeer, PeerEnded, UnlinkPeer

if TYPE_CHECKING:
    from typing import Any

    from actors.cells.cell import Cell
    from actors.ref import Ref


class PeerLinks:
    """The links of one incarnation."""

    __slots__ = ("_cause", "_cell", "_failure", "_peers", "trapping")

    def __init__(self, cell: "Cell") -> None:
        self._cell = cell
        self._peers: dict[Address, set[int]] = {}
        self._failure: Failure | None = None
        self._cause: Cause | None = None
        self.trapping = False
        """Whether the end of a peer is a message, and no failure."""

    def __len__(self) -> int:
        return len(self._peers)

    def link(self, ref: "Ref[Any]") -> None:
        """Make a link; linking twice is linking once. ValueError for itself, a parent and a child."""
        cell, address = self._cell, ref.address
        child = cell.has_children and address.number in cell.children.table
        if child or address in (cell.address, cell.parent):
            who = "its child" if child else "itself" if address == cell.address else "its parent"
            message = (
                f"{cell.name} cannot be linked to {who}. Parent and child are bound to each other by supervision; "
                "links are between others. Use watch to hear of an end."
            )
            raise ValueError(message)
        if address in self._peers:
            return
        limit = cell.host.settings.watch_limit
        if len(self._peers) >= limit:
            message = f"{cell.name} is linked to {limit} actors already. Raise `watch_limit`, or link to their parent."
            raise TooManyWatches(message)
        number = cell.host.next_number()
        self._peers[address] = {number}
        cell.host.signal(address, LinkPeer(address, cell.address, number))

    def unlink(self, ref: "Ref[Any]") -> bool:
        """End the link. True: neither hears of the other's end; False: there was none, or it has ended already."""
        numbers = self._peers.pop(ref.address, None)
        if numbers is None:
            return False
        self._cell.host.signal(ref.address, UnlinkPeer(ref.address, self._cell.address, tuple(numbers)))
        return True

    def failed(self, failure: Failure, cause: Cause | None) -> None:
        """This incarnation has failed; should it end by that, its peers are told of it."""
        self._failure, self._cause = failure, cause

    def on_signal(self, signal: OfPeer) -> None:
        """Hear what a linked actor says, or one that links itself to this one."""
        match signal:
            case LinkPeer():
                self._peers.setdefault(signal.linker, set()).add(signal.link)
            case UnlinkPeer():
                self._forget(signal.linker, signal.links)
            case PeerEnded():
                self.on_ended(signal)

    def on_ended(self, signal: PeerEnded) -> None:
        """The incarnation at the other end has ended, and so the link; unless it was a normal end, this one fails."""
        if self._forget(signal.ended, signal.links) and not signal.reason.normal:
            self._strike(signal)

    def seat_lost(self, seat: int) -> None:
        """Every incarnation on a lost seat has ended, by one cause."""
        cell = self._cell
        cause = Cause(Address(cell.address.system, seat, 0), 0)
        for address in [address for address in self._peers if address.seat == seat]:
            numbers = tuple(self._peers.pop(address))
            self._strike(PeerEnded(cell.address, address, 0, numbers, EndReason.HOST_LOST, cause))

    def end(self, reason: EndReason) -> None:
        """This incarnation ends: tell the peers, and forget them."""
        cell = self._cell
        peers, self._peers = self._peers, {}
        failure = self._failure if reason is EndReason.FAILED else None
        cause = self._cause or Cause(cell.address, cell.incarnation)
        for address, numbers in peers.items():
            ended = PeerEnded(address, cell.address, cell.incarnation, tuple(numbers), reason, cause, failure)
            peer = cell.host.cell_at(address)
            if peer is not None:  # at once, so that nothing of the next incarnation comes before it
                peer.links.on_ended(ended)
                continue
            if failure is not None:  # in words: the object may not be able to travel
                ended = msgspec.structs.replace(ended, failure=msgspec.structs.replace(failure, error=None))
            cell.host.signal(address, ended)

    def _forget(self, address: Address, links: tuple[int, ...]) -> bool:
        """Drop these numbers of a link; whether there were any."""
        numbers = self._peers.get(address)
        if numbers is None or numbers.isdisjoint(links):
            return False
        numbers.difference_update(links)
        if not numbers:
            del self._peers[address]
        return True

    def _strike(self, signal: PeerEnded) -> None:
        cell, failure = self._cell, signal.failure
        ended = cell.host.ref_to(signal.ended)
        why = f"{failure.type_name}: {failure.text}" if failure is not None else signal.reason.value
        text = f"{ended}, to which {cell.name} is linked, has ended: {why}"
        error = LinkedExit(text, ref=ended, incarnation=signal.incarnation, reason=signal.reason)
        error.__cause__ = revived(failure) if failure is not None else None
        if self.trapping:
            cell.mailbox.gather(signal.ended)
            cell.accept_exempt(Envelope(error, cell.blueprint.table.find(LinkedExit), exempt=True))
        else:
            failing.fail(cell, packed(error), signal.cause)
