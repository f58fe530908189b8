"""One request is one trace that tells the whole story of a trip, as the page shows it."""

import asyncio
import io
import re
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from actors import Actor, Message, Ref, System, call, receive
from apps.ride_hailing.courier import Courier
from apps.ride_hailing.demand import Slice
from apps.ride_hailing.lifecycle import Stage
from apps.ride_hailing.pace import HOUR, Pace
from apps.ride_hailing.plan import generated_plan
from apps.ride_hailing.play import play
from apps.ride_hailing.progress import Progress
from apps.ride_hailing.rules import Rules
from tests.tracing.caught import Catching, named
from tracing.otlp import resource_spans
from tracing.reading import Trace, traces
from tracing.view import drawn

PAGE = Path(__file__).parents[3] / "apps" / "ride_hailing" / "README.md"
PLAN = generated_plan(Slice(18 * HOUR, 10 * 60), requests=25, drivers=40, seed=1)
CALM = Rules(Pace(1500.0), patience=(72_000.0, 72_000.0), search=72_000.0, again=30.0, shortest_offer=5.0, silence=60.0)
LINE = re.compile(r"^ *\S+ \S+ +\S+ \S+ +[!*]? +(?P<service>\S+?)(?P<depth>  +)(?P<did>\S[^(]*)")
OF_A_TRIP = ("RideRequest", "Offer", "Proposed", "Progress", "Agreed", "Released", "Step", "StepNoted", "Cancel")


@pytest.fixture(scope="module")
def calm() -> tuple[list[Trace], list[Trace]]:
    """All traces of a run, and those of its requests."""
    catching = Catching(app="ride-hailing", bound=1_000_000)

    async def main(system: System) -> None:
        evidence = await play(system, PLAN, CALM, Progress(io.StringIO(), quiet=True), time.monotonic)
        ends = [entry.event for log in evidence.riders.values() for entry in log]
        assert ends.count(Stage.COMPLETED) == len(PLAN.journeys)

    System(on="local", instrument=catching).run(main)
    found = traces(resource_spans(catching.catcher.spans))
    return found, [it for it in found if it.roots[0].name == "tick Rider.ask_for_trip"]


def shape(lines: Iterable[str]) -> Any:
    """A tree of who did what, in an order that does not depend on time; the last position counts as nothing."""
    root: list[Any] = []
    path = [root]
    for line in lines:
        found = LINE.match(line)
        assert found is not None, line
        did = f"{found['service']} {found['did'].strip()}"
        if "Fix" in did:
            continue
        depth = (line.index(found["did"], found.end("service")) - column(line, found)) // 2
        node: list[Any] = [did]
        path[depth].append(node)
        path[depth + 1 :] = [node]
    return in_order(root)


def column(line: str, found: re.Match[str]) -> int:
    """Where roots stand: behind the longest name of a service."""
    return found.start("service") + len("ride-hailing.Dispatcher") + 2


def in_order(node: list[Any]) -> list[Any]:
    own = [it for it in node if isinstance(it, str)]
    return own + sorted((in_order(it) for it in node if not isinstance(it, str)), key=repr)


def test_every_request_is_one_trace_and_nothing_of_a_trip_is_outside(calm):
    everything, requests = calm
    assert len(requests) == len(PLAN.journeys)
    assert all(len(it.roots) == 1 for it in requests)
    inside = {it.id for it in requests}
    outside = {span.name for it in everything if it.id not in inside for span in it.spans}
    assert not [name for name in outside if name.endswith(OF_A_TRIP)]
    for it in requests:
        assert len([span for span in it.spans if span.name == "process RideRequest"]) == 1
        assert len([span for span in it.spans if span.name == "tick Driver.reached"]) >= 4


def test_the_story_on_the_page_is_one_that_a_run_tells(calm):
    _, requests = calm
    blocks = re.findall(r"^```console\n(trace .*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert len(blocks) == 1
    told = [shape(list(drawn(it, short=True, without="StepNoted"))[1:]) for it in requests]
    assert shape(blocks[0].splitlines()[1:]) in told


def test_waits_are_on_the_page_and_in_the_story(calm):
    for it in calm[1]:
        reached = [span for span in it.spans if span.name == "tick Driver.reached"]
        waits = [span for span in reached if span.facts["actor.timer.delay_ms"] > 0]  # who is there drives no more
        shown = [line for line in drawn(it) if "handles tick Driver.reached" in line and "(after " in line]
        assert len(shown) == len(waits) >= 2
    assert "(after 4.8 s; waited" in PAGE.read_text(encoding="utf-8")


class Teller(Courier):
    """Insists."""

    @call
    def begin(self, to: Ref[Any]) -> None:
        self.insist("note", to, Note())


class Note(Message):
    """Something that must arrive."""


class Deaf(Actor):
    """Acknowledges nothing."""

    def __init__(self) -> None:
        self.heard = 0

    @receive
    def note(self, note: Note) -> None:
        self.heard += 1

    @call
    def look(self) -> int:
        return self.heard


def test_what_is_told_again_is_in_the_trace_of_the_first_telling():
    catching = Catching()

    async def main(system: System) -> None:
        deaf = await system.spawn(Deaf)
        teller = await system.spawn(Teller, 0.01)
        await teller.ask(Teller.begin(deaf))
        while await deaf.ask(Deaf.look()) < 3:  # noqa: ASYNC110 - a message is its own event
            await asyncio.sleep(0.01)

    System(on="local", instrument=catching).run(main)
    spans = catching.seen()
    [begun] = [span for span in named(spans, "Teller/begin") if span.kind == "server"]
    again = named(spans, "tell again")
    assert len(again) >= 2
    assert {(span.trace, span.parent) for span in again} == {(begun.trace, begun.id)}
    assert {span.trace for span in named(spans, "process Note")} == {begun.trace}
