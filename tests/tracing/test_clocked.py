"""A logical clock on spans puts traces of hosts whose clocks disagree into the right order; off, it is not there."""

import os
import pickle
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from actors import Instrument, Place, System, spread
from actors.testing import run
from patterns.clocks import HybridClock, LamportClock
from tests.tracing.caught import Catching, by_trace, named
from tests.tracing.test_spans import order
from tests.tracing.workload import Bank, Ledger, Shop
from tracing import header as headers
from tracing import traced
from tracing.clocked import STAMP, Stamps
from tracing.otlp import resource_spans
from tracing.reading import Trace, traces
from tracing.setup import opened
from tracing.view import drawn

SECOND = 1_000_000_000
WRONG = {0: 0, 1: -5 * SECOND, 2: 7 * SECOND, 3: -1 * SECOND}
"""Nanoseconds by which the clock of each seat's host is wrong."""


def wrong_by(seconds: float, wall: Any) -> HybridClock:
    return HybridClock(lambda: wall() + seconds)


class Skewed(Catching):
    """Hosts whose times of day are wrong, on the clock and on every span."""

    def __call__(self, place: Place) -> Instrument:
        clock = partial(wrong_by, WRONG[place.seat] / SECOND) if self.configuration.clock is not None else None
        return opened(replace(self.configuration, clock=clock), place, self.catcher)

    def documents(self) -> list[dict[str, Any]]:
        parts = resource_spans(self.catcher.spans)
        for part in parts:
            facts = {it["key"]: it["value"] for it in part["resource"]["attributes"]}
            wrong = WRONG[int(facts["understudy.seat"]["intValue"])]
            for span in (span for scope in part["scopeSpans"] for span in scope["spans"]):
                for key in ("startTimeUnixNano", "endTimeUnixNano"):
                    span[key] = str(int(span[key]) + wrong)
        return parts


def skewed(**changes: Any) -> Trace:
    """The trace of a request across four simulated hosts, as the view reads it."""
    catching = Skewed(**changes)

    async def main(system: System) -> None:
        everywhere = system.options(placement=spread())
        ledger = await everywhere.spawn(Ledger)
        bank = await everywhere.spawn(Bank, ledger)
        shop = await everywhere.spawn(Shop, bank, ledger)
        assert await shop.ask(Shop.order(1)) == 1
        while (await ledger.ask(Ledger.look()))[0] < 1:
            pass

    System(on="simulation", instrument=catching).run(main)
    [found] = [it for it in traces(catching.documents()) if any(span.name == "Shop/order" for span in it.spans)]
    assert len({span.host for span in found.spans}) >= 3
    return found


def early(trace: Trace) -> list[str]:
    """Spans that seem to begin before their parents."""
    return [child.name for span in trace.spans for child in trace.children.get(span.id, ()) if child.start < span.start]


def test_without_a_clock_skewed_hosts_turn_a_trace_upside_down_and_with_it_no_child_begins_before_its_parent():
    assert early(skewed())
    right = skewed(clock=HybridClock)
    assert early(right) == []
    assert len(right.roots) == 1


def test_with_a_clock_the_lines_of_the_view_are_in_the_order_of_what_happened():
    lines = list(drawn(skewed(clock=HybridClock)))[1:]
    assert all(line.lstrip().startswith("+") for line in lines)  # nothing before the root
    assert "Shop/order" in lines[0]


@pytest.mark.parametrize("clock", [HybridClock, lambda wall: LamportClock()], ids=["hybrid", "lamport"])
def test_stamps_grow_from_parents_to_children(clock):
    catching = Catching(clock=clock)
    run(order, instrument=catching)
    [whole] = [it for it in by_trace(catching.seen()).values() if len(it) > 2]
    by_id = {span.id: span for span in whole}
    stamped = [span for span in whole if STAMP in span.facts]
    assert {span.name for span in whole} - {span.name for span in stamped} == {"compute"}  # a user's own
    for span in stamped:
        assert not span.parent or by_id[span.parent].facts[STAMP] < span.facts[STAMP]


def test_a_clock_travels_to_every_host(monkeypatch):
    for name in [name for name in os.environ if name.startswith("OTEL_")]:
        monkeypatch.delenv(name)
    travelled = pickle.loads(pickle.dumps(traced("shop", clock=partial(HybridClock, tolerance=5.0))))
    clock = travelled.configuration.clock(lambda: 1_800_000_000.0)
    assert clock.tick() < clock.tick()
    assert clock.tolerance == 5.0


def test_without_a_clock_neither_headers_nor_spans_have_a_stamp():
    catching = Catching()
    run(order, instrument=catching)
    assert not [span for span in catching.seen() if STAMP in span.facts]
    assert named(catching.seen(), "Shop/order")
    facts: dict[str, Any] = {}
    assert Stamps(None).put(facts, b"anything") == b""
    assert facts == {}


@pytest.mark.parametrize("came", [b"x", b"\xff" * 8, b"\xff" * 9, (2**63).to_bytes(8, "big")])
def test_a_stamp_that_makes_no_sense_is_counted_and_the_clock_goes_on(came):
    stamps, facts, later = Stamps(HybridClock(lambda: 1_800_000_000.0)), {}, {}
    header = b"\x01" * headers.LENGTH + headers.slot(headers.CLOCK, came)
    mine = stamps.put(facts, header)
    assert stamps.refused == (0 if came == b"x" else 1)  # a small number is a stamp of long ago
    stamps.put(later, b"\x01" * headers.LENGTH + mine)
    assert facts[STAMP] < later[STAMP]
