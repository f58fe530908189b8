"""Traces in a terminal: a tree per trace, with what waited, what failed, and the critical path marked.

One line a span: when it began, how long it took, a star on the critical path, and who did what.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from tracing.critical_path import critical_path
from tracing.reading import ReadSpan, Trace

ARROWS = {"client": "asks", "server": "answers", "producer": "sends", "consumer": "handles", "internal": "", "?": ""}
"""What a span's kind says in words."""

SHOWN_WAIT = 0.1
"""Milliseconds in a mailbox that are worth a word."""

MUCH_LONGER = 1.5
"""Times as long as its root took: from there on, when a trace was over is worth a word."""

MOST = 200
"""Spans of one trace that are drawn; the rest are counted."""


def chosen(
    found: Iterable[Trace],
    *,
    service: str = "",
    errors: bool = False,
    slowest: int | None = None,
    trace: str = "",
    saying: str = "",
) -> list[Trace]:
    """The traces that are asked for; the slowest first if those are."""
    those = [
        it
        for it in found
        if it.id.startswith(trace)
        and (not errors or it.errors)
        and (not saying or any(saying in str(fact) for span in it.spans for fact in span.facts.values()))
        and (not service or any(service in span.service for span in it.spans))
    ]
    if slowest is not None:
        those = sorted(those, key=lambda it: it.seconds, reverse=True)[:slowest]
    return those


def summary(found: Sequence[Trace]) -> str:
    """One line about all of them."""
    spans = sum(len(it.spans) for it in found)
    services = {span.service for it in found for span in it.spans}
    failed = sum(1 for it in found if it.errors)
    return f"{len(found):,} traces, {spans:,} spans, {len(services)} services, {failed:,} traces with errors"


def drawn(trace: Trace, *, short: bool = False, without: str = "") -> Iterator[str]:
    """The lines of one trace.

    short: a message that was told is one line, its handler's. without: leave out spans with this in their names, and
    what is below them.
    """
    path = critical_path(trace)
    services = len({span.service for span in trace.spans})
    when = datetime.fromtimestamp(trace.start / 1e9, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    failed = f", {trace.errors} with errors" if trace.errors else ""
    over = f"all over after {_long(trace.lasts)}, " if trace.lasts > MUCH_LONGER * trace.seconds else ""
    yield (
        f"trace {trace.id}  {when}  {_long(trace.seconds)}, {over}{_count(len(trace.spans), 'span')}, "
        f"{_count(services, 'service')}{failed}"
    )
    width = max(len(span.service) for span in trace.spans)
    for lines, (span, depth, sender) in enumerate(_walk(trace, short=short, without=without)):
        if lines >= MOST:
            yield f"    ... and {len(trace.spans) - MOST:,} spans more"
            return
        yield _line(span, depth, trace.start, width, path, sender)


def _line(span: ReadSpan, depth: int, start: int, width: int, path: dict[str, int], sender: str) -> str:
    star = "*" if path.get(span.id) else " "
    mark = "!" if span.error else " "
    did = ARROWS[span.kind]
    name = span.name.removeprefix("send ").removeprefix("process ") if did in {"sends", "handles"} else span.name
    notes = list(_notes(span))
    return (
        f"{_long((span.start - start) / 1e9, sign='+'):>10} {_long((span.end - span.start) / 1e9):>9} {mark}{star} "
        f"{span.service:<{width}}  {'  ' * depth}{did + ' ' if did else ''}{name}{sender}"
        f"{'  (' + '; '.join(notes) + ')' if notes else ''}"
    )


def _notes(span: ReadSpan) -> Iterator[str]:
    delay = float(span.facts.get("actor.timer.delay_ms", 0.0))
    if delay:
        yield f"after {_long(delay / 1000)}"
    wait = float(span.facts.get("actor.mailbox.wait_ms", 0.0))
    if wait >= SHOWN_WAIT:
        yield f"waited {_long(wait / 1000)}"
    if int(span.facts.get("actor.delivery.attempt", 1)) > 1:
        yield f"attempt {span.facts['actor.delivery.attempt']}"
    if int(span.facts.get("actor.incarnation", 1)) > 1 and span.kind in {"server", "consumer"}:
        yield f"incarnation {span.facts['actor.incarnation']}"
    for link in span.links:
        if link != span.trace:
            yield f"follows from trace {link[:8]}"
    if span.error:
        yield span.error.splitlines()[0]


def _walk(trace: Trace, *, short: bool, without: str) -> Iterator[tuple[ReadSpan, int, str]]:
    waiting = [(root, 0) for root in reversed(trace.roots)]
    while waiting:
        span, depth = waiting.pop()
        if without and without in span.name:
            continue
        sender, children = "", trace.children.get(span.id, [])
        if short and span.kind == "producer" and len(children) == 1 and children[0].kind == "consumer":
            sender, span = f" from {span.service.rpartition('.')[2]}", children[0]
            children = trace.children.get(span.id, [])
        yield span, depth, sender
        waiting.extend((child, depth + 1) for child in reversed(children))


def _long(seconds: float, sign: str = "") -> str:
    """A length of time in the unit that reads best."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{sign}{seconds / size:.1f} {unit}"
    return f"{sign}{seconds * 1e6:.0f} us"


def _count(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
