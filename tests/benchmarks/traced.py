"""A process whose system is traced or not, and tells and asks when told: `python -m tests.benchmarks.traced KIND`.

KIND is "without", or the share of traces that are taken. Seconds are processor time of the loop's thread: exporting is
another thread's, and another matter.
"""

import sys
from pathlib import Path
from time import thread_time
from typing import Any

from actors import Actor, Message, Opening, Place, Ref, System, call, receive
from tests.benchmarks.processes import private_output, serve
from tracing.configuration import Configuration
from tracing.setup import opened

BURST = 500


class Note(Message):
    """Something to be counted."""

    number: int


class Counter(Actor):
    """Counts, and passes bursts on to another from inside a handler."""

    def __init__(self, other: Ref[Any] | None = None) -> None:
        self.other = other
        self.count = 0

    @receive
    def note(self, note: Note) -> None:
        """Count one."""
        self.count += 1

    @call
    def look(self) -> int:
        """The count."""
        return self.count

    @call
    def pass_on(self, count: int) -> None:
        """Tell the other so many."""
        assert self.other is not None
        tell, note = self.other.tell, Note(1)
        for _ in range(count):
            tell(note)


def tracing(ratio: float) -> Opening:
    """Spans of this share are made, queued and forgotten."""
    configuration = Configuration(
        app="bench", traces="none", metrics="none", folder=Path(), traces_endpoint="", metrics_endpoint="", ratio=ratio,
        bound=2**20,
    )  # fmt: skip

    def open_one(place: Place) -> Any:
        return opened(configuration, place)

    return open_one


class Contests:
    """What is measured: each does so many of something, and returns the seconds."""

    def __init__(self, counter: Ref[Counter], first: Ref[Counter]) -> None:
        self.counter = counter
        self.first = first

    async def outside(self, count: int) -> float:
        """Tells from the main function."""
        note, began = Note(1), thread_time()
        for _ in range(count // BURST + 1):
            for _ in range(BURST):
                self.counter.tell(note)
            await self.counter.ask(Counter.look())
        return (thread_time() - began) * count / (BURST * (count // BURST + 1))

    async def handler(self, count: int) -> float:
        """Tells from a handler."""
        began = thread_time()
        for _ in range(count // BURST + 1):
            await self.first.ask(Counter.pass_on(BURST))
            await self.counter.ask(Counter.look())
        return (thread_time() - began) * count / (BURST * (count // BURST + 1))

    async def asks(self, count: int) -> float:
        """Asks from the main function."""
        began = thread_time()
        for _ in range(count):
            await self.counter.ask(Counter.look())
        return thread_time() - began


async def main(system: System) -> None:
    """Serve until the input ends."""
    output = private_output()
    counter = await system.spawn(Counter)
    contests = Contests(counter, await system.spawn(Counter, counter))
    await serve({name: getattr(contests, name) for name in ("outside", "handler", "asks")}, output)


if __name__ == "__main__":
    kind = sys.argv[1]
    System(on="local", instrument=None if kind == "without" else tracing(float(kind)), mailbox_bound=2**20).run(main)
