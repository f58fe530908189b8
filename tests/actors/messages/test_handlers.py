"""The handler table: which method runs for which message, how, and what is said when there is none."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, Generic, TypeVar

import pytest

from actors.messages.call import call
from actors.messages.handlers import HandlerTable, declare
from actors.messages.message import Message, Request, Streams
from actors.messages.priority import Priority
from actors.messages.receive import receive

K = TypeVar("K")


class Declaring:
    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        declare(cls)


class Event(Message):
    driver: str = "d"


class Joined(Event):
    pass


class Urgent(Message):
    __priority__ = Priority.URGENT


class Ask(Request[str]):
    pass


class Lines(Streams[str]):
    pass


class Account(Declaring):
    def __init__(self, balance: int = 0) -> None:
        self.balance = balance

    @call
    def deposit(self, amount: int, *, twice: bool = False) -> int:
        self.balance += amount * (1 + twice)
        return self.balance

    @receive
    def event(self, event: Event) -> str:
        return f"account {event.driver}"


class Savings(Account):
    @call
    def deposit(self, amount: int, *, twice: bool = False) -> int:
        return super().deposit(amount, twice=twice) + 1000

    def event(self, event: Event) -> str:
        return f"savings {event.driver}"


def run(actor: object, message: object) -> Any:
    handler = HandlerTable.for_class(type(actor)).find(type(message))
    assert handler is not None
    return handler.invoke(actor, message)


# ---- which


def test_a_call_runs_its_method_with_its_arguments() -> None:
    assert run(Account(1), Account.deposit(5)) == 6
    assert run(Account(1), Account.deposit(5, twice=True)) == 11


def test_the_bases_call_reaches_the_override() -> None:
    assert run(Savings(1), Account.deposit(5)) == 1006
    assert run(Savings(1), Savings.deposit(5)) == 1006
    assert run(Account(1), Account.deposit(5)) == 6


def test_the_bases_message_reaches_the_override() -> None:
    assert run(Account(), Event()) == "account d"
    assert run(Savings(), Event("x")) == "savings x"


def test_a_subclass_of_a_message_reaches_the_handler_of_its_nearest_base_and_is_remembered() -> None:
    table = HandlerTable.for_class(Account)
    assert Joined not in table
    handler = table.find(Joined)
    assert table.handlers[Joined] is handler is table.handlers[Event]
    assert handler not in [it for it in table.declared if it.message is Joined]


def test_the_subclass_of_an_actor_decides_before_its_base() -> None:
    class Own(Account):
        @receive
        def other(self, event: Event) -> str:
            return "other"

    assert run(Own(), Event()) == "other"


def test_an_override_that_is_marked_again_says_anew_what_it_takes() -> None:
    class Narrow(Account):
        @receive
        def event(self, event: Joined) -> str:  # type: ignore[override]
            return "narrow"

    table = HandlerTable.for_class(Narrow)
    assert table.find(Event) is None
    assert table.find(Joined) is not None


def test_an_abstract_class_takes_what_counts_as_its_own() -> None:
    class Lister(Declaring):
        @receive
        def take(self, message: Sequence[int]) -> int:
            return len(message)

    assert run(Lister(), [1, 2]) == 2


def test_a_mixins_handlers_count() -> None:
    class Pings:
        @call
        def ping(self) -> str:
            return "pong"

        @receive
        def ask(self, message: Ask) -> str:
            return "answer"

    class Both(Pings, Account):
        pass

    assert run(Both(), Pings.ping()) == "pong"  # type: ignore[attr-defined]
    assert run(Both(), Ask()) == "answer"


def test_each_class_has_its_own_table() -> None:
    assert HandlerTable.for_class(Account) is HandlerTable.for_class(Account)
    assert HandlerTable.for_class(Savings) is not HandlerTable.for_class(Account)


def test_a_call_of_a_generic_actor_is_found() -> None:
    class Cache(Declaring, Generic[K]):
        @call
        def get(self, key: K) -> K:
            return key

    assert run(Cache(), Cache[int].get(4)) == 4


def test_a_table_is_a_mapping_of_message_classes() -> None:
    table = HandlerTable(Account)
    assert set(table) == {Account.deposit, Event}
    assert len(table) == 2
    assert table[Event].name == "Account.event"
    assert repr(table) == "HandlerTable(Account: Account.deposit, Account.event)"


# ---- how


class Ways(Declaring):
    @call
    def at_once(self) -> str:
        return "at once"

    @call
    async def waiting(self) -> str:
        return "waiting"

    @call(interleaved=True)
    async def together(self) -> str:
        return "together"

    @call(interleaved=True)
    def in_turn(self) -> str:
        return "in turn"

    @call(blocking=True)
    def in_thread(self) -> str:
        return "in thread"

    @call
    async def items(self, last: int) -> AsyncIterator[str]:
        yield str(last)

    @call
    def passed_on(self, last: int) -> "AsyncIterator[str]":
        return self.items(last)

    @receive
    async def lines(self, request: Lines) -> AsyncIterator[str]:
        yield "line"


@pytest.mark.parametrize(
    ("message", "true"),
    [
        (Ways.at_once(), {"plain"}),
        (Ways.waiting(), {"is_async"}),
        (Ways.together(), {"is_async", "interleaved"}),
        (Ways.in_turn(), {"interleaved"}),
        (Ways.in_thread(), {"blocking"}),
        (Ways.items(1), {"streams"}),
        (Ways.passed_on(1), {"streams"}),
        (Lines(), {"streams"}),
    ],
    ids=lambda it: type(it).__name__,
)
def test_a_handler_says_how_it_is_run(message: object, true: set[str]) -> None:
    handler = HandlerTable.for_class(Ways).handlers[type(message)]
    flags = ("plain", "is_async", "interleaved", "blocking", "streams")
    assert {flag for flag in flags if getattr(handler, flag)} == true


def test_what_invoke_returns_follows_from_how_it_is_run() -> None:
    async def all_of_them() -> list[Any]:
        items = [item async for item in run(Ways(), Ways.items(3))]
        passed_on = [item async for item in run(Ways(), Ways.passed_on(4))]
        waited = [await run(Ways(), it) for it in (Ways.waiting(), Ways.together(), Ways.in_turn())]
        return [*items, *passed_on, *waited, run(Ways(), Ways.at_once()), run(Ways(), Ways.in_thread())]

    assert asyncio.run(all_of_them()) == ["3", "4", "waiting", "together", "in turn", "at once", "in thread"]


def test_a_handler_cannot_be_changed() -> None:
    handler = HandlerTable.for_class(Ways).handlers[Lines]
    with pytest.raises(AttributeError):
        handler.plain = True  # type: ignore[misc]
    assert not hasattr(handler, "__dict__")


def test_the_level_is_the_handlers_word_else_the_message_classes() -> None:
    class Levels(Declaring):
        @receive
        def urgent(self, message: Urgent) -> None: ...
        @receive(priority=Priority.LOW)
        def low(self, message: Event | Ask) -> str: ...
        @call(priority=Priority.HIGH)
        def high(self) -> None: ...
        @call
        def normal(self) -> None: ...

    handlers = HandlerTable.for_class(Levels).handlers
    levels = {kind.__name__: it.priority.name for kind, it in handlers.items()}
    assert levels == {"Urgent": "URGENT", "Event": "LOW", "Ask": "LOW", "high": "HIGH", "normal": "NORMAL"}


def test_a_handler_conflates_by_a_field_or_a_function() -> None:
    class Map(Declaring):
        @receive(conflate="driver")
        def moved(self, event: Event) -> None: ...
        @call(conflate=lambda message: message.place // 10)
        def near(self, place: int) -> None: ...

    handlers = HandlerTable.for_class(Map).handlers
    assert handlers[Event].conflate_key is not None
    assert handlers[Event].conflate_key(Event("x")) == "x"
    near = handlers[Map.near].conflate_key  # type: ignore[index]
    assert near is not None
    assert near(Map.near(25)) == 2


def test_a_table_is_plain_unless_a_handler_has_a_level_or_a_key() -> None:
    class Level(Declaring):
        @call(priority=Priority.HIGH)
        def it(self) -> None: ...

    class Key(Declaring):
        @receive(conflate="driver")
        def it(self, event: Event) -> None: ...

    tables = [HandlerTable.for_class(it) for it in (Ways, Account, Level, Key)]
    assert [it.plain for it in tables] == [True, True, False, False]


# ---- mistakes


def test_an_override_of_a_call_must_be_marked() -> None:
    with pytest.raises(TypeError, match=r"Bad\.deposit overrides a call of Account\. Mark it @call too"):

        class Bad(Account):
            def deposit(self, amount: int, *, twice: bool = False) -> int:
                return 0


def test_an_override_must_keep_the_parameters() -> None:
    class Bad(Account):
        @call
        def deposit(self, amount: int) -> int:  # type: ignore[override]
            return 0

    with pytest.raises(TypeError, match=r"Bad\.deposit cannot stand in for Account\.deposit: .*twice"):
        HandlerTable.for_class(Bad)


def test_an_override_may_add_an_optional_parameter() -> None:
    class More(Account):
        @call
        def deposit(self, amount: int, *, twice: bool = False, note: str = "none") -> int:  # type: ignore[override]
            return len(note)

    assert run(More(), Account.deposit(5)) == 4
    assert run(More(), More.deposit(5, note="x")) == 1


def test_a_handler_that_is_hidden_by_something_else_is_refused() -> None:
    with pytest.raises(TypeError, match=r"Bad\.event hides a handler but is no method"):

        class Bad(Account):
            event = None  # type: ignore[assignment]


def test_options_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(TypeError, match=r"Bad\.slow is `async def` and blocking"):

        class Bad(Declaring):
            @call(blocking=True)
            async def slow(self) -> None: ...

    with pytest.raises(TypeError, match="no field 'rider' to conflate by"):

        class Worse(Declaring):
            @receive(conflate="rider")
            def moved(self, event: Event) -> None: ...

    class Level(Message):
        __priority__ = 3  # type: ignore[assignment]

    with pytest.raises(TypeError, match="set it to a level, such as Priority.HIGH"):

        class Worst(Declaring):
            @receive
            def moved(self, event: Level) -> None: ...


def test_an_unknown_message_is_named_with_the_handlers_there_are() -> None:
    table = HandlerTable.for_class(Account)
    assert table.find(int) is None
    known = r"It handles: Account.deposit(...), Event."
    assert str(table.unknown(3)) == (
        f"Account has no handler for int. {known} Add `@receive def ...(self, message: int)`, or send one of those."
    )
    assert str(table.unknown(Ways.waiting())).startswith(f"Account has no call Ways.waiting. {known} Send it to")
    assert str(table.unknown(Account.deposit)).startswith(f"Account was sent the class Account.deposit. {known}")
