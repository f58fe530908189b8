"""Functions, lambdas, closures and local classes; the module variables they use; two hosts that know one class."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from actors.encoding.code import ClassTable
from tests.actors.encoding.peer import Peer, run_checks

TABLE = ClassTable(1)
COUNTS: dict[str, int] = {}
RATE = 3


def count(name: str) -> int:
    COUNTS[name] = COUNTS.get(name, 0) + 1
    return COUNTS[name]


class Counter:
    def count(self, name: str) -> int:
        return count(name)


class Other:
    def counts(self) -> dict[str, int]:
        return COUNTS


def factorial(number: int) -> int:
    return number * factorial(number - 1) if number else 1


def make_local() -> tuple[type, type]:
    @dataclass
    class Local:
        value: int

        def next(self) -> "Local":
            return Local(self.value + 1)

    class LocalStruct(msgspec.Struct, frozen=True):
        value: int
        other: "Local | None" = None

        def next(self) -> "LocalStruct":
            return LocalStruct(self.value + 1)

    return Local, LocalStruct


def check_functions_and_lambdas() -> None:
    with Peer(TABLE, 2) as peer:
        assert peer.run(factorial, 5) == 120
        assert peer.run(lambda x: x * RATE + math.floor(1.5), 2) == 7
        captured = [1]
        function = lambda: captured  # noqa: E731
        assert peer.run(function) == [1]
        captured.append(2)
        assert peer.run(function) == [1, 2]


def check_a_function_comes_home_as_itself() -> None:
    with Peer(TABLE, 2) as peer:
        assert peer.run(lambda: factorial) is factorial
        assert peer.run(lambda function: function, count) is count


def check_local_classes() -> None:
    for cls in make_local():
        with Peer(TABLE, 2) as peer:
            value = cls(3)
            assert peer.run(cls.next, value) == cls(4)
            assert type(peer.run(lambda one: one, value)) is cls
            assert peer.tell(value)[0] == value


def check_two_local_classes_of_one_name_stay_apart() -> None:
    first, _ = make_local()
    second, _ = make_local()
    with Peer(TABLE, 2) as peer:
        assert peer.run(lambda: (first, second)) == (first, second)
        assert peer.run(lambda a, b: type(a) is type(b), first(1), second(1)) is False


def check_code_of_one_module_shares_its_variables_there() -> None:
    with Peer(TABLE, 2) as peer:
        assert peer.run(count, "a") == 1
        assert peer.run(Counter().count, "a") == 2  # another definition, sent later: the count goes on
        assert peer.run(lambda: count("a")) == 3
        assert peer.run(Other().counts) == {"a": 3}
        assert COUNTS == {}


def check_a_variable_bound_again_reaches_code_sent_later() -> None:
    global RATE  # noqa: PLW0603
    with Peer(TABLE, 2) as peer:
        assert peer.run(lambda: RATE) == 3
        RATE = 4
        assert peer.run(lambda: RATE) == 4


def check_code_of_a_module_finds_its_module() -> None:
    from tests.actors.encoding import library

    with Peer(TABLE, 2) as peer:
        assert peer.run(library.adder(2), 3) == 5
        assert peer.run(library.adder(2), 3) == 6  # the module's own variable went up, once per process
        local = library.local_class()
        assert peer.run(lambda one: one.total(), local()) == 2
        assert library.CALLS == 0


def check_decorated_functions() -> None:
    def doubled(function: Callable[[int], int]) -> Callable[[int], int]:
        def wrapper(value: int) -> int:
            return 2 * function(value)

        return wrapper

    with Peer(TABLE, 2) as peer:
        assert peer.run(doubled(factorial), 3) == 12


def check_a_class_object_is_a_value() -> None:
    with Peer(TABLE, 2) as peer:
        kinds: Any = peer.run(lambda kind: [kind, int, type(None), list[int]], Counter)
        assert kinds == [Counter, int, type(None), list[int]]


run_checks(globals())
