"""Messages are frozen values that pickle; the mixins add nothing to what they are mixed into."""

import pickle
import subprocess
import sys
from dataclasses import dataclass
from typing import Generic, TypeVar

import pytest
from pydantic import BaseModel

from actors.messages.message import Asks, Message, Request, Streams

T = TypeVar("T")


class Joined(Message):
    name: str


class Join(Request[list[str]]):
    name: str
    tags: list[str] = []  # noqa: RUF012 - a struct copies it


class Get(Request[T], Generic[T]):
    key: T


class Lines(Streams[str]):
    last: int = 10


class Patient(BaseModel, Asks[bool], frozen=True):
    mrn: str


@dataclass(frozen=True, slots=True)
class Ping(Asks[float]):
    at: float


EXAMPLES = [Joined("ada"), Join("ada", tags=["x"]), Get(3), Lines(), Patient(mrn="1"), Ping(1.0)]


@pytest.mark.parametrize("message", EXAMPLES, ids=lambda it: type(it).__name__)
def test_a_message_goes_through_pickle_and_compares_by_value(message: object) -> None:
    assert pickle.loads(pickle.dumps(message, protocol=5)) == message


@pytest.mark.parametrize("message", [Joined("ada"), Lines(), Patient(mrn="1"), Ping(1.0)])
def test_a_message_is_frozen_and_hashable(message: object) -> None:
    for field in ("name", "last", "mrn", "at"):
        if hasattr(message, field):
            with pytest.raises((AttributeError, TypeError, ValueError)):
                setattr(message, field, "other")
    assert hash(message) is not None


def test_the_mixins_leave_a_slotted_class_without_a_dict() -> None:
    assert not hasattr(Ping(1.0), "__dict__")
    assert not hasattr(Join("ada"), "__dict__")


def test_a_default_list_is_not_shared() -> None:
    assert Join("ada").tags is not Join("bob").tags


def test_a_field_that_does_not_exist_is_refused_by_name() -> None:
    with pytest.raises(TypeError, match="nickname"):
        Join(nickname="ada")  # type: ignore[call-arg]


def test_importing_the_door_loads_neither_pydantic_nor_ray() -> None:
    program = "import sys, actors.messages.handlers; print(*{'pydantic', 'pydantic_core', 'ray'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
