"""A family on two nodes: a supervisor and its child, an asker and its oracle, and a clockwork that says who it is.

What each does stands in a file of its name in a folder outside of all processes: when, in which process, which life of
it, and what.
"""

import asyncio
import os
import time
from pathlib import Path

from actors import Actor, AskError, Placement, Ref, call

THOUGHT = 0.3
"""Seconds that the oracle takes for an answer, so that nearly always a question is under way."""


class Witness(Actor):
    """Writes down ten times a second that it lives."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    async def on_start(self) -> None:
        self.write("began")
        self.context.timers.fixed_rate("tick", 0.1, Witness.tick())

    @call
    def tick(self) -> None:
        self.write("ticked")

    @property
    def life(self) -> str:
        """Of which there is no other."""
        return f"{self.context.ref.address.number}.{self.context.incarnation}"

    def write(self, word: str) -> None:
        with (Path(self.folder) / type(self).__name__.lower()).open("a", encoding="utf-8") as log:
            log.write(f"{time.clock_gettime(time.CLOCK_BOOTTIME)} {os.getpid()} {self.life} {word}\n")


class Clockwork(Witness):
    """Says who it is."""

    @call
    def facts(self) -> tuple[int, str]:
        return os.getpid(), self.life


class Child(Witness):
    """Only lives."""


class Supervisor(Witness):
    """Has a child on another node."""

    def __init__(self, folder: str, there: Placement) -> None:
        super().__init__(folder)
        self.there = there

    async def on_start(self) -> None:
        await super().on_start()
        await self.context.options(placement=self.there).spawn(Child, self.folder)


class Oracle(Witness):
    """Writes down what it is asked."""

    @call
    async def answer(self, question: str) -> None:
        self.write(question)
        await asyncio.sleep(THOUGHT)


class Asker(Witness):
    """Writes down the outcome of each question that it has asked."""

    def __init__(self, folder: str, oracle: "Ref[Oracle]") -> None:
        super().__init__(folder)
        self.oracle = oracle
        self.asked = 0

    async def on_start(self) -> None:
        await super().on_start()
        self.ask()

    @call
    def heard(self, outcome: str) -> None:
        self.write(outcome)
        self.ask()

    def ask(self) -> None:
        self.asked += 1
        self.context.pipe(self.outcome(f"{self.life}-{self.asked}"), Asker.heard)

    async def outcome(self, question: str) -> str:
        try:
            await self.oracle.ask(Oracle.answer(question), timeout=60.0)
        except AskError as error:
            return f"{question}:{type(error).__name__}-{error.ran}"
        return f"{question}:answered"
