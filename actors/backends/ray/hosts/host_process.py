"""A host process is a threaded Ray actor around a `HostLife`; Ray starts, reaches and ends it, but carries no message.

Threaded and with sync methods, because only then `__init__` runs in the main thread (signal handlers), a plain
`__ray_shutdown__` is called, and a stuck loop does not keep Ray out. Every way out drains the entry first except those
that allow nothing: `ray.kill`, `kill -9`, and a `ray.shutdown` of the driver without `HostProcesses.stop` before it.
"""

import os
import select
import signal
import threading
from dataclasses import dataclass
from types import FrameType

from actors.backends.ray import calls, internals
from actors.backends.ray.cluster.processes import Life, is_alive, own_life
from actors.backends.ray.entry import load_entry
from actors.backends.ray.hosts.host_life import BY_ITSELF, EXHAUSTED, MOVE, ORPHANED, SIGTERM, Farewell, HostLife

MAX_CONCURRENCY = 4
"""Ray calls that a host answers at once: `watch` stays pending, so `bye` and `stacks` need room beside it."""


@dataclass(frozen=True, slots=True)
class Driver:
    """The process that an attached host lives for; on the same node the host notices its end by itself, in ms.

    Ray only kills; on an embedded Ray whose driver was killed the two race.
    """

    node_id: str
    life: Life


@dataclass(frozen=True, slots=True)
class HostPlan:
    """What a host process runs: an entry by name, and its payload (anything Ray can pickle).

    `grace` is the budget in seconds for stopping when nobody says another: the driver's end, Ray's shutdown. `drain` is
    that of a host that is told to leave by SIGTERM: to finish what it has, to stop, and to leave.
    `driver` is whose end ends the host; `HostProcesses` fills in its own process for attached hosts.
    """

    name: str
    entry: str
    payload: object = None
    grace: float = 5.0
    drain: float = 5.0
    driver: Driver | None = None


@dataclass(frozen=True, slots=True)
class HostReport:
    """A host that is up: where it is, and what its entry reported when it was ready."""

    life: Life
    node_id: str
    report: object


class HostProcess:
    """The Ray actor class. Methods are for Ray calls; none of them is needed while messages flow."""

    def __init__(self, plan: HostPlan) -> None:
        internals.start_by_itself(may=False)  # its threads may call Ray while the process leaves it
        self._plan = plan
        self._watcher = threading.Event()
        self._watching = threading.Lock()
        self._farewell: Farewell | None = None
        self._leaving = False
        self._ray_sigterm = signal.getsignal(signal.SIGTERM)
        signal.signal(signal.SIGTERM, self._on_sigterm)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C at a terminal is for the driver, which stops us in order
        self._life = HostLife(load_entry(plan.entry), plan.payload)
        self._life.start(self._when_ended)
        if plan.driver is not None and plan.driver.node_id == calls.node_id():
            threading.Thread(
                target=self._outlive_not, args=(plan.driver.life,), name="driver-watch", daemon=True
            ).start()

    def ready(self) -> HostReport:
        """Wait until the entry can be reached. Raises what it raised before that."""
        return HostReport(own_life(), calls.node_id(), self._life.report())

    def watch(self) -> Farewell | None:
        """Stay pending for the life of the host; end with its farewell, or with Ray's error when the process dies.

        The next one who watches lets this one go, with None: its caller is gone, a keeper that was killed, and each
        would hold one of the few threads for ever.
        """
        mine = threading.Event()
        with self._watching:
            former, self._watcher = self._watcher, mine
        former.set()
        if self._farewell is None:  # `_say` has it before it looks whom to wake
            mine.wait()
        return self._farewell

    def bye(self, budget: float) -> Farewell:
        """Drain within `budget` seconds and say how that went. The process stays a little for `__ray_terminate__`."""
        farewell = self._life.stop("bye", budget)
        self._say(farewell)
        return farewell

    def move(self, budget: float) -> Farewell:
        """As `bye`, while the system goes on: finish what there is, and leave the seat to somebody else."""
        farewell = self._life.stop(MOVE, budget)
        self._say(farewell)
        return farewell

    def order(self, what: object) -> None:
        """Tell the entry to do something: the directory calls a spare to its seat."""
        self._life.order(what)

    def stacks(self) -> dict[str, str]:
        """What the host's threads and tasks are doing, also while its loop is stuck."""
        return self._life.stacks()

    def look(self) -> object:
        """What the entry lets operators see of it, also while its loop is stuck; None if it has not said what."""
        return self._life.look()

    def __ray_shutdown__(self) -> None:
        """Called by Ray on every graceful way out, in the main thread."""
        self._leaving = True
        self._say(self._life.stop("Ray ends the process", self._plan.grace))

    def _say(self, farewell: Farewell) -> None:
        if self._farewell is None:
            self._farewell = farewell
        self._watcher.set()  # a pending watch would keep the process from ending

    def _when_ended(self, farewell: Farewell) -> None:
        told = farewell.reason not in {BY_ITSELF, EXHAUSTED, ORPHANED}
        if not told:
            self._say(farewell)
        # Nobody may come to end the process: the one who said bye may be gone. `ready` gets time to tell of an error.
        timer = threading.Timer(self._plan.grace if told or farewell.error else 0.1, _end_process)
        timer.daemon = True
        timer.start()

    def _on_sigterm(self, number: int, frame: FrameType | None) -> None:
        if self._leaving:  # the interrupted main thread may hold a lock that stopping needs
            return
        self._leaving = True
        self._say(self._life.stop(SIGTERM, self._plan.drain))
        if callable(self._ray_sigterm):
            self._ray_sigterm(number, frame)

    def _outlive_not(self, driver: Life) -> None:
        _wait_for_end(driver)
        self._say(self._life.stop("the driver is gone", self._plan.grace))
        _end_process()


def _end_process() -> None:
    """End as by SIGTERM: in the main thread, through our handler and then Ray's."""
    os.kill(os.getpid(), signal.SIGTERM)


def _wait_for_end(life: Life) -> None:
    """Return when the process has ended; at once if it has already."""
    if not hasattr(os, "pidfd_open"):  # not Linux: a look every half second
        pause = threading.Event()
        while is_alive(life):
            pause.wait(0.5)
        return
    try:
        descriptor = os.pidfd_open(life.pid)
    except ProcessLookupError:
        return
    try:
        if is_alive(life):  # after opening, so that the descriptor is of this life and not of a reused id
            poll = select.poll()
            poll.register(descriptor, select.POLLIN)
            poll.poll()
    finally:
        os.close(descriptor)
