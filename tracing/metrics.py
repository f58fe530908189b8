"""Figures of one host, read now and then from what the runtime counts anyway: nothing is done per message.

Handling times and waits come from the spans that are taken. The figures are points, which OTLP and Prometheus each
write in their own way.
"""

import os
import threading
import time
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from actors import Event, Happening, HostStats, Place
from tracing.batch import Account

BOUNDS = (0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0)
"""Upper bounds of the histograms, in seconds."""

LOOKING = 2.0
"""Seconds that a look at the host may take: its loop may be busy."""


@dataclass(slots=True)
class Histogram:
    """How often something took how long."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    total: float = 0.0

    def add(self, seconds: float) -> None:
        """Count one."""
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.total += seconds


@dataclass(frozen=True, slots=True)
class Point:
    """One figure at one moment."""

    name: str
    """With dots, as OpenTelemetry writes it."""
    meaning: str
    unit: str
    value: float | Histogram
    grows: bool
    """Only ever grows: a counter, else a gauge. A histogram does."""
    labels: tuple[tuple[str, str], ...] = ()


def _counter(name: str, meaning: str, unit: str, value: float | Histogram, *labels: tuple[str, str]) -> Point:
    return Point(name, meaning, unit, value, grows=True, labels=labels)


def _gauge(name: str, meaning: str, unit: str, value: float, *labels: tuple[str, str]) -> Point:
    return Point(name, meaning, unit, value, grows=False, labels=labels)


class Figures:
    """The figures of one host."""

    def __init__(self, place: Place, account: Account) -> None:
        self._place = place
        self._account = account
        self._handling: dict[str, Histogram] = {}
        self._waiting: dict[str, Histogram] = {}
        self._lost_hosts = 0
        self.malformed: Callable[[], int] = lambda: 0
        """Reads how many headers made no sense."""
        self._latest: HostStats | None = None
        self._lock = threading.Lock()
        self.began = time.time_ns()

    def handled(self, service: str, seconds: float, waited: float) -> None:
        """A watched handler has ended; from any thread."""
        with self._lock:
            self._handling.setdefault(service, Histogram()).add(seconds)
            self._waiting.setdefault(service, Histogram()).add(waited)

    def happened(self, event: Event) -> None:
        """Something happened."""
        if event.what is Happening.HOST_LOST:
            self._lost_hosts += 1

    def points(self) -> list[Point]:
        """Every figure now. From a thread of its own: the host is asked in its own, and may be slow to answer."""
        stats = self._look()
        points = [*self._of_process(), *self._of_spans()]
        if stats is not None:
            points += _of_host(stats)
        points.append(_counter("understudy.hosts.lost", "Hosts whose loss was heard of here", "1", self._lost_hosts))
        with self._lock:
            for name, meaning, found in (
                ("understudy.handler.duration", "Time in handlers whose spans were taken", self._handling),
                ("understudy.mailbox.wait", "Time in mailboxes before these", self._waiting),
            ):
                points += [
                    _counter(name, meaning, "s", Histogram(list(it.counts), it.total), ("service", service))
                    for service, it in found.items()
                ]
        return points

    def _look(self) -> HostStats | None:
        look, soon = self._place.look, self._place.soon
        if look is None or soon is None:
            return None
        seen = threading.Event()

        def now() -> None:
            self._latest = look()
            seen.set()

        try:
            soon(now)
        except RuntimeError:  # the loop has been closed
            return self._latest
        seen.wait(LOOKING)
        return self._latest

    def _of_process(self) -> Iterator[Point]:
        yield _counter("process.cpu.time", "Processor time of the process", "s", time.process_time())
        memory = _memory()
        if memory:
            yield _gauge("process.memory.usage", "Memory of the process in use", "By", memory)

    def _of_spans(self) -> Iterator[Point]:
        account = self._account
        name, meaning = "understudy.spans", "What became of the spans that ended here"
        for outcome, count in (
            ("exported", account.exported),
            ("dropped", account.dropped),
            ("failed", account.failed),
        ):
            yield _counter(name, meaning, "1", count, ("outcome", outcome))
        yield _counter("understudy.headers.malformed", "Headers that made no sense", "1", self.malformed())


def _of_host(stats: HostStats) -> Iterator[Point]:
    dead = sum(stats.dead_letters.values())
    yield _gauge("understudy.actors", "Living actors", "1", stats.actors)
    yield _counter("understudy.messages.handled", "Messages whose handling began", "1", stats.handled)
    yield _gauge("understudy.mailbox.depth", "Messages that wait", "1", stats.depth)
    yield _gauge("understudy.mailbox.deepest", "Messages in the fullest mailbox", "1", stats.deepest)
    yield _gauge("understudy.asks.waiting", "Asks without an outcome yet", "1", stats.asks_waiting)
    yield _counter("understudy.restarts", "Actors started again after a failure", "1", stats.restarts)
    yield _gauge("understudy.turn.wait", "Mean wait for a turn of the loop", "s", stats.wait_mean)
    yield _gauge("understudy.turn.wait.longest", "Longest wait for a turn lately", "s", stats.wait_max)
    yield _gauge("understudy.threads.abandoned", "Threads of abandoned handlers", "1", stats.abandoned_threads)
    rate = stats.handled / (stats.handled + dead) if stats.handled + dead else 1.0
    yield _gauge("understudy.delivery.success", "Messages handled, of those and dead letters", "1", rate)
    for reason, count in stats.dead_letters.items():
        yield _counter("understudy.dead_letters", "Messages given up", "1", count, ("reason", reason))
    for link in stats.links:
        peer = ("peer_seat", str(link.seat))
        for way, size, records in (("out", link.bytes_out, link.records_out), ("in", link.bytes_in, link.records_in)):
            labels = (peer, ("direction", way))
            yield _counter("understudy.link.bytes", "Bytes on the link", "By", size, *labels)
            yield _counter("understudy.link.records", "Records on the link", "1", records, *labels)
        yield _counter("understudy.link.reconnects", "Connections made again", "1", link.reconnects, peer)
        if link.round_trip is not None:
            yield _gauge("understudy.link.round_trip", "Round trip of the link", "s", link.round_trip, peer)


def _memory() -> int:
    """Bytes of the process in memory; 0 where that cannot be said."""
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    except OSError:
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


class Periodically:
    """Calls something every so many seconds in a thread of its own, and once more at the end."""

    def __init__(self, call: Callable[[], object], seconds: float) -> None:
        self._call = call
        self._seconds = seconds
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="understudy-metrics", daemon=True)
        self._thread.start()

    def close(self, seconds: float) -> None:
        """Call it for the last time, and wait no longer than that."""
        self._over.set()
        self._thread.join(seconds)

    def _run(self) -> None:
        while not self._over.wait(self._seconds):
            self._call()
        self._call()


def by_name(points: Iterable[Point]) -> dict[str, list[Point]]:
    """The points of each figure together, in order."""
    found: dict[str, list[Point]] = {}
    for point in points:
        found.setdefault(point.name, []).append(point)
    return found
