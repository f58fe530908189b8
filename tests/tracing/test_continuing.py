"""An actor that works on a request later, by a timer or in a batch, does so in the request's trace."""

import asyncio
from typing import Any

import pytest

from actors import Actor, Operation, Ref, Role, System, call
from actors.testing import run
from tests.tracing.caught import Catching, Seen, by_trace, named, tree


class Kitchen(Actor):
    """Cooks orders after a while, alone or in batches."""

    def __init__(self, waiter: Ref[Any]) -> None:
        self.waiter = waiter
        self.orders: list[bytes] = []
        self.rounds = 0

    @call
    def order(self, seconds: float) -> None:
        self.context.timers.once("ready", seconds, Kitchen.ready(), continues=True)

    @call
    def ready(self) -> None:
        self.waiter.tell(Waiter.serve())

    @call
    def wait_for_more(self) -> None:
        self.orders.append(self.context.telemetry.header)

    @call
    def bake(self) -> None:
        for header in self.orders:
            with self.context.telemetry.continuing(header, "bake"):
                self.waiter.tell(Waiter.serve())
        self.waiter.tell(Waiter.rest())

    @call
    def bake_twice(self) -> None:
        kept: list[bytes] = []
        for header in self.orders:
            with self.context.telemetry.continuing(header, "bake"):
                kept.append(self.context.telemetry.header)
        for header in kept:
            with self.context.telemetry.continuing(header, "glaze"):
                self.waiter.tell(Waiter.serve())

    @call
    def again(self, left: int) -> None:
        self.rounds += 1
        if left:
            self.context.timers.once("again", 0.0, Kitchen.again(left - 1), continues=True)

    @call
    def look(self) -> int:
        return self.rounds


class Waiter(Actor):
    """Serves."""

    def __init__(self) -> None:
        self.served = 0

    @call
    def serve(self) -> None:
        self.served += 1

    @call
    def rest(self) -> None:
        """Does nothing."""

    @call
    def look(self) -> int:
        return self.served


async def served(waiter: Ref[Waiter], count: int) -> None:
    while await waiter.ask(Waiter.look()) < count:  # noqa: ASYNC110 - a message is its own event
        await asyncio.sleep(0.001)


def caught(main: Any, **changes: Any) -> list[Seen]:
    catching = Catching(**changes)
    run(main, instrument=catching)
    return catching.seen()


async def order(system: System) -> None:
    waiter = await system.spawn(Waiter)
    kitchen = await system.spawn(Kitchen, waiter)
    await kitchen.ask(Kitchen.order(0.05))
    await served(waiter, 1)


async def batch(system: System, count: int = 3) -> None:
    waiter = await system.spawn(Waiter)
    kitchen = await system.spawn(Kitchen, waiter)
    for _ in range(count):
        await kitchen.ask(Kitchen.wait_for_more())
    await kitchen.ask(Kitchen.bake())
    await served(waiter, count)


def test_what_a_timer_continues_is_in_the_trace_of_the_message_that_started_it_wait_and_all():
    spans = caught(order)
    [ready], [asked] = named(spans, "tick Kitchen.ready"), [it for it in named(spans, "Kitchen/order") if it.parent]
    assert (ready.trace, ready.parent, ready.links) == (asked.trace, asked.id, ())
    assert ready.facts["actor.timer.delay_ms"] == 50
    assert ready.start - asked.start >= 49_000_000
    assert tree(it for it in spans if it.trace == ready.trace) == [
        [
            "shop.client:client:Kitchen/order",
            [
                "shop.Kitchen:server:Kitchen/order",
                [
                    "shop.Kitchen:consumer:tick Kitchen.ready",
                    ["shop.Kitchen:producer:send Waiter.serve", ["shop.Waiter:consumer:process Waiter.serve"]],
                ],
            ],
        ]
    ]


def test_what_is_continued_in_a_batch_is_in_the_trace_of_each_request_and_the_rest_in_the_batchs_own():
    spans = caught(batch)
    waiting = [it for it in named(spans, "Kitchen/wait_for_more") if it.kind == "server"]
    baked = named(spans, "bake")
    assert [(it.trace, it.parent) for it in baked] == [(it.trace, it.id) for it in waiting]
    assert {it.service for it in baked} == {"shop.Kitchen"}
    assert [it.parent for it in named(spans, "send Waiter.serve")] == [it.id for it in baked]
    assert len({it.trace for it in named(spans, "process Waiter.serve")}) == 3
    [rest] = named(spans, "send Waiter.rest")
    assert rest.parent in {it.id for it in named(spans, "Kitchen/bake")}


def test_what_is_kept_within_something_that_continues_belongs_to_that():
    async def main(system: System) -> None:
        waiter = await system.spawn(Waiter)
        kitchen = await system.spawn(Kitchen, waiter)
        await kitchen.ask(Kitchen.wait_for_more())
        await kitchen.ask(Kitchen.bake_twice())
        await served(waiter, 1)

    spans = caught(main)
    [baked], [glazed] = named(spans, "bake"), named(spans, "glaze")
    assert (glazed.trace, glazed.parent) == (baked.trace, baked.id)


@pytest.mark.parametrize("main", [order, batch])
@pytest.mark.parametrize("ratio", [0.0, 0.3])
def test_what_continues_a_request_that_is_not_taken_is_not_taken_either(main, ratio):
    async def many(system: System) -> None:
        for _ in range(1 if main is order else 8):
            await main(system)

    for spans in by_trace(caught(many, ratio=ratio)).values():
        assert not named(spans, "bake") or named(spans, "Kitchen/wait_for_more")
        assert not named(spans, "tick Kitchen.ready") or named(spans, "Kitchen/order")
        assert not named(spans, "send Waiter.serve") or len(named(spans, "send Waiter.serve")) == 1
        assert ratio


def test_timers_that_continue_for_ever_break_into_linked_traces():
    async def main(system: System) -> None:
        kitchen = await system.spawn(Kitchen, await system.spawn(Waiter))
        kitchen.tell(Kitchen.again(250))
        while await kitchen.ask(Kitchen.look()) < 251:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.001)

    traces = [it for it in by_trace(caught(main)).values() if named(it, "tick Kitchen.again")]
    assert len(traces) == 3
    assert max(map(len, traces)) <= 102
    assert sum(1 for it in traces for span in it if span.links) == 2


def test_a_request_from_outside_that_is_not_taken_stays_so_inside():
    async def main(system: System) -> None:
        waiter = await system.spawn(Waiter)
        for _ in range(200):
            with system.telemetry.operation(Operation(role=Role.SERVER, name="GET /", root=True)):
                await waiter.ask(Waiter.look())

    spans = caught(main, ratio=0.2)
    assert 2 <= len(named(spans, "GET /")) <= 100
    assert {it.name for it in spans if not it.parent} == {"GET /"}


def test_without_an_instrument_continuing_does_nothing_and_fails_at_nothing():
    async def main(system: System) -> None:
        await order(system)
        await batch(system)
        assert system.telemetry.header == b""

    run(main)
