"""Ended spans wait in a bounded queue, and one thread of the process exports them in batches.

A handler that ends a span appends it and goes on, whatever the exporter does. When the queue is full, the new span is
dropped and counted: what waits is older, and parents of it. Nothing is waited for longer than was asked.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor

log = logging.getLogger("understudy.tracing")


class Exporter(Protocol):
    """Takes spans out of the process."""

    def export(self, spans: Sequence[ReadableSpan], seconds: float) -> bool:
        """Take them within so many seconds; False for spans that are lost. May wait, and may raise."""
        ...

    def close(self) -> None:
        """Let go of what it holds."""
        ...


@dataclass(slots=True)
class Account:
    """What became of the spans of one host: `ended` are all, and each is `exported`, `dropped`, `failed` or waits."""

    ended: int = 0
    exported: int = 0
    dropped: int = 0
    """Not queued, because the queue was full or the host had closed; or still waiting when time was up."""
    failed: int = 0
    """The exporter would not take them."""


class Batches(SpanProcessor):
    """The one processor of a host, shared by all its services."""

    def __init__(self, exporter: Exporter, *, bound: int, size: int, delay: float, patience: float) -> None:
        self.account = Account()
        self._exporter = exporter
        self._bound = bound
        self._size = size
        self._delay = delay
        self._patience = patience
        self._queue: deque[ReadableSpan] = deque()
        self._due = threading.Event()
        self._idle = threading.Event()
        self._closing = False
        self._until = float("inf")
        self._thread = threading.Thread(target=self._run, name="understudy-spans", daemon=True)
        self._thread.start()

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Nothing to do."""

    def on_end(self, span: ReadableSpan) -> None:
        """Queue it, or drop it."""
        self.account.ended += 1
        if self._closing or len(self._queue) >= self._bound:
            self.account.dropped += 1
            return
        self._queue.append(span)
        if len(self._queue) >= self._size and not self._due.is_set():
            self._due.set()

    def shutdown(self) -> None:
        """Of a provider: they share this processor, which is closed by `close`."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Export what waits now, waiting no longer than that; False if time was up."""
        until = time.monotonic() + timeout_millis / 1000
        while self._queue or not self._idle.is_set():
            self._due.set()
            if time.monotonic() >= until or not self._thread.is_alive():
                return False
            self._idle.wait(0.005)
            time.sleep(0.001)
        return True

    def close(self, seconds: float) -> None:
        """Export what waits, within so many seconds; what is left then is dropped and counted."""
        self._until = time.monotonic() + seconds
        self._closing = True
        self._due.set()
        self._thread.join(seconds)
        left = len(self._queue)
        self._queue.clear()
        self.account.dropped += left
        account = self.account
        lost = account.ended - account.exported
        log.log(
            logging.WARNING if lost else logging.DEBUG,
            "%d spans ended, %d exported, %d dropped, %d not taken by the exporter",
            account.ended,
            account.exported,
            account.dropped,
            account.failed,
        )

    def _run(self) -> None:
        try:
            while not self._closing:
                self._idle.set()
                self._due.wait(self._delay)
                self._idle.clear()
                self._due.clear()
                self._drain()
            self._drain()
        finally:
            self._idle.set()
            self._exporter.close()

    def _drain(self) -> None:
        while self._queue and time.monotonic() < self._until:
            batch = [self._queue.popleft() for _ in range(min(self._size, len(self._queue)))]
            left = max(0.05, min(self._patience, self._until - time.monotonic()))
            try:
                taken = self._exporter.export(batch, left)
            except Exception as error:  # noqa: BLE001 - an exporter may do anything, and must harm nobody
                log.debug("The exporter raised %s: %s", type(error).__qualname__, error)
                taken = False
            if taken:
                self.account.exported += len(batch)
            else:
                self.account.failed += len(batch)
