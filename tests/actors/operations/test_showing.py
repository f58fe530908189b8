"""Values are shown short, whatever they are, and with stars where something is sensitive."""

from collections import deque
from dataclasses import dataclass
from typing import Annotated

import pytest
from pydantic import BaseModel

from actors import Message, Sensitive
from actors.operations.showing import ITEMS, LONGEST, attributes_of, shown


class Login(Message):
    user: str
    password: Annotated[str, Sensitive]


@dataclass
class Wallet:
    owner: str
    logins: list[Login]
    seed: Annotated[str, Sensitive] = "s3"


class Patient(BaseModel):
    name: str
    number: Annotated[str, Sensitive]


class Rude:
    def __repr__(self) -> str:
        raise RuntimeError("no")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "None"),
        (3, "3"),
        ("a", "'a'"),
        ([1, (2,), {"k": {3}}], "[1, (2), {'k': {3}}]"),
        (deque([1]), "deque([1])"),
        (Login("ada", "pw"), "Login(user='ada', password=***)"),
        (Wallet("ada", [Login("a", "b")]), "Wallet(owner='ada', logins=[Login(user='a', password=***)], seed=***)"),
        (Patient(name="Ada", number="12"), "Patient(name='Ada', number=***)"),
        ({"by": Login("ada", "pw")}, "{'by': Login(user='ada', password=***)}"),
        (Rude(), "<Rude that cannot be shown: RuntimeError>"),
        ([Rude()], "[<Rude that cannot be shown: RuntimeError>]"),
    ],
)
def test_a_value_is_shown_whatever_it_is(value, text):
    assert shown(value) == text


def test_what_is_long_deep_or_wide_is_cut():
    assert len(shown("x" * 10_000_000)) < LONGEST + 40
    assert shown(list(range(1000))).endswith(f"{ITEMS - 1}, … {1000 - ITEMS} more]")
    assert len(shown([["y" * LONGEST] * ITEMS] * ITEMS)) < LONGEST + 40
    deep: list[object] = []
    deep.append(deep)
    assert shown(deep) == "[[[[[…]]]]]"


def test_attributes_are_hidden_by_the_class_and_by_the_parameter_of_the_same_name():
    class Safe:
        __slots__ = ("_code", "door", "open", "unset")
        door: Annotated[str, Sensitive]

        def __init__(self, code: Annotated[str, Sensitive]) -> None:
            self._code, self.door, self.open = code, "left", False

    assert attributes_of(Safe("1"), without=frozenset()) == {"_code": "***", "door": "***", "open": "False"}


def test_a_constructor_whose_annotations_name_nothing_hides_what_it_says():
    class Later:
        def __init__(self, code: 'Annotated["Nowhere", Sensitive]', other: "Nowhere") -> None:  # noqa: F821
            self.code, self.other, self.context = code, other, 1

    assert attributes_of(Later("1", 2), without=frozenset({"context"})) == {"code": "***", "other": "2"}
