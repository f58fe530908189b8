"""What tracing costs per local tell: without it, installed but not taken, and taken; and what an ask costs likewise.

    python -m tests.benchmarks.traced [--rounds N]

Processor time of the loop's thread, in interleaved rounds in one process and random order: medians, and quartiles of
the ratios to the round without tracing. Exporting is another thread's.
"""

import argparse
import random
import statistics
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from time import thread_time
from typing import Any

from actors import Actor, Message, Opening, Place, Ref, System, call, receive
from tracing.configuration import Configuration
from tracing.setup import opened

BURST = 500
TELLS = 20_000
ASKS = 3_000


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
    """Spans of this share are made, queued and forgotten: exporting is another thread's, and another row's."""
    configuration = Configuration(
        app="bench", traces="none", metrics="none", folder=Path(), traces_endpoint="", metrics_endpoint="", ratio=ratio,
        bound=2**20,
    )  # fmt: skip

    def open_one(place: Place) -> Any:
        return opened(configuration, place)

    return open_one


KINDS: dict[str, Opening | None] = {"off": None, "not taken": tracing(0.0), "taken": tracing(1.0)}


async def from_outside(system: System) -> float:
    """Seconds of processor time per tell from the main function."""
    counter = await system.spawn(Counter)
    note = Note(1)
    began = thread_time()
    for _ in range(TELLS // BURST):
        for _ in range(BURST):
            counter.tell(note)
        await counter.ask(Counter.look())
    return (thread_time() - began) / TELLS


async def from_handler(system: System) -> float:
    """Seconds per tell from a handler."""
    counter = await system.spawn(Counter)
    first = await system.spawn(Counter, counter)
    began = thread_time()
    for _ in range(TELLS // BURST):
        await first.ask(Counter.pass_on(BURST))
        await counter.ask(Counter.look())
    return (thread_time() - began) / TELLS


async def asking(system: System) -> float:
    """Seconds per ask from the main function."""
    counter = await system.spawn(Counter)
    began = thread_time()
    for _ in range(ASKS):
        await counter.ask(Counter.look())
    return (thread_time() - began) / ASKS


CONTESTS: dict[str, Callable[[System], Coroutine[Any, Any, float]]] = {
    "tell from a handler": from_handler,
    "tell from outside": from_outside,
    "ask from outside": asking,
}


def main(arguments: Sequence[str]) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    rounds = parser.parse_args(arguments).rounds
    for name, contest in CONTESTS.items():
        times: dict[str, list[float]] = {kind: [] for kind in KINDS}
        for _ in range(rounds):
            for kind in random.sample(list(KINDS), len(KINDS)):
                times[kind].append(System(on="local", instrument=KINDS[kind], mailbox_bound=2**20).run(contest))
        base = times["off"]
        for kind, found in times.items():
            ratios = [one / other for one, other in zip(found, base, strict=True)]
            low, middle, high = _quartiles(ratios)
            micro = statistics.median(found) * 1e6
            extra = statistics.median(one - other for one, other in zip(found, base, strict=True)) * 1e6
            print(
                f"{name:<20} {kind:<10} {micro:7.2f} us  {extra:+7.2f} us  ratio {middle:.3f} ({low:.3f} to {high:.3f})"
            )


def _quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    if len(values) < 2:
        return values[0], values[0], values[0]
    low, middle, high = statistics.quantiles(values, n=4)
    return low, middle, high


if __name__ == "__main__":
    main(sys.argv[1:])
