"""The picture is true: kinds, parents, links, waits, errors and contexts are those of what happened."""

import asyncio
import gc
from typing import Any

import pytest
from opentelemetry import trace

from actors import Actor, Failed, Message, Ref, Restart, System, TimedOut, call, receive
from actors.testing import run
from tests.tracing.caught import Catching, Seen, by_trace, named, tree
from tracing.observations import Current, Kept, Sent

REQUEST = "app.request.id"


class Placed(Message):
    number: int


class Bank(Actor):
    """Answers slowly, or not at all."""

    def __init__(self) -> None:
        self.noted = 0

    @call
    async def charge(self, number: int) -> int:
        with trace.get_tracer("users").start_as_current_span("compute") as span:
            span.set_attribute(REQUEST, number)
            await asyncio.sleep(0.002 * (number % 3))
        return number

    @call
    def note(self) -> None:
        self.noted += 1

    @call
    def refuse(self) -> None:
        raise ValueError("no money")

    @call
    async def dream(self) -> None:
        await asyncio.sleep(1.5)

    @receive
    async def placed(self, message: Placed) -> None:
        await asyncio.sleep(0.05)

    @call
    def count(self) -> int:
        return self.noted


class Shop(Actor):
    """Asks and tells the bank."""

    def __init__(self, bank: Ref[Bank]) -> None:
        self.bank = bank
        self.ticks = 0
        self.loops = 0

    @call(interleaved=True)
    async def order(self, number: int) -> int:
        trace.get_current_span().set_attribute(REQUEST, number)
        self.bank.tell(Bank.note())
        return await self.bank.ask(Bank.charge(number))

    @call
    async def fail(self) -> None:
        await self.bank.ask(Bank.refuse())

    @call
    async def forgive(self) -> str:
        try:
            await self.bank.ask(Bank.refuse())
        except Failed as error:
            return error.text
        return ""

    @call
    def wind(self) -> None:
        self.context.timers.once("tick", 0.001, Shop.tick())

    @call
    def tick(self) -> None:
        self.ticks += 1
        self.bank.tell(Bank.note())

    @call
    def loop(self, left: int) -> None:
        self.loops += 1
        if left:
            self.context.ref.tell(Shop.loop(left - 1))

    @call
    def look(self) -> tuple[int, int]:
        return self.ticks, self.loops

    @call
    def retire(self) -> None:
        self.context.stop()

    @call
    async def hire(self) -> None:
        await self.context.spawn(Bank)


async def _cast(system: System) -> tuple[Ref[Shop], Ref[Bank]]:
    bank = await system.spawn(Bank)
    return await system.spawn(Shop, bank), bank


def caught(main: Any, **changes: Any) -> list[Seen]:
    """The spans of a run."""
    catching = Catching(**changes)
    run(main, instrument=catching, allow_dead_letters=True)
    return catching.seen()


async def order(system: System) -> None:
    shop, bank = await _cast(system)
    assert await shop.ask(Shop.order(1)) == 1
    await bank.ask(Bank.count())


def test_a_request_is_one_trace_of_the_stated_shape():
    spans = caught(order)
    [whole] = [it for it in by_trace(spans).values() if len(it) > 2]
    assert tree(whole) == [
        [
            "shop.client:client:Shop/order",
            [
                "shop.Shop:server:Shop/order",
                ["shop.Shop:client:Bank/charge", ["shop.Bank:server:Bank/charge", ["shop.Bank:internal:compute"]]],
                ["shop.Shop:producer:send Bank.note", ["shop.Bank:consumer:process Bank.note"]],
            ],
        ]
    ]
    assert {span.status for span in spans} == {0}


def test_an_ask_is_client_and_server_of_one_method_and_one_lies_in_the_other():
    spans = caught(order)
    client, server = sorted(named(spans, "Bank/charge"), key=lambda span: span.kind)
    assert server.parent == client.id
    assert client.facts["rpc.method"] == server.facts["rpc.method"] == "Bank/charge"
    assert client.start <= server.start <= server.end <= client.end


def test_a_tell_is_producer_and_consumer_and_says_what_messaging_says():
    spans = caught(order)
    [sent], [handled] = named(spans, "send Bank.note"), named(spans, "process Bank.note")
    assert handled.parent == sent.id
    assert sent.facts["messaging.message.id"] == handled.facts["messaging.message.id"]
    assert sent.facts["messaging.operation.type"] == "send"
    assert handled.facts["messaging.operation.type"] == "process"
    assert handled.facts["messaging.system"] == "understudy"
    assert handled.facts["messaging.destination.name"] == "Bank.note"
    assert "messaging.batch.message_count" not in handled.facts
    assert handled.facts["actor.incarnation"] == handled.facts["actor.delivery.attempt"] == 1


def test_the_wait_in_the_mailbox_is_said_and_not_part_of_the_handling():
    async def main(system: System) -> None:
        bank = await system.spawn(Bank)
        bank.tell(Placed(1))
        bank.tell(Bank.note())
        await bank.ask(Bank.count())

    spans = caught(main)
    [sent], [handled] = named(spans, "send Bank.note"), named(spans, "process Bank.note")
    assert handled.facts["actor.mailbox.wait_ms"] >= 45
    assert handled.start - sent.start >= 45_000_000
    [slow], [slow_sent] = named(spans, "process Placed"), named(spans, "send Placed")
    assert slow.seconds >= 0.045
    assert slow_sent.end < slow.end


def test_two_hundred_requests_through_one_actor_keep_their_traces_apart():
    async def main(system: System) -> None:
        shop, bank = await _cast(system)
        assert await asyncio.gather(*(shop.ask(Shop.order(number)) for number in range(200))) == list(range(200))
        await bank.ask(Bank.count())

    requests = [it for it in by_trace(caught(main)).values() if len(it) > 2]
    assert len(requests) == 200
    assert {str(tree(it)) for it in requests}.__len__() == 1
    for spans in requests:
        assert len({span.facts[REQUEST] for span in spans if REQUEST in span.facts}) == 1


def test_an_error_is_recorded_once_and_marks_both_sides():
    async def main(system: System) -> None:
        shop, _ = await _cast(system)
        with pytest.raises(Failed):
            await shop.ask(Shop.fail())

    spans = [span for span in caught(main) if span.kind != "internal"]
    assert {span.status for span in spans} == {2}
    assert {span.error for span in spans if "refuse" in span.name} == {"ValueError"}
    assert [span.name for span in spans if span.events] == ["Bank/refuse"]


def test_whoever_handles_an_error_is_not_marked():
    async def main(system: System) -> None:
        shop, _ = await _cast(system)
        assert await shop.ask(Shop.forgive()) == "no money"

    spans = caught(main)
    assert {span.status for span in named(spans, "Shop/forgive")} == {0}
    assert {span.status for span in named(spans, "Bank/refuse")} == {2}
    [restart] = named(spans, "restart Bank")
    [failing] = [span for span in named(spans, "Bank/refuse") if span.kind == "server"]
    assert restart.parent == failing.id
    assert restart.links == ()  # to the same trace, Jaeger would show it as the parent


def test_a_timeout_ends_the_client_and_the_late_server_is_in_its_trace():
    async def main(system: System) -> None:
        bank = await system.spawn(Bank)
        with pytest.raises(TimedOut):
            await bank.ask(Bank.dream(), timeout=0.5)
        await bank.ask(Bank.count())

    client, server = sorted(named(caught(main), "Bank/dream"), key=lambda span: span.kind)
    assert client.error == "TimedOut"
    assert client.seconds >= 0.49  # the loop counts in whole milliseconds
    assert server.seconds >= 1.49
    assert client.end < server.end
    assert server.parent == client.id
    assert server.status == 0


def test_a_tick_is_a_root_with_a_link_and_what_it_sends_belongs_to_it():
    async def main(system: System) -> None:
        shop, _ = await _cast(system)
        await shop.ask(Shop.wind())
        while not (await shop.ask(Shop.look()))[0]:  # noqa: ASYNC110 - a message is its own event
            await asyncio.sleep(0.001)

    spans = caught(main)
    [tick] = named(spans, "tick Shop.tick")
    [wound] = [span for span in named(spans, "Shop/wind") if span.kind == "server"]
    assert tick.parent == ""
    assert tick.trace != wound.trace
    assert tick.links == ((wound.trace, wound.id),)
    [sent] = [span for span in named(spans, "send Bank.note") if span.trace == tick.trace]
    assert sent.parent == tick.id


def test_a_chain_without_end_breaks_into_linked_traces():
    async def main(system: System) -> None:
        shop, _ = await _cast(system)
        shop.tell(Shop.loop(450))
        while (await shop.ask(Shop.look()))[1] < 451:  # noqa: ASYNC110 - a message is its own event
            await asyncio.sleep(0.001)

    traces = [it for it in by_trace(caught(main)).values() if named(it, "process Shop.loop")]
    assert len(traces) == 5
    assert max(map(len, traces)) <= 1000
    assert sum(1 for it in traces for span in it if span.links) == 4


def test_children_that_a_message_spawns_are_in_its_trace():
    async def main(system: System) -> None:
        shop, _ = await _cast(system)
        await shop.ask(Shop.hire())

    spans = caught(main)
    [spawned] = named(spans, "spawn Bank")
    [hired] = [span for span in named(spans, "Shop/hire") if span.kind == "server"]
    assert spawned.parent == hired.id


def test_an_actor_that_stops_because_of_a_message_ends_in_its_trace_and_one_that_is_stopped_in_none():
    async def main(system: System) -> None:
        shop, _ = await _cast(system)
        await shop.ask(Shop.retire())

    spans = caught(main)
    [stopped] = [span for span in spans if span.name.startswith("stop ")]
    [retired] = [span for span in named(spans, "Shop/retire") if span.kind == "server"]
    assert (stopped.name, stopped.parent, stopped.service) == ("stop Shop", retired.id, "shop.runtime")
    assert stopped.facts["actor.reason"] == "stopped"
    assert not stopped.error


def test_an_actor_that_fails_for_good_ends_in_the_trace_of_the_message_it_failed_at():
    async def main(system: System) -> None:
        bank = await system.options(restart=Restart.TEMPORARY).spawn(Bank)
        with pytest.raises(Failed):
            await bank.ask(Bank.refuse())
        while (await system.stats())[0].actors:  # noqa: ASYNC110 - a question is its own event
            await asyncio.sleep(0.001)

    spans = caught(main)
    [stopped] = [span for span in spans if span.name == "stop Bank"]
    [refused] = [span for span in named(spans, "Bank/refuse") if span.kind == "server"]
    assert stopped.parent == refused.id
    assert stopped.facts["actor.reason"] == "failed"


@pytest.mark.parametrize("ratio", [0.0, 0.1])
def test_a_trace_is_whole_or_not_there(ratio):
    async def main(system: System) -> None:
        shop, bank = await _cast(system)
        for number in range(300):
            assert await shop.ask(Shop.order(number)) == number
        await bank.ask(Bank.count())

    requests = [it for it in by_trace(caught(main, ratio=ratio)).values() if len(it) > 2]
    assert {str(tree(it)) for it in requests}.__len__() <= 1
    assert all(len(it) == 7 for it in requests)
    assert len(requests) <= 75  # of 300 at 0.1: one false alarm in ten million runs
    if not ratio:
        assert requests == []


def test_a_users_span_outside_actors_is_the_parent_of_what_is_sent_in_it():
    async def main(system: System) -> None:
        shop, _ = await _cast(system)
        with trace.get_tracer("users").start_as_current_span("checkout"):
            await shop.ask(Shop.order(1))

    spans = caught(main)
    [checkout] = named(spans, "checkout")
    assert checkout.service == "shop.client"
    assert {span.parent for span in named(spans, "Shop/order") if span.kind == "client"} == {checkout.id}


@pytest.mark.parametrize("ratio", [0.5, 1.0])
def test_nothing_is_kept_of_a_message_that_was_handled(ratio):
    kept: list[int] = []

    async def main(system: System) -> None:
        shop, bank = await _cast(system)
        for number in range(50):
            await shop.ask(Shop.order(3 * number))
        await bank.ask(Bank.count())
        gc.collect()
        kept.append(sum(type(it) in {Current, Kept, Sent} for it in gc.get_objects()))

    assert named(caught(main, ratio=ratio), "Bank/charge")
    assert kept[0] < 10


def test_one_service_for_the_whole_app_is_a_setting():
    assert {span.service for span in caught(order, by_class=False)} == {"shop"}
