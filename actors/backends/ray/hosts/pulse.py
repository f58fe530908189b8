"""A host's pulse beats in a thread of its own, so that a loop that hangs is not taken for a dead host: rule A21.

The loop renews the lease by itself while it runs. When it hangs, this thread renews in its place, and says in which
actor; it names that actor in the log after a second, and ends the process when it hangs for too long.
"""

import asyncio
import logging
import sys
import threading
import traceback
from collections.abc import Callable

from actors.leased_host import LeasedHost
from actors.membership.watchdog import PERIOD, Fate, Watchdog

log = logging.getLogger("understudy.ray")

REASONS = {
    Fate.HANGS: "its loop has been hanging for longer than the stall_limit",
    Fate.ALONE: "the directory could not be reached for longer than the isolation time",
}


class Pulse:
    """Watches one host from its start to its end. `renew` renews in this thread; `end` ends what must not go on."""

    def __init__(
        self, host: LeasedHost, watchdog: Watchdog, renew: Callable[["Pulse"], None], end: Callable[[str], None]
    ) -> None:
        self.stalled = ""
        """The actor in which the loop hangs."""
        self.stack = ""
        """Where in it."""
        self.lag = 0.0
        """Seconds by which the loop was late the last time it was looked for; or is, if it hangs."""
        self._host = host
        self._watchdog = watchdog
        self._renew = renew
        self._end = end
        self._asked_at = 0.0
        self._answered = True
        self._renewed_at = 0.0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="host-pulse", daemon=True)

    def start(self) -> None:
        """Begin to beat."""
        self._thread.start()

    def stop(self) -> None:
        """Beat no more; returns when no renewal is under way from here."""
        self._stopping.set()
        if self._thread is not threading.current_thread():
            self._thread.join(2 * PERIOD)

    def _run(self) -> None:
        while not self._stopping.wait(PERIOD):
            now, runs = self._host.clock(), self._answered
            fate = self._watchdog.tick(now, runs=runs, leased=self._host.may_act())
            if runs:
                self.stalled = self.stack = ""
                self._ask_loop(now)
            else:
                self.lag = max(self.lag, self._watchdog.hanging)
            if fate in REASONS:
                self._end(f"{REASONS[fate]}{f' in {self.stalled}' if self.stalled else ''}")
                return
            if fate is Fate.STALLED:
                self._stall(now)

    def _ask_loop(self, now: float) -> None:
        self._answered, self._asked_at = False, now
        try:
            self._host.loop.call_soon_threadsafe(self._answer)
        except RuntimeError:  # the loop has closed
            self._stopping.set()

    def _answer(self) -> None:
        self.lag = self._host.clock() - self._asked_at
        self._answered = True

    def _stall(self, now: float) -> None:
        if not self.stalled:
            self.stalled = busy_actor(self._host)
            frame = sys._current_frames().get(self._host.thread)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  documented
            self.stack = "".join(traceback.format_stack(frame)) if frame is not None else ""
            log.warning("The loop of %s hangs in %s:\n%s", self._host.sitting, self.stalled, self.stack)
        if now - self._renewed_at >= self._host.settings.renewal:
            self._renewed_at = now
            self._renew(self)


def busy_actor(host: LeasedHost) -> str:
    """The actor whose handler the loop is in, seen from another thread; "the runtime" if it is in none."""
    cell = host.turn_activity.cell
    if cell is not None:
        return cell.name
    task = asyncio.current_task(host.loop)
    for cell in list(host.cells.values()):
        if any(activity.task is task for activity in cell.activities or ()):
            return cell.name
    return "the runtime"
