"""Where spans go: to a collector over HTTP, or into a file that is a whole document after every batch."""

import gzip
import http.client
import logging
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from opentelemetry.sdk.trace import ReadableSpan

from tracing.otlp import as_json, encoded, resource_spans

log = logging.getLogger("understudy.tracing")

FIRST_PAUSE = 0.2
"""Seconds before the second attempt; each next pause is twice as long."""

AGAIN = frozenset((408, 429, 502, 503, 504))
"""Answers of a collector that may take the same later. Whatever else is no 2xx has looked at it and refused."""

SILENCE = 30.0
"""Seconds between two lines that say the collector does not answer."""


class Collector:
    """Posts OTLP JSON to a collector, such as Jaeger."""

    def __init__(self, endpoint: str, headers: Mapping[str, str], *, compressed: bool) -> None:
        parts = urlsplit(endpoint)
        self._endpoint = endpoint
        self._secure = parts.scheme == "https"
        self._host, self._port = parts.hostname or "localhost", parts.port
        self._path = parts.path or "/"
        self._headers = {"Content-Type": "application/json", **headers}
        if compressed:
            self._headers["Content-Encoding"] = "gzip"
        self._compressed = compressed
        self._connection: http.client.HTTPConnection | None = None
        self._complained = -SILENCE

    def export(self, spans: Sequence[ReadableSpan], seconds: float) -> bool:
        """Post them, and again while there is time and hope."""
        return self.post(encoded(spans), seconds)

    def post(self, body: bytes, seconds: float) -> bool:
        """Post one document."""
        if self._compressed:
            body = gzip.compress(body, 1)
        until, pause = time.monotonic() + seconds, FIRST_PAUSE
        while True:
            status = self._attempt(body, until - time.monotonic())
            if status is not None and status not in AGAIN:
                if not 200 <= status < 300:  # noqa: PLR2004 - HTTP's own numbers
                    self._complain(f"answers {status}")
                return 200 <= status < 300  # noqa: PLR2004
            if time.monotonic() + pause >= until:
                self._complain("does not answer" if status is None else f"answers {status}")
                return False
            time.sleep(pause)
            pause *= 2

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _attempt(self, body: bytes, seconds: float) -> int | None:
        if seconds <= 0:
            return None
        fresh = self._connection is None
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        connection = self._connection = self._connection or kind(self._host, self._port)
        until = time.monotonic() + seconds
        try:
            connection.timeout = seconds
            if connection.sock is not None:
                connection.sock.settimeout(seconds)
            connection.request("POST", self._path, body, self._headers)
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            self.close()
            # one that was open before may have been closed by a collector that has started again
            return None if fresh else self._attempt(body, until - time.monotonic())
        return answer.status

    def _complain(self, what: str) -> None:
        now = time.monotonic()
        if now - self._complained >= SILENCE:
            self._complained = now
            log.warning("The collector at %s %s; spans are lost meanwhile, and counted.", self._endpoint, what)


class File:
    """Writes one OTLP JSON document, which is complete after every batch: each overwrites the end of the last."""

    END = b"]}"

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._begun = False

    def export(self, spans: Sequence[ReadableSpan], seconds: float) -> bool:
        """Append them."""
        del seconds
        parts = b",".join(map(as_json, resource_spans(spans)))
        with self._lock:
            if not self._begun:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._path.write_bytes(b'{"resourceSpans":[' + parts + self.END)
                self._begun = True
            else:
                with self._path.open("rb+") as file:
                    file.seek(-len(self.END), 2)
                    file.write(b"," + parts + self.END)
        return True

    def close(self) -> None:
        """Nothing is held."""
