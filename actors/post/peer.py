"""One other host as this one sees it: the link, the code it was told, and what waits for room or for large records."""

import pickle
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from pickle import PickleBuffer
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from actors.address import Address, Sitting
from actors.encoding.announcing import Incoming, Outgoing
from actors.encoding.code import ClassTable
from actors.encoding.pickling import dumps, loads
from actors.encoding.registry import Key
from actors.links.link import Link
from actors.post.account import Account
from actors.post.waiting_link import WaitingLink
from actors.post.wire import (
    ASK,
    BUFFERS,
    CREDIT,
    DONE,
    FAILED,
    ITEM,
    LARGE,
    LOADED,
    NOTICE,
    PARCEL,
    REPLY,
    SEND,
    SIGNAL,
    STREAM,
    TELL,
    TOLD,
)
from actors.ref import Ref
from actors.supervising.signals import Ended, PeerEnded

if TYPE_CHECKING:
    from actors.post.payloads import Payloads

INLINE = 64 * 1024
"""Bytes of out-of-band memory that travel as ordinary records; more goes as a large record, in chunks."""

REMEMBERED_SENDERS = 4096

REMEMBERED_STREAMS = 256
"""Whenever so many large records have been announced, those that have arrived are forgotten."""

ROOM_FOR_SIZES = 64 * 1024
"""Bytes that the list of sizes before the parts of a large record may take, for asking whether there is room."""

REQUESTS = frozenset((TELL, TOLD, ASK, SEND, STREAM))
REPLIES = frozenset((REPLY, ITEM))
ASKING = frozenset((ASK, SEND, STREAM))
SIGNALS = frozenset((SIGNAL, FAILED))
NEVER_HELD = frozenset((CREDIT, NOTICE, BUFFERS, LARGE, PARCEL, LOADED, DONE))

Memory = bytes | memoryview


class LostMessage(msgspec.Struct, frozen=True):
    """Stands in a dead letter for a message whose payload is gone."""

    type_name: str


class Announced(NamedTuple):
    """A large record that was announced and is not known to have arrived: what is needed to account for it."""

    kind: int
    number: int
    stream: int
    what: str
    """The type of its message."""
    ask: int
    """The ask's number for a request, else 0."""
    left: bool = False
    """Whether its payload may have been loaded by the receiver."""


class Peer:
    """The other end of one link, for as long as its session lasts."""

    def __init__(
        self,
        sitting: Sitting,
        link: Link | WaitingLink,
        table: ClassTable,
        *,
        refs: Callable[[Address], Ref[Any]],
        system: str,
        payloads: "Payloads",
        is_near: Callable[[int], bool],
        give_up: Callable[[Sitting, tuple[Any, ...]], None],
    ) -> None:
        self.account = Account()
        self._payloads = payloads
        self._is_near = is_near
        self._give_up = give_up
        self.sitting = sitting
        self.link: Link | WaitingLink = link
        self.incoming = Incoming(table)
        self.classes = self.incoming.classes
        self.held: dict[int, deque[tuple[Any, ...]]] = {}
        """Records held back, by the actor or ask they are for, because a large record comes before them (rule A37)."""
        self._arrived: dict[int, tuple[Memory, list[memoryview]] | None] = {}
        """Large records that have come and not had their turn, by stream; None for one that is lost."""
        self._renamed: dict[int, int] = {}
        self.streaming: dict[int, Any] = {}
        """Who hears when an asker of this peer leaves: outlets of streams, `send`s that wait; by the asks' numbers."""
        self.buffers: list[bytes] = []
        self.buffers_due = 0
        self._table = table
        self._outgoing = Outgoing(table, sitting.epoch)
        self._told = self._outgoing.told
        self._origin = table.origin
        self._backlog: deque[bytes] = deque()
        self._draining = False
        self._announced: dict[int, Announced] = {}
        """By stream, those of this host; negative for what goes through the store or has to wait for room."""
        self._tickets: dict[int, int] = {}
        """Announced streams by the number of the ticket that their payload went by."""
        self._refs = refs
        self._system = system
        self._senders: dict[int, Ref[Any]] = {}

    @property
    def ended(self) -> bool:
        """Whether the session is over: nothing that is put here will ever go."""
        return self.link.state.final

    @property
    def owes(self) -> bool:
        """Whether it has yet to load a payload from this host's store, or to be told of one."""
        return any(stream < 0 for stream in self._announced)

    # ---- out --------------------------------------------------------------------------------------------------------

    def put(self, record: tuple[Any, ...], index: int, *, must: bool = False) -> bool:
        """Encode a record and queue it; False when the link is full or has ended, and nothing was queued.

        `must`: it is queued whatever the link says: signals and answers, which are bounded by what they answer.
        Raises Unsendable, and then nothing was queued.
        """
        if self._backlog and not must:
            return False
        buffers: list[PickleBuffer] = []
        used: list[Key] = []
        data = dumps(record, buffers, self._origin, used)
        if used or index not in self._told:
            for notice in self._outgoing.due(index, used):
                self.push((NOTICE, 0, tuple(notice)))
        if buffers or len(data) > self._payloads.inline:
            return self._payloads.send(self, record, data, buffers, must=must)
        if self._backlog or not self.link.send(data):
            if not must:
                return False
            if self.ended:
                self._give_up(self.sitting, record)
            else:
                self._push(data)
        return True

    def push(self, record: tuple[Any, ...]) -> None:
        """Queue a record of plain data, whatever the link says."""
        self._push(pickle.dumps(record, 5))

    def give_up(self, record: tuple[Any, ...]) -> None:
        """Account for a record that cannot be put because the session is over."""
        self._give_up(self.sitting, record)

    def put_inline(self, data: bytes, memory: list[bytes], *, must: bool) -> bool:
        """Queue a record behind its memory; False when there is no room."""
        if self.ended or (not must and self._backlog):
            return False
        first = pickle.dumps((BUFFERS, len(memory)), 5)
        if not must and not self.link.send(first):
            return False
        if must:
            self._push(first)
        for part in (*memory, data):
            self._push(part)
        return True

    def announce(self, record: tuple[Any, ...], stream: int) -> None:
        """Mark the place of a large record among those that go to the same actor or ask."""
        kind = record[0]
        announced = Announced(kind, record[1], stream, self._type_name(record), record[5] if kind in ASKING else 0)
        self._announced[stream] = announced
        if len(self._announced) % REMEMBERED_STREAMS == 0:
            self._forget_confirmed()
        self.push((LARGE, announced.number, stream, kind, announced.what, announced.ask))

    def resolve(self, announced: int, data: bytes = b"", ticket: Any = None, stream: int = 0) -> None:
        """Tell what an announced record is: a pickle and a ticket for its memory, a stream of the link, or lost."""
        found = self._announced.pop(announced, None)
        if found is None:  # the session is over, and it has been accounted for
            return
        if ticket is not None:
            self._announced[announced] = found._replace(left=True)
            self._tickets[ticket[0]] = announced
        elif stream:
            self._announced[stream] = found._replace(stream=stream)
        self.push((PARCEL, found.number, announced, data, ticket, stream))

    def loaded(self, ticket: int) -> None:
        """The peer has the payload of this ticket."""
        self._announced.pop(self._tickets.pop(ticket, 0), None)

    async def known(self) -> bool:
        """Wait until it is known who sits on the seat; False if nobody does, or the session has ended."""
        while isinstance(self.link, WaitingLink) and await self.link.room():
            pass
        return not self.ended

    def send_chunks(self, parts: Sequence[bytes | memoryview]) -> int | None:
        """Send a pickle and its memory as one large record of the link; None if there is no room."""
        sizes = pickle.dumps(tuple(memoryview(part).nbytes for part in parts), 5)
        return self.link.send_large([len(sizes).to_bytes(4, "little"), sizes, *parts])

    async def send_chunks_when_room(self, parts: Sequence[bytes | memoryview]) -> int:
        """As `send_chunks`, after waiting for room; 0 if the link has ended."""
        size = sum(memoryview(part).nbytes for part in parts) + ROOM_FOR_SIZES
        while (stream := self.send_chunks(parts)) is None:
            if not await self.link.room_for_large(size):
                return 0
        return stream

    def meet(self, sitting: Sitting, link: Link) -> None:
        """The seat was found: send what waited for that."""
        waiting, self.sitting, self.link = self.link, sitting, link
        if isinstance(waiting, WaitingLink):
            self._backlog.extendleft(reversed(waiting.close(found=True)))
        self.drain()
        self._drain_later()

    async def room(self) -> None:
        """Wait until the link takes records again, or has ended."""
        while True:
            self.drain()
            size = len(self._backlog[0]) if self._backlog else 0
            if not await self.link.room(size) or not self._backlog:
                return

    def drain(self) -> None:
        """Queue what had to wait, as far as there is room."""
        while self._backlog and self.link.send(self._backlog[0]):
            self._backlog.popleft()

    def leave_behind(self) -> list[bytes]:
        """The session is over: the records that had to wait, and never will be sent."""
        left = list(self._backlog)
        self._backlog.clear()
        return left

    def not_arrived(self, lost: AbstractSet[int]) -> list[Announced]:
        """The session is over: the large records that are not known to have arrived; `lost` are streams of the link."""
        left = [it for it in self._announced.values() if it.stream < 0 or it.stream in lost]
        self._announced.clear()
        self._tickets.clear()
        return left

    def _type_name(self, record: tuple[Any, ...]) -> str:
        """What a record carries, for people."""
        kind = record[0]
        index = record[3] if kind in REQUESTS else record[2] if kind == REPLY else 0
        if index:
            return self._table.indexed(index).name.rpartition(":")[2]
        return type(record[4] if kind in REQUESTS else record[3] if kind in REPLIES else record[2]).__qualname__

    def _push(self, data: bytes) -> None:
        if (self._backlog or not self.link.send(data)) and not self.ended:
            self._backlog.append(data)
            self._drain_later()

    def _drain_later(self) -> None:
        """Room may come without anybody waiting for it."""
        if self._backlog and not self._draining:
            self._draining = True
            self._payloads.start(self._drain_when_room())

    async def _drain_when_room(self) -> None:
        try:
            while self._backlog and await self.link.room(len(self._backlog[0])):
                self.drain()
        finally:
            self._draining = False

    def _forget_confirmed(self) -> None:
        """Streams of the link that the peer has whole need no account any more."""
        unfinished = self.link.unfinished()
        for stream in [it for it in self._announced if it > 0 and it not in unfinished]:
            del self._announced[stream]

    # ---- in ---------------------------------------------------------------------------------------------------------

    def sender(self, number: int) -> Ref[Any]:
        """The ref of one of the peer's actors, remembered for the next message from it."""
        ref = self._senders.get(number)
        if ref is None:
            if len(self._senders) >= REMEMBERED_SENDERS:
                self._senders.clear()
            ref = self._senders[number] = self._refs(Address(self._system, self.sitting.seat, number))
        return ref

    def decode(self, record: bytes) -> tuple[Any, ...]:
        """The tuple of a record, on the memory that came before it."""
        if self.buffers:
            memory, self.buffers = self.buffers, []
            return loads(record, memory)
        return loads(record)

    @property
    def clock_offset(self) -> float:
        """The peer's clock minus this host's, in seconds: 0 on one machine, where both are one clock (rule A30)."""
        if self._is_near(self.sitting.seat) or isinstance(self.link, WaitingLink):
            return 0.0
        return (self.link.offset or 0.0) - (self.link.clock.error or 0.0)  # the error makes a deadline late, not early

    def large_announced(self, found: tuple[Any, ...]) -> None:
        """Hold back what follows for this actor or ask until the large record has come; it may have come already."""
        self.held.setdefault(found[1], deque()).append(found)

    def must_wait(self, found: tuple[Any, ...]) -> bool:
        """Whether a record has to wait behind a large one for the same actor or ask, and now does.

        Messages and answers do, and news of an end. Other signals do only behind a large signal: a stop must not
        overtake the start of an actor that is spawned with a large argument.
        """
        kind, waiting = found[0], self.held.get(found[1])
        if waiting is None or kind in NEVER_HELD:
            return False
        may_pass = kind in SIGNALS and not isinstance(found[2], Ended | PeerEnded)
        if may_pass and all(it[0] != LARGE or it[3] not in SIGNALS for it in waiting):
            return False
        waiting.append(found)
        return True

    def large_arrived(self, stream: int, data: Memory, memory: list[memoryview]) -> None:
        """A large record is complete: its pickle and its memory."""
        self._arrived[stream] = (data, memory)

    def large_lost(self, stream: int) -> None:
        """A large record will not come."""
        self._arrived[stream] = None

    def all_lost(self) -> None:
        """The session is over: no large record will come any more."""
        for waiting in self.held.values():
            for found in waiting:
                if found[0] == LARGE:
                    self._arrived.setdefault(found[2], None)

    def chunks_arrived(self, stream: int, record: bytearray) -> None:
        """A large record of the link is complete; it may be the one behind a stream of another number."""
        data, *memory = _taken_apart(record)
        self.large_arrived(self._renamed.pop(stream, stream), data, memory)

    def renamed(self, stream: int, announced: int) -> None:
        """The link's stream carries the record that was announced under another number."""
        if stream in self._arrived:
            self._arrived[announced] = self._arrived.pop(stream)
        else:
            self._renamed[stream] = announced

    def released(self) -> Iterator[tuple[tuple[Any, ...], tuple[Memory, list[memoryview]] | None]]:
        """Everything that need not be held back any more, in order: (record, None), or (announcement, large record).

        An announcement with None is of a large record that was lost.
        """
        for number in list(self.held):
            waiting = self.held[number]
            while waiting:
                first = waiting[0]
                if first[0] != LARGE:
                    yield waiting.popleft(), None
                elif first[2] in self._arrived:
                    yield waiting.popleft(), self._arrived.pop(first[2])
                else:
                    break
            if not waiting:
                del self.held[number]


def _taken_apart(record: bytearray) -> list[memoryview]:
    """The parts of a large record, without copying."""
    view = memoryview(record).toreadonly()
    start = 4 + int.from_bytes(view[:4], "little")
    parts: list[memoryview] = []
    for size in pickle.loads(view[4:start]):  # noqa: S301 - the peer has proved the secret
        parts.append(view[start : start + size])
        start += size
    return parts
