"""A call is a frozen value on the class and the method on an instance; it pickles by name and keeps the parameters."""

import inspect
import pickle
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from typing import Generic, TypeVar

import msgspec
import pytest

from actors.messages.call import Call, call

T = TypeVar("T")


class Account:
    def __init__(self, balance: int = 0) -> None:
        self.balance = balance

    @call
    def deposit(self, amount: int, note: str = "", *, tags: list[str] = [], day: int) -> int:  # noqa: B006
        """Add to the balance."""
        self.balance += amount
        return self.balance

    @call(interleaved=True)
    async def audit(self, since: int, /) -> str:
        return str(since)

    @call
    async def lines(self) -> AsyncIterator[str]:
        yield "one"


class Savings(Account):
    @call
    def deposit(self, amount: int, note: str = "", *, tags: list[str] = [], day: int) -> int:  # noqa: B006
        return super().deposit(amount, day=day) + 1


class Cache(Generic[T]):
    @call
    def get(self, key: T) -> T:
        return key


def test_a_call_is_a_frozen_value_that_compares_by_its_arguments() -> None:
    one = Account.deposit(5, day=1)
    assert isinstance(one, Call)
    assert one == Account.deposit(amount=5, note="", tags=[], day=1) != Account.deposit(6, day=1)
    with pytest.raises(AttributeError):
        one.amount = 6  # type: ignore[attr-defined]


def test_a_call_shows_itself_as_it_is_written() -> None:
    assert repr(Account.audit(3)) == "Account.audit(since=3)"


def test_on_an_instance_a_call_is_the_method() -> None:
    assert Account(1).deposit(5, day=1) == 6
    assert Savings(1).deposit(5, day=1) == 7
    assert inspect.iscoroutinefunction(Account().audit)


def test_defaults_keyword_only_and_positional_parameters_are_kept() -> None:
    fields = msgspec.structs.asdict(Account.deposit(5, "x", day=2))
    assert fields == {"amount": 5, "note": "x", "tags": [], "day": 2}
    for wrong in ((), (5, "x", [], 1)):
        with pytest.raises(TypeError):
            Account.deposit(*wrong, day=1) if not wrong else Account.deposit(*wrong)
    with pytest.raises(TypeError):
        Account.deposit(5)


def test_a_mutable_default_is_not_shared_between_calls() -> None:
    assert Account.deposit(5, day=1).tags is not Account.deposit(5, day=1).tags


def test_a_non_empty_mutable_default_is_copied_for_each_call() -> None:
    class Shop:
        @call
        def order(self, goods: list[str] = ["tea"]) -> None: ...  # noqa: B006

    assert Shop.order().goods == ["tea"]
    assert Shop.order().goods is not Shop.order().goods


@pytest.mark.parametrize(
    "message", [Account.deposit(5, day=1), Savings.deposit(5, tags=["x"], day=1), Account.audit(3)]
)
def test_a_call_pickles_by_name(message: object) -> None:
    assert pickle.loads(pickle.dumps(message, protocol=5)) == message
    assert pickle.loads(pickle.dumps(type(message))) is type(message)


def test_an_inherited_call_is_the_same_class_and_an_override_is_another() -> None:
    assert Savings.audit is Account.audit
    assert Savings.deposit is not Account.deposit


def test_a_call_of_an_alias_is_the_call_of_the_class() -> None:
    assert Cache[int].get(4) == Cache.get(4)


def test_a_call_class_has_the_methods_documentation() -> None:
    assert Account.deposit.__doc__ == "Add to the balance."


def test_calls_without_parameters_are_equal() -> None:
    assert Account.lines() == Account.lines()


def test_an_abstract_call_keeps_its_class_abstract() -> None:
    class Payable(ABC):
        @call
        @abstractmethod
        def pay(self) -> None: ...

    class Till(Payable):
        @call
        def pay(self) -> None: ...

    with pytest.raises(TypeError, match="abstract"):
        Payable()
    Till().pay()


def test_variable_parameters_are_refused_with_the_methods_name() -> None:
    with pytest.raises(TypeError, match=r"Shop\.order takes \*goods: str, but a call has fixed fields"):

        class Shop:
            @call
            def order(self, *goods: str) -> None: ...

    with pytest.raises(TypeError, match=r"takes \*\*options"):

        class Other:
            @call
            def order(self, **options: str) -> None: ...


def test_what_is_no_method_is_refused() -> None:
    with pytest.raises(TypeError, match="has no `self`"):

        class Shop:
            @call
            def order() -> None: ...  # type: ignore[misc]

    for other in (print, 3, staticmethod(len), property(len), int):
        with pytest.raises(TypeError, match="@call marks methods"):
            call(other)  # type: ignore[call-overload]


def test_private_parameters_keep_their_mangled_names() -> None:
    class Shop:
        @call
        def order(self, __what: str) -> str:  # noqa: PYI063 - the old form is a form too
            return __what

    assert Shop().order("tea") == "tea"
    assert msgspec.structs.astuple(Shop.order("tea")) == ("tea",)
