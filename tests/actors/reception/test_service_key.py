"""A service key is a name and a class of actors: equal where both are, wherever it is sent."""

import pickle
from typing import Generic, TypeVar

import pytest

from actors import Actor, Group, ServiceKey
from actors.testing import run

T = TypeVar("T")


class Clerk(Actor):
    pass


class Box(Actor, Generic[T]):
    pass


def test_keys_are_equal_by_name_and_class():
    key = ServiceKey(Clerk, "first")
    assert key == ServiceKey(Clerk, "first")
    assert hash(key) == hash(ServiceKey(Clerk, "first"))
    assert key != ServiceKey(Clerk, "second")
    assert key != ServiceKey(Actor, "first")
    assert key != "first"
    assert ServiceKey(Clerk).name == "Clerk"
    assert ServiceKey(Box[int]) == ServiceKey(Box)


def test_a_key_survives_pickling():
    assert pickle.loads(pickle.dumps(ServiceKey(Clerk, "first"))) == ServiceKey(Clerk, "first")


def test_a_key_of_no_class_says_what_to_write():
    with pytest.raises(TypeError, match="name the class of the actors first"):
        ServiceKey("first")  # type: ignore[arg-type]


def test_a_group_does_not_travel_and_says_what_does():
    async def main(system):
        with pytest.raises(TypeError, match="Send its key"):
            pickle.dumps(system.receptionist.group(ServiceKey(Clerk)))
        with pytest.raises(ValueError, match="choose 'round_robin' or 'random'"):
            system.receptionist.group(ServiceKey(Clerk), "fair")
        assert isinstance(system.receptionist.group(ServiceKey(Clerk)), Group)

    run(main)
