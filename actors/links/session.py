"""One session per pair of sittings: two ordered streams of records that survive the connections that carry them.

The session is pure. It numbers what goes out, drops what has come before, and knows what must be repeated on a new
connection; who dials, when to flush and what time it is are the link's business. Each side gives its session a number;
a side that meets another number than before knows that the peer has lost the session, and that going on would lose or
repeat records without a trace.
"""

from collections.abc import Callable

from actors.links.assembly import Assembly
from actors.links.frames import BadFrame, BatchDecoder, ack_frame, read_acknowledged, read_batch, read_chunk
from actors.links.outgoing import Buffer, Outgoing, Unacknowledged
from actors.links.settings import LinkSettings


class Session:
    """`outgoing.send` is the way in; `take` what to write; `batch` and `chunk` read what came, each thing once.

    `owed` counts the bytes received since the peer last heard an acknowledgement.
    """

    __slots__ = ("_assembly", "_decode", "number", "outgoing", "owed", "peer_number", "received", "records")

    def __init__(
        self,
        number: int,
        settings: LinkSettings,
        decode: BatchDecoder,
        wake: Callable[[], None],
        freed: Callable[[], None],
    ) -> None:
        self.number = number
        self.peer_number = 0
        self.outgoing = Outgoing(settings, wake, freed)
        self.received = 0
        self.owed = 0
        self.records = 0
        self._assembly = Assembly(settings.largest_bytes, settings.large_bytes)
        self._decode = decode

    def continues(self, number: int, my_number: int) -> bool:
        """Whether a peer whose session is `number`, and ours to it `my_number` (0: not known), means this session."""
        return self.peer_number in (0, number) and my_number in (0, self.number)

    def attach(self, number: int, received: int) -> None:
        """Go on over a new connection with a peer that has received so far. Raises `BadFrame` if it cannot have."""
        self.outgoing.attach(received)
        self.peer_number = number

    def take(self, limit: int) -> list[Buffer]:
        """Frames to write now; they acknowledge what was received."""
        parts = self.outgoing.take(self.received, limit)
        if parts:
            self.owed = 0
        return parts

    def acknowledgement(self) -> bytes:
        """A frame that only acknowledges."""
        self.owed = 0
        return ack_frame(self.received)

    def batch(self, payload: memoryview) -> list[bytes] | None:
        """The records of a BATCH frame, None if they came before. Raises `BadFrame`."""
        sequence, acknowledged, body = read_batch(payload)
        if not self._expected(sequence, acknowledged, len(payload)):
            return None
        # Decoded before it counts as received: what does not decode must not be acknowledged.
        records = self._decode(body)
        self.received = sequence
        self.records += len(records)
        return records

    def chunk(self, payload: memoryview) -> tuple[int, bytearray] | None:
        """(stream, record) if a CHUNK frame completes a large record. Raises `BadFrame`."""
        sequence, acknowledged, stream, size, chunk = read_chunk(payload)
        if not self._expected(sequence, acknowledged, len(payload)):
            return None
        record = self._assembly.add(stream, size, chunk)
        self.received = sequence
        if record is None:
            return None
        self.records += 1
        return stream, record

    def acknowledged(self, payload: memoryview) -> None:
        """An ACK or GOODBYE frame came. Raises `BadFrame`."""
        self.outgoing.acknowledge(read_acknowledged(payload))

    def remains(self) -> Unacknowledged:
        """What the session leaves behind when it ends."""
        return self.outgoing.remains(self._decode)

    def _expected(self, sequence: int, acknowledged: int, size: int) -> bool:
        if acknowledged > self.outgoing.acked:
            self.outgoing.acknowledge(acknowledged)
        if sequence > self.received + 1:
            raise BadFrame(f"frame {sequence} after {self.received}")
        # A repeat is owed an acknowledgement too: its sender has not heard the first.
        self.owed += size
        return sequence == self.received + 1
