"""Outlines: what can be said of a record that cannot be decoded."""

import pickle
from collections.abc import Callable
from pickle import PickleBuffer
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.address import Address
from actors.post.wire import ASK, SIGNAL, TELL, Unknown, outline
from actors.supervising.signals import Spec, StartChild


def boom() -> None:
    raise AssertionError("an outline runs no code of the record")


class Trap:
    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return (boom, ())


class Stranger:
    def __init__(self) -> None:
        self.items = [1]
        self.table = {"a": Trap()}


def test_what_is_plain_is_shown_and_what_is_not_is_left_out_without_running_it() -> None:
    kind, number, sender, index, values = outline(pickle.dumps((TELL, 5, (1, 2), 3, ("text", Trap(), Stranger())), 5))
    assert (kind, number, sender, index, values[0]) == (TELL, 5, (1, 2), 3, "text")
    assert isinstance(values[1], Unknown)
    assert isinstance(values[2], Unknown)


def test_the_number_of_an_ask_is_found_behind_what_cannot_be_decoded() -> None:
    assert outline(pickle.dumps((ASK, 5, None, 0, Trap(), 77, None), 5))[5] == 77


def test_memory_that_is_gone_is_empty() -> None:
    record = pickle.dumps((TELL, 5, None, 0, PickleBuffer(b"x" * 100)), 5, buffer_callback=lambda _: None)
    assert outline(record)[:2] == (TELL, 5)


def test_the_start_of_an_actor_shows_whom_to_tell_that_it_failed() -> None:
    child, parent = Address("s", 1, 9), Address("s", 0, 0)
    start = StartChild(child, 3, Spec(Stranger, (Trap(),)), parent, "/a")  # type: ignore[arg-type]
    found = outline(pickle.dumps((SIGNAL, 9, start), 5))[2]
    assert isinstance(found, StartChild)
    assert (found.child, found.incarnation, found.parent) == (child, 3, parent)


@pytest.mark.parametrize("value", [5, None, [1], "text"])
def test_bytes_that_are_no_record_have_no_outline(value: object) -> None:
    assert outline(pickle.dumps(value)) == ()


@given(st.binary(max_size=200))
def test_no_bytes_make_an_outline_fail(data: bytes) -> None:
    assert isinstance(outline(data), tuple)
