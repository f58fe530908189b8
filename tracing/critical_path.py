"""The critical path of a trace, as Jaeger's page computes it: the spans without which it would have ended sooner.

Walking back from the end of the root, time belongs to the child that ended last, as long as one was waited for, and
else to the span itself. A consumer below its producer is not waited for.
"""

from tracing.reading import ReadSpan, Trace


def critical_path(trace: Trace) -> dict[str, int]:
    """Nanoseconds of each span's own work on the path, by span id."""
    path: dict[str, int] = {}
    if trace.roots:
        root = trace.roots[0]
        _walk(trace, root, root.start, root.end, path)
    return path


def _walk(trace: Trace, root: ReadSpan, begin: int, end: int, path: dict[str, int]) -> None:
    waiting = [(root, begin, end)]
    while waiting:
        span, begin, now = waiting.pop()
        children = sorted(
            (child for child in trace.children.get(span.id, ()) if _is_waited_for(span, child)),
            key=lambda child: child.end,
            reverse=True,
        )
        for child in children:
            until, since = min(child.end, span.end), max(child.start, begin)
            if since >= now or until > now or until <= since:  # beside another that ended later, or outside its parent
                continue
            path[span.id] = path.get(span.id, 0) + now - until
            waiting.append((child, since, until))
            now = since
        path[span.id] = path.get(span.id, 0) + now - begin


def _is_waited_for(parent: ReadSpan, child: ReadSpan) -> bool:
    return not (parent.kind == "producer" and child.kind == "consumer") and child.start < parent.end
