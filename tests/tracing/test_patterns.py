"""Patterns and edges that do not exist yet use the instrument through the door alone: doubles of each."""

from typing import Any

import pytest
from opentelemetry import trace

from actors import Actor, Message, Operation, Ref, Role, System, call, receive
from actors.testing import run
from tests.tracing.caught import Catching, Seen, by_trace, named

TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"
COMING = {"Traceparent": f"00-{TRACE}-{SPAN}-01", "tracestate": "vendor=1"}


class Placed(Message):
    order: int


class Subscriber(Actor):
    """Hears of orders."""

    def __init__(self) -> None:
        self.orders = 0

    @receive
    def placed(self, message: Placed) -> None:
        self.orders += 1

    @call
    def heard(self) -> int:
        return self.orders


class Stock(Subscriber):
    """Another service."""


class Topic(Actor):
    """A double of publish-subscribe."""

    def __init__(self, subscribers: list[Ref[Any]]) -> None:
        self.subscribers = subscribers

    @call
    def publish(self, message: Placed) -> None:
        topic = {"messaging.destination.name": "order.placed"}
        with self.context.telemetry.operation(Operation(role=Role.PRODUCER, name="publish order.placed", facts=topic)):
            for subscriber in self.subscribers:
                subscriber.tell(message)


class Queue(Actor):
    """A double of a durable queue whose worker takes batches; a job keeps the header it came with."""

    def __init__(self) -> None:
        self.jobs: list[bytes] = []

    @call
    def put(self, job: int) -> None:
        self.jobs.append(self.context.telemetry.header)

    @call
    def work_off(self) -> None:
        operation = Operation(
            role=Role.CONSUMER,
            name="process jobs",
            root=True,
            links=[(header, {"messaging.message.id": header[16:24].hex()}) for header in self.jobs],
            facts={"messaging.batch.message_count": len(self.jobs)},
        )
        with self.context.telemetry.operation(operation):
            pass

    @call
    def try_again(self) -> None:
        for attempt in (1, 2):
            facts = {"actor.delivery.attempt": attempt, "messaging.message.id": self.jobs[0][16:24].hex()}
            again = Operation(role=Role.CONSUMER, name="process jobs", parent=self.jobs[0], facts=facts)
            try:
                with self.context.telemetry.operation(again):
                    if attempt == 1:
                        raise ValueError("not yet")
            except ValueError:
                continue


class Caller(Actor):
    """A double of a handler that calls the world outside."""

    @call
    def call_out(self) -> dict[str, str]:
        with trace.get_tracer("users").start_as_current_span("own"):
            return self.context.telemetry.carrier()


def caught(main: Any, **changes: Any) -> list[Seen]:
    catching = Catching(**changes)
    run(main, instrument=catching)
    return catching.seen()


@pytest.mark.parametrize("count", [3, 0])
def test_publishing_is_one_producer_and_a_consumer_for_each_subscriber(count):
    async def main(system: System) -> None:
        subscribers = [await system.spawn(Stock if number else Subscriber) for number in range(count)]
        topic = await system.spawn(Topic, subscribers)
        await topic.ask(Topic.publish(Placed(1)))
        assert [await one.ask(Subscriber.heard()) for one in subscribers] == [1] * count

    spans = caught(main)
    [producer] = [span for span in spans if span.kind == "producer"]
    assert producer.name == "publish order.placed"
    consumers = [span for span in spans if span.kind == "consumer"]
    assert len(consumers) == count
    assert {span.parent for span in consumers} <= {producer.id}
    assert {span.name for span in consumers} <= {"process order.placed"}
    assert sorted(span.service for span in consumers) == ["shop.Stock", "shop.Stock", "shop.Subscriber"][:count]
    assert {span.status for span in spans} == {0}


def test_a_batch_is_one_consumer_with_a_link_to_each_message():
    async def main(system: System) -> None:
        queue = await system.spawn(Queue)
        for job in range(5):
            await queue.ask(Queue.put(job))
        await queue.ask(Queue.work_off())

    spans = caught(main)
    [batch] = named(spans, "process jobs")
    assert batch.parent == ""
    assert batch.facts["messaging.batch.message_count"] == 5
    puts = {(span.trace, span.id) for span in named(spans, "Queue/put") if span.kind == "server"}
    assert set(batch.links) == puts
    assert len({trace_id for trace_id, _ in puts}) == 5
    assert [facts["messaging.message.id"] for facts in batch.link_facts] == [link[1] for link in batch.links]


def test_a_redelivered_message_is_two_consumers_of_one_message():
    async def main(system: System) -> None:
        queue = await system.spawn(Queue)
        await queue.ask(Queue.put(1))
        await queue.ask(Queue.try_again())

    first, second = named(caught(main), "process jobs")
    assert first.facts["messaging.message.id"] == second.facts["messaging.message.id"]
    assert [span.facts["actor.delivery.attempt"] for span in (first, second)] == [1, 2]
    assert first.parent == second.parent
    assert [first.error, second.error] == ["ValueError", None]


def test_a_request_from_outside_is_in_its_callers_trace_and_so_is_what_goes_out():
    found: dict[str, str] = {}

    async def main(system: System) -> None:
        caller = await system.spawn(Caller)
        with system.telemetry.operation(Operation(role=Role.SERVER, name="POST /orders", carrier=COMING)):
            found.update(await caller.ask(Caller.call_out()))

    spans = caught(main)
    [served] = named(spans, "POST /orders")
    [own] = named(spans, "own")
    assert (served.trace, served.parent) == (TRACE, SPAN)
    assert {span.trace for span in spans} == {TRACE}
    assert own.service == "shop.Caller"
    assert found == {"traceparent": f"00-{TRACE}-{own.id}-01", "tracestate": "vendor=1"}


def test_a_caller_who_takes_no_trace_gets_none_and_his_id_goes_on():
    found: dict[str, str] = {}

    async def main(system: System) -> None:
        caller = await system.spawn(Caller)
        coming = {"traceparent": f"00-{TRACE}-{SPAN}-00"}
        with system.telemetry.operation(Operation(role=Role.SERVER, name="POST /orders", carrier=coming)):
            found.update(await caller.ask(Caller.call_out()))

    assert caught(main) == []
    assert found["traceparent"].startswith(f"00-{TRACE}-")
    assert found["traceparent"].endswith("-00")


@pytest.mark.parametrize("ratio", [0.0, 1.0])
def test_a_caller_who_takes_a_trace_has_it_whatever_the_share(ratio):
    async def main(system: System) -> None:
        caller = await system.spawn(Caller)
        with system.telemetry.operation(Operation(role=Role.SERVER, name="POST /orders", carrier=COMING)):
            await caller.ask(Caller.call_out())

    assert len(named(caught(main, ratio=ratio), "Caller/call_out")) == 2


@pytest.mark.parametrize(
    "text", ["", "nonsense", "00-" + "0" * 32 + f"-{SPAN}-01", f"ff-{TRACE}-{SPAN}-01", "00-" + "f" * 100_000]
)
def test_what_is_no_traceparent_begins_a_trace_of_its_own(text):
    async def main(system: System) -> None:
        caller = await system.spawn(Caller)
        with system.telemetry.operation(Operation(role=Role.SERVER, name="GET /", carrier={"traceparent": text})):
            await caller.ask(Caller.call_out())

    spans = caught(main)
    assert len(by_trace(spans)) == 1
    assert named(spans, "GET /")[0].parent == ""
