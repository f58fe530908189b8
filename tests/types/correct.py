"""Programs that are right: both checkers must find nothing, and say the types that `assert_type` states."""
# pyright: strict

from collections.abc import AsyncIterator, Callable, Coroutine, Hashable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, assert_never, assert_type

from pydantic import BaseModel

from actors import (
    OUTCOMES,
    Actor,
    Asks,
    Call,
    Cancelled,
    Deadlock,
    Expired,
    Failed,
    Group,
    Listing,
    MailboxFull,
    Message,
    NotHandled,
    NotRunning,
    Overloaded,
    Priority,
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

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
T = TypeVar("T")


class Joined(Message):
    __priority__ = Priority.HIGH

    name: str


class Join(Request[list[str]]):
    name: str
    member: "Ref[Account] | None" = None


class Get(Request[T], Generic[T]):
    key: str
    default: T


class Lines(Streams[str]):
    last: int = 10


class Patient(BaseModel, Asks[bool], frozen=True):
    mrn: str


@dataclass(frozen=True, slots=True)
class Ping(Asks[float]):
    at: float


@dataclass(frozen=True)
class Moved:
    driver: str


class Account(Actor):
    def __init__(self, owner: str, balance: int = 0) -> None:
        self.owner = owner
        self.balance = balance

    @call
    def deposit(self, amount: int) -> int:
        self.balance += amount
        return self.balance

    @call
    async def transfer(self, amount: int, to: "Ref[Account]") -> int:
        await to.ask(Account.deposit(amount))
        return self.deposit(-amount)

    @call(interleaved=True, priority=Priority.HIGH)
    async def audit(self, *, since: int = 0) -> str:
        return str(since)

    @call(blocking=True)
    def export(self, path: str) -> bytes:
        return path.encode()


class Savings(Account):
    @call
    def deposit(self, amount: int) -> int:
        return super().deposit(amount) + 1

    @call
    def interest(self, rate: float) -> float:
        return self.balance * rate


class Room(Actor):
    @receive
    def join(self, request: Join) -> list[str]:
        return [request.name]

    @receive(conflate="driver", priority=Priority.LOW)
    def moved(self, event: Moved) -> None: ...

    @receive
    def gone(self, event: Joined | Ping) -> float:
        return 0.0

    @receive(interleaved=True)
    async def known(self, patient: Patient) -> bool:
        return patient.mrn == ""

    @receive
    async def lines(self, request: Lines) -> AsyncIterator[str]:
        yield str(request.last)

    @call
    async def letters(self, last: int) -> AsyncIterator[str]:
        yield str(last)

    @call(conflate="place")
    def move(self, place: int) -> None: ...


class Cache(Actor, Generic[K, V]):
    def __init__(self) -> None:
        self.values: dict[K, V] = {}

    @call
    def get(self, key: K) -> V | None:
        return self.values.get(key)

    @call
    def put(self, key: K, value: V) -> None:
        self.values[key] = value


class Depositable(Actor):
    """An interface: what anything that takes deposits offers."""

    @call
    def pay(self, amount: int) -> int:
        raise NotImplementedError


class Till(Depositable):
    @call
    def pay(self, amount: int) -> int:
        return amount


async def accounts(system: System) -> None:
    ada = await system.spawn(Account, "ada")
    assert_type(ada, Ref[Account])
    bob = await system.options(name="bob").spawn(Savings, "bob", balance=100)
    assert_type(bob, Ref[Savings])

    assert_type(await ada.ask(Account.deposit(5), timeout=2), int)
    assert_type(await ada.ask(Account.transfer(30, to=bob)), int)
    assert_type(await ada.ask(Account.audit(since=3)), str)
    assert_type(await ada.ask(Account.export("out.csv")), bytes)
    assert_type(await bob.ask(Account.deposit(5)), int)
    assert_type(await bob.ask(Savings.deposit(5)), int)
    assert_type(await bob.ask(Savings.interest(0.1)), float)
    ada.tell(Account.deposit(amount=5))
    await ada.send(Account.deposit(5))

    anyone: Ref[Account] = bob
    later: Call[Account, int] = Account.deposit(5)
    for each in (ada, anyone):
        each.tell(later)


async def rooms(room: Ref[Room], account: Ref[Account]) -> None:
    assert_type(await room.ask(Join("ada", account)), list[str])
    assert_type(await room.ask(Get("key", 3)), int)
    assert_type(await room.ask(Patient(mrn="1")), bool)
    assert_type(await room.ask(Ping(0.0)), float)
    room.tell(Joined("ada"))
    room.tell(Join("ada"))
    room.tell(Moved("d-17"))
    room.tell(Room.move(3))
    async for line in room.stream(Lines(3)):
        assert_type(line, str)
    async for letter in room.stream(Room.letters(last=3)):
        assert_type(letter, str)


async def generic(system: System, till: Ref[Till]) -> None:
    cache = await system.spawn(Cache[int, str])
    assert_type(cache, Ref[Cache[int, str]])
    cache.tell(Cache[int, str].put(4, "four"))
    assert_type(await cache.ask(Cache[int, str].get(4)), str | None)

    interface: Ref[Depositable] = till
    assert_type(await interface.ask(Depositable.pay(3)), int)


ACCOUNTS = ServiceKey(Account, "accounts")
DEPOSITABLES = ServiceKey(Depositable)


class Auditor(Actor):
    def on_start(self) -> None:
        self.context.subscribe(ACCOUNTS)

    @receive
    def listed(self, listing: Listing[Account]) -> None:
        for ref in listing.refs:
            ref.tell(Account.deposit(1))


async def services(system: System, account: Ref[Account], savings: Ref[Savings], till: Ref[Till]) -> None:
    await system.receptionist.register(ACCOUNTS, account)
    await system.receptionist.register(ACCOUNTS, savings)
    await system.receptionist.register(DEPOSITABLES, till)
    assert_type(system.receptionist.find(ACCOUNTS), tuple[Ref[Account], ...])
    group = system.receptionist.group(ACCOUNTS, "random")
    assert_type(group, Group[Account])
    assert_type(group.one(), Ref[Account] | None)
    assert_type(group.tell_all(Account.deposit(5)), int)
    group.tell_one(Account.deposit(5))
    assert_type(await group.ask_one(Account.deposit(5), timeout=1), int)
    assert_type(await group.ask_one(Ping(0.0)), float)
    await group.send_one(Account.deposit(5))
    async for refs in system.receptionist.follow(ACCOUNTS):
        assert_type(refs, tuple[Ref[Account], ...])


async def by_hand(account: Account) -> None:
    """On an instance a call is the method, so a unit test needs no system."""
    assert_type(account.deposit(5), int)
    auditing: Coroutine[Any, Any, str] = account.audit(since=3)
    assert_type(await auditing, str)
    bound: Callable[[int], int] = account.deposit
    bound(3)
    assert_type(Joined("ada").name, str)


async def answered(account: Ref[Account]) -> str:
    """Every outcome of an ask has its case, and the checker knows."""
    try:
        return str(await account.ask(Account.deposit(5)))
    except OUTCOMES as error:
        match error:
            case Failed():
                return "failed"
            case NotRunning() | NotHandled() | MailboxFull() | Overloaded() | Expired():
                return "notrunning"
            case TimedOut() | Unreachable() | Deadlock() | Stopped() | Cancelled():
                return "timedout"
            case _:
                assert_never(error)
