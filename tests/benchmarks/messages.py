"""The messages and the actor that the rows share: one message class of each kind, all with one number in them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from actors import Actor, MailboxOptions, Message, call, receive

BURST = 5_000
"""Messages that are told before the teller waits until they are handled: half of what a mailbox holds by default."""

FLOOD = 100_000
"""Messages that are told at once where a row is about that."""


class Struct(Message):
    """The cheapest kind."""

    number: int


class Model(BaseModel, frozen=True):
    """A pydantic model, validated when it is made."""

    number: int


@dataclass(frozen=True, slots=True)
class Record:
    """A dataclass."""

    number: int


class Later(Message):
    """A struct whose handler is `async def`."""

    number: int


class Counter(Actor):
    """Counts what it is told."""

    mailbox = MailboxOptions(bound=2 * FLOOD)

    def __init__(self) -> None:
        self.count = 0

    @receive
    def struct(self, message: Struct) -> None:
        self.count += 1

    @receive
    def model(self, message: Model) -> None:
        self.count += 1

    @receive
    def record(self, message: Record) -> None:
        self.count += 1

    @receive
    async def later(self, message: Later) -> None:
        self.count += 1

    @call
    def hit(self, number: int) -> int:
        self.count += 1
        return number

    @call
    async def hit_later(self, number: int) -> int:
        self.count += 1
        return number

    @call
    def weigh(self, payload: object) -> int:
        return len(payload)  # type: ignore[arg-type]

    @call
    def total(self) -> int:
        return self.count


KINDS: dict[str, Callable[[int], Any]] = {
    "struct": Struct,
    "call": Counter.hit,
    "pydantic": lambda number: Model(number=number),
    "dataclass": Record,
}
"""How a message of each kind is made; all of them have a `def` handler."""


def bursts(count: int, burst: int = BURST) -> Iterator[int]:
    """Sizes of bursts that make up the count."""
    for begun in range(0, count, burst):
        yield min(burst, count - begun)
