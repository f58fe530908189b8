"""Actors that answer, pass on and stream: for tests of what watches messages."""

import asyncio
from typing import Any

from actors import Actor, Message, Ref, Request, call, receive
from tests.actors.recorder import current


class Ping(Message):
    text: str = ""


class Ask(Request[str]):
    text: str = ""


class Echo(Actor):
    """Answers; tells on what it is told to."""

    def __init__(self, next_one: "Ref[Any] | None" = None) -> None:
        self.next_one = next_one
        self.seen: list[bytes] = []

    @receive
    def ping(self, message: Ping) -> None:
        self.seen.append(current.get())
        if self.next_one is not None:
            self.next_one.tell(message)

    @receive
    async def asked(self, message: Ask) -> str:
        self.seen.append(current.get())
        if message.text == "fail":
            raise ValueError("told to")
        if self.next_one is not None:
            return await self.next_one.ask(message)
        await asyncio.sleep(0)
        return "answer"

    @call
    def look(self) -> list[bytes]:
        return self.seen

    @call
    def fail(self) -> None:
        raise ValueError("told to")

    @call
    async def slow(self) -> None:
        await asyncio.sleep(1.0)

    @call(blocking=True)
    def block(self) -> bytes:
        return current.get()

    @call
    async def pass_on(self) -> None:
        self.context.forward(self.next_one, Ask())


class Items(Actor):
    """Streams."""

    @call
    async def count(self, end: int) -> Any:
        for number in range(end):
            yield number
