"""How tracing is set up: by arguments and by OpenTelemetry's own `OTEL_*` variables, read once, in the driver.

A variable that makes no sense is an error at the start that names it, its value and what it takes; one that this
tracing has no use for is left alone. What is read travels to every host, so all of them do the same.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from urllib.parse import unquote, urlsplit

from actors import SettingsError
from tracing.clocked import MakesClock

T = TypeVar("T")

STANDARD_ENDPOINT = "http://localhost:4318"
"""Where a collector listens for OTLP over HTTP."""

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
"""A service's name: what Jaeger's page and its older routes can bear."""

SAMPLERS = {
    "always_on": 1.0,
    "always_off": 0.0,
    "traceidratio": None,
    "parentbased_always_on": 1.0,
    "parentbased_always_off": 0.0,
    "parentbased_traceidratio": None,
}
"""Samplers and the share of new traces that they take. All are parent-based: half a trace helps nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """Everything that tracing of one system goes by."""

    app: str
    traces: str
    """"otlp", "file" or "none"."""
    metrics: str
    """"otlp", "prometheus" or "none"."""
    folder: Path
    traces_endpoint: str
    metrics_endpoint: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    compressed: bool = False
    ratio: float = 1.0
    """The share of traces begun here that are taken."""
    by_class: bool = True
    """A service for each actor class, else one for the whole app."""
    resource: Mapping[str, str] = field(default_factory=dict[str, str])
    patience: float = 10.0
    """Seconds that one batch may take."""
    delay: float = 0.5
    """Seconds between two batches of a quiet host: what a killed host loses."""
    bound: int = 32_768
    """Spans that may wait on one host."""
    size: int = 512
    """Spans of one batch."""
    longest_value: int = 1024
    """Characters of an attribute's value."""
    interval: float = 10.0
    """Seconds between two exports of metrics."""
    scrape_port: int = 9464
    """Prometheus finds the first host of a machine here, and the others behind it."""
    exceptions: bool = True
    """Record a handler's exception with its traceback."""
    clock: MakesClock | None = None
    """Makes the logical clock of each host."""


def configured(
    app: str,
    environ: Mapping[str, str],
    *,
    folder: Path,
    by_class: bool,
    exceptions: bool,
    clock: MakesClock | None = None,
) -> Configuration | None:
    """What arguments and environment say; None where `OTEL_SDK_DISABLED` is true. Raises SettingsError."""
    read = _Reader({name: text.strip() for name, text in environ.items() if name.startswith("OTEL_") and text.strip()})
    if read.choice("OTEL_SDK_DISABLED", {"true": True, "false": False}, default=False):
        return None
    endpoint = read.url("OTEL_EXPORTER_OTLP_ENDPOINT", STANDARD_ENDPOINT)
    traces_endpoint = read.url("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", endpoint.rstrip("/") + "/v1/traces")
    metrics_endpoint = read.url("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", endpoint.rstrip("/") + "/v1/metrics")
    named = any(name in read.environ for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"))
    _protocol(read)
    return Configuration(
        app=_app(read, app),
        traces=read.choice(
            "OTEL_TRACES_EXPORTER", {"otlp": "otlp", "file": "file", "none": "none"}, "otlp" if named else "file"
        ),
        metrics=read.choice(
            "OTEL_METRICS_EXPORTER", {"otlp": "otlp", "prometheus": "prometheus", "none": "none"}, "none"
        ),
        folder=folder,
        traces_endpoint=traces_endpoint,
        metrics_endpoint=metrics_endpoint,
        headers=read.pairs("OTEL_EXPORTER_OTLP_HEADERS") | read.pairs("OTEL_EXPORTER_OTLP_TRACES_HEADERS"),
        compressed=read.choice("OTEL_EXPORTER_OTLP_COMPRESSION", {"gzip": True, "none": False}, default=False),
        ratio=_ratio(read),
        by_class=by_class,
        resource=read.pairs("OTEL_RESOURCE_ATTRIBUTES"),
        patience=read.number("OTEL_EXPORTER_OTLP_TIMEOUT", 10_000, 1, 3_600_000) / 1000,
        delay=read.number("OTEL_BSP_SCHEDULE_DELAY", 500, 1, 3_600_000) / 1000,
        bound=read.whole("OTEL_BSP_MAX_QUEUE_SIZE", 32_768, 1, 2**24),
        size=read.whole("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 512, 1, 2**16),
        longest_value=read.whole("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", 1024, 1, 2**20),
        interval=read.number("OTEL_METRIC_EXPORT_INTERVAL", 10_000, 100, 3_600_000) / 1000,
        scrape_port=read.whole("OTEL_EXPORTER_PROMETHEUS_PORT", 9464, 0, 65_535),
        exceptions=exceptions,
        clock=clock,
    )


class _Reader:
    """Reads variables, each with what it takes."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ

    def choice(self, name: str, choices: Mapping[str, T], default: T) -> T:
        """One of some words."""
        text = self.environ.get(name)
        if text is None:
            return default
        if text.lower() not in choices:
            raise _senseless(name, text, "one of " + ", ".join(choices))
        return choices[text.lower()]

    def number(self, name: str, default: float, low: float, high: float) -> float:
        """A number within bounds."""
        return self._parsed(name, default, low, high, float, "a number")

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        """A whole number within bounds."""
        return self._parsed(name, default, low, high, int, "a whole number")

    def _parsed(self, name: str, default: T, low: float, high: float, parse: Callable[[str], T], what: str) -> T:
        text = self.environ.get(name)
        if text is None:
            return default
        try:
            found = parse(text)
        except ValueError:
            found = None
        if found is None or not low <= found <= high:  # type: ignore[operator] # pyright: ignore[reportOperatorIssue]
            raise _senseless(name, text, f"{what} from {low:g} to {high:g}")
        return found

    def url(self, name: str, default: str) -> str:
        """An address of a collector."""
        text = self.environ.get(name)
        if text is None:
            return default
        try:
            parts = urlsplit(text)
            sensible = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
        except ValueError:
            sensible = False
        if not sensible:
            raise _senseless(name, text, f"an address such as {STANDARD_ENDPOINT}")
        return text

    def pairs(self, name: str) -> dict[str, str]:
        """`key=value` with commas between, values as in addresses."""
        found: dict[str, str] = {}
        for part in self.environ.get(name, "").split(","):
            if not part.strip():
                continue
            key, sign, text = part.partition("=")
            if not sign or not key.strip():
                raise _senseless(name, self.environ[name], "pairs such as key=value, with commas between")
            found[key.strip()] = unquote(text.strip())
        return found


def _protocol(read: _Reader) -> None:
    for name in ("OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"):
        text = read.environ.get(name, "http/json")
        if text not in {"http/json", "http/protobuf"}:
            takes = "http/json; http/protobuf means the same here, because collectors take both at one address (4318)"
            raise _senseless(name, text, takes)


def _app(read: _Reader, app: str) -> str:
    service = read.pairs("OTEL_RESOURCE_ATTRIBUTES").get("service.name")
    found = read.environ.get("OTEL_SERVICE_NAME") or service or app
    if NAME.fullmatch(found) is None:
        raise _senseless("OTEL_SERVICE_NAME" if found != app else "app", found, "letters, digits, dots, - and _")
    return found


def _ratio(read: _Reader) -> float:
    share = read.choice("OTEL_TRACES_SAMPLER", SAMPLERS, 1.0)
    return share if share is not None else read.number("OTEL_TRACES_SAMPLER_ARG", 1.0, 0.0, 1.0)


def _senseless(name: str, text: str, takes: str) -> SettingsError:
    return SettingsError(f"{name} is {text!r}: it takes {takes}.")
