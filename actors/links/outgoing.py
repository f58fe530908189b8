"""One direction of a session, the sending end: numbers frames and keeps each until the peer has acknowledged it.

A record's way: the open batch (plain `append`), a sealed batch, a numbered frame that is given out by `take` and kept
in `unacked`, gone. It is charged to the buffer from `send` to its acknowledgement. A large record's chunks take part in
the numbering, but are charged to a buffer of their own, from `send_large` until its last chunk is acknowledged; that
bounds what the receiver assembles as well.
"""

from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Final, NamedTuple

from actors.links.frames import LARGEST_RECORD, BadFrame, BatchDecoder, batch_frame, batch_records, chunk_head
from actors.links.settings import LinkSettings

RECORD_COST: Final = 41
"""Charged for each record besides its length: the header of a bytes object and its place in a list. So the limit in
bytes bounds the number of empty records too."""

Buffer = bytes | memoryview


class Unacknowledged(NamedTuple):
    """What a session leaves behind when it ends, each list in the order of sending."""

    unacked: list[bytes]
    """Given to a connection; they may have arrived."""
    never_sent: list[bytes]
    """They have certainly not arrived."""
    unacked_large: list[int]
    never_sent_large: list[int]


class _Frame(NamedTuple):
    sequence: int
    parts: tuple[Buffer, ...]
    charge: int
    """What a batch cost; 0 for a chunk."""
    large: int
    """The stream that this frame completes, or 0."""


class _Stream:
    """A large record on its way: its chunks are views of the sender's buffers, cut when their turn comes."""

    __slots__ = ("chunks", "number", "size", "started")

    def __init__(self, number: int, views: Sequence[memoryview], size: int, chunk_bytes: int) -> None:
        self.number = number
        self.size = size
        self.started = False
        self.chunks = _chunks(views, chunk_bytes)


class Outgoing:
    """`wake` is called when something waits to be taken and nothing did before; `freed` when refused senders may retry.

    The bookkeeping of the hot path: `_left` is what the open batch may still cost. It is the lesser of the frame's and
    the buffer's room, so that `send` has one comparison for both.
    """

    __slots__ = (
        "_batch",
        "_closed",
        "_freed",
        "_granted",
        "_large_room",
        "_last_stream",
        "_left",
        "_resend",
        "_room",
        "_sealed",
        "_settings",
        "_starved",
        "_streams",
        "_unacked",
        "_unfinished",
        "_wake",
        "acked",
        "quiet",
        "records",
        "sequence",
    )

    def __init__(self, settings: LinkSettings, wake: Callable[[], None], freed: Callable[[], None]) -> None:
        self._settings = settings
        self._wake = wake
        self._freed = freed
        self._room = settings.buffer_bytes
        self._large_room = settings.large_bytes
        self._batch: list[bytes] = []
        self._granted = 0
        self._left = 0
        self._sealed: deque[tuple[list[bytes], int]] = deque()
        self._streams: deque[_Stream] = deque()
        self._unfinished: dict[int, _Stream] = {}
        self._unacked: deque[_Frame] = deque()
        self._resend: deque[_Frame] = deque()
        self._last_stream = 0
        self._starved = False
        self._closed = False
        self.quiet = True
        """Nothing was sent since the owner last found `waiting` false; the owner sets it, `send` clears it."""
        self.sequence = 0
        self.acked = 0
        self.records = 0

    def send(self, record: bytes) -> bool:
        """Queue a record. False if there is no room, and then nothing is queued. Never blocks.

        Raises `ValueError` for a record longer than `LARGEST_RECORD`; that is for `send_large`.
        """
        left = self._left - len(record) - RECORD_COST
        if left < 0:
            return self._send_in_new_batch(record)
        self._left = left
        self._batch.append(record)
        if self.quiet:
            self.quiet = False
            self._wake()
        return True

    def send_large(self, parts: Sequence[bytes | memoryview]) -> int | None:
        """Queue one record made of `parts`, and return its stream's number, or None if there is no room for it now.

        The parts are not copied: they must not change before the record has been acknowledged.
        Raises `ValueError` for a record that could never go.
        """
        views = [memoryview(part).cast("B") for part in parts if memoryview(part).nbytes]
        size = sum(map(len, views))
        if size > self._settings.largest_bytes:
            raise ValueError(f"A record of {size} bytes; a link carries at most {self._settings.largest_bytes}.")
        if self._closed or size > self._large_room:
            self._starved = True
            return None
        self._large_room -= size
        self._last_stream += 1
        stream = _Stream(self._last_stream, views, size, self._settings.chunk_bytes)
        self._streams.append(stream)
        self._unfinished[stream.number] = stream
        if self.quiet:
            self.quiet = False
            self._wake()
        return stream.number

    @property
    def closed(self) -> bool:
        """Whether it takes no more records."""
        return self._closed

    def has_room(self, size: int = 0) -> bool:
        """Whether records of this size will be taken: a quarter of the buffer is free, so that waking pays."""
        free = self._settings.buffer_bytes - self.charged
        enough = not self._closed and free >= max(self._settings.buffer_bytes // 4, size + RECORD_COST)
        self._starved = self._starved or not enough
        return enough

    def has_large_room(self, size: int) -> bool:
        """Whether a large record of this size will be taken."""
        enough = not self._closed and self._large_room >= size
        self._starved = self._starved or not enough
        return enough

    @property
    def unfinished(self) -> Collection[int]:
        """The streams of large records that are not acknowledged whole."""
        return self._unfinished.keys()

    @property
    def waiting(self) -> bool:
        """Something can be taken."""
        return bool(self._batch or self._sealed or self._streams or self._resend)

    @property
    def settled(self) -> bool:
        """Everything that was sent has been acknowledged."""
        return not (self._unacked or self.waiting)

    @property
    def charged(self) -> int:
        """Bytes of the buffer in use, `RECORD_COST` included."""
        return self._settings.buffer_bytes - self._room + self._granted - self._left

    @property
    def charged_large(self) -> int:
        """Bytes of large records that are not acknowledged whole."""
        return self._settings.large_bytes - self._large_room

    def take(self, acknowledged: int, limit: int) -> list[Buffer]:
        """Frames to write now, about `limit` bytes: repeats first, then batches, then one chunk whatever the batches.

        The chunk comes on top so that a steady flow of small records cannot starve a large one, and is only one so
        that small records wait for no more than that.
        """
        parts: list[Buffer] = []
        size = self._take_repeats(parts, limit)
        if self._resend:
            return parts
        self._seal()
        while self._sealed and size < limit:
            records, charge = self._sealed.popleft()
            self.sequence += 1
            self.records += len(records)
            frame = batch_frame(self.sequence, acknowledged, records)
            self._unacked.append(_Frame(self.sequence, (frame,), charge, 0))
            parts.append(frame)
            size += len(frame)
        if self._streams:
            parts.extend(self._take_chunk(acknowledged))
        return parts

    def acknowledge(self, acknowledged: int) -> None:
        """The peer has all frames up to this one. Raises `BadFrame` if it cannot have."""
        if acknowledged <= self.acked:
            return
        if acknowledged > self.sequence:
            raise BadFrame(f"frame {acknowledged} acknowledged, of {self.sequence} sent")
        self.acked = acknowledged
        unacked = self._unacked
        while unacked and unacked[0].sequence <= acknowledged:
            frame = unacked.popleft()
            self._room += frame.charge
            if frame.large:
                self._large_room += self._unfinished.pop(frame.large).size
        if self._starved:
            self._starved = False
            self._freed()

    def attach(self, received: int) -> None:
        """A new connection: repeat what the peer has not received. Raises `BadFrame` as `acknowledge` does."""
        self.acknowledge(received)
        self._resend = deque(self._unacked)

    def close(self) -> None:
        """Take no further records; what is queued may still go."""
        self._closed = True
        self._seal()
        self._freed()

    def remains(self, decode: BatchDecoder) -> Unacknowledged:
        """What was not acknowledged."""
        unacked: list[bytes] = []
        for frame in self._unacked:
            if frame.charge:
                unacked.extend(batch_records(bytes(frame.parts[0]), decode))
        never_sent = [record for records, _ in self._sealed for record in records] + self._batch
        large = self._unfinished.values()
        return Unacknowledged(
            unacked,
            never_sent,
            [stream.number for stream in large if stream.started],
            [stream.number for stream in large if not stream.started],
        )

    def _send_in_new_batch(self, record: bytes) -> bool:
        if len(record) > LARGEST_RECORD:
            raise ValueError(f"A record of {len(record)} bytes; above {LARGEST_RECORD} use send_large.")
        self._seal()
        cost = len(record) + RECORD_COST
        if self._closed or cost > self._room:
            self._starved = True
            return False
        self._granted = self._left = max(min(self._settings.batch_bytes, self._room), cost)
        return self.send(record)

    def _seal(self) -> None:
        if self._batch:
            charge = self._granted - self._left
            self._room -= charge
            self._sealed.append((self._batch, charge))
            self._batch = []
        self._granted = self._left = 0

    def _take_repeats(self, parts: list[Buffer], limit: int) -> int:
        size = 0
        while self._resend and size < limit:
            frame = self._resend.popleft()
            if frame.sequence > self.acked:
                parts.extend(frame.parts)
                size += sum(map(len, frame.parts))
        return size

    def _take_chunk(self, acknowledged: int) -> tuple[Buffer, ...]:
        stream = self._streams.popleft()
        stream.started = True
        chunk, last = next(stream.chunks)
        self.sequence += 1
        head = chunk_head(self.sequence, acknowledged, stream.number, stream.size, sum(map(len, chunk)))
        parts = (head, *chunk)
        self._unacked.append(_Frame(self.sequence, parts, 0, stream.number if last else 0))
        if not last:
            self._streams.append(stream)
        return parts


def _chunks(views: Sequence[memoryview], size: int) -> Iterator[tuple[list[memoryview], bool]]:
    """Slices of the views that together have `size` bytes, and whether they are the last ones."""
    left = sum(map(len, views))
    chunk: list[memoryview] = []
    room = size
    for view in views:
        start = 0
        while start < len(view):
            piece = view[start : start + room]
            start += len(piece)
            room -= len(piece)
            left -= len(piece)
            chunk.append(piece)
            if not room and left:
                yield chunk, False
                chunk, room = [], size
    yield chunk, True
