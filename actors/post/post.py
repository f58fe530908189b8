"""Carries messages and signals between the hosts of a system, over links: one peer per sitting, one record per message.

Out: encode in the call, queue on the link, account for what the link refuses. In: see `arrivals`. What an ended link
leaves: see `settlement`.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from actors.address import Address, Sitting
from actors.directory import Seat
from actors.encoding.code import ClassTable
from actors.encoding.pickling import refusal
from actors.errors import MailboxFull, TimedOut, Unreachable, Unsendable
from actors.links.endpoints import Endpoint, TcpEndpoint
from actors.links.events import LinkState
from actors.links.link import Link
from actors.mail.asks import Ask
from actors.mail.dead_letters import Reason
from actors.mail.envelope import Asker, Sender
from actors.post.answers import Answers
from actors.post.arrivals import Arrivals
from actors.post.last_words import LastWords
from actors.post.payloads import Payloads, Store
from actors.post.peer import INLINE, Peer
from actors.post.settlement import Settlement
from actors.post.signalling import Signalling
from actors.post.waiting_link import NOBODY, WaitingLink
from actors.post.wire import ASK, CREDIT, SEND, STREAM, TELL, TOLD, sender_in
from actors.supervising.signals import Signal

if TYPE_CHECKING:
    from actors.cells.streams import Incoming
    from actors.host import Host
    from actors.links.links import Links

log = logging.getLogger("understudy.post")

astuple: Any = msgspec.structs.astuple

PAYLOADS_PAUSE = 0.005
"""Seconds between two looks at whether the last payloads have been loaded."""

CLIENTS_PAUSE = 0.1
"""Seconds between two looks of a process that is no host, and hears nothing by itself, while a seat is vacant."""

OVERHEAD = 128 * 1024
"""Bytes of a large record that are not its message: sizes, addresses, names."""


class Post:
    """The post of one host."""

    def __init__(self, host: "Host", store: Store | None = None) -> None:
        self._host = host
        self._classes = ClassTable(host.sitting.epoch)
        self._indices = self._classes.indices
        self._peers: dict[int, Peer] = {}
        self._by_sitting: dict[Sitting, Peer] = {}
        self._ending: dict[Sitting, tuple[Peer, set[int]]] = {}
        """Peers whose links are ending, with the streams that were not confirmed."""
        self._last_words = LastWords(host.loop)
        self.unreachable: Callable[[], None] = _nothing
        """Called when a peer went away, which may be its end: the table may have news."""
        self._links: Links | None = None
        self._answers = Answers(self._classes, host.asks.late, host.system)
        self._payloads = Payloads(
            inline=min(INLINE, host.settings.link_buffer_bytes // 4),
            largest=host.settings.message_bytes - OVERHEAD,
            to_store=host.settings.socket_payload_bytes,
            store=store,
            in_thread=asyncio.to_thread,
            start=host.work.start_system,
            next_turn=host.loop.call_soon,
        )
        self._arrivals = Arrivals(host, self._answers, self._payloads)
        self._settlement = Settlement(host, self._classes, self._arrivals, self._payloads)
        self._signals = Signalling(host, self._classes, self._answers, self._peer)

    def use(self, links: "Links") -> None:
        """Begin to carry, on these links."""
        self._links = links

    # ---- out --------------------------------------------------------------------------------------------------------

    def tell(self, address: Address, message: object, sender: Sender | None, header: bytes | None = None) -> None:
        """Send a message; raises Unsendable."""
        index = self._indices.get(message.__class__)
        if index is None:
            index = self._classes.index_for(message.__class__)
        peer = self._peers.get(address.seat) or self._peer(address.seat)
        values = astuple(message) if index else message
        record: tuple[Any, ...] = (TELL, address.number, sender_in(sender), index, values)
        if header is not None:
            record = (TOLD, *record[1:], header)
        if peer is None or not self._put(peer, record, message):
            reason = Reason.UNREACHABLE if peer is None or peer.ended else Reason.LINK_FULL
            self._host.dead_letters.add(message, address, reason, sender.ref if sender else None)
        else:
            peer.account.told += 1

    def ask(
        self, address: Address, request: object, sender: Sender | None, ask: Asker, deadline: float | None, *rest: bytes
    ) -> None:
        """Send a request whose outcome `ask` hears; raises Unsendable."""
        self._request(ASK, address, request, sender, ask, deadline, *rest)

    async def send(
        self, address: Address, message: object, sender: Sender | None, ask: Asker, deadline: float | None, *rest: bytes
    ) -> None:
        """Send a message whose acceptance `ask` hears; waits for room on the link first. Raises Unsendable."""
        peer = self._peer(address.seat)
        if peer is not None:
            await peer.room()
        if not ask.ended:
            number = self._request(SEND, address, message, sender, ask, deadline, *rest)
            if isinstance(ask, Ask):
                ask.future.add_done_callback(partial(self._withdraw, address.seat, number))

    def stream(
        self, address: Address, request: object, sender: Sender | None, incoming: "Incoming", *rest: bytes
    ) -> None:
        """Send a request for a stream; raises Unsendable."""
        number = self._request(STREAM, address, request, sender, incoming, None, *rest)
        incoming.taken = partial(self._credit, address.seat, number)

    def signal(self, to: Address, signal: Signal) -> None:
        """Send a signal; raises Unsendable for a start whose arguments cannot be encoded."""
        self._signals.send(to, signal)

    def _request(
        self,
        kind: int,
        address: Address,
        request: object,
        sender: Sender | None,
        asker: Any,
        deadline: float | None,
        *rest: bytes,
    ) -> int:
        """`rest` is an instrument's header, if there is one."""
        index = self._indices.get(request.__class__)
        if index is None:
            index = self._classes.index_for(request.__class__)
        peer = self._peers.get(address.seat) or self._peer(address.seat)
        ask = asker if isinstance(asker, Ask) else self._host.asks.relay(asker, address)
        if peer is None:
            ask.fail(Unreachable(f"No host sits on seat {address.seat}.", ran="no"))
            return 0
        ask.target = address
        number = self._host.asks.number(ask)
        values = astuple(request) if index else request
        record = (kind, address.number, sender_in(sender), index, values, number, deadline, *rest)
        if not self._put(peer, record, request):
            if peer.ended:
                ask.fail(Unreachable(f"The link to {peer.sitting} has ended; the request was not sent.", ran="no"))
            else:
                ask.fail(MailboxFull(f"The link to {peer.sitting} has no room. Ask again later, or use send."))
        elif kind == SEND:
            peer.account.told += 1
        return number

    def _put(self, peer: Peer, record: tuple[Any, ...], message: object) -> bool:
        try:
            return peer.put(record, record[3])
        except Unsendable as error:
            raise refusal([(type(message).__qualname__, message)], self._classes.origin, error) from error.__cause__

    def _withdraw(self, seat: int, number: int, waited: "asyncio.Future[object]") -> None:
        """Whoever waited for acceptance is told that it came, or does not wait any more: then it is not to come."""
        if waited.cancelled() or isinstance(waited.exception(), TimedOut):
            self._credit(seat, number, -1)

    def _credit(self, seat: int, number: int, count: int) -> None:
        peer = self._peers.get(seat)
        if peer is not None:
            peer.put((CREDIT, number, count), 0, must=True)

    def give_up(self, sitting: Sitting) -> None:
        """A sitting has ended for good."""
        self._signals.give_up(sitting)
        if self._links is not None:
            self._links.give_up(sitting)

    def died_with(self, sitting: Sitting) -> int:
        """At most so many messages of this host died inside one whose sitting has ended."""
        return self._settlement.missing.pop(sitting, 0)

    def away(self) -> list[Sitting]:
        """The hosts that cannot be reached now."""
        return [
            it for it, peer in self._by_sitting.items() if peer.link.state is LinkState.UNREACHABLE and it.seat >= 0
        ]

    def when_read(self, sitting: Sitting, then: Callable[[], None]) -> None:
        """Call `then` once nothing more can come from a sitting that has ended: at the end of its stream (rule A24)."""
        known = self._by_sitting.get(sitting)
        if sitting not in self._ending and (known is None or known.link.state is not LinkState.UP):
            then()
            return
        self._last_words.expect(sitting, then)

    async def payloads_taken(self, seconds: float) -> None:
        """Wait until large payloads have been loaded, for at most so long: they end with this process."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while any(peer.owes for peer in self._by_sitting.values()):  # noqa: ASYNC110 - only while closing
                    await asyncio.sleep(PAYLOADS_PAUSE)

    # ---- in ---------------------------------------------------------------------------------------------------------

    def link_received(self, peer: Sitting, records: list[bytes]) -> None:
        """The next records of a peer, in order."""
        self._arrivals.records(self._by_sitting.get(peer) or self._caller(peer), records)

    def link_received_large(self, peer: Sitting, stream: int, record: bytearray) -> None:
        """A large record is complete."""
        self._arrivals.chunks(self._by_sitting.get(peer) or self._caller(peer), stream, record)

    def _caller(self, sitting: Sitting) -> Peer:
        """A peer that spoke first. This host may be asking the directory who sits there: now it knows."""
        assert self._links is not None  # no record comes before `use`
        link = self._links.to(sitting)
        searched = self._peers.get(sitting.seat)
        if searched is None or not isinstance(searched.link, WaitingLink):
            return self._welcome(sitting, link)
        self._meet(searched, sitting, link)
        return searched

    # ---- peers ------------------------------------------------------------------------------------------------------

    def _peer(self, seat: int) -> Peer | None:
        """The peer that sits on a seat by the newest table; None for a seat that nobody sits on."""
        known = self._peers.get(seat)
        if known is not None:
            return known
        if self._links is None:
            return None
        found = self._host.seats.get(seat)
        if found is None:
            return None if self._host.seating.is_gone(seat) else self._search(seat)
        if found.vacant:
            return self._await(seat)
        return self._welcome(found.sitting, self._links.to(found.sitting, self._reachable(found)))

    def _reachable(self, seat: Seat) -> list[Endpoint]:
        """Where to dial a seat. A Unix socket that other nodes see (a shared folder) would pass a partition."""
        same_node = seat.node == self._host.node
        return [one for one in seat.endpoints if same_node or isinstance(one, TcpEndpoint)]

    def _await(self, seat: int) -> Peer:
        """A seat that nobody sits on now: keep what is sent there, up to a bound, until somebody does."""
        waiting = WaitingLink(self._host.settings.link_buffer_bytes)
        peer = self._welcome(Sitting(seat, NOBODY), waiting)
        if self._host.seat < 0:
            self._host.work.start_system(self._look_again(waiting))
        return peer

    async def _look_again(self, waiting: WaitingLink) -> None:
        """As a process that is no host: look until the wait is over."""
        while not waiting.over:
            await asyncio.sleep(CLIENTS_PAUSE)
            try:
                self._host.new_table(await self._host.directory.table())
            except Exception as error:  # noqa: BLE001 - the next look may succeed
                log.warning("The directory could not be asked: %s: %s", type(error).__name__, error)

    def _search(self, seat: int) -> Peer:
        """A seat that this host has not heard of yet: keep what is sent there until the directory has been asked."""
        waiting = WaitingLink(self._host.settings.link_buffer_bytes)
        peer = self._welcome(Sitting(seat, NOBODY), waiting)
        self._host.work.start_system(self._find(peer, waiting))
        return peer

    def seat_taken(self, seat: Seat) -> None:
        """Somebody sits on a seat that was vacant: send what waited for that, unless he has called already."""
        waiting = self._peers.get(seat.number)
        if waiting is not None and isinstance(waiting.link, WaitingLink):
            self._found(waiting, waiting.link, seat)

    def seat_gone(self, number: int) -> None:
        """Nobody will sit any more on a seat that was vacant: account for what waited for that."""
        waiting = self._peers.get(number)
        if waiting is not None and isinstance(waiting.link, WaitingLink):
            self._found(waiting, waiting.link, None)

    async def _find(self, peer: Peer, waiting: WaitingLink) -> None:
        seat = peer.sitting.seat
        try:
            self._host.new_table(await self._host.directory.table())
        except Exception as error:  # noqa: BLE001 - then it is as if nobody sat there
            log.warning("Seat %d could not be looked up: %s: %s", seat, type(error).__name__, error)
        finally:
            found = self._host.seats.get(seat)
            if peer.link is waiting and (found is None or not found.vacant):  # else it has called, or is waited for
                self._found(peer, waiting, found)

    def _found(self, peer: Peer, waiting: WaitingLink, seat: Seat | None) -> None:
        """It is known who sits on a seat that was asked about or vacant, or that nobody does."""
        if seat is None or self._links is None:
            records = waiting.close(found=False)
            self._forget(peer)
            self._settlement.session_over(peer, peer.sitting, [], records)
        else:
            self._meet(peer, seat.sitting, self._links.to(seat.sitting, self._reachable(seat)))

    def _meet(self, peer: Peer, sitting: Sitting, link: Link) -> None:
        """Who was searched is found."""
        self._by_sitting.pop(peer.sitting, None)
        self._by_sitting[sitting] = peer
        peer.meet(sitting, link)

    def _welcome(self, sitting: Sitting, link: Link | WaitingLink) -> Peer:
        peer = Peer(
            sitting,
            link,
            self._classes,
            refs=self._host.ref_to,
            system=self._host.system,
            payloads=self._payloads,
            is_near=self._is_near,
            give_up=self._settlement.give_up,
        )
        if peer.ended:  # by a verdict; it is of no use to anybody else
            return peer
        self._by_sitting[sitting] = peer
        if sitting.seat >= 0:
            self._peers[sitting.seat] = peer
        return peer

    def _is_near(self, seat: int) -> bool:
        """Whether a seat is known to be on this machine, whose processes share one clock. A client has no seat."""
        found = self._host.seats.get(seat)
        return found is not None and found.node == self._host.node

    # ---- the end of a session ---------------------------------------------------------------------------------------

    def link_state(self, peer: Sitting, state: LinkState) -> None:
        """The link went up, away or for good."""
        known = self._by_sitting.get(peer)
        if known is not None and state is LinkState.UP:
            known.drain()
        if known is not None and state.final:
            self._ending[peer] = (known, set())
            self._forget(known)
            if self._links is not None and self._links.is_superseded(peer):
                self._host.seating.superseded(peer)
        log.debug("The link to %s is %s.", peer, state)
        if state is not LinkState.UP:
            if not state.final:
                self._last_words.end(peer)
            self.unreachable()

    def link_large_given_up(self, peer: Sitting, unacked: list[int], never_sent: list[int]) -> None:
        """Large records that an ended link had not confirmed."""
        if peer in self._ending:
            self._ending[peer][1].update(unacked, never_sent)

    def link_given_up(self, peer: Sitting, unacked: list[bytes], never_sent: list[bytes]) -> None:
        """Account for all that an ended session leaves: the end of what came, and what had not been confirmed."""
        known, lost = self._ending.pop(peer, (None, set[int]()))
        self._settlement.session_over(known, peer, unacked, never_sent, lost)
        self._host.desk.parted(peer)
        self._last_words.end(peer)

    def _forget(self, peer: Peer) -> None:
        self._by_sitting.pop(peer.sitting, None)
        if self._peers.get(peer.sitting.seat) is peer:
            del self._peers[peer.sitting.seat]


def _nothing() -> None:
    pass
