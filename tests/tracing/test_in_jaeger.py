"""What a real Jaeger shows of a run on several hosts is exactly what happened."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import psutil
import pytest

from actors import AskError, Ref, Settings, TimedOut
from actors.backends.ray.cluster.cluster import Cluster
from tests.jaeger.building import building
from tests.jaeger.server import Jaeger, running
from tests.ray_stage import Stage, open_stage
from tests.tracing.caught import Seen, by_trace, configuration, named, tree
from tests.tracing.workload import REQUEST, Bank, Ledger, Shop, serve
from tracing.critical_path import critical_path
from tracing.reading import ReadSpan, Trace, _arrange
from tracing.setup import Tracing

REQUESTS = 60
FAN = 10

SHAPE = [
    [
        "client:server:POST /orders",
        [
            "client:client:Shop/order",
            [
                "Shop:server:Shop/order",
                [
                    "Shop:client:Bank/charge",
                    [
                        "Bank:server:Bank/charge",
                        ["Bank:internal:compute"],
                        ["Bank:producer:send Ledger.write", ["Ledger:consumer:process Ledger.write"]],
                    ],
                ],
            ],
        ],
    ]
]


@pytest.fixture(scope="module")
def jaeger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jaeger]:
    with running(building.wait(), tmp_path_factory.mktemp("jaeger")) as one:
        yield one


class Run:
    """One run of an app with a name of its own, and what Jaeger shows of it."""

    def __init__(self, jaeger: Jaeger, **changes: Any) -> None:
        self.jaeger = jaeger
        self.app = f"app{uuid4().hex[:6]}"
        usual = {"traces": "otlp", "traces_endpoint": f"{jaeger.endpoint}/v1/traces", "delay": 0.1}
        self.tracing = Tracing(configuration(app=self.app, **usual | changes))
        self.spans: list[Seen] = []

    def play(self, main: Callable[[Any], Any], hosts: int = 3) -> None:
        """Run it to its end: afterwards everything has left the hosts."""
        settings = Settings(cancel_grace=0.2, ask_timeout=20.0, stop_budget=2.0, hosts=hosts, mailbox_bound=100_000)
        with open_stage(settings, instrument=self.tracing) as stage:
            stage.run(main)

    def look(self) -> "Run":
        self.spans = self.jaeger.spans(self.app)
        return self

    def service(self, part: str) -> str:
        return f"{self.app}.{part}"

    def named(self, name: str, kind: str | None = None) -> list[Seen]:
        return [span for span in named(self.spans, name) if kind is None or span.kind == kind]

    def shape(self, spans: list[Seen]) -> Any:
        return repr(tree(spans)).replace(f"{self.app}.", "")


async def cast(stage: Stage) -> tuple[Ref[Shop], Ref[Bank], Ref[Ledger]]:
    """Each on a host of its own: the stage deals them out."""
    ledger = await stage.spawn(Ledger)
    bank = await stage.spawn(Bank, ledger)
    shop = await stage.spawn(Shop, bank, ledger)
    assert len({ledger.address.seat, bank.address.seat, shop.address.seat}) == 3
    return shop, bank, ledger


@pytest.fixture(scope="module")
def day(jaeger: Jaeger, cluster: Cluster) -> Run:
    """A day without accidents: requests, ticks, an error that is handled, a fan-out, a timeout."""
    del cluster
    run = Run(jaeger)

    async def main(stage: Stage) -> None:
        shop, bank, ledger = await cast(stage)
        served = await asyncio.gather(*(serve(stage, shop, number) for number in range(REQUESTS)))
        assert served == list(range(REQUESTS))
        assert await shop.ask(Shop.forgive()) == "no money"
        await ledger.ask(Ledger.wind(3))
        await shop.ask(Shop.fan_out(FAN))
        with pytest.raises(TimedOut):
            await ledger.ask(Ledger.pause(2.0), timeout=1.0)
        while (await ledger.ask(Ledger.look())) != (REQUESTS + FAN, 3):  # noqa: ASYNC110 - a message is its own event
            await asyncio.sleep(0.01)
        del bank

    run.play(main)
    return run.look()


def requests_of(run: Run) -> list[list[Seen]]:
    return [it for it in by_trace(run.spans).values() if named(it, "POST /orders")]


def test_services_are_the_classes_and_no_other(day):
    assert day.jaeger.services(day.app) == {
        day.service(part) for part in ("client", "runtime", "Shop", "Bank", "Ledger")
    }
    assert not [name for name in day.jaeger.services("") if name.startswith("unknown")]


def test_operations_and_their_kinds_are_few_and_known(day):
    assert day.jaeger.operations(day.service("Bank")) == {
        ("Bank/charge", "server"),
        ("Bank/refuse", "server"),
        ("compute", "internal"),
        ("send Ledger.write", "producer"),
    }
    assert day.jaeger.operations(day.service("Ledger")) == {
        ("process Ledger.write", "consumer"),
        ("tick Ledger.tick", "consumer"),
        *((f"Ledger/{name}", "server") for name in ("wind", "look", "pause")),
    }


def test_every_request_is_one_trace_of_one_shape(day):
    requests = requests_of(day)
    assert len(requests) == REQUESTS
    assert Counter(day.shape(it) for it in requests) == {repr(SHAPE): REQUESTS}
    numbers = [{span.facts[REQUEST] for span in it if REQUEST in span.facts} for it in requests]
    assert sorted(numbers, key=min) == [{number} for number in range(REQUESTS)]


def test_no_span_lacks_its_parent_and_jaeger_warns_of_nothing(day):
    for spans in by_trace(day.spans).values():
        ids = [span.id for span in spans]
        assert len(ids) == len(set(ids))
        assert not [span.name for span in spans if span.parent and span.parent not in ids]
        assert not [warning for span in spans for warning in span.warnings]


def test_every_ask_is_client_and_server_and_covers_its_handler(day):
    clients, servers = day.named("Bank/charge", "client"), day.named("Bank/charge", "server")
    assert len(clients) == len(servers) == REQUESTS + FAN
    by_id = {span.id: span for span in clients}
    for server in servers:
        client = by_id[server.parent]
        assert client.facts["rpc.method"] == server.facts["rpc.method"]
        assert client.start <= server.start
        assert server.end <= client.end


def test_every_tell_is_producer_and_consumer(day):
    sent, handled = day.named("send Ledger.write"), day.named("process Ledger.write")
    assert len(sent) == len(handled) == REQUESTS + FAN
    assert {span.parent for span in handled} == {span.id for span in sent}
    for span in handled:
        assert span.facts["messaging.system"] == "understudy"
        assert span.facts["messaging.operation.type"] == "process"
        assert span.facts["messaging.message.id"] == span.parent


def test_a_request_crosses_processes(day):
    for spans in requests_of(day):
        assert len({span.resource["process.pid"] for span in spans}) == 4
        assert len({span.resource["service.instance.id"] for span in spans}) == 4
        assert {span.resource["service.namespace"] for span in spans} == {day.app}


def test_errors_are_marked_on_both_sides_and_recorded_once(day):
    failing = day.named("Bank/refuse")
    assert [span.kind for span in sorted(failing, key=lambda span: span.kind)] == ["client", "server"]
    assert {span.error for span in failing} == {"ValueError"}
    assert sum(span.events.count("exception") for span in day.spans) == 1
    assert {span.status for span in day.named("Shop/forgive")} == {0}
    assert 1 not in {span.status for span in day.spans}
    # by type, for the memory of this version takes the text "true" for no error
    found = day.jaeger.traces(day.service("Bank"), tags='{"error.type":"ValueError"}')
    assert [spans[0].trace for spans in found] == [failing[0].trace]
    [timed_out] = day.jaeger.traces(day.service("client"), tags='{"error.type":"TimedOut"}')
    assert {span.trace for span in timed_out} == {span.trace for span in day.spans if span.error == "TimedOut"}


def test_a_timeout_ends_its_client_and_the_late_handler_is_in_the_trace(day):
    client, server = sorted(day.named("Ledger/pause"), key=lambda span: span.kind)
    assert client.error == "TimedOut"
    assert client.seconds >= 0.9
    assert server.seconds >= 1.9
    assert client.end < server.end
    assert server.parent == client.id


def test_ticks_are_roots_with_links(day):
    [wound] = day.named("Ledger/wind", "server")
    ticks = day.named("tick Ledger.tick")
    assert len(ticks) == len({span.trace for span in ticks}) == 3
    for tick in ticks:
        assert tick.parent == ""
        assert tick.links == ((wound.trace, wound.id),)


def test_dependencies_are_counted_exactly(day):
    links: Counter[tuple[str, str]] = Counter()
    for spans in by_trace(day.spans).values():
        services = {span.id: span.service for span in spans}
        links.update((services[span.parent], span.service) for span in spans if span.parent)
    assert day.jaeger.dependencies(day.app) == dict(links)
    assert links[day.service("Shop"), day.service("Bank")] == REQUESTS + FAN + 1
    assert links[day.service("Bank"), day.service("Ledger")] == REQUESTS + FAN
    assert (day.service("Shop"), day.service("Ledger")) not in links


def test_times_are_true_and_the_critical_path_goes_where_the_time_went(day):
    [slow] = [it for it in requests_of(day) if {span.facts[REQUEST] for span in it if REQUEST in span.facts} == {0}]
    [compute] = named(slow, "compute")
    assert compute.seconds >= 0.045  # the loop counts in whole milliseconds
    path = critical_path(as_trace(slow))
    assert path[compute.id] >= 45_000_000
    [consumer] = named(slow, "process Ledger.write")
    assert consumer.id not in path
    [fan] = day.named("Shop/fan_out", "server")
    asked = [span for span in day.named("Bank/charge", "client") if span.parent == fan.id]
    assert len(asked) == FAN
    assert max(span.start for span in asked) < min(span.end for span in asked)


def as_trace(spans: list[Seen]) -> Trace:
    trace = Trace(spans[0].trace)
    trace.spans = [
        ReadSpan(it.trace, it.id, it.parent, it.service, it.name, it.kind, it.start, it.end, it.facts, "")
        for it in spans
    ]
    _arrange(trace)
    return trace


def test_a_killed_host_leaves_a_trace_that_tells_the_story(jaeger, cluster):
    run = Run(jaeger)

    def all_of_the_bank(found: list[Seen]) -> bool:
        """What it has exported before it is killed: who it is, and three spans for each request."""
        return sum(it.service == run.service("Bank") for it in found) >= 1 + 3 * 5

    async def main(stage: Stage) -> None:
        shop, bank, _ = await cast(stage)
        pid = await bank.ask(Bank.pid())
        for number in range(5):
            await serve(stage, shop, number + 1)
        risky = asyncio.ensure_future(shop.ask(Shop.risk()))
        await asyncio.sleep(0.5)  # more than the pause between two batches
        await asyncio.to_thread(jaeger.settled, run.app, all_of_the_bank)
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(AskError):
            await risky

    run.play(main)
    run.look()
    assert [span.error for span in run.named("Bank/hang")] == ["Unreachable"]
    assert {span.error for span in run.named("Shop/risk")} == {"Unreachable"}
    assert len(requests_of(run)) == 5
    assert {run.shape(it) for it in requests_of(run)} == {repr(SHAPE)}
    assert run.named("host lost")
    assert not [warning for span in run.spans for warning in span.warnings]


def test_a_host_that_is_terminated_has_sent_every_span_that_had_ended(jaeger, cluster):
    run = Run(jaeger, delay=60.0)  # nothing leaves by itself
    pids: list[int] = []

    async def main(stage: Stage) -> None:
        shop, bank, _ = await cast(stage)
        pids.append(await bank.ask(Bank.pid()))
        for number in range(20):
            await serve(stage, shop, number + 1)
        os.kill(pids[0], signal.SIGTERM)
        while psutil.pid_exists(pids[0]):  # noqa: ASYNC110 - no other process is told
            await asyncio.sleep(0.02)

    run.play(main)
    run.look()
    bank = run.service("Bank")
    there = [span for span in run.spans if span.resource["process.pid"] == pids[0] and span.service == bank]
    assert Counter((span.name, span.kind) for span in there) == {
        ("Bank/pid", "server"): 1,
        ("Bank/charge", "server"): 20,
        ("compute", "internal"): 20,
        ("send Ledger.write", "producer"): 20,
    }
    assert {run.shape(it) for it in requests_of(run)} == {repr(SHAPE)}


def test_killing_jaeger_in_the_middle_harms_nothing_and_spans_arrive_when_it_is_back(tmp_path, cluster, jaeger):
    del jaeger  # this one is killed
    with running(building.wait(), tmp_path) as victim:
        run = Run(victim, patience=2.0)

        async def main(stage: Stage) -> None:
            shop, _, _ = await cast(stage)
            await serve(stage, shop, 1)
            victim.kill()
            for number in range(50):
                assert await serve(stage, shop, number + 1) == number + 1
            await asyncio.to_thread(victim.start)
            while not victim.services(run.app):
                assert await serve(stage, shop, 1) == 1
                await asyncio.sleep(0.1)
            assert await serve(stage, shop, 77) == 77

        run.play(main)
        run.look()
    [last] = [it for it in requests_of(run) if {span.facts.get(REQUEST) for span in it} >= {77}]
    assert run.shape(last) == repr(SHAPE)


def test_a_burst_of_twenty_thousand_messages_across_hosts_arrives_complete(jaeger, cluster):
    run = Run(jaeger)
    count, rounds = 200, 100

    async def main(stage: Stage) -> None:
        shop, _, ledger = await cast(stage)
        await asyncio.gather(*(shop.ask(Shop.burst(count)) for _ in range(rounds)))
        while (await ledger.ask(Ledger.look()))[0] < count * rounds:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.05)

    run.play(main)
    run.look()
    assert jaeger.operations(run.service("Shop")) == {("Shop/burst", "server"), ("send Ledger.write", "producer")}
    assert len(run.named("send Ledger.write")) == len(run.named("process Ledger.write")) == count * rounds
    assert {span.parent for span in run.named("process Ledger.write")} == {
        span.id for span in run.named("send Ledger.write")
    }
