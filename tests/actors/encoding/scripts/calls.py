"""Actor classes of a script travel with their calls, and the calls made on both sides are the same messages."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec

from actors.actor import Actor
from actors.encoding.code import WHOLE, ClassTable
from actors.messages.call import call
from actors.messages.handlers import HandlerTable
from actors.messages.message import Message, Request
from actors.messages.receive import receive
from tests.actors.encoding.peer import Peer, run_checks

TABLE = ClassTable(1)


class Joined(Message):
    name: str


class Join(Request[list[str]]):
    name: str
    history: tuple[Joined, ...] = ()


class Account(Actor):
    """Keeps a balance."""

    fee = 1

    def __init__(self, balance: int) -> None:
        self.balance = balance

    @call
    def deposit(self, amount: int, note: str = "none") -> int:
        """Put in."""
        self.balance += amount - self.fee
        return self.balance

    @call(blocking=True)
    def audit(self, *, since: int = 3) -> str:
        return f"{self.balance} since {since}"

    @call
    async def transfer(self, amount: int, to: "Account | None" = None) -> int:
        return amount

    @call
    async def lines(self, last: int) -> AsyncIterator[str]:
        for number in range(last):
            yield str(number)

    @receive
    def joined(self, message: "Joined") -> None:
        self.balance += len(message.name)

    @receive
    def join(self, request: Join) -> list[str]:
        return [request.name, *(one.name for one in request.history)]


class Savings(Account):
    @call
    def deposit(self, amount: int, note: str = "none") -> int:
        return super().deposit(amount * 2, note)


def handle(cls: type, message: Any, balance: int = 100) -> Any:
    """What the actor class does with a message, as a cell finds it."""
    table = HandlerTable.for_class(cls)
    handler = table.find(type(message))
    assert handler is not None, (table, message)
    actor = cls(balance)
    reply = handler.invoke(actor, message)
    return (handler.name, handler.blocking, handler.is_async, handler.streams, None if handler.is_async else reply)


def strip(found: tuple[Any, ...]) -> tuple[Any, ...]:
    return found[:4] if found[3] or found[2] else found


def check_a_call_made_here_is_handled_there() -> None:
    for cls in (Account, Savings):
        for message in (Account.deposit(5), cls.deposit(5, note="x"), Account.audit(since=4), Joined("ada"), Join("b")):
            with Peer(TABLE, 2) as peer:
                here, far = handle(cls, message), peer.run(handle, cls, message)
                assert here == far, (here, far)


def check_a_call_made_there_is_handled_here() -> None:
    def make(cls: type[Account]) -> list[Any]:
        return [cls.deposit(7), Account.deposit(7), Account.audit(), Join("x", (Joined("y"),))]

    with Peer(TABLE, 2) as peer:
        for cls in (Account, Savings):
            made = peer.run(make, cls)
            assert made == make(cls)
            for message in made:
                handle(cls, message)
        assert peer.run(lambda: [type(one) for one in make(Savings)]) == [type(one) for one in make(Savings)]


def check_calls_go_by_index() -> None:
    with Peer(TABLE, 2) as peer:
        for message in (Account.deposit(5), Savings.deposit(6, "n"), Joined("a"), Join("n")):
            back, text, _ = peer.tell(message)
            assert back == message
            assert type(back) is type(message)
            assert text == repr(message)
            assert TABLE.index_for(type(message)) != WHOLE
        assert peer.tell(Account.audit(since=3))[0] == Account.audit()


def check_the_class_that_arrives_is_the_one_that_its_calls_name() -> None:
    def look() -> list[Any]:
        deposit: Any = Account.deposit
        return [
            deposit.__qualname__, deposit.__struct_fields__, deposit.__doc__, Account.__doc__, Account.fee,
            Savings.deposit is not deposit, Savings.audit is Account.audit, Account(1).deposit(2),
            Savings(1).deposit(2), msgspec.structs.astuple(deposit(1)),
        ]  # fmt: skip

    with Peer(TABLE, 2) as peer:
        assert peer.run(look) == look()


def check_streams_and_coroutines_keep_their_kind() -> None:
    def kinds(cls: type) -> list[tuple[str, bool, bool]]:
        return [(one.name, one.is_async, one.streams) for one in HandlerTable.for_class(cls).declared]

    with Peer(TABLE, 2) as peer:
        for cls in (Account, Savings):
            assert peer.run(kinds, cls) == kinds(cls)


def check_a_used_class_leaves_its_table_at_home() -> None:
    HandlerTable.for_class(Account)

    class Local(Account):
        @receive
        def other(self, message: Account) -> None: ...

    HandlerTable.for_class(Local)
    with Peer(TABLE, 2) as peer:
        assert peer.run(handle, Local, Account.deposit(3)) == handle(Local, Account.deposit(3))


run_checks(globals())
