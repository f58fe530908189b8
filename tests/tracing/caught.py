"""Spans as tests look at them: caught from an exporter, a receiver or Jaeger, and drawn as trees."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan

from actors import Instrument, Place
from tracing.configuration import Configuration
from tracing.otlp import resource_spans
from tracing.setup import opened

KINDS = ("", "internal", "server", "client", "producer", "consumer")


@dataclass(frozen=True)
class Seen:
    """One span."""

    trace: str
    id: str
    parent: str
    service: str
    name: str
    kind: str
    start: int
    end: int
    facts: dict[str, Any]
    resource: dict[str, Any]
    links: tuple[tuple[str, str], ...] = ()
    link_facts: tuple[dict[str, Any], ...] = ()
    events: tuple[str, ...] = ()
    error: str | None = None
    status: int = 0
    warnings: tuple[str, ...] = field(default=())

    @property
    def seconds(self) -> float:
        return (self.end - self.start) / 1e9


class Catcher:
    """An exporter that keeps what it gets."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []
        self.closed = False

    def export(self, spans: Sequence[ReadableSpan], seconds: float) -> bool:
        self.spans.extend(spans)
        return True

    def close(self) -> None:
        self.closed = True

    def seen(self) -> list[Seen]:
        return from_otlp(resource_spans(self.spans))


def configuration(**changes: Any) -> Configuration:
    usual: dict[str, Any] = {
        "app": "shop",
        "traces": "none",
        "metrics": "none",
        "folder": Path("/nowhere"),
        "traces_endpoint": "http://127.0.0.1:1/v1/traces",
        "metrics_endpoint": "http://127.0.0.1:1/v1/metrics",
        "delay": 0.01,
    }
    return Configuration(**usual | changes)


class Catching:
    """Opens instruments whose spans all go to one catcher."""

    def __init__(self, **changes: Any) -> None:
        self.catcher = Catcher()
        self.configuration = configuration(**changes)

    def __call__(self, place: Place) -> Instrument:
        return opened(self.configuration, place, self.catcher)

    def seen(self) -> list[Seen]:
        return self.catcher.seen()


def from_otlp(documents: Iterable[dict[str, Any]]) -> list[Seen]:
    """The spans of `resourceSpans`."""
    found: list[Seen] = []
    for one in documents:
        resource = plain(one["resource"]["attributes"])
        for scope in one["scopeSpans"]:
            for it in scope["spans"]:
                facts = plain(it.get("attributes", []))
                found.append(
                    Seen(
                        trace=it["traceId"],
                        id=it["spanId"],
                        parent=it.get("parentSpanId", ""),
                        service=resource["service.name"],
                        name=it["name"],
                        kind=KINDS[it["kind"]],
                        start=int(it["startTimeUnixNano"]),
                        end=int(it["endTimeUnixNano"]),
                        facts=facts,
                        resource=resource,
                        links=tuple((link["traceId"], link["spanId"]) for link in it.get("links", [])),
                        link_facts=tuple(plain(link.get("attributes", [])) for link in it.get("links", [])),
                        events=tuple(event["name"] for event in it.get("events", [])),
                        error=facts.get("error.type"),
                        status=it.get("status", {}).get("code", 0),
                    )
                )
    return found


def plain(attributes: list[dict[str, Any]]) -> dict[str, Any]:
    return {it["key"]: _value(it["value"]) for it in attributes}


def _value(value: dict[str, Any]) -> Any:
    [(kind, it)] = value.items()
    if kind == "arrayValue":
        return [_value(item) for item in it["values"]]
    return int(it) if kind == "intValue" else it


def tree(spans: Iterable[Seen]) -> list[Any]:
    """One trace as nested lists: `service:kind:name`, then its children in an order that does not depend on time."""
    spans = list(spans)
    ids = {span.id for span in spans}

    def below(parent: Seen) -> list[Any]:
        children = sorted((below(span) for span in spans if span.parent == parent.id), key=str)
        return [f"{parent.service}:{parent.kind}:{parent.name}", *children]

    roots = [span for span in spans if span.parent not in ids]
    return sorted((below(root) for root in roots), key=str)


def by_trace(spans: Iterable[Seen]) -> dict[str, list[Seen]]:
    found: dict[str, list[Seen]] = {}
    for span in spans:
        found.setdefault(span.trace, []).append(span)
    return found


def named(spans: Iterable[Seen], name: str) -> list[Seen]:
    return [span for span in spans if span.name == name]
