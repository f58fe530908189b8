"""Spans as OTLP JSON: what a collector takes over HTTP, Jaeger's upload page opens, and our own view reads.

Ids are hex, times are strings of nanoseconds, kinds and codes are numbers, as OTLP's JSON mapping says.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import msgspec
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind, StatusCode

KINDS = {kind: number for number, kind in enumerate(SpanKind, start=1)}
CODES = {StatusCode.UNSET: 0, StatusCode.OK: 1, StatusCode.ERROR: 2}


def encoded(spans: Iterable[ReadableSpan]) -> bytes:
    """A document with these spans."""
    return as_json({"resourceSpans": resource_spans(spans)})


def as_json(document: object) -> bytes:
    """A document as JSON; halves of characters, which UTF-8 has no form for, become question marks."""
    try:
        return msgspec.json.encode(document)
    except UnicodeEncodeError:
        return msgspec.json.encode(_readable(document))


def _readable(it: object) -> object:
    if isinstance(it, str):
        return it.encode("utf-8", "replace").decode()
    if isinstance(it, dict):
        pairs = cast("dict[object, object]", it)
        return {_readable(key): _readable(value) for key, value in pairs.items()}
    return [_readable(item) for item in cast("list[object]", it)] if isinstance(it, list) else it


def resource_spans(spans: Iterable[ReadableSpan]) -> list[dict[str, Any]]:
    """The spans by resource and scope."""
    found: dict[int, tuple[Resource, dict[str, list[dict[str, Any]]]]] = {}
    for span in spans:
        _, scopes = found.setdefault(id(span.resource), (span.resource, {}))
        scope = span.instrumentation_scope
        scopes.setdefault(scope.name if scope is not None else "", []).append(_span(span))
    return [
        {
            "resource": {"attributes": attributes(resource.attributes)},
            "scopeSpans": [{"scope": {"name": name}, "spans": some} for name, some in scopes.items()],
        }
        for resource, scopes in found.values()
    ]


def _span(span: ReadableSpan) -> dict[str, Any]:
    context = span.context
    assert context is not None  # an ended span has one
    written: dict[str, Any] = {
        "traceId": f"{context.trace_id:032x}",
        "spanId": f"{context.span_id:016x}",
        "name": span.name,
        "kind": KINDS[span.kind],
        "startTimeUnixNano": str(span.start_time or 0),
        "endTimeUnixNano": str(span.end_time or 0),
        "flags": int(context.trace_flags),
    }
    if span.parent is not None:
        written["parentSpanId"] = f"{span.parent.span_id:016x}"
    if context.trace_state:
        written["traceState"] = context.trace_state.to_header()
    if span.attributes:
        written["attributes"] = attributes(span.attributes)
    if span.events:
        written["events"] = [
            {"name": event.name, "timeUnixNano": str(event.timestamp), "attributes": attributes(event.attributes or {})}
            for event in span.events
        ]
    if span.links:
        written["links"] = [
            {
                "traceId": f"{link.context.trace_id:032x}",
                "spanId": f"{link.context.span_id:016x}",
                "attributes": attributes(link.attributes or {}),
            }
            for link in span.links
        ]
    code = CODES[span.status.status_code]
    if code:
        written["status"] = {"code": code, "message": span.status.description or ""}
    return written


def attributes(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A mapping as OTLP writes it."""
    return [{"key": key, "value": value(it)} for key, it in values.items()]


def value(it: object) -> dict[str, Any]:
    """One value as OTLP writes it; what it has no form for is written as text."""
    if isinstance(it, bool):
        return {"boolValue": it}
    if isinstance(it, int):
        return {"intValue": str(it)}
    if isinstance(it, float):
        return {"doubleValue": it if it - it == 0 else str(it)}
    if isinstance(it, str):
        return {"stringValue": it}
    if isinstance(it, Sequence):
        return {"arrayValue": {"values": [value(item) for item in cast("Sequence[object]", it)]}}
    return {"stringValue": str(it)}
