"""Mistakes that both checkers must see: each on a line that ends in `# expect-error`, and nothing on any other line.

A line that ends in `# expect-nothing` is a mistake that no checker can see here.
"""
# pyright: strict

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import assert_never

from pydantic import BaseModel

from actors import (
    OUTCOMES,
    Actor,
    Asks,
    Cancelled,
    Deadlock,
    Failed,
    MailboxFull,
    Message,
    NotHandled,
    NotRunning,
    Overloaded,
    Ref,
    Request,
    ServiceKey,
    Stopped,
    Streams,
    System,
    TimedOut,
    Unreachable,
    call,
    receive,
)


class Joined(Message):
    name: str


class Join(Request[list[str]]):
    name: str


class Lines(Streams[str]):
    last: int = 10


class Patient(BaseModel, Asks[bool], frozen=True):
    mrn: str


@dataclass(frozen=True, slots=True)
class Ping(Asks[float]):
    at: float


class Undeclared:
    pass


class Account(Actor):
    def __init__(self, owner: str, balance: int = 0) -> None:
        self.owner = owner
        self.balance = balance

    @call
    def deposit(self, amount: int) -> int:
        return amount

    @call(interleaved=True)
    async def audit(self, *, since: int) -> str:
        return str(since)


class Savings(Account):
    @call
    def interest(self, rate: float) -> float:
        return rate


class Room(Actor):
    @receive
    def join(self, request: Join) -> list[str]:
        return [request.name]

    @call
    async def lines(self, last: int) -> AsyncIterator[str]:
        yield str(last)

    @call
    def close(self) -> None: ...


ACCOUNTS = ServiceKey(Account, "accounts")


async def services(system: System, account: Ref[Account], room: Ref[Room]) -> None:
    await system.receptionist.register(ACCOUNTS, account)
    await system.receptionist.register(ACCOUNTS, room)  # expect-error
    rooms: tuple[Ref[Room], ...] = system.receptionist.find(ACCOUNTS)  # expect-error
    group = system.receptionist.group(ACCOUNTS)
    group.tell_all(Room.close())  # expect-error
    group.tell_one(Room.close())  # expect-error
    text: str = await group.ask_one(Account.deposit(5))  # expect-error
    system.receptionist.group(ACCOUNTS, "fair")  # expect-error
    ServiceKey("accounts")  # expect-error
    print(rooms, text)


async def mistakes(system: System, account: Ref[Account], room: Ref[Room]) -> None:
    # Another actor's call.
    account.tell(Room.close())  # expect-error
    await account.ask(Room.close())  # expect-error
    await account.send(Room.close())  # expect-error
    account.tell(Savings.interest(0.1))  # expect-error
    await account.ask(Savings.interest(0.1))  # expect-error

    # What is no message.
    account.tell(Account.deposit)  # expect-error
    await account.ask(Account.deposit)  # expect-error
    room.tell(Joined)  # expect-error
    await room.ask(Join)  # expect-error
    room.tell("hi")  # expect-error
    room.tell(Undeclared())  # expect-error

    # A message that asks for nothing, or for something else.
    await room.ask(Joined("ada"))  # expect-error
    await room.ask(Lines(3))  # expect-error
    room.stream(Join("ada"))  # expect-error
    account.stream(Account.deposit(5))  # expect-error

    # Wrong arguments.
    account.tell(Account.deposit("5"))  # expect-error
    account.tell(Account.deposit())  # expect-error
    account.tell(Account.deposit(5, 6))  # expect-error
    account.tell(Account.deposit(value=5))  # expect-error
    account.tell(Account.audit(5))  # expect-error
    room.tell(Join(nickname="ada"))  # expect-error
    room.tell(Join(5))  # expect-error

    # A reply taken for something else.
    text: str = await account.ask(Account.deposit(5))  # expect-error
    number: int = await account.ask(Account.audit(since=5))  # expect-error
    names: list[int] = await room.ask(Join("ada"))  # expect-error
    word: str = await room.ask(Patient(mrn="1"))  # expect-error
    flag: str = await room.ask(Ping(0.0))  # expect-error
    async for line in room.stream(Room.lines(3)):
        count: int = line  # expect-error
        print(count)

    # Spawning with what the constructor does not take.
    await system.spawn(Account, 100)  # expect-error
    await system.spawn(Account)  # expect-error
    await system.options(name="ada").spawn(Account, "ada", interest=3)  # expect-error
    savings: Ref[Savings] = await system.spawn(Account, "ada")  # expect-error

    # A message is a value.
    Joined("ada").name = "bob"  # expect-error

    # `ask` sends at once and returns a future, so the statement is complete without `await`.
    account.ask(Account.deposit(5))  # expect-nothing

    print(text, number, names, word, flag, savings)


class Wrong(Actor):
    @call(priority=3)  # expect-error
    def hurry(self) -> None: ...

    @call(interleave=True)  # expect-error
    def together(self) -> None: ...

    @receive(blocked=True)  # expect-error
    def slow(self, message: Joined) -> None: ...


async def answered(account: Ref[Account]) -> str:
    try:
        return str(await account.ask(Account.deposit(5)))
    except OUTCOMES as error:
        match error:
            case Failed():
                return "failed"
            case NotRunning() | NotHandled() | MailboxFull() | Overloaded() | TimedOut():
                return "notrunning"
            case Unreachable() | Deadlock() | Stopped() | Cancelled():
                return "unreachable"
            case _:
                assert_never(error)  # expect-error
