"""A supervisor with three parts in order, on several hosts where there are any, and how tests look at them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from actors import Actor, NotRunning, Ref, Restart, Stopped, StopReport, call, spread
from tests.contract.cast import Gate, Note, Recorder

FIRST, MIDDLE, LAST = "abc"
PATIENCE = 20.0


class Part(Actor):
    """Says when it starts and stops, and goes on only when that was heard, so that the order is the true one."""

    def __init__(self, log: Ref[Recorder], label: str, gate: Ref[Gate] | None = None) -> None:
        self.log, self.label, self.gate = log, label, gate

    async def on_start(self) -> None:
        await self.say("start")

    async def on_stop(self) -> None:
        if self.gate is not None:
            await self.gate.ask(Gate.passed(), timeout=None)
        await self.say("stop")

    async def say(self, what: str) -> None:
        await self.log.send(Note(f"{self.label} {what} {self.context.incarnation}"))

    @call
    def life(self) -> int:
        return self.context.incarnation

    @call
    def fail(self, error: Exception) -> None:
        raise error

    @call
    def finish(self) -> None:
        self.context.stop()

    @call
    async def fail_after(self, gate: Ref[Gate]) -> None:
        await gate.ask(Gate.passed(), timeout=None)
        raise ValueError("all at once")


class House(Actor):
    """Three parts in order, on several hosts where there are any."""

    def __init__(self, log: Ref[Recorder], restart: Restart = Restart.TRANSIENT, **kinds: Any) -> None:
        self.log, self.restart, self.kinds = log, restart, kinds

    async def on_start(self) -> None:
        for label in (FIRST, MIDDLE, LAST):
            restart = self.restart if label == MIDDLE else Restart.TRANSIENT
            options = self.context.options(name=label, placement=spread(), restart=restart, stop_budget=2.0)
            await options.spawn(self.kinds.get(label, Part), self.log, label)

    @call
    def part(self, label: str) -> Ref[Any] | None:
        return self.context.child(label)

    @call
    async def end(self, label: str) -> StopReport:
        ref = self.context.child(label)
        assert ref is not None
        return await self.context.stop_child(ref)

    @call
    def names(self) -> list[str]:
        return [label for label in (FIRST, MIDDLE, LAST) if self.context.child(label) is not None]

    @call
    def life(self) -> int:
        return self.context.incarnation


async def parts(house: Ref[House]) -> list[Ref[Any]]:
    return [await house.ask(House.part(label)) for label in (FIRST, MIDDLE, LAST)]


async def lives(refs: list[Ref[Any]]) -> list[int]:
    """The incarnation of each; 0 for one that is gone."""

    async def life(ref: Ref[Any]) -> int:
        try:
            return await ref.ask(Part.life())
        except (NotRunning, Stopped):
            return 0

    return [await life(ref) for ref in refs]


async def becomes(expected: object, look: Callable[[], Awaitable[object]]) -> None:
    """Look until it is so; an error after PATIENCE."""
    async with asyncio.timeout(PATIENCE):
        while await look() != expected:
            pass
