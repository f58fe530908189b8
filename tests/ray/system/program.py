"""A program with a system on Ray, as a user would write it, which ends in the way it is told; its output is compared.

    python program.py WAY FOLDER

Not imported by its tests: it is run as a script, so its classes are those of `__main__`.
"""

import asyncio
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from actors import Actor, Asks, Message, Ref, Request, System, call, receive
from tests.ray.entries import write_at_once


class Fact(Message):
    text: str
    again: "Fact | None" = None


class Question(Request[str]):
    words: int


@dataclass(frozen=True)
class Offer(Asks[int]):
    amount: int


class Order(BaseModel, Asks[str]):
    item: str


class Problem(Exception):
    pass


class Scribe(Actor):
    """Writes down how it ends."""

    def __init__(self, folder: str, name: str) -> None:
        self.folder = Path(folder)
        self.name = name
        self.facts: list[Fact] = []

    def on_stop(self) -> None:
        (self.folder / self.name).write_text("stopped")

    @receive
    def fact(self, fact: Fact) -> None:
        self.facts.append(fact)

    @receive
    def question(self, question: Question) -> str:
        return " ".join(fact.text for fact in self.facts)[: question.words]

    @receive
    def offer(self, offer: Offer) -> int:
        return offer.amount * 2

    @receive
    def order(self, order: Order) -> str:
        return order.item.upper()

    @call
    def last(self) -> Fact:
        return self.facts[-1]

    @call
    def trouble(self) -> None:
        raise Problem("planned")

    @call
    async def pass_on(self, to: "Ref[Scribe]", text: str) -> int:
        to.tell(Fact(text, Fact("inner")))
        return await to.ask(Offer(21))

    @call
    async def hold(self) -> None:
        await asyncio.Event().wait()


class Slow(Actor):
    """Takes its time to stop."""

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)

    async def on_stop(self) -> None:
        (self.folder / "stopping").touch()
        await asyncio.Event().wait()


async def main(system: System) -> None:
    way, folder = sys.argv[1], Path(sys.argv[2])
    one = await system.options(name="one").spawn(Scribe, str(folder), "one")
    two = await system.options(name="two", placement=None).spawn(Scribe, str(folder), "two")
    print("doubled:", await one.ask(Scribe.pass_on(two, "hello")), flush=True)
    found = await two.ask(Scribe.last())
    print("found:", found.text, found.again, type(found) is Fact, flush=True)
    print("ordered:", await two.ask(Order(item="tea")), "asked:", await two.ask(Question(5)), flush=True)
    try:
        await one.ask(Scribe.trouble())
    except Exception as error:
        print("failed:", type(error).__name__, type(error.__cause__) is Problem, flush=True)
    write_at_once(folder / "pid", str(os.getpid()))
    if way == "raise":
        raise ValueError("the wrong play")
    if way == "exit":
        sys.exit(7)
    if way == "wait":
        await one.ask(Scribe.hold(), timeout=None)
    if way == "slow":
        await system.options(stop_budget=60.0).spawn(Slow, str(folder))
        (folder / "slow").touch()
        await one.ask(Scribe.hold(), timeout=None)


def run() -> None:
    if sys.argv[1] == "twice":
        for _ in range(2):
            System(on="ray", hosts=2).run(main)
    elif sys.argv[1] == "borrowed":
        import ray

        ray.init(address="local", num_cpus=2, log_to_driver=False, logging_level="ERROR", include_dashboard=False)
        System(on="ray", hosts=2).run(main)
        print("Ray goes on:", ray.is_initialized(), flush=True)
        ray.shutdown()
    elif sys.argv[1] == "blocking":
        with System(on="ray", hosts=2).blocking() as system:
            scribe = system.spawn(Scribe, sys.argv[2], "one")
            scribe.tell(Fact("blocking"))
            print("blocking:", system.ask(scribe, Question(8)), flush=True)
    else:
        System(on="ray", hosts=2).run(main)
    print("curtain down", flush=True)


if __name__ == "__main__":
    run()
