"""How the memory of large values travels: with the record, in chunks beside it, or through the backend's object store.

Up to INLINE bytes are ordinary records. Above, the record and its memory are one large record of the link, which goes
in chunks between other traffic. From `socket_payload_bytes` on, and for memory that goes to several hosts at once, the
memory is put into the store by a thread, and a ticket travels. In all three ways the receiver gets the memory
read-only, and whatever comes later for the same actor waits behind it (rule A37).

Writable memory is copied in the call that sends, so that a later change is not seen (rule A27): into the store where it
is to go there, without a thread, since the copy is the work. Read-only memory is taken at its word: it is not copied,
and the store's copy is shared by all who are sent it in one turn of the loop.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from pickle import PickleBuffer
from typing import Any, Protocol

from actors.address import Sitting
from actors.errors import Unsendable
from actors.post.peer import Peer
from actors.post.waiting_link import WaitingLink
from actors.post.wire import LOADED

log = logging.getLogger("understudy.payloads")

FAN_OUT = 1024 * 1024
"""Bytes of read-only memory from which the second receiver in one turn gets it through the store. Loading what is in
the store takes 0.5 ms whatever its size, sending 1 MiB once more about as much (measured)."""

LOAD_TIMEOUT = 30.0
"""Seconds that loading from the store may take; its owner's death is noticed in one."""

Memory = bytes | memoryview
Way = Callable[[Peer, int, bytes, list[Memory]], Coroutine[Any, Any, None]]
Identity = tuple[tuple[int, int], ...]


class Store(Protocol):
    """An object store that every host of the system reaches. `put` and `load` block and run in threads."""

    def put(self, parts: Sequence[Memory], link: object) -> Any:
        """A ticket for the receiver at the other end of `link`, or None when there is no room."""
        ...

    def share(self, ticket: Any, link: object) -> Any:
        """A ticket for one more receiver, or None when the payload is not held any more."""
        ...

    def load(self, ticket: Any, timeout: float | None = None) -> list[memoryview]:
        """The memory behind a ticket, read-only."""
        ...

    def loaded(self, number: int) -> None:
        """A receiver has its memory."""
        ...

    def link_ended(self, link: object) -> None:
        """Let go what was for that receiver."""
        ...


class Payloads:
    """The large memory that one host sends and receives."""

    def __init__(
        self,
        *,
        inline: int,
        largest: int,
        to_store: int,
        store: Store | None,
        in_thread: Callable[..., Coroutine[Any, Any, Any]],
        start: Callable[[Coroutine[Any, Any, None]], object],
        next_turn: Callable[[Callable[[], None]], object],
    ) -> None:
        self.inline = inline
        """Bytes up to which a record and its memory travel as ordinary records."""
        self._largest = largest
        self._to_store = to_store
        self._store = store
        self._in_thread = in_thread
        self.start = start
        """Runs a step of the runtime as a task."""
        self._next_turn = next_turn
        self._numbers = 0
        self._this_turn: dict[Identity, list[Memory]] = {}
        """Read-only memory that was sent in this turn of the loop, in case it is sent again."""
        self._putting: dict[Identity, tuple[asyncio.Future[Any], list[Memory]]] = {}
        """The first ticket for memory that goes to several receivers, and the memory itself, whose identity it is."""

    def send(
        self, peer: Peer, record: tuple[Any, ...], data: bytes, buffers: list[PickleBuffer], *, must: bool
    ) -> bool:
        """Send a record with its memory; False when there was no room, and then nothing was sent.

        Raises Unsendable for one that is larger than the setting `message_bytes` allows.
        """
        raw = [buffer.raw() for buffer in buffers]
        size = sum(part.nbytes for part in raw)
        if size + len(data) > self._largest:
            text = f"It is {size + len(data)} bytes, and the setting `message_bytes` allows {self._largest}."
            raise Unsendable(text)
        if peer.ended:
            if must:
                peer.give_up(record)
            return must
        if size >= self._to_store and not all(part.readonly for part in raw) and self._put_now(peer, record, data, raw):
            return True
        memory: list[Memory] = [part if part.readonly else bytes(part) for part in raw]
        if size + len(data) <= self.inline and len(memory) <= self.inline // 64:
            return peer.put_inline(data, [bytes(part) for part in memory], must=must)
        if self._store is not None and self._by_store(raw, memory, size):
            self._later(peer, record, self._put, data, memory)
            return True
        stream = peer.send_chunks([data, *memory])
        if stream is not None:
            peer.announce(record, stream)
        elif must:
            self._later(peer, record, self._send_when_room, data, memory)
        return stream is not None or must

    def _put_now(self, peer: Peer, record: tuple[Any, ...], data: bytes, raw: list[memoryview]) -> bool:
        """Writable memory has to be copied in this call anyway: copy it once, into the store, which is the quickest.

        Into fresh memory of this process 100 MB took 45 ms, into the store 8 (measured), and that copy was the second.
        """
        if self._store is None or peer.ended or isinstance(peer.link, WaitingLink):
            return False
        try:
            ticket = self._store.put(raw, peer.sitting)
        except Exception:
            log.exception("A payload could not be put into the store; it goes over the link.")
            return False
        if ticket is None:
            return False
        self._numbers += 1
        peer.announce(record, -self._numbers)
        peer.resolve(-self._numbers, data, ticket)
        return True

    def _later(self, peer: Peer, record: tuple[Any, ...], way: Way, data: bytes, memory: list[Memory]) -> None:
        """Mark the record's place now, and send it when the way allows."""
        self._numbers += 1
        peer.announce(record, -self._numbers)
        self.start(way(peer, -self._numbers, data, memory))

    def _by_store(self, raw: list[memoryview], memory: list[Memory], size: int) -> bool:
        if size >= self._to_store:
            return True
        if size < FAN_OUT or not all(part.readonly and _is_whole(part) for part in raw):
            return False
        key = _identity(raw)
        if key in self._this_turn:
            return True
        if not self._this_turn:
            self._next_turn(self._this_turn.clear)
        self._this_turn[key] = memory  # the memory itself, so that its identity is not given away meanwhile
        return False

    async def _put(self, peer: Peer, number: int, data: bytes, memory: list[Memory]) -> None:
        ticket = None
        if await peer.known():
            try:
                ticket = await self._ticket(peer.sitting, memory)
            except Exception:
                log.exception("A payload could not be put into the store; it goes over the link.")
        if ticket is not None and peer.ended:  # it ended before the store knew of this receiver
            self.loaded(peer, ticket[0])
        elif ticket is not None:
            peer.resolve(number, data, ticket)
        else:
            await self._send_when_room(peer, number, data, memory)

    async def _send_when_room(self, peer: Peer, number: int, data: bytes, memory: list[Memory]) -> None:
        stream = await peer.send_chunks_when_room([data, *memory])
        peer.resolve(number, stream=stream)

    async def _ticket(self, link: Sitting, memory: list[Memory]) -> Any:
        """One object in the store for all receivers of the same memory, as long as one of them has not loaded it."""
        assert self._store is not None  # the caller looked
        key = _identity([memoryview(part) for part in memory])
        first = self._putting.get(key)
        if first is not None:
            ticket = await asyncio.shield(first[0])
            shared = self._store.share(ticket, link) if ticket is not None else None
            if shared is not None:
                return shared
        putting = asyncio.ensure_future(self._in_thread(self._store.put, memory, link))
        self._putting[key] = (putting, memory)
        try:
            return await putting
        finally:
            if self._putting.get(key, (None,))[0] is putting:
                self._next_turn(partial(self._forget, key))

    def _forget(self, key: Identity) -> None:
        self._putting.pop(key, None)

    async def load(self, ticket: Any) -> list[memoryview]:
        """The memory behind a ticket; raises what the store raises when it is gone."""
        if self._store is None:
            message = "This host has no object store, but was sent a ticket for one."
            raise RuntimeError(message)
        found: list[memoryview] = await self._in_thread(self._store.load, ticket, LOAD_TIMEOUT)
        return found

    def confirm(self, peer: Peer, ticket: Any) -> None:
        """Tell the sender that its payload has been loaded."""
        peer.push((LOADED, 0, ticket[0]))

    def loaded(self, peer: Peer, number: int) -> None:
        """A receiver confirmed."""
        peer.loaded(number)
        if self._store is not None:
            self._store.loaded(number)

    def peer_ended(self, sitting: Sitting) -> None:
        """A session has ended: its receiver will not confirm any more."""
        if self._store is not None:
            self._store.link_ended(sitting)


def _is_whole(part: memoryview) -> bool:
    """Whether the memory is all of its object's: two slices of one object of bytes are told apart by nothing else."""
    return memoryview(part.obj).nbytes == part.nbytes


def _identity(raw: list[memoryview]) -> Identity:
    return tuple((id(part.obj), part.nbytes) for part in raw)
