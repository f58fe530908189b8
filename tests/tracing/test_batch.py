"""Exporting harms nobody: what waits is bounded, what is lost is counted, and nobody waits longer than he said."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider

from tests.tracing.caught import Catcher, from_otlp
from tracing.batch import Batches
from tracing.exporters import Collector, File


class Stuck(Catcher):
    """Does not come back until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.entered = threading.Event()
        self.free = threading.Event()

    def export(self, spans: Any, seconds: float) -> bool:
        self.entered.set()
        self.free.wait(10.0)
        return super().export(spans, seconds)


def batches(exporter: Any, **changes: Any) -> Batches:
    usual = {"bound": 100, "size": 10, "delay": 0.005, "patience": 5.0}
    return Batches(exporter, **usual | changes)


def spans(sink: Batches, count: int) -> None:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(sink)
    tracer = provider.get_tracer("test")
    for number in range(count):
        tracer.start_span(f"span {number}").end()


def test_everything_leaves_while_running_and_at_the_end():
    catcher = Catcher()
    sink = batches(catcher)
    spans(sink, 25)
    assert sink.force_flush(5000)
    assert len(catcher.spans) == 25
    spans(sink, 5)
    sink.close(5.0)
    assert len(catcher.spans) == 30
    assert catcher.closed
    assert (sink.account.ended, sink.account.exported, sink.account.dropped) == (30, 30, 0)


def test_what_has_no_room_is_dropped_and_counted_and_ending_a_span_never_waits():
    stuck = Stuck()
    sink = batches(stuck, delay=60.0)  # so that it takes ten at once, when there are ten
    spans(sink, 10)
    assert stuck.entered.wait(5.0)
    began = time.monotonic()
    spans(sink, 1000)
    assert time.monotonic() - began < 5.0
    assert sink.account.dropped == 900
    stuck.free.set()
    sink.close(5.0)
    account = sink.account
    assert account.ended == 1010 == account.exported + account.dropped + account.failed
    assert len(stuck.spans) == 110
    assert stuck.spans[10].name == "span 0"  # the oldest are kept


def test_a_hanging_exporter_keeps_nobody_at_the_end():
    stuck = Stuck()
    sink = batches(stuck, delay=60.0)
    spans(sink, 50)
    assert stuck.entered.wait(5.0)
    began = time.monotonic()
    sink.close(0.2)
    assert time.monotonic() - began < 5.0
    assert sink.account.dropped == 40
    spans(sink, 1)
    assert sink.account.dropped == 41
    stuck.free.set()


def test_an_exporter_that_raises_loses_its_batch_and_no_other():
    class Faulty(Catcher):
        calls = 0

        def export(self, spans: Any, seconds: float) -> bool:
            self.calls += 1
            if self.calls == 1:
                raise RuntimeError("planted")
            return super().export(spans, seconds)

    faulty = Faulty()
    sink = batches(faulty)
    spans(sink, 30)
    sink.close(5.0)
    assert sink.account.failed == 30 - len(faulty.spans)
    assert 1 <= sink.account.failed <= 10


# ---- over HTTP ------------------------------------------------------------------------------------------------------


@contextmanager
def receiver(*answers: int) -> Iterator[tuple[str, list[Any]]]:
    """A collector that answers so, and then 200."""
    got: list[Any] = []
    left = list(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append(json.loads(body))
            self.send_response(left.pop(0) if left else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/traces", got
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def sent(endpoint: str, count: int = 3, patience: float = 5.0) -> Batches:
    sink = batches(Collector(endpoint, {"a": "b"}, compressed=False), patience=patience)
    spans(sink, count)
    sink.close(10.0)
    return sink


def test_a_collector_gets_spans_as_otlp():
    with receiver() as (endpoint, got):
        assert sent(endpoint).account.exported == 3
    scopes = [scope for it in got for one in it["resourceSpans"] for scope in one["scopeSpans"]]
    assert [span["name"] for scope in scopes for span in scope["spans"]] == ["span 0", "span 1", "span 2"]


def test_a_busy_collector_is_asked_again():
    with receiver(503, 429) as (endpoint, got):
        assert sent(endpoint).account.exported == 3
    assert len(got) == 3


def test_a_collector_that_refuses_is_not_asked_again():
    with receiver(400, 500) as (endpoint, got):
        assert sent(endpoint).account.failed == 3
    assert len(got) == 1


def test_a_collector_that_is_not_there_costs_spans_and_nothing_else(caplog):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{taken.getsockname()[1]}/v1/traces"
        account = sent(endpoint, patience=0.3).account
    assert account.failed == 3
    assert "does not answer" in caplog.text


def test_a_collector_that_hangs_is_waited_for_no_longer_than_was_said():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        account = sent(f"http://127.0.0.1:{silent.getsockname()[1]}/", patience=0.3).account
    assert account.failed == 3
    assert time.monotonic() - began < 5.0


def test_spans_arrive_again_after_the_collector_has_come_back():
    with receiver() as (endpoint, got):
        collector = Collector(endpoint, {}, compressed=False)
    assert not collector.post(b"{}", 0.3)
    with pytest.MonkeyPatch.context() as patch, receiver() as (again, got):
        patch.setattr(collector, "_port", int(again.split(":")[2].split("/")[0]))
        assert collector.post(b"{}", 5.0)
        assert got == [{}]
    collector.close()


# ---- into files -----------------------------------------------------------------------------------------------------


def test_a_file_is_a_whole_document_after_every_batch(tmp_path):
    path = tmp_path / "deep" / "spans.json"
    sink = batches(File(path))
    for count in (3, 4, 5):
        spans(sink, count)
        assert sink.force_flush(5000)
        json.loads(path.read_bytes())
    sink.close(5.0)
    assert len(from_otlp(_with_service(json.loads(path.read_bytes())))) == 12


def _with_service(document: Any) -> Any:
    return document["resourceSpans"]
