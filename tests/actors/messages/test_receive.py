"""`@receive` finds its message classes by annotation, wherever one may write them, and refuses mistakes early."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Generic,
    Literal,
    NewType,
    Optional,
    Protocol,
    TypedDict,
    TypeVar,
    Union,
)

import pytest
from pydantic import BaseModel

from actors.messages.handlers import HandlerTable, declare
from actors.messages.message import Asks, Message, Request, Streams
from actors.messages.receive import receive

if TYPE_CHECKING:
    from decimal import Decimal

T = TypeVar("T")
M = TypeVar("M", bound=Message)


class Declaring:
    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        declare(cls)


class Joined(Message):
    name: str


class Left(Message):
    name: str


class Join(Request[list[str]]):
    name: str


class Get(Request[T], Generic[T]):
    key: T


class Lines(Streams[str]):
    last: int = 10


class Patient(BaseModel, Asks[bool], frozen=True):
    mrn: str


@dataclass(frozen=True)
class Moved:
    driver: str


Either = Union[Joined, Left]  # noqa: UP007 - the old form is a form too
Mrn = NewType("Mrn", str)


def known(actor: type) -> set[str]:
    return {kind.__name__ for kind in HandlerTable.for_class(actor)}


def test_names_are_found_whatever_their_form() -> None:
    class Room(Declaring):
        class Inner(Message):
            pass

        @receive
        def one(self, message: Join | Left) -> list[str]: ...
        @receive
        def two(self, message: Optional[Moved]) -> None: ...  # noqa: UP045
        @receive
        def three(self, message: Inner) -> None: ...
        @receive
        def four(self, message: "Annotated[Mrn, 'a number']") -> None: ...  # noqa: UP037
        @receive
        def five(self, message: Get[int]) -> int: ...
        @receive
        def six(self, message: Room.Other | dict[str, int]) -> None: ...

        class Other(Message):
            pass

    assert known(Room) == {"Join", "Left", "Moved", "NoneType", "Inner", "str", "Get", "Other", "dict"}


def test_a_union_alias_is_opened() -> None:
    class Room(Declaring):
        @receive
        def gone(self, event: Either) -> None: ...

    assert known(Room) == {"Joined", "Left"}


def test_a_class_of_the_enclosing_function_is_found() -> None:
    class Local(Message):
        pass

    class Room(Declaring):
        @receive
        def take(self, message: Local) -> None: ...

    assert known(Room) == {"Local"}


def test_a_class_that_the_function_defines_later_is_found_at_the_first_spawn() -> None:
    class Room(Declaring):
        @receive
        def take(self, message: Later) -> None: ...

    class Later(Message):
        pass

    assert known(Room) == {"Later"}


def test_a_class_that_an_ended_function_defined_is_found() -> None:
    def rooms() -> type:
        class Room(Declaring):
            @receive
            def take(self, message: Deep) -> None: ...

        class Deep(Message):
            pass

        return Room

    assert known(rooms()) == {"Deep"}


def test_a_name_of_a_function_that_merely_calls_is_not_seen() -> None:
    def room() -> type:
        class Room(Declaring):
            @receive
            def take(self, message: Hidden) -> None: ...  # noqa: F821

        return Room

    def caller() -> type:
        class Hidden(Message):
            pass

        return room()

    with pytest.raises(TypeError, match="Hidden"):
        HandlerTable.for_class(caller())


class Forward(Declaring):
    @receive
    def take(self, message: DefinedBelow) -> None: ...


class DefinedBelow(Message):
    pass


def test_a_class_that_the_module_defines_later_is_found_at_the_first_spawn() -> None:
    assert known(Forward) == {"DefinedBelow"}


def test_a_subclass_of_a_class_with_a_missing_name_can_be_defined_and_spawned() -> None:
    class Base(Declaring):
        @receive
        def take(self, message: Later) -> None: ...

    class Derived(Base):
        pass

    class Later(Message):
        pass

    assert known(Derived) == known(Base) == {"Later"}


def test_a_name_for_checkers_only_is_an_error_at_the_first_spawn_that_says_so() -> None:
    class Room(Declaring):
        @receive
        def take(self, message: Decimal) -> None: ...

    with pytest.raises(TypeError, match=r"Room\.take: name 'Decimal' is not defined\. .* `if TYPE_CHECKING`"):
        HandlerTable.for_class(Room)


def test_a_return_type_for_checkers_only_is_left_to_the_checkers() -> None:
    class Room(Declaring):
        @receive
        def take(self, message: Join) -> Decimal: ...

    assert known(Room) == {"Join"}


def test_a_type_variable_means_what_the_subclass_puts_in_else_its_bound() -> None:
    class Worker(Declaring, Generic[T]):
        @receive
        def take(self, message: T) -> None: ...

    class Middle(Worker[T], Generic[T]):
        pass

    class Press(Middle[Joined]):
        pass

    class Bounded(Declaring, Generic[M]):
        @receive
        def take(self, message: M) -> None: ...

    assert known(Press) == {"Joined"}
    assert known(Bounded) == {"Message"}
    with pytest.raises(TypeError, match="annotated with ~T"):
        HandlerTable.for_class(Worker)


def test_a_decorated_method_is_read_through_its_decorator() -> None:
    def logged(method: Any) -> Any:
        @functools.wraps(method)
        def wrapper(*args: Any) -> Any:
            return method(*args)

        return wrapper

    class Room(Declaring):
        @receive
        @logged
        def above(self, message: Joined) -> None: ...

        @logged
        @receive
        def below(self, message: Left) -> None: ...

    assert known(Room) == {"Joined", "Left"}


def test_every_message_is_annotated_with_object_or_any() -> None:
    class Sink(Declaring):
        @receive
        def take(self, message: Any) -> None: ...

    assert HandlerTable.for_class(Sink).find(int) is not None


@pytest.mark.parametrize(
    ("annotation", "returns", "text"),
    [
        (Join, "str", r"Room\.take returns str, but Join asks for list\[str\]"),
        (Join, "list[int]", r"returns list\[int\], but Join asks for list\[str\]"),
        (Join, "list[str] | None", "returns"),
        (Join, "None", "returns None"),
        (Patient, "str", "Patient asks for bool"),
        (Get[int], "str", "asks for int"),
        (Lines, "str", r"asks for AsyncIterator\[str\]"),
        (Lines, "AsyncIterator[int]", r"returns .*AsyncIterator\[int\], but Lines asks for str"),
        (Lines | Join, "Any", "Write two handlers"),
    ],
)
def test_another_type_than_the_reply_is_refused(annotation: Any, returns: str, text: str) -> None:
    def take(self: object, message: object) -> object: ...

    take.__annotations__ = {"message": annotation, "return": returns}
    take.__qualname__ = "Room.take"
    with pytest.raises(TypeError, match=text):
        type("Room", (Declaring,), {"take": receive(take)})


@pytest.mark.parametrize(
    ("annotation", "returns"),
    [
        (Join, "list[str]"),
        (Join, "Any"),
        (Join, "list[Any]"),
        (Join, "list"),
        (Join | Patient, "list[str] | bool"),
        (Join | Joined, "list[str]"),
        (Joined, "str"),
        (Get[T], "str"),
        (Get[float], "int"),
        (Get[Literal["a", "b"]], "Literal['a']"),
        (Get[str], "Mrn"),
        (Get[str | None], "None"),
        (Get[tuple[int, ...]], "tuple[int, int]"),
        (Get[Iterable[int]], "list[int]"),
        (Patient, "bool"),
        (Lines, "AsyncIterator[str]"),
    ],
)
def test_a_type_that_may_be_the_reply_is_accepted(annotation: Any, returns: str) -> None:
    def take(self: object, message: object) -> object: ...

    take.__annotations__ = {"message": annotation, "return": returns}
    assert known(type("Room", (Declaring,), {"take": receive(take)}))


class Shape(TypedDict):
    side: int


class Sized(Protocol):
    def size(self) -> int: ...


@pytest.mark.parametrize("annotation", [Literal["a"], Shape, Sized, 3])
def test_an_annotation_that_is_no_class_is_refused(annotation: Any) -> None:
    def take(self: object, message: object) -> None: ...

    take.__annotations__ = {"message": annotation}
    with pytest.raises(TypeError, match=r"Room\.take is annotated with .* message classes"):
        type("Room", (Declaring,), {"take": receive(take)})


def test_an_annotation_that_cannot_be_read_is_refused_with_its_text() -> None:
    for annotation in ("1 +", "Joined | 'Left' + 3", "Joined[int]"):

        def take(self: object, message: object) -> None: ...

        take.__annotations__ = {"message": annotation}
        with pytest.raises(TypeError, match=r"Room\.take is annotated with .*, which cannot be read"):
            type("Room", (Declaring,), {"take": receive(take)})


def test_a_missing_annotation_is_refused() -> None:
    with pytest.raises(TypeError, match=r"Room\.take does not say which messages it handles\. Annotate 'message'"):

        class Room(Declaring):
            @receive
            def take(self, message):  # type: ignore[no-untyped-def]
                ...


def test_other_parameters_are_refused() -> None:
    with pytest.raises(TypeError, match="must take `self` and one message"):

        class Room(Declaring):
            @receive
            def take(self, message: Joined, more: int) -> None: ...

    with pytest.raises(TypeError, match="must take `self` and one message"):

        class Other(Declaring):
            @receive
            def take(self) -> None: ...

    with pytest.raises(TypeError, match="must take `self` and one message"):

        class Third(Declaring):
            @receive
            def take(self, *messages: Joined) -> None: ...


def test_two_handlers_for_one_message_are_refused() -> None:
    with pytest.raises(TypeError, match="Room handles Joined twice: in one and in two"):

        class Room(Declaring):
            @receive
            def one(self, message: Joined | Left) -> None: ...
            @receive
            def two(self, message: Joined) -> None: ...


def test_what_is_no_method_is_refused() -> None:
    for other in (3, staticmethod(len), property(len), print):
        with pytest.raises(TypeError, match="@receive marks methods"):
            receive(other)  # type: ignore[call-overload]


def test_a_stream_handler_must_stream() -> None:
    with pytest.raises(TypeError, match="is `async def` and returns an iterator"):

        class Room(Declaring):
            @receive
            async def lines(self, message: Lines) -> AsyncIterator[str]: ...

    with pytest.raises(TypeError, match="yields, but Joined asks for no stream"):

        class Other(Declaring):
            @receive
            async def lines(self, message: Joined) -> AsyncIterator[str]:
                yield ""

    with pytest.raises(TypeError, match="yields, but is no `async def`"):

        class Third(Declaring):
            @receive
            def lines(self, message: Lines) -> Any:
                yield ""
