"""Threads for handlers that block: started on demand up to a limit, kept for the next handler, and never waited for.

Daemon threads of our own and not `ThreadPoolExecutor`, because Python waits for the threads of every executor when it
exits, and a handler that never returns would keep the process for ever (rule A40).
"""

from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any

Job = tuple[Future[Any], Callable[[], Any]]


class Threads:
    """The threads of one host."""

    def __init__(self, limit: int) -> None:
        self.abandoned = 0
        """Threads that were given up and have not returned yet; others are started in their place."""
        self._limit = limit
        self._running = 0
        self._free = 0
        """Threads that wait for a job, less the jobs that wait for a thread."""
        self._lock = Lock()
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()

    def submit(self, work: Callable[[], Any]) -> Future[Any]:
        """Call `work` in a thread as soon as one is free; the future is its outcome."""
        outcome: Future[Any] = Future()
        with self._lock:
            self._free -= 1
            self._start_if_needed()
        self._jobs.put((outcome, work))
        return outcome

    def abandon(self, outcome: Future[Any]) -> None:
        """Count the thread of a job that goes on although nobody waits for it any more."""
        with self._lock:
            self.abandoned += 1
            self._start_if_needed()
        outcome.add_done_callback(self._returned)

    def close(self) -> None:
        """End every thread once it has nothing to do; no further job is taken."""
        with self._lock:
            for _ in range(self._running):
                self._jobs.put(None)

    def _start_if_needed(self) -> None:
        if self._free < 0 and self._running - self.abandoned < self._limit:
            self._running += 1
            self._free += 1
            Thread(target=self._work, name="understudy-blocking", daemon=True).start()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            outcome, work = job
            if outcome.set_running_or_notify_cancel():
                try:
                    result = work()
                except BaseException as error:  # noqa: BLE001 - whatever a handler raises goes to who awaits it
                    outcome.set_exception(error)
                else:
                    outcome.set_result(result)
                    del result
            del job, outcome, work
            with self._lock:
                if self._running - self.abandoned > self._limit:  # it was abandoned once, and another has its place
                    self._running -= 1
                    return
                self._free += 1

    def _returned(self, outcome: Future[Any]) -> None:
        del outcome
        with self._lock:
            self.abandoned -= 1
