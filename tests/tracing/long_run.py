"""`python -m tests.tracing.long_run [--minutes N]`: actors that tick and tell themselves for long stay traceable.

Traces stay small although the actors live for ever, each tick is a root of its own with a link, no span is lost, no
message's body is in any, and memory does not grow. With figures; the exit status is 1 if one of these does not hold.
"""

import argparse
import asyncio
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path

import psutil

from actors import Actor, Ref, System, call, spread
from tracing import traced
from tracing.reading import Trace, documents, traces

CLOCKS = 10
PERIOD = 0.5
PAUSE = 0.2
SECRET = "a-body-that-no-span-may-show"
LARGEST = 1000
FLAT = 1.15
"""Times as much memory at the end as after the first quarter: more is growth."""


class Clock(Actor):
    """Ticks, tells itself, and tells its neighbour of each."""

    def __init__(self) -> None:
        self.ticks = self.hops = 0
        self.neighbour: Ref[Clock] | None = None

    @call
    def begin(self, neighbour: "Ref[Clock]") -> None:
        self.neighbour = neighbour
        self.context.timers.fixed_rate("tick", PERIOD, Clock.tick())
        self.context.ref.tell(Clock.hop(SECRET))
        self.context.timers.once("on", PAUSE, Clock.go_on(SECRET), continues=True)

    @call
    def tick(self) -> None:
        self.ticks += 1
        assert self.neighbour is not None
        self.neighbour.tell(Clock.hear(SECRET))

    @call
    def hear(self, body: str) -> None:
        """Of a neighbour's tick."""

    @call
    async def hop(self, body: str) -> None:
        self.hops += 1
        await asyncio.sleep(PAUSE)
        self.context.ref.tell(Clock.hop(body))

    @call
    def go_on(self, body: str) -> None:
        self.context.timers.once("on", PAUSE, Clock.go_on(body), continues=True)

    @call
    def look(self) -> tuple[int, int, int]:
        return self.ticks, self.hops, os.getpid()


async def play(system: System, seconds: float, folder: Path) -> tuple[int, int, list[int]]:
    """Ticks, hops, and the memory of all hosts in bytes after each twelfth of the time."""
    everywhere = system.options(placement=spread())
    clocks = [await everywhere.spawn(Clock) for _ in range(CLOCKS)]
    for number, clock in enumerate(clocks):
        await clock.ask(Clock.begin(clocks[number - 1]))
    memory: list[int] = []
    for _ in range(12):
        await asyncio.sleep(seconds / 12)
        seen = [await clock.ask(Clock.look()) for clock in clocks]
        memory.append(sum(psutil.Process(pid).memory_info().rss for pid in {pid for _, _, pid in seen}))
        print(f"{len(memory)}/12  {memory[-1] / 1e6:,.1f} MB", file=sys.stderr, flush=True)
    return sum(ticks for ticks, _, _ in seen), sum(hops for _, hops, _ in seen), memory


def judged(found: list[Trace], ticks: int, hops: int, memory: list[int]) -> list[str]:
    """What does not hold."""
    names = Counter(span.name for trace in found for span in trace.spans)
    wrong: list[str] = []
    if (largest := max(len(trace.spans) for trace in found)) > LARGEST:
        wrong.append(f"a trace has {largest} spans")
    roots = [trace.roots[0] for trace in found if any(span.name == "tick Clock.tick" for span in trace.spans)]
    if len(roots) != names["tick Clock.tick"] or any(root.parent or not root.links for root in roots):
        wrong.append("a tick is no root of its own with a link")
    for name, count in (("tick Clock.tick", ticks), ("process Clock.hop", hops)):
        if not count <= names[name] <= count + 2 * CLOCKS * (1 + int(1 / PERIOD)):  # some came after the last look
            wrong.append(f"{name}: {names[name]:,} spans of at least {count:,} messages")
    if any(SECRET in str(fact) for trace in found for span in trace.spans for fact in span.facts.values()):
        wrong.append("a message's body is in a span")
    if memory[-1] > FLAT * memory[2]:
        wrong.append("memory grows")
    return wrong


def main() -> int:
    """Run and judge."""
    parser = argparse.ArgumentParser(prog="python -m tests.tracing.long_run", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    minutes = parser.parse_args().minutes
    with tempfile.TemporaryDirectory(prefix="understudy-traces-") as name:
        folder = Path(name)
        system = System(on="ray", hosts=2, address="local", instrument=traced("long", folder=folder))
        ticks, hops, memory = system.run(lambda opened: play(opened, minutes * 60, folder))
        written = sum(file.stat().st_size for file in folder.glob("*.json"))
        found = traces(documents([folder]))
    spans = sum(len(trace.spans) for trace in found)
    wrong = judged(found, ticks, hops, memory)
    print(f"minutes   {minutes:g}")
    print(f"messages  {ticks:,} ticks, {hops:,} hops")
    print(f"traces    {len(found):,}, {spans:,} spans, {max(len(trace.spans) for trace in found)} in the largest")
    print(f"files     {written / 1e6:,.1f} MB")
    print("memory    " + " ".join(f"{size / 1e6:,.0f}" for size in memory) + " MB")
    print("\n".join(wrong) or "all holds")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
