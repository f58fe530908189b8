"""Actors that eat what they are told, and fail on poison; they retry, so that quarantines fill."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from actors import (
    Actor,
    MailboxOptions,
    Message,
    Overflow,
    Priority,
    Quarantined,
    Ref,
    Reply,
    System,
    call,
    receive,
    retry,
)
from tests.contract.cast import Gate, Note, Recorder


class Poison(Message):
    """Makes an eater fail as often as it says."""

    name: object
    failures: int = 1_000_000


class Result(Message):
    """A piped result."""


class Eater(Actor):
    """Eats what it is told, and says so; poison makes it fail. What it counts outlives it, in the recorder."""

    mailbox = MailboxOptions(bound=100_000, on_failure=retry(2))

    def __init__(self, log: Ref[Recorder]) -> None:
        self.log = log
        self.replies: list[Reply[Any]] = []

    @receive
    def note(self, note: Note) -> None:
        self.log.tell(note)

    @receive
    def poison(self, poison: Poison) -> None:
        self._eat(poison.name, poison.failures)

    @call
    def eat(self, name: object, failures: int) -> str:
        self._eat(name, failures)
        return f"{name} at attempt {self.context.attempt}"

    @call
    async def eat_slowly(self, name: object, failures: int) -> str:
        await asyncio.sleep(0)
        self._eat(name, failures)
        return f"{name} at attempt {self.context.attempt}"

    @call(blocking=True)
    def eat_in_thread(self, name: object, failures: int) -> str:
        self._eat(name, failures)
        return f"{name} at attempt {self.context.attempt}"

    @call(interleaved=True)
    async def eat_beside(self, name: object, failures: int) -> str:
        await asyncio.sleep(0)
        self._eat(name, failures)
        return f"{name} at attempt {self.context.attempt}"

    @call(priority=Priority.URGENT)
    def urgent(self, name: object, failures: int) -> str:
        self._eat(name, failures)
        return f"{name} at attempt {self.context.attempt}"

    @call
    def stash_and_fail(self, name: object, failures: int) -> str:
        if self.context.attempt <= failures:
            self.context.stash()
        self._eat(name, failures)
        return f"{name} at attempt {self.context.attempt}"

    @call
    def promise_and_fail(self) -> int:
        self.replies.append(self.context.reply_later())
        raise ValueError("planned")

    @call
    async def flow(self, count: int) -> AsyncIterator[int]:
        for number in range(count):
            yield number
        self._eat("stream", 1_000_000)

    @call
    def pipe(self) -> None:
        self.context.pipe(asyncio.sleep(0), lambda _: Result())

    @receive
    def piped(self, result: Result) -> None:
        self._eat("piped", 1_000_000)

    @call
    def tick(self) -> None:
        self.context.timers.once("t", 0.0, Poison("tick"))

    @call
    async def hold(self, gate: Ref[Gate]) -> None:
        await gate.ask(Gate.passed(), timeout=None)

    @call(interleaved=True)
    async def wait_beside(self, gate: Ref[Gate]) -> str:
        await gate.ask(Gate.passed())
        return "passed"

    @call
    def life(self) -> int:
        return self.context.incarnation

    @call
    def finish(self) -> None:
        self.context.stop()

    def _eat(self, name: object, failures: int) -> None:
        if self.context.attempt <= failures:
            self.log.tell(Note(f"{name} failed"))
            raise ValueError(f"{name} is poison")
        self.log.tell(Note(f"{name} eaten"))


class Oldest(Eater):
    """Gives up the oldest where there is no room, and of all messages the poison is the oldest."""

    mailbox = MailboxOptions(bound=2, overflow=Overflow.DROP_OLDEST, on_failure=retry(2))


class Narrow(Eater):
    mailbox = MailboxOptions(bound=1, on_failure=retry(0))


async def scene(system: System, kind: type[Eater] = Eater) -> tuple[Ref[Recorder], Ref[Eater]]:
    log = await system.spawn(Recorder)
    return log, await system.spawn(kind, log)


async def ours(system: System, target: Ref[Any]) -> list[Quarantined]:
    """The quarantine, as far as it is about this actor: on Ray one system serves all tests."""
    return [it for it in await system.quarantine.list() if it.target == target.address]
