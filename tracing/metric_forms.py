"""Figures in the two forms that others read: OTLP JSON for a collector, and text for a Prometheus that comes for it."""

import time
from collections.abc import Iterable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import accumulate
from threading import Thread
from typing import Any

import msgspec

from tracing.metrics import BOUNDS, Figures, Histogram, Point, by_name
from tracing.otlp import attributes

CUMULATIVE = 2


def as_otlp(points: Iterable[Point], resource: Mapping[str, Any], began: int) -> bytes:
    """A document for a collector's `/v1/metrics`."""
    now = time.time_ns()
    metrics = [_metric(name, some, began, now) for name, some in by_name(points).items()]
    scope = {"scope": {"name": "understudy"}, "metrics": metrics}
    return msgspec.json.encode(
        {"resourceMetrics": [{"resource": {"attributes": attributes(resource)}, "scopeMetrics": [scope]}]}
    )


def _metric(name: str, points: list[Point], began: int, now: int) -> dict[str, Any]:
    first = points[0]
    metric: dict[str, Any] = {"name": name, "description": first.meaning, "unit": first.unit}
    data: list[dict[str, Any]] = []
    for point in points:
        written: dict[str, Any] = {
            "attributes": attributes(dict(point.labels)),
            "startTimeUnixNano": str(began),
            "timeUnixNano": str(now),
        }
        if isinstance(point.value, Histogram):
            written |= {
                "count": str(sum(point.value.counts)),
                "sum": point.value.total,
                "bucketCounts": [str(count) for count in point.value.counts],
                "explicitBounds": list(BOUNDS),
            }
        else:
            written["asDouble"] = float(point.value)
        data.append(written)
    if isinstance(first.value, Histogram):
        metric["histogram"] = {"dataPoints": data, "aggregationTemporality": CUMULATIVE}
    elif first.grows:
        metric["sum"] = {"dataPoints": data, "aggregationTemporality": CUMULATIVE, "isMonotonic": True}
    else:
        metric["gauge"] = {"dataPoints": data}
    return metric


def as_text(points: Iterable[Point], common: Mapping[str, str]) -> str:
    """A page for Prometheus."""
    return "\n".join(_lines(points, tuple(common.items()))) + "\n"


def _lines(points: Iterable[Point], common: tuple[tuple[str, str], ...]) -> Iterator[str]:
    for name, some in by_name(points).items():
        first = some[0]
        kind = "histogram" if isinstance(first.value, Histogram) else "counter" if first.grows else "gauge"
        written = name.replace(".", "_") + {"s": "_seconds", "By": "_bytes"}.get(first.unit, "")
        if kind == "counter":
            written += "_total"
        yield f"# HELP {written} {first.meaning}."
        yield f"# TYPE {written} {kind}"
        for point in some:
            labels = common + point.labels
            if isinstance(point.value, Histogram):
                for bound, count in zip((*BOUNDS, "+Inf"), accumulate(point.value.counts), strict=True):
                    yield f"{written}_bucket{_labels((*labels, ('le', str(bound))))} {count}"
                yield f"{written}_sum{_labels(labels)} {point.value.total}"
                yield f"{written}_count{_labels(labels)} {sum(point.value.counts)}"
            else:
                yield f"{written}{_labels(labels)} {point.value}"


def _labels(labels: tuple[tuple[str, str], ...]) -> str:
    def quoted(text: str) -> str:
        return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")

    return "{" + ",".join(f'{name}="{quoted(text)}"' for name, text in labels) + "}" if labels else ""


class Scrape:
    """A page on the loopback for Prometheus; each host of a machine takes the next port that is free."""

    def __init__(self, figures: Figures, common: Mapping[str, str], port: int, tries: int = 64) -> None:
        page = self._page(figures, common)
        for number in range(port, port + tries):
            try:
                self._server = ThreadingHTTPServer(("127.0.0.1", number), page)
                break
            except OSError:
                continue
        else:
            message = f"No port from {port} to {port + tries - 1} is free for OTEL_EXPORTER_PROMETHEUS_PORT."
            raise OSError(message)
        self._server.daemon_threads = True
        self.port = int(self._server.server_port)
        self._thread = Thread(target=self._server.serve_forever, name="understudy-scrape", daemon=True)
        self._thread.start()

    def close(self, seconds: float) -> None:
        """Serve no more."""
        self._server.shutdown()
        self._thread.join(seconds)
        self._server.server_close()

    @staticmethod
    def _page(figures: Figures, common: Mapping[str, str]) -> type[BaseHTTPRequestHandler]:
        class Page(BaseHTTPRequestHandler):
            timeout = 10.0

            def do_GET(self) -> None:
                body = as_text(figures.points(), common).encode() if self.path.startswith("/metrics") else b""
                self.send_response(200 if body else 404)
                self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's own name
                del format, args

        return Page
