"""Figures of a host reach a collector and a Prometheus, in the words of each, and nothing is done per message."""

import asyncio
import json
import re
from typing import Any
from urllib.request import urlopen

import pytest

from actors import Actor, Delivered, Operation, Role, System, Verb, call
from actors.testing import run
from tests.tracing.caught import Catching
from tests.tracing.test_batch import receiver
from tracing.metric_forms import as_otlp, as_text
from tracing.metrics import Histogram, Point

SAMPLE = re.compile(r'[a-zA-Z_][a-zA-Z0-9_]*(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? -?[0-9.e+-]+')


class Worker(Actor):
    """Works."""

    @call
    async def work(self) -> None:
        await asyncio.sleep(0.002)

    @call
    def fail(self) -> None:
        raise ValueError("x")


async def work(system: System) -> None:
    worker = await system.spawn(Worker)
    for _ in range(5):
        await worker.ask(Worker.work())
    worker.tell(Worker.fail())
    await worker.ask(Worker.work())


def test_a_prometheus_finds_the_figures_of_the_host_on_the_loopback():
    found: list[str] = []

    async def main(system: System) -> None:
        await work(system)
        found.extend(await page(system))
        port = scrape_port(system)
        with pytest.raises(Exception, match="404"):
            await asyncio.to_thread(urlopen, f"http://127.0.0.1:{port}/else")

    run(main, instrument=Catching(metrics="prometheus", scrape_port=29_464))
    samples = [line for line in found if not line.startswith("#")]
    assert samples
    assert not [line for line in samples if SAMPLE.fullmatch(line) is None]
    figures = dict(line.rsplit(" ", 1) for line in samples)
    common = {key.split("{")[0]: value for key, value in figures.items()}
    assert common["understudy_messages_handled_total"] == "7"
    assert common["understudy_restarts_total"] == "1"
    assert float(common["process_memory_usage_bytes"]) > 1e6
    [count] = [value for key, value in figures.items() if key.startswith("understudy_handler_duration_seconds_count")]
    assert count == "7"


async def page(system: System) -> list[str]:
    """What a Prometheus reads now."""
    port = scrape_port(system)
    text = await asyncio.to_thread(lambda: urlopen(f"http://127.0.0.1:{port}/metrics").read().decode())
    return text.splitlines()


def scrape_port(system: System) -> int:
    close = system.host.observer.guarded.instrument._on_close
    return close._metrics.port


def test_headers_that_make_no_sense_are_counted_and_missing_ones_are_not():
    async def main(system: System) -> None:
        async def count() -> str:
            [line] = [it for it in await page(system) if it.startswith("understudy_headers_malformed")]
            return line.rsplit(" ", 1)[1]

        def begin(parent: bytes | None = None, carrier: dict[str, str] | None = None) -> None:
            with system.telemetry.operation(Operation(role=Role.SERVER, name="GET /", parent=parent, carrier=carrier)):
                pass

        begin(b"")
        begin(carrier={"host": "shop"})
        worker = await system.spawn(Worker)
        await worker.ask(Worker.work())
        assert await count() == "0"
        begin(b"nonsense")
        begin(carrier={"TraceParent": "nonsense"})
        assert await count() == "2"
        watched: Any = system.host.observer.guarded.instrument
        subject = system.host.cells[worker.address.number]
        watched.handles(Delivered(Verb.TELL, Worker.work(), b"nonsense", 0.0, 1), subject).end()
        assert await count() == "3"

    run(main, instrument=Catching(metrics="prometheus", scrape_port=29_474))


def test_a_collector_gets_the_figures_at_the_end_at_the_latest():
    with receiver() as (endpoint, got):
        run(work, instrument=Catching(metrics="otlp", metrics_endpoint=endpoint))
    metrics = {it["name"]: it for it in got[-1]["resourceMetrics"][0]["scopeMetrics"][0]["metrics"]}
    handled = metrics["understudy.messages.handled"]["sum"]
    assert handled["isMonotonic"]
    assert handled["dataPoints"][0]["asDouble"] == 7
    histogram = metrics["understudy.handler.duration"]["histogram"]["dataPoints"][0]
    assert sum(map(int, histogram["bucketCounts"])) == int(histogram["count"]) == 7
    assert histogram["sum"] >= 0.012
    assert metrics["understudy.delivery.success"]["gauge"]["dataPoints"][0]["asDouble"] <= 1.0


def test_labels_cannot_break_out_of_the_text():
    point = Point("a.b", "It is", "1", 1, grows=False, labels=(("name", 'x"} 5\nevil 1'),))
    lines = as_text([point], {}).splitlines()
    assert lines[2] == r'a_b{name="x\"} 5\nevil 1"} 1'
    assert len(lines) == 3


def test_a_histogram_is_cumulative_in_text_and_not_in_otlp():
    histogram = Histogram()
    for seconds in (0.00005, 0.003, 0.003, 100.0):
        histogram.add(seconds)
    point = Point("wait", "Waits", "s", histogram, grows=True)
    text = as_text([point], {})
    assert 'wait_seconds_bucket{le="0.005"} 3' in text
    assert 'wait_seconds_bucket{le="+Inf"} 4' in text
    [metric] = json.loads(as_otlp([point], {}, 0))["resourceMetrics"][0]["scopeMetrics"][0]["metrics"]
    assert metric["histogram"]["dataPoints"][0]["bucketCounts"] == ["1", "0", "0", "2", *"0000000", "1"]
