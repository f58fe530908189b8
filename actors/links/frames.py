"""A frame is a bounded length, a kind, and a body: the whole wire format, without any state.

```
length  u32   of all that follows, at most `LARGEST_FRAME` (`LARGEST_HANDSHAKE` before the peer has proved the secret)
kind    u8
body          HELLO, CHALLENGE, PROOF, WELCOME, REFUSED: see handshake.py
              BATCH    sequence u64, acknowledged u64, msgpack array of bin
              CHUNK    sequence u64, acknowledged u64, stream u64, size of the whole record u64, bytes
              ACK      acknowledged u64
              PING     sender's clock f64
              PONG     the clock that came f64, own clock f64
              GOODBYE  acknowledged u64
```

Batches and chunks share one numbering per direction, from 1. Numbers are big-endian. The secret is proved once per
connection; frames carry no code of their own, so on a network that others can write to, use TLS.
"""

from collections.abc import Sequence
from enum import IntEnum
from struct import Struct
from struct import error as StructError  # noqa: N812 - it is a class
from typing import Any, Final

import msgspec

WIRE_VERSION: Final = 3

LARGEST_FRAME: Final = 256 * 1024
LARGEST_HANDSHAKE: Final = 1024
LENGTH: Final = Struct(">I")

_BATCH: Final = Struct(">IBQQ")
_CHUNK: Final = Struct(">IBQQQQ")
_COUNT: Final = Struct(">IBQ")
_PING: Final = Struct(">IBd")
_PONG: Final = Struct(">IBdd")

# The same without the length, which the reader has taken off.
_BATCH_BODY: Final = Struct(">BQQ")
_CHUNK_BODY: Final = Struct(">BQQQQ")
_COUNT_BODY: Final = Struct(">BQ")
_PING_BODY: Final = Struct(">Bd")
_PONG_BODY: Final = Struct(">Bdd")

LARGEST_CHUNK: Final = LARGEST_FRAME - 64
LARGEST_RECORD: Final = LARGEST_FRAME - 64
"""Of one record in a batch: the frame less its head and the record's own length. Anything longer goes in chunks."""

_encode = msgspec.msgpack.Encoder().encode


class Kind(IntEnum):
    """What a frame is. Plain ints below are the same numbers for the paths where a look into an enum would cost."""

    HELLO = 1
    CHALLENGE = 2
    PROOF = 3
    WELCOME = 4
    REFUSED = 5
    BATCH = 6
    CHUNK = 7
    ACK = 8
    PING = 9
    PONG = 10
    GOODBYE = 11


BATCH: Final = int(Kind.BATCH)
CHUNK: Final = int(Kind.CHUNK)
ACK: Final = int(Kind.ACK)
PING: Final = int(Kind.PING)
PONG: Final = int(Kind.PONG)
GOODBYE: Final = int(Kind.GOODBYE)


class BadFrame(Exception):
    """Bytes that no rightful peer sends: a frame of unknown kind, short, out of sequence, or of undecodable content."""


def _read(fields: Struct, payload: memoryview) -> tuple[Any, ...]:
    try:
        return fields.unpack_from(payload)
    except StructError as error:
        raise BadFrame(str(error)) from None


class BatchDecoder:
    """The only place where records are decoded. `calls` proves that it was not used before a peer had authenticated."""

    __slots__ = ("_decode", "calls")

    def __init__(self) -> None:
        self.calls = 0
        self._decode = msgspec.msgpack.Decoder(list[bytes]).decode

    def __call__(self, body: memoryview | bytes) -> list[bytes]:
        """Raises `BadFrame`. The records are copies; `body` may be overwritten afterwards."""
        self.calls += 1
        try:
            return self._decode(body)
        except msgspec.DecodeError as error:
            raise BadFrame(f"batch: {error}") from None


def handshake_frame(kind: Kind, *parts: bytes) -> bytes:
    """A frame of the opening. `ValueError` if it is longer than a peer would read."""
    body = b"".join(parts)
    if len(body) >= LARGEST_HANDSHAKE:
        raise ValueError(f"A handshake frame of {len(body)} bytes; the system's name is too long.")
    return LENGTH.pack(len(body) + 1) + bytes((kind,)) + body


def batch_frame(sequence: int, acknowledged: int, records: Sequence[bytes]) -> bytes:
    """A BATCH of at most `LARGEST_FRAME`; the caller keeps the records below that."""
    body = _encode(records)
    return _BATCH.pack(_BATCH_BODY.size + len(body), BATCH, sequence, acknowledged) + body


def batch_records(frame: bytes, decode: BatchDecoder) -> list[bytes]:
    """The records of a frame made by `batch_frame`, to give them back to their sender."""
    return decode(memoryview(frame)[_BATCH.size :])


def read_batch(payload: memoryview) -> tuple[int, int, memoryview]:
    """(sequence, acknowledged, the still encoded records)."""
    _, sequence, acknowledged = _read(_BATCH_BODY, payload)
    return sequence, acknowledged, payload[_BATCH_BODY.size :]


def chunk_head(sequence: int, acknowledged: int, stream: int, size: int, length: int) -> bytes:
    """The head of a chunk whose `length` bytes follow; `size` is the whole record's."""
    return _CHUNK.pack(_CHUNK_BODY.size + length, CHUNK, sequence, acknowledged, stream, size)


def read_chunk(payload: memoryview) -> tuple[int, int, int, int, memoryview]:
    """(sequence, acknowledged, stream, size of the whole record, bytes)."""
    _, sequence, acknowledged, stream, size = _read(_CHUNK_BODY, payload)
    return sequence, acknowledged, stream, size, payload[_CHUNK_BODY.size :]


def ack_frame(acknowledged: int) -> bytes:
    """An ACK of all frames up to this one."""
    return _COUNT.pack(_COUNT_BODY.size, ACK, acknowledged)


def goodbye_frame(acknowledged: int) -> bytes:
    """A GOODBYE, which acknowledges as well."""
    return _COUNT.pack(_COUNT_BODY.size, GOODBYE, acknowledged)


def read_acknowledged(payload: memoryview) -> int:
    """Of an ACK or a GOODBYE."""
    return _read(_COUNT_BODY, payload)[1]


def ping_frame(now: float) -> bytes:
    """A PING that carries the own clock."""
    return _PING.pack(_PING_BODY.size, PING, now)


def read_ping(payload: memoryview) -> float:
    """The sender's clock."""
    return _read(_PING_BODY, payload)[1]


def pong_frame(came: float, now: float) -> bytes:
    """A PONG: the clock that came, and the own."""
    return _PONG.pack(_PONG_BODY.size, PONG, came, now)


def read_pong(payload: memoryview) -> tuple[float, float]:
    """(own clock when the ping left, peer's clock when it answered)."""
    _, came, theirs = _read(_PONG_BODY, payload)
    return came, theirs
