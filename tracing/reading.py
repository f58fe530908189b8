"""Traces read back from files of OTLP JSON: whatever this library, a collector or Jaeger has written in that form."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import msgspec

from tracing.clocked import STAMP

KINDS = ("?", "internal", "server", "client", "producer", "consumer")
ERROR = 2


class Unreadable(Exception):
    """A file holds no traces; the text says which, and why."""


@dataclass(frozen=True, slots=True, eq=False)
class ReadSpan:
    """One span. Times are in nanoseconds since 1970."""

    trace: str
    id: str
    parent: str
    service: str
    name: str
    kind: str
    start: int
    end: int
    facts: dict[str, Any]
    error: str
    """What went wrong, in words; empty if nothing did."""
    links: tuple[str, ...] = ()
    """Ids of the traces that it follows from."""
    host: str = ""
    """Whose clock its times are of."""

    @property
    def stamp(self) -> str:
        """That of a logical clock, if there was one."""
        return str(self.facts.get(STAMP, ""))


@dataclass(slots=True)
class Trace:
    """The spans of one trace, and who is below whom."""

    id: str
    spans: list[ReadSpan] = field(default_factory=list[ReadSpan])
    children: dict[str, list[ReadSpan]] = field(default_factory=dict[str, list[ReadSpan]])
    roots: list[ReadSpan] = field(default_factory=list[ReadSpan])
    """Spans without a parent, and those whose parent was not found."""

    @property
    def start(self) -> int:
        """When the first span begins."""
        return min(span.start for span in self.spans)

    @property
    def seconds(self) -> float:
        """From the beginning of the first root to its end."""
        return (self.roots[0].end - self.roots[0].start) / 1e9

    @property
    def lasts(self) -> float:
        """From the beginning of the first span to the end of the last: longer where nobody waited for what was told."""
        return (max(span.end for span in self.spans) - self.start) / 1e9

    @property
    def errors(self) -> int:
        """How many spans have failed."""
        return sum(1 for span in self.spans if span.error)


def documents(paths: Iterable[Path]) -> list[dict[str, Any]]:
    """The `resourceSpans` of these files and folders. Raises Unreadable."""
    found: list[dict[str, Any]] = []
    for path in paths:
        if not path.exists():
            raise Unreadable(f"There is no {path}. Name a file or a folder that a traced run has written.")
        for file in sorted(path.glob("*.json")) if path.is_dir() else [path]:
            found += _parts(file)
    return found


def traces(parts: Iterable[dict[str, Any]]) -> list[Trace]:
    """The traces in `resourceSpans`, oldest first."""
    found: dict[str, Trace] = {}
    for part in parts:
        resource = _facts(part.get("resource", {}))
        service, host = str(resource.get("service.name", "?")), str(resource.get("service.instance.id", ""))
        for scope in part.get("scopeSpans", ()):
            for it in scope.get("spans", ()):
                span = _span(service, host, it)
                found.setdefault(span.trace, Trace(span.trace)).spans.append(span)
    for trace in found.values():
        _arrange(trace)
    return sorted(found.values(), key=lambda trace: trace.start)


def _parts(file: Path) -> list[dict[str, Any]]:
    try:
        text = file.read_bytes()
        document: Any = msgspec.json.decode(_whole(text))
        parts: Any = document["resourceSpans"]
    except OSError as error:
        raise Unreadable(f"{file} cannot be read: {error.strerror}.") from error
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise Unreadable(f"{file} is no OTLP JSON: {error}.") from error
    if not isinstance(parts, list):
        raise Unreadable(f"{file} is no OTLP JSON: its resourceSpans are no list.")
    return cast("list[dict[str, Any]]", parts)


def _whole(text: bytes) -> bytes:
    """A file whose writer was killed in the middle of a batch, without that batch."""
    if text.endswith(b"]}"):
        return text
    end = text.rfind(b'},{"resource":')
    return text[: end + 1] + b"]}" if end > 0 else text


def _arrange(trace: Trace) -> None:
    trace.spans.sort(key=lambda span: span.start)
    known = {span.id for span in trace.spans}
    for span in trace.spans:
        if span.parent in known and span.parent != span.id:
            trace.children.setdefault(span.parent, []).append(span)
        else:
            trace.roots.append(span)
    if any(span.stamp for span in trace.spans):
        _put_in_order(trace)


def _put_in_order(trace: Trace) -> None:
    """Move what a host with a slow clock did, so that nothing begins before what its stamp says came before it.

    On one host times are right among each other, so what it did below one message moves together.
    """
    right: dict[str, ReadSpan] = {}
    waiting: list[tuple[ReadSpan, ReadSpan | None, int]] = [(root, None, 0) for root in trace.roots]
    while waiting:
        span, parent, shift = waiting.pop()
        if parent is not None and span.stamp > parent.stamp and span.host != parent.host:
            shift = max(0, parent.start - span.start)
        moved = right[span.id] = replace(span, start=span.start + shift, end=span.end + shift)
        waiting.extend((child, moved, shift) for child in trace.children.get(span.id, ()))

    def ordered(spans: list[ReadSpan]) -> list[ReadSpan]:
        return sorted((right.get(span.id, span) for span in spans), key=_order)

    trace.spans, trace.roots = ordered(trace.spans), ordered(trace.roots)
    trace.children = {parent: ordered(children) for parent, children in trace.children.items()}


def _order(span: ReadSpan) -> tuple[int, str]:
    return span.start, span.stamp


def _span(service: str, host: str, it: dict[str, Any]) -> ReadSpan:
    facts = _facts(it)
    status = it.get("status", {})
    error = ""
    if status.get("code", 0) == ERROR:
        kind, text = str(facts.get("error.type", "error")), str(status.get("message", ""))
        error = f"{kind}: {text}" if text and text != kind else kind
    start, number = int(it.get("startTimeUnixNano", 0)), int(it.get("kind", 0))
    return ReadSpan(
        trace=str(it.get("traceId", "")),
        id=str(it.get("spanId", "")),
        parent=str(it.get("parentSpanId", "")),
        service=service,
        name=str(it.get("name", "")),
        kind=KINDS[number] if 0 <= number < len(KINDS) else KINDS[0],
        start=start,
        end=max(start, int(it.get("endTimeUnixNano", 0))),
        facts=facts,
        error=error,
        links=tuple(str(link.get("traceId", "")) for link in it.get("links", ())),
        host=host,
    )


def _facts(holder: dict[str, Any]) -> dict[str, Any]:
    return {it["key"]: next(iter(it["value"].values()), "") for it in holder.get("attributes", ())}
