"""What comes in on the links: decode each record, find whom it is for, hand it over; one bad record ends nothing."""

import logging
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from actors.address import Address
from actors.encoding.pickling import loads, unpack
from actors.errors import Failed, MailboxFull, NotHandled, NotRunning, Unreachable, Unsendable
from actors.mail.asks import Relay
from actors.mail.dead_letters import Reason
from actors.mail.envelope import Arrived, Asker, Envelope
from actors.mail.weights import LIGHT
from actors.post.account import REPORTING, TOGETHER, Receipt
from actors.post.answers import Answers, RemoteAsker, RemoteOutlet, RemoteSender
from actors.post.heavy import Heavy
from actors.post.payloads import Payloads
from actors.post.peer import ASKING, SIGNALS, LostMessage, Memory, Peer
from actors.post.wire import COUNTED, DONE, FAIL, ITEM, LARGE, REPLY, SIGNAL, STREAM, outline
from actors.ref import Ref, endpoints
from actors.supervising.root import NUMBER as ROOT
from actors.supervising.signals import ChildFailed, Failure, StartChild

if TYPE_CHECKING:
    from actors.host import Host

log = logging.getLogger("understudy.post")


class Arrivals:
    """The receiving side of one host's post."""

    def __init__(self, host: "Host", answers: Answers, payloads: Payloads) -> None:
        self._host = host
        self._answers = answers
        self._payloads = payloads
        self._heavy = Heavy(host, self._serve, self._refuse)
        # in the order of the kinds in `wire`
        self._takers: tuple[Callable[[Peer, tuple[Any, ...]], None], ...] = (
            self._take_tell,
            self._take_ask,
            self._take_send,
            self._take_stream,
            self._take_reply,
            self._take_fail,
            self._take_item,
            self._take_credit,
            self._take_signal,
            self._take_failed,
            self._take_notice,
            self._take_buffers,
            self._take_large,
            self._take_parcel,
            self._take_loaded,
            self._take_told,
            self._take_done,
        )

    def records(self, peer: Peer, records: list[bytes]) -> None:
        """Take the next records of a peer, in order."""
        token = endpoints.decoding.set(self._host.delivery)
        try:
            for record in records:
                self._take(peer, record)
        finally:
            peer.account.receipt = None
            endpoints.decoding.reset(token)

    def chunks(self, peer: Peer, stream: int, record: bytearray) -> None:
        """A large record of the link is complete."""
        peer.chunks_arrived(stream, record)
        self._release(peer)

    def session_ended(self, peer: Peer) -> None:
        """Nothing more comes from this peer: what was held back has its turn, and streams that it read end."""
        peer.all_lost()
        self._release(peer)
        for outlet in list(peer.streaming.values()):
            outlet.granted(-1)

    def _take(self, peer: Peer, record: bytes) -> None:
        if peer.buffers_due:
            peer.buffers_due -= 1
            peer.buffers.append(record)
            return
        size = len(record)
        if peer.buffers:
            size += sum(map(len, peer.buffers))
        try:
            found = peer.decode(record)
        except Exception as error:  # noqa: BLE001 - a user's class may raise anything when it is made
            self._undecodable(peer, self._counted(peer, outline(record)), error)
            return
        if peer.held and self._heavy.held_back(peer, found, size):
            return
        if size > LIGHT:
            self._heavy.serve(peer, found, size)
        else:
            self._serve(peer, found)

    def _refuse(self, peer: Peer, found: tuple[Any, ...]) -> None:
        """Too much waits behind a large record already."""
        kind, number, sender, index, values = self._counted(peer, found)[:5]
        address = Address(self._host.system, self._host.seat, number)
        if kind in ASKING:
            text = f"Too much waits for {address} behind a large message that is still on its way."
            RemoteAsker(self._answers, peer, found[5]).fail(MailboxFull(text))
            return
        try:
            message = peer.classes[index](*values) if index else values
        except Exception as error:  # noqa: BLE001 - as in `_serve`
            self._undecodable(peer, found, error)
        else:
            self._host.dead_letters.add(message, address, Reason.MAILBOX_FULL, self._sender_of(peer, sender))

    def _serve(self, peer: Peer, found: tuple[Any, ...]) -> None:
        try:
            self._takers[found[0]](peer, found)
        except Exception as error:  # noqa: BLE001 - one bad record must not end the link
            self._undecodable(peer, found, error)

    def _take_tell(self, peer: Peer, found: tuple[Any, ...], receipt: Receipt | None = None) -> None:
        receipt = receipt or self._receipt(peer)  # that of one that was held has counted it
        _, number, sender, index, values = found
        message = peer.classes[index](*values) if index else values
        cell = self._host.cells.get(number)
        if cell is None:
            address, origin = Address(self._host.system, self._host.seat, number), self._sender_of(peer, sender)
            give_up = partial(self._host.dead_letters.add, message, address, sender=origin)
            again, refuse = partial(self._take_tell, peer, found, receipt), partial(give_up, reason=Reason.MAILBOX_FULL)
            if self._host.returning is None or not self._host.returning.hold(number, again, refuse):
                give_up(reason=Reason.NOT_RUNNING)
            return
        handler = cell.handlers.get(message.__class__) or cell.blueprint.table.find(message.__class__)
        origin = self._sender_of(peer, sender) if sender is not None else None
        envelope = Arrived(message, handler, origin, receipt=receipt)
        if handler is None and cell.behaviour is None:
            cell.give_up(envelope, Reason.NOT_HANDLED)
        else:
            cell.arrive(envelope)

    def _take_told(self, peer: Peer, found: tuple[Any, ...]) -> None:
        _, number, sender, index, values, header = found
        cell = self._host.cells.get(number)
        message = peer.classes[index](*values) if index else values
        handler = cell.blueprint.table.find(message.__class__) if cell is not None else None
        if cell is None or (handler is None and cell.behaviour is None):
            observer = self._host.observer
            if observer is not None:  # whose message is about to become a dead letter
                observer.giving_up = header
            self._take_tell(peer, found[:5])
            if observer is not None:
                observer.giving_up = b""
        else:
            envelope = Arrived(message, handler, self._sender_of(peer, sender), receipt=self._receipt(peer))
            cell.arrive_headed(envelope, header)

    def _take_ask(self, peer: Peer, found: tuple[Any, ...]) -> None:
        self._take_request(peer, found, RemoteAsker(self._answers, peer, found[5]), accepting=False)

    def _take_send(self, peer: Peer, found: tuple[Any, ...]) -> None:
        asker = RemoteSender(self._answers, peer, found[5])
        peer.streaming[found[5]] = asker
        self._take_request(peer, found, asker, accepting=True)

    def _take_stream(self, peer: Peer, found: tuple[Any, ...]) -> None:
        outlet = RemoteOutlet(self._answers, peer, found[5], self._host.loop)
        peer.streaming[found[5]] = outlet
        self._take_request(peer, found, outlet, accepting=False)

    def _take_request(
        self, peer: Peer, found: tuple[Any, ...], asker: Asker, *, accepting: bool, receipt: Receipt | None = None
    ) -> None:
        if accepting and receipt is None:
            receipt = self._receipt(peer)
        _, number, sender, index, values, _, deadline, *header = found
        message = peer.classes[index](*values) if index else values
        cell = self._host.cells.get(number)
        if cell is None and number == ROOT:
            self._host.root.take(message, asker)
            return
        if cell is None:
            address = Address(self._host.system, self._host.seat, number)
            again = partial(self._take_request, peer, found, asker, accepting=accepting, receipt=receipt)
            refuse = partial(asker.fail, MailboxFull(f"Too much waits for {address}, which may be on its way back."))
            if self._host.returning is None or not self._host.returning.hold(number, again, refuse):
                asker.fail(NotRunning(f"No actor has the address {address} (any more). Get a new ref from its parent."))
            return
        handler = cell.handlers.get(message.__class__) or cell.blueprint.table.find(message.__class__)
        if handler is None and cell.behaviour is None:
            asker.fail(NotHandled(str(cell.blueprint.table.unknown(message))))
            return
        due = None if deadline is None else deadline - peer.clock_offset
        origin = self._sender_of(peer, sender)
        if accepting and handler is not None and handler.conflate_key is not None:
            text = f"{type(message).__qualname__} is conflated, so there is nothing to wait for. Use tell."
            asker.fail(NotHandled(text))
        elif found[0] == STREAM and handler is not None and not handler.streams and cell.behaviour is None:
            asker.fail(NotHandled(f"{handler.name} replies once, and gives no stream. Use `ref.ask(...)`."))
        elif header:
            envelope = Envelope(message, handler, origin, asker, due)
            if accepting:
                envelope = Arrived(message, handler, origin, accepted=asker, receipt=receipt)
            cell.arrive_headed(envelope, header[0])
        elif accepting:
            cell.accept_send(Arrived(message, handler, origin, accepted=asker, receipt=receipt))
        else:
            cell.arrive(Envelope(message, handler, origin, asker, due))

    def _take_reply(self, peer: Peer, found: tuple[Any, ...]) -> None:
        _, number, index, values = found
        value = peer.classes[index](*values) if index else values
        ask = self._host.asks.remote.get(number)
        if ask is None:
            self._host.asks.late(value, Address(self._host.system, peer.sitting.seat, 0))
        else:
            ask.reply(value)

    def _take_fail(self, peer: Peer, found: tuple[Any, ...]) -> None:
        del peer
        _, number, error, cause = found
        ask = self._host.asks.remote.get(number)
        if ask is not None:
            error.__cause__ = _unparcelled(cause)
            ask.fail(error)

    def _take_item(self, peer: Peer, found: tuple[Any, ...]) -> None:
        _, number, index, values = found
        ask = self._host.asks.remote.get(number)
        if isinstance(ask, Relay):
            ask.arrived(peer.classes[index](*values) if index else values)

    def _take_credit(self, peer: Peer, found: tuple[Any, ...]) -> None:
        outlet = peer.streaming.get(found[1])
        if outlet is not None:
            outlet.granted(found[2])

    def _take_signal(self, peer: Peer, found: tuple[Any, ...]) -> None:
        del peer
        self._host.received_signal(found[1], found[2])

    def _take_failed(self, peer: Peer, found: tuple[Any, ...]) -> None:
        del peer
        _, number, signal, cause = found
        failure = msgspec.structs.replace(signal.failure, error=_unparcelled(cause))
        self._host.received_signal(number, msgspec.structs.replace(signal, failure=failure))

    def _take_notice(self, peer: Peer, found: tuple[Any, ...]) -> None:
        peer.incoming.take(found[2])

    def _take_buffers(self, peer: Peer, found: tuple[Any, ...]) -> None:
        peer.buffers_due = found[1]

    def _take_large(self, peer: Peer, found: tuple[Any, ...]) -> None:
        peer.large_announced(found)
        self._release(peer)

    def _take_parcel(self, peer: Peer, found: tuple[Any, ...]) -> None:
        _, _, stream, data, ticket, of_link = found
        if ticket is not None:
            self._host.work.start_system(self._load(peer, stream, data, ticket))
        elif of_link:
            peer.renamed(of_link, stream)
            self._release(peer)
        else:
            peer.large_lost(stream)
            self._release(peer)

    def _take_loaded(self, peer: Peer, found: tuple[Any, ...]) -> None:
        self._payloads.loaded(peer, found[2])

    def _take_done(self, peer: Peer, found: tuple[Any, ...]) -> None:
        peer.account.confirmed = found[2]

    async def _load(self, peer: Peer, stream: int, data: bytes, ticket: Any) -> None:
        try:
            memory = await self._payloads.load(ticket)
        except Exception:
            log.exception("A payload from %s could not be loaded.", peer.sitting)
            peer.large_lost(stream)
        else:
            peer.large_arrived(stream, data, memory)
        self._payloads.confirm(peer, ticket)
        self._release(peer)

    def _release(self, peer: Peer) -> None:
        token = endpoints.decoding.set(self._host.delivery)
        try:
            for found, large in peer.released():
                if large is not None:
                    self._take_large_record(peer, *large)
                elif found[0] == LARGE:
                    self._lost(peer, found)
                else:
                    self._heavy.release(peer, found)
        finally:
            peer.account.receipt = None
            endpoints.decoding.reset(token)

    def _take_large_record(self, peer: Peer, data: Memory, memory: list[memoryview]) -> None:
        try:
            found = loads(data, memory)
        except Exception as error:  # noqa: BLE001 - as for small ones
            self._undecodable(peer, self._counted(peer, outline(bytes(data))), error)
        else:
            self._heavy.serve(peer, found, len(data) + sum(part.nbytes for part in memory))

    def _lost(self, peer: Peer, announcement: tuple[Any, ...]) -> None:
        """A large record will not come: its sender died with it, or let it go."""
        _, number, _, kind, what, asked = announcement
        self._counted(peer, (kind,))
        ask = self._host.asks.remote.get(number)
        if kind in (REPLY, FAIL, ITEM):
            if ask is not None:
                text = f"The reply's payload was lost with {peer.sitting}; the request was run."
                ask.fail(Unreachable(text, ran="yes"))
        elif kind in SIGNALS:
            log.error("A signal from %s was lost with its payload.", peer.sitting)
        elif kind in ASKING and not peer.ended:
            text = "The request's payload was lost on its way, so it was not run."
            RemoteAsker(self._answers, peer, asked).fail(Unreachable(text, ran="no"))
        else:
            address = Address(self._host.system, self._host.seat, number)
            self._host.dead_letters.add(LostMessage(what), address, Reason.PAYLOAD_LOST, None)

    def _undecodable(self, peer: Peer, found: tuple[Any, ...], error: Exception) -> None:
        """A record came that cannot be used: whoever asked hears, a message is a dead letter, a signal is logged."""
        kind = found[0] if found else None
        log.warning("A record from %s cannot be decoded: %s: %s", peer.sitting, type(error).__name__, error)
        if kind in ASKING:
            peer.streaming.pop(found[5], None)
            RemoteAsker(self._answers, peer, found[5]).fail(
                NotHandled(f"The request cannot be decoded where the actor lives: {type(error).__name__}: {error}")
            )
        elif kind in (REPLY, FAIL, ITEM):
            ask = self._host.asks.remote.get(found[1])
            if ask is not None:
                text = f"The reply cannot be decoded here: {type(error).__name__}: {error}"
                ask.fail(Failed(text, type_name=type(error).__qualname__, text=str(error)))
        elif kind == SIGNAL and isinstance(found[2], StartChild):
            start, text = found[2], f"It cannot be decoded where it was to live: {type(error).__name__}: {error}"
            failure = Failure("Unsendable", text, "", Unsendable(text))
            self._host.signal(start.parent, ChildFailed(start.child, start.incarnation, failure, starting=True))
        elif kind == SIGNAL:
            log.error("A signal from %s is lost, because it cannot be decoded.", peer.sitting, exc_info=error)
        else:
            address = Address(self._host.system, self._host.seat, found[1] if found else 0)
            self._host.dead_letters.add(found[4] if len(found) > 4 else found, address, Reason.UNDECODABLE, None)  # noqa: PLR2004

    def _receipt(self, peer: Peer) -> Receipt:
        """Count a message; its envelope has to hold the receipt."""
        account = peer.account
        receipt = account.receipt
        if receipt is None or receipt.count >= TOGETHER:
            receipt = account.receipt = Receipt(account)
            if not account.reporting:
                account.reporting = True
                self._host.loop.call_later(REPORTING, self._report, peer)
        receipt.count += 1
        return receipt

    def _counted(self, peer: Peer, found: tuple[Any, ...]) -> tuple[Any, ...]:
        """Count a message that is lost here, which is one that this host is done with."""
        if found and found[0] in COUNTED:
            self._receipt(peer)
        return found

    def _report(self, peer: Peer) -> None:
        """Tell a peer how many of its messages this host is done with, and go on while there may be more."""
        account = peer.account
        news = account.done != account.reported
        if news:
            account.reported = account.done
            peer.push((DONE, 0, account.done))
        account.reporting = not peer.ended and (news or account.open > 0)
        if account.reporting:
            self._host.loop.call_later(REPORTING, self._report, peer)

    def _sender_of(self, peer: Peer, sender: int | tuple[int, int] | None) -> Ref[Any] | None:
        if sender is None:
            return None
        if isinstance(sender, int):
            return peer.sender(sender)
        return self._host.ref_to(Address(self._host.system, *sender))


def _unparcelled(cause: bytes | None) -> BaseException | None:
    if cause is None:
        return None
    try:
        found = unpack(cause)
    except Exception:  # noqa: BLE001 - the words came along
        return None
    return found if isinstance(found, BaseException) else None
