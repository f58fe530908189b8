"""A host's loop runs in a thread of its own from `start` to `stop`, so that a stuck loop can still be asked and told.

The entry is `async def serve(payload, life) -> report`. It calls `life.ready(...)` once it can be reached, waits for
`life.stopping`, drains within `life.budget` seconds and returns. What it returns is its last report.
No Ray in this file.
"""

import asyncio
import concurrent.futures
import threading
import traceback
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from actors.operations.stacks import stacks_of

SIGTERM = "SIGTERM"
"""The reason of a host that is told to leave while the system goes on: it finishes what it has first, and then
somebody else takes its seat."""

MOVE = "its node is drained"
"""As that; the driver says so."""

EXHAUSTED = "too many of its threads are abandoned"
"""As that; the host says so itself."""

ORPHANED = "the driver's seat is gone"
"""The reason of a host, or a spare, whose system is over; it says so itself."""

BY_ITSELF = "ended by itself"
"""The reason of an entry that nobody told to end."""

CANCEL_GRACE = 1.0
"""Seconds that an entry has after it was cancelled for overrunning its budget."""


@dataclass(frozen=True, slots=True)
class Farewell:
    """How a host's entry ended: why it was told to stop (or "ended by itself"), whether in time, and its last report.

    `error` is the traceback of what it raised, else empty.
    """

    reason: str
    in_time: bool
    report: object = None
    error: str = ""


class HostLife:
    """One run of an entry, which uses `ready`, `stopping`, `reason`, `budget`, `orders`; the rest is for others."""

    def __init__(self, entry: Callable[..., Awaitable[object]], payload: object) -> None:
        self.stopping = asyncio.Event()
        self.reason = BY_ITSELF
        self.budget = 0.0
        self.orders: asyncio.Queue[Any] = asyncio.Queue()
        """What others have told the entry to do."""
        self.look: Callable[[], object] = _nothing
        """What the entry lets operators see of it, called in any thread."""
        self._entry = entry
        self._payload = payload
        self._ready: concurrent.futures.Future[object] = concurrent.futures.Future()
        self._ended: concurrent.futures.Future[Farewell] = concurrent.futures.Future()
        self._telling = threading.Lock()
        self._told = False
        self._given_up = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[object] | None = None
        self._thread = threading.Thread(target=self._run, name="host-loop", daemon=True)

    def ready(self, report: object) -> None:
        """The host can be reached; `report` (its addresses, for example) goes to whoever started it. Once."""
        self._ready.set_result(report)

    def start(self, when_ended: Callable[[Farewell], object]) -> None:
        """Start the loop; `when_ended` is called in the loop's thread, after the loop is closed."""
        self._ended.add_done_callback(lambda ended: when_ended(ended.result()))
        self._thread.start()

    def report(self, timeout: float | None = None) -> object:
        """Wait for the entry's first report. Raises `RuntimeError` with the traceback if it ended before that."""
        return self._ready.result(timeout)

    def stop(self, reason: str, budget: float) -> Farewell:
        """Tell the entry to drain within `budget` seconds and wait for its end; from any thread but the loop's.

        The first call's reason and budget count. An entry that overruns is cancelled, and given up one second later.
        """
        self.tell(reason, budget)
        with suppress(concurrent.futures.TimeoutError):
            return self._ended.result(0 if self._given_up else budget)
        if self._task is not None and not self._given_up:
            self._in_loop(self._task.cancel)
            with suppress(concurrent.futures.TimeoutError):
                return self._ended.result(CANCEL_GRACE)
        self._given_up = True
        return Farewell(self.reason, in_time=False, error="The host's loop did not end; its stacks say where it is.")

    def tell(self, reason: str, budget: float) -> None:
        """As `stop`, from any thread, and without waiting for the end."""
        with self._telling:
            if not self._told:
                self._told, self.reason, self.budget = True, reason, budget
                self._in_loop(self.stopping.set)

    def order(self, what: object) -> None:
        """Tell the entry to do something; from any thread. One that is not running yet, or has ended, hears nothing."""
        self._in_loop(lambda: self.orders.put_nowait(what))

    def stacks(self) -> dict[str, str]:
        """What every thread and every task of the loop is doing now, by name; works while the loop is stuck."""
        return stacks_of(self._loop)

    def _in_loop(self, call: Callable[[], object]) -> None:
        if self._loop is not None:
            with suppress(RuntimeError):  # closed meanwhile
                self._loop.call_soon_threadsafe(call)

    def _run(self) -> None:
        report: object = None
        error = ""
        with asyncio.Runner(loop_factory=_new_loop) as runner:
            try:
                report = runner.run(self._serve())
            except asyncio.CancelledError:
                error = "The entry was cancelled, because it overran its budget."
            except BaseException:  # noqa: BLE001  whatever ends the entry ends the host, and is reported
                error = traceback.format_exc()
        if not self._ready.done():
            why = error or "it returned"
            self._ready.set_exception(RuntimeError(f"The host's entry ended before it was ready: {why}"))
        self._ended.set_result(Farewell(self.reason, not error, report, error))

    async def _serve(self) -> object:
        self._task = asyncio.current_task()
        with self._telling:
            self._loop = asyncio.get_running_loop()
            if self._told:
                self.stopping.set()
        return await self._entry(self._payload, self)


Entry = Callable[[Any, HostLife], Coroutine[Any, Any, object]]
"""The form of an entry."""


def _nothing() -> None:
    """The entry has not said what may be seen of it."""


def _new_loop() -> asyncio.AbstractEventLoop:
    """A uvloop where it is installed: half the cost of a message between processes."""
    try:
        import uvloop
    except ImportError:  # Windows
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
