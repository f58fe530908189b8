"""A world's time and order: one heap of what is to happen, a counter in nanoseconds, and a seed for whatever is free.

Nothing waits for real time. Whatever happens next is taken from the heap, and the time is what it says. A callback
inherits from what caused it whether it is only upkeep (heartbeats, renewals): when nothing but upkeep has happened for
QUIET seconds, nobody can ever wake.
"""

import heapq
import sys
import threading
from asyncio import AbstractEventLoop, Future, Task, events
from collections.abc import AsyncGenerator, Callable
from random import Random
from typing import Any, Protocol
from weakref import ref

from actors.backends.simulation.history import History
from actors.errors import NobodyWakes, OutOfTime, UnderstudyError

SECOND = 1_000_000_000
"""Nanoseconds."""

QUIET = 60 * SECOND
"""Upkeep alone goes on for so long before the world says that nobody can ever wake; every time limit of the runtime's
own upkeep is shorter."""

LIMIT = 86_400.0
"""Seconds after which the world says that it does not come to an end, unless it is told otherwise."""

CLOSING = 600 * SECOND
"""More time for the end of a world that has come to its limit: the main function is cancelled, and the hosts close."""

THREAD_PATIENCE = 0.05
"""Seconds of the real clock in which the world stands still for a handler in a thread."""

SOON = 100_000
"""Nanoseconds that the time may move on meanwhile."""

MOST_TASKS = 1000
"""Tasks from which the list of them is looked through for those that are done."""

Event = tuple[int, int, Callable[..., None], Any]


class CalledFromThreads(Protocol):
    """A host's loop, as far as threads may call it."""

    def from_outside(self, callback: Any, *args: Any, upkeep: bool) -> None:
        """Call in one of its turns."""
        ...


class World:
    """Time, order and randomness of one simulation."""

    def __init__(self, seed: int, limit: float = LIMIT) -> None:
        self.seed = seed
        self.limit = limit
        """Seconds in this world."""
        self.random = Random(seed)
        self.history = History()
        self.now = 0
        """Nanoseconds since the world began; no host sees this clock."""
        self.upkeep = False
        """Whether the callback that is running is only upkeep."""
        self.pending = 0
        """Callbacks that are due now or later and are more than upkeep."""
        self.stuck: UnderstudyError | None = None
        """Why the run was given up."""
        self.who_waits: Callable[[Future[Any]], str] = _nobody
        """Says it in lines, of the future that `run` was given and of everybody else."""
        self.running: AbstractEventLoop | None = None
        """The loop of the host that has its turn."""
        self.in_threads = 0
        """Handlers that are in threads."""
        self.serial = 0
        """Counts tasks and futures, which hash by it: a set of them has the same order in every run."""
        self.tasks: list[ref[Task[Any]]] = []
        """In the order in which they were made; some are done and gone."""
        self._most_tasks = MOST_TASKS
        self._quiet_since = 0
        self._last = int(limit * SECOND)
        self._events: list[Event] = []
        self._order = 0
        self._calls_changed = threading.Condition()
        self._calls: list[tuple[CalledFromThreads, Callable[[], object]]] = []
        self._silent = False

    @property
    def seconds(self) -> float:
        """The time in seconds."""
        return self.now / SECOND

    def at(self, when: int, callback: Callable[..., None], argument: Any = None) -> None:
        """Call back at this time, or now if it has passed; what is due at the same time happens in order."""
        self._order += 1
        heapq.heappush(self._events, (when, self._order, callback, argument))

    def after(self, seconds: float, callback: Callable[[], object]) -> None:
        """Call back in so many seconds."""
        self.at(self.now + int(seconds * SECOND), _call, callback)

    def note(self, event: str) -> None:
        """Write an event down."""
        self.history.note(self.now, event, upkeep=self.upkeep)

    def progress(self) -> None:
        """What is being done is more than upkeep, whatever caused it."""
        self.upkeep = False

    def done(self) -> None:
        """A callback that is more than upkeep ran, or will not; whoever planned it has counted it as pending."""
        self.pending -= 1
        if not self.pending:
            self._quiet_since = self.now

    def made(self, task: "Task[Any]") -> None:
        """There is one more task."""
        if len(self.tasks) > self._most_tasks:
            self.tasks = [it for it in self.tasks if (found := it()) is not None and not found.done()]
            self._most_tasks = max(MOST_TASKS, 2 * len(self.tasks))
        self.tasks.append(ref(task))

    def run(self, main: "Future[Any]") -> None:
        """Let things happen until this future is done, or nobody can ever wake."""
        hooks = sys.get_asyncgen_hooks()
        sys.set_asyncgen_hooks(finalizer=self._end_generator)
        events_of, pop = self._events, heapq.heappop
        before = events._get_running_loop()  # noqa: SLF001 - as every event loop does
        try:
            while not main.done():
                if self.in_threads or self._calls:
                    self._hear_threads()
                if not events_of or (not self.pending and self.now - self._quiet_since > QUIET):
                    self._give_up(main)
                    continue
                when = events_of[0][0]
                if when > self.now:
                    if when > self._last:
                        self._run_out(main)
                        continue
                    self.now = when
                _, _, callback, argument = pop(events_of)
                callback(argument)
        finally:
            events._set_running_loop(before)  # noqa: SLF001
            self.running = None
            sys.set_asyncgen_hooks(*hooks)

    def close(self) -> list[Any]:
        """Nothing more happens. What was due holds on to everything that has lived; it is returned, and forgotten."""
        left = [argument for _, _, _, argument in self._events]
        self._events.clear()
        return left

    def tale(self) -> str:
        """The seed, and the last events."""
        return f"Seed {self.seed}, after {self.seconds:.6f} s. The last events:\n{self.history.trace}"

    def called_from_thread(self, machine: "CalledFromThreads", call: Callable[[], object]) -> None:
        """A thread calls for something; the world does it when it comes to it."""
        with self._calls_changed:
            self._calls.append((machine, call))
            self._calls_changed.notify()

    def thread_started(self) -> None:
        """A handler is in a thread from now on."""
        self.in_threads += 1
        self._silent = False

    def thread_ended(self) -> None:
        """It is not any more."""
        self.in_threads -= 1

    def _hear_threads(self) -> None:
        """Stand still until a thread calls, before the time moves on; not for one that has been silent for long."""
        with self._calls_changed:
            soon = self._events and self._events[0][0] <= self.now + SOON
            if not self._calls and not soon and self.in_threads and not (self._silent and self.pending):
                self._silent = not self._calls_changed.wait_for(lambda: self._calls, THREAD_PATIENCE)
            calls, self._calls = self._calls, []
        for machine, call in calls:
            self._silent = False
            machine.from_outside(call, upkeep=False)

    def _give_up(self, main: "Future[Any]") -> None:
        """Nothing happens any more."""
        self._end(
            main,
            NobodyWakes,
            "Nobody can ever wake: the main function waits, and no message is under way, no timer runs and no handler "
            "is at work. Somebody promised an answer and has forgotten it, or two wait for each other.",
        )
        self._quiet_since = self.now

    def _run_out(self, main: "Future[Any]") -> None:
        """It has taken too long."""
        self._end(
            main,
            OutOfTime,
            f"The main function has not ended within {self.limit:g} simulated seconds. If it should take longer, give "
            "the simulation another `limit=`; if not, somebody waits for what does not come, and only timers go on.",
        )
        self._last = self.now + CLOSING

    def _end(self, main: "Future[Any]", kind: type[UnderstudyError], why: str) -> None:
        """Cancel the main function, and tell why; if it has been cancelled in vain, raise."""
        if self.stuck is not None:
            raise self.stuck
        self.stuck = kind(f"{why}\n{self.who_waits(main)}{self.tale()}")
        main.cancel()

    def _end_generator(self, generator: AsyncGenerator[Any, Any]) -> None:
        loop = self.running
        if loop is not None and not loop.is_closed():
            loop.call_soon(loop.create_task, generator.aclose())


def _nobody(main: "Future[Any]") -> str:
    del main
    return ""


def _call(callback: Callable[[], object]) -> None:
    callback()
