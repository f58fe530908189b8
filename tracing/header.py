"""What travels with a message: 16 bytes of trace, 8 of span, one of flags, and behind them slots for more.

A slot is one byte of tag, two of length, and its bytes. Whoever does not know a tag passes over it. Bytes that make no
sense are no header at all. At the edges of the system the same is written as W3C `traceparent` and `tracestate`.
"""

import re
import struct
from collections.abc import Iterator, Mapping

from opentelemetry.trace import SpanContext, TraceFlags, TraceState

LENGTH = 25
"""Bytes of a header without slots."""

SAMPLED = 0x01
ANSWERS = 0x80
"""Its handler answers a CLIENT; it is not set in what leaves the system."""

HOPS, STATE, NAME, CLOCK = 1, 2, 3, 4
"""Tags of slots: messages since the trace began, `tracestate`, an operation's name, a logical clock's stamp."""

LONGEST_STATE = 512
"""Characters of `tracestate` that are kept: the least that W3C demands."""

_CONTEXT = struct.Struct(">16s8sB")
_SLOT = struct.Struct(">BH")
_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.ASCII | re.DOTALL)


def pack(context: SpanContext, *, answers: bool = False, slots: bytes = b"") -> bytes:
    """The header of what belongs to a span."""
    flags = (context.trace_flags & SAMPLED) | (ANSWERS if answers else 0)
    return _CONTEXT.pack(context.trace_id.to_bytes(16, "big"), context.span_id.to_bytes(8, "big"), flags) + slots


def slot(tag: int, value: bytes) -> bytes:
    """One slot."""
    return _SLOT.pack(tag, len(value)) + value


def context_of(header: bytes) -> SpanContext | None:
    """The span that a header speaks of; None for bytes that are none."""
    if len(header) < LENGTH:
        return None
    trace, span, flags = _CONTEXT.unpack_from(header)
    state = TraceState()
    if len(header) > LENGTH:
        text = slot_of(header, STATE)
        if text:
            state = TraceState.from_header([text.decode("ascii", "replace")])
    found = _afar(int.from_bytes(trace, "big"), int.from_bytes(span, "big"), flags, state)
    return found if found.is_valid else None


def answers(header: bytes) -> bool:
    """Whether whoever handles the message answers a CLIENT."""
    return len(header) >= LENGTH and bool(header[LENGTH - 1] & ANSWERS)


def slots_of(header: bytes) -> Iterator[tuple[int, bytes]]:
    """The slots of a header, as far as they can be read."""
    at = LENGTH
    while at + _SLOT.size <= len(header):
        tag, length = _SLOT.unpack_from(header, at)
        at += _SLOT.size
        if at + length > len(header):
            return
        yield tag, header[at : at + length]
        at += length


def slot_of(header: bytes, tag: int) -> bytes:
    """The bytes of one slot; empty if the header has none."""
    return next((value for found, value in slots_of(header) if found == tag), b"")


def hops_slot(hops: int) -> bytes:
    """The slot that counts messages since the trace began."""
    return slot(HOPS, hops.to_bytes(2, "big"))


def hops_of(header: bytes) -> int:
    """Messages from the first one of its trace to this one."""
    return int.from_bytes(slot_of(header, HOPS), "big")


def state_slot(context: SpanContext) -> bytes:
    """The slot of a span's `tracestate`, empty if that is."""
    return slot(STATE, context.trace_state.to_header().encode("ascii", "replace")) if context.trace_state else b""


def from_carrier(carrier: Mapping[str, str]) -> SpanContext | None:
    """What the headers of an HTTP request say; None for nothing, and for what W3C calls invalid."""
    values = {name.lower(): value for name, value in carrier.items()}
    text = values.get("traceparent", "")
    found = _TRACEPARENT.fullmatch(text.strip()) if len(text) <= LONGEST_STATE else None
    if found is None:
        return None
    version, trace, span, flags, more = found.groups()
    if version == "ff" or (version == "00" and more is not None):
        return None
    written = values.get("tracestate", "")
    state = TraceState.from_header([written]) if 0 < len(written) <= LONGEST_STATE else TraceState()
    context = _afar(int(trace, 16), int(span, 16), int(flags, 16), state)
    return context if context.is_valid else None


def is_carried(carrier: Mapping[str, str]) -> bool:
    """Whether the headers of an HTTP request say that they continue a trace, whether or not they make sense."""
    return any(name.lower() == "traceparent" for name in carrier)


def _afar(trace_id: int, span_id: int, flags: int, state: TraceState) -> SpanContext:
    return SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(flags & SAMPLED), trace_state=state)


def to_carrier(context: SpanContext) -> dict[str, str]:
    """What goes into the headers of an HTTP request."""
    carrier = {"traceparent": f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags & SAMPLED:02x}"}
    if context.trace_state:
        carrier["tracestate"] = context.trace_state.to_header()
    return carrier
