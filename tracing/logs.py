"""Every log record says in which trace and span it was written, as `trace_id` and `span_id`; "-" where there is none.

Formats may use them: "%(levelname)s %(trace_id)s %(message)s". Records of an actor's own logger carry its name as well.
"""

import logging
from typing import Any

from opentelemetry import trace


class Factory:
    """Makes log records with ids, for as long as any instrument of this process is open."""

    def __init__(self, unwatched: trace.Span) -> None:
        self._unwatched = unwatched
        self._open = 0
        self._former: Any = None

    def install(self) -> None:
        """One more instrument is open."""
        self._open += 1
        if self._open == 1:
            self._former = logging.getLogRecordFactory()
            logging.setLogRecordFactory(self)

    def remove(self) -> None:
        """One less; what was there before comes back, unless a program has put its own over this one."""
        self._open -= 1
        if not self._open and logging.getLogRecordFactory() is self:
            logging.setLogRecordFactory(self._former)

    def __call__(self, *arguments: Any, **named: Any) -> logging.LogRecord:
        """A record with ids."""
        record: logging.LogRecord = self._former(*arguments, **named)
        span = trace.get_current_span()
        context = span.get_span_context()
        known = context.is_valid and span is not self._unwatched
        record.trace_id = f"{context.trace_id:032x}" if known else "-"
        record.span_id = f"{context.span_id:016x}" if known else "-"
        return record
