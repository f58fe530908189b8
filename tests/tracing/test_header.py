"""Headers say what was packed, pass over what they do not know, and are nothing when they make no sense."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.trace import SpanContext, TraceFlags, TraceState

from tracing import header as headers

CONTEXT = SpanContext(0xABC, 0xDEF, is_remote=True, trace_flags=TraceFlags(1))


def test_a_header_without_slots_has_25_bytes():
    assert len(headers.pack(CONTEXT)) == headers.LENGTH == 25


@given(
    trace=st.integers(1, 2**128 - 1),
    span=st.integers(1, 2**64 - 1),
    sampled=st.booleans(),
    answers=st.booleans(),
    slots=st.dictionaries(st.integers(4, 255), st.binary(max_size=300), max_size=4),
)
def test_what_is_packed_is_read_again(trace, span, sampled, answers, slots):
    context = SpanContext(trace, span, is_remote=True, trace_flags=TraceFlags(int(sampled)))
    packed = headers.pack(
        context, answers=answers, slots=b"".join(headers.slot(tag, value) for tag, value in slots.items())
    )
    assert headers.context_of(packed) == context
    assert headers.answers(packed) is answers
    assert dict(headers.slots_of(packed)) == slots


def test_a_slot_that_nobody_knows_is_passed_over():
    state = SpanContext(1, 2, is_remote=True, trace_flags=TraceFlags(1), trace_state=TraceState([("a", "b")]))
    packed = headers.pack(state, slots=headers.slot(250, b"of a newer version") + headers.state_slot(state))
    found = headers.context_of(packed)
    assert found is not None
    assert dict(found.trace_state) == {"a": "b"}


@given(st.binary(max_size=200))
def test_any_bytes_are_a_header_or_none(data):
    found = headers.context_of(data)
    assert found is None or found.is_valid
    list(headers.slots_of(data))
    headers.answers(data)


@given(st.text(max_size=80), st.text(max_size=600))
def test_any_text_is_a_carrier_or_none(parent, state):
    found = headers.from_carrier({"traceparent": parent, "tracestate": state})
    assert found is None or found.is_valid


@pytest.mark.parametrize(
    ("text", "good"),
    [
        (f"00-{1:032x}-{2:016x}-01", True),
        (f"00-{1:032x}-{2:016x}-01-more", False),
        (f"01-{1:032x}-{2:016x}-01-more", True),
        (f"ff-{1:032x}-{2:016x}-01", False),
        (f"00-{0:032x}-{2:016x}-01", False),
        (f"00-{1:032X}-{'ABCDEF0123456789'}-01", False),
        (f" 00-{1:032x}-{2:016x}-00 ", True),
    ],
)
def test_traceparent_is_read_as_w3c_says(text, good):
    assert (headers.from_carrier({"TraceParent": text}) is not None) is good


def test_what_goes_out_comes_in_again():
    context = SpanContext(7, 8, is_remote=True, trace_flags=TraceFlags(1), trace_state=TraceState([("a", "b")]))
    assert headers.from_carrier(headers.to_carrier(context)) == context


def test_a_tracestate_that_is_too_long_is_left_out():
    found = headers.from_carrier({"traceparent": f"00-{1:032x}-{2:016x}-01", "tracestate": "a=" + "b" * 600})
    assert found is not None
    assert not found.trace_state
