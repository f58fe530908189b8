"""What users open and close: a system of actors, on one of the backends.

System(on="local").run(main)                     a program
async with System(on="ray") as system: ...       inside a running loop
with System(on="local").blocking() as system:    a script or a notebook, without await
"""

import asyncio
import importlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine, Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self, TypeVar, cast, runtime_checkable

from actors.blocking import BlockingSystem
from actors.cells.observer import Telemetry
from actors.cells.spawner import Spawner, Spawns
from actors.errors import SystemClosed
from actors.health.endpoint import HealthEndpoint
from actors.health.report import Health, examine_all
from actors.operations.operations import Operations
from actors.placement import Placement, anywhere
from actors.reception.receptionist import Receptionist
from actors.settings import RULES, Settings
from actors.supervising.quarantines import Quarantines
from actors.supervising.root import check
from actors.supervising.signals import StopReport
from actors.supervising.supervision import Restart, Supervision

if TYPE_CHECKING:
    from actors.host import Host
    from actors.instrument import Opening
    from actors.mail.dead_letters import DeadLetter, HostLost
    from actors.membership.seats import Member
    from actors.operations.reports import HostReport
    from actors.ref import Ref
    from actors.stats import HostStats

T = TypeVar("T")
On = Literal["local", "ray", "simulation"]

log = logging.getLogger("understudy.system")


class Backend(Protocol):
    """Where a system's hosts are: what `System` needs of `local` and `ray`."""

    async def open(self, settings: Settings, supervision: Supervision, instrument: "Opening | None") -> "Host":
        """Open, and return the host of this process."""
        ...

    async def close(self, report: StopReport) -> None:
        """End everything that `open` began; the actors have stopped already."""
        ...

    def hurry(self) -> Callable[[], object]:
        """Whatever is being closed is not to be waited for: end it. What it returns ends the rest, without the loop."""
        ...

    async def stats(self) -> "list[HostStats]":
        """The figures of every host."""
        ...

    async def members(self) -> "list[Member]":
        """The state of every host."""
        ...

    async def look_closely(self) -> "tuple[list[HostReport], list[str]]":
        """Every host process as it sees itself; and, a sentence each, those that did not answer."""
        ...


@runtime_checkable
class OwnsTime(Protocol):
    """A backend that runs on a loop of its own making, because it decides what time it is."""

    def new_loop(self) -> asyncio.AbstractEventLoop:
        """The loop to open on."""
        ...


@runtime_checkable
class Outlives(Protocol):
    """A backend whose system goes on when it is closed."""

    async def shut_down(self) -> StopReport:
        """Stop the whole system; returns when nothing is left of it."""
        ...


class System(Spawns):
    """A tree of actors. One object is opened and closed once.

    on: "local" (one host, this process, no Ray), "ray", or "simulation" (many hosts in this process, in a time and a
    network that a seed decides). supervision: how top-level actors are supervised, each with a budget of its own.
    instrument: what watches messages and lives on every host, for example `tracing.Tracing("shop")`; none by default.
    Settings are given one by one (`mailbox_bound=100`, `copy_messages=True`, ...), and so win over the environment and
    the file; or as one `settings` object, which replaces both (see `Settings`). Other options are the backend's:
    for "ray" `address`, `name`, `namespace`, `node_address`, `cluster`, `detached`, `attach`; for "local" `seed`,
    `clock`; for "simulation" `seed`, `faults`, `delays`, `drift`, `limit`, `strict`.

    `System(on="ray", address=..., name="shop", detached=True)` makes a system that outlives this program and every
    other one, until `shutdown`; `System(on="ray", address=..., attach="shop")` joins it. Settings, supervision and
    instrument are then those with which it was made, but `health_port` is each program's own.
    Raises SettingsError for an impossible setting, TypeError for an option that nobody has.
    """

    __slots__ = ("_backend", "_endpoint", "_host", "_instrument", "_stopping", "health_port", "settings", "supervision")

    def __init__(
        self,
        on: On = "local",
        *,
        settings: Settings | None = None,
        settings_file: Path | str | None = None,
        supervision: Supervision | None = None,
        instrument: "Opening | None" = None,
        **options: Any,
    ) -> None:
        given = {name: options.pop(name) for name in list(options) if name in RULES}
        if settings is None:
            if on == "simulation":
                given.setdefault("copy_messages", True)  # as if they had travelled (rule A27)
            settings = Settings.load(given, file=settings_file)
        elif given:
            settings = replace(settings, **given)
        self.settings = settings
        self.supervision = check(supervision or Supervision())
        self._instrument = instrument
        self._backend: Backend = _backend(on, options)
        self._host: Host | None = None
        self._stopping: asyncio.Task[StopReport] | None = None
        self._endpoint: HealthEndpoint | None = None
        self.health_port: int | None = None
        """The port of the loopback on which an open system answers; None unless the setting asks for one."""

    # ---- opening and closing ----------------------------------------------------------------------------------------

    def run(self, main: "Callable[[System], Coroutine[Any, Any, T]]") -> T:
        """Open, run `main(system)` to its end on a new loop, close, and return what it returned.

        Ctrl-C cancels `main`, and the system is closed in order, within its budgets; so does SIGTERM. A second one of
        either kind means now: nobody is waited for, and host processes are killed. Raises what `main` raises,
        KeyboardInterrupt after Ctrl-C, and SystemExit(143) after SIGTERM. For exit codes see PROMISES.
        """

        async def whole() -> T:
            with _sigterm_cancels(asyncio.current_task()):
                async with self:
                    return await main(self)

        with ExitStack() as last, asyncio.Runner(loop_factory=self._loop_factory()) as runner:
            try:
                return runner.run(whole())
            except BaseException:  # of a second signal: the system is still being closed
                last.callback(self._backend.hurry())
                raise

    def blocking(self) -> BlockingSystem:
        """The form for scripts, notebooks and threads: `with System(on="local").blocking() as system: ...`.

        It opens the system on a loop in a thread of its own; of a system that is open already it borrows the loop.
        """
        if isinstance(self._backend, OwnsTime):
            message = "A simulation has no real time in which a thread could wait. Use `run(main)` instead."
            raise SystemClosed(message)
        return BlockingSystem(self, self._loop_factory())

    def _loop_factory(self) -> Callable[[], asyncio.AbstractEventLoop] | None:
        return self._backend.new_loop if isinstance(self._backend, OwnsTime) else _loop_factory()

    async def __aenter__(self) -> Self:
        if self._host is not None:
            message = "This system was opened before. Make a new System(...) for each opening."
            raise SystemClosed(message)
        port = self.settings.health_port
        self._host = await self._backend.open(self.settings, self.supervision, self._instrument)
        self.settings = self._host.settings  # those of a system that was there before
        if port is not None:
            try:
                await self._answer_on(port)
            except BaseException:
                await self.stop()
                raise
        return self

    async def _answer_on(self, port: int) -> None:
        self._endpoint = HealthEndpoint(self._examine, self._opened().clock)
        self.health_port = await self._endpoint.open(port)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()

    async def stop(self) -> StopReport:
        """Stop all actors that were spawned from here, children first, then the hosts; asking twice is asking once.

        The report names what had to be abandoned (rule A40).
        """
        host = self._opened()
        if self._stopping is None:
            self._stopping = asyncio.ensure_future(self._stop(host))
        return await asyncio.shield(self._stopping)

    async def shutdown(self) -> StopReport:
        """Stop the whole system, for everybody: all actors, all hosts, and what makes a detached system go on.

        Of a detached system `stop` ends this program's part only; of any other system both are the same. Returns when
        nothing is left of it on the cluster, with a report of what had to be abandoned.
        """
        self._open()
        report = await self._backend.shut_down() if isinstance(self._backend, Outlives) else StopReport()
        return report + await self.stop()

    async def _stop(self, host: "Host") -> StopReport:
        report = StopReport()
        try:
            report = await host.stop_actors()
        finally:
            if self._endpoint is not None:
                await self._endpoint.close()
            await self._backend.close(report)
        return report

    # ---- actors -----------------------------------------------------------------------------------------------------

    def options(
        self,
        *,
        name: str | None = None,
        placement: "Placement | None" = None,
        stop_budget: float | None = None,
        restart: Restart = Restart.TRANSIENT,
        significant: bool = False,
    ) -> Spawner:
        """How the next actor is to be spawned: `system.options(name="ada").spawn(Account, 100)`.

        A top-level actor lives anywhere but on the driver, unless `placement` says otherwise.
        """
        host = self._open()
        return Spawner(
            host,
            host.root.children,
            name=name,
            placement=placement or anywhere(),
            stop_budget=stop_budget,
            restart=restart,
            significant=significant,
        )

    async def stop_actor(self, ref: "Ref[Any]") -> StopReport:
        """Stop a top-level actor that was spawned from here, and wait for its report; its name is free then."""
        return await self._open().root.dismiss(ref.address)

    async def lookup(self, name: str) -> "Ref[Any] | None":
        """The living top-level actor of this name, wherever it was spawned."""
        host = self._open()
        address = await host.directory.lookup(name)
        return host.ref_to(address) if address is not None else None

    @property
    def receptionist(self) -> Receptionist:
        """Where actors are registered under typed keys, and found on every host: see Receptionist."""
        return Receptionist(self._open())

    # ---- watching over it -------------------------------------------------------------------------------------------

    async def stats(self) -> "list[HostStats]":
        """Figures of every host: depth, waits, handled, restarts, dead letters, links. Looks at every cell."""
        self._open()
        return await self._backend.stats()

    @property
    def quarantine(self) -> Quarantines:
        """Messages that made their actors fail too often, on all hosts: list, look at, requeue, drop (rule A39)."""
        return Quarantines(self._open(), _by("quarantine"))

    @property
    def operations(self) -> Operations:
        """Live operations on all hosts: the tree of actors, inspect, trace, doctor, suspend and resume, drain."""
        return Operations(self._open(), self._backend, _by("operations"))

    async def health(self) -> Health:
        """How every host is, as it says itself within a second, and what is wrong with the system.

        While the system is being stopped it says so. Raises SystemClosed for one that is not open.
        """
        if self._opened().closed:
            self._open()
        return await self._examine()

    async def _examine(self) -> Health:
        return await examine_all(self._opened(), stopping=self._stopping is not None)

    async def members(self) -> "list[Member]":
        """Every host as the directory sees it: up, slow, stalled (and in which actor), unreachable or dead."""
        self._open()
        return await self._backend.members()

    def on_dead_letter(self, subscriber: "Callable[[DeadLetter], None]") -> Callable[[], None]:
        """Call `subscriber` with every dead letter of this process' host; returns the function that ends it."""
        return self._open().dead_letters.subscribe(subscriber)

    def on_host_lost(self, subscriber: "Callable[[HostLost], None]") -> Callable[[], None]:
        """Call `subscriber` for every other host that is lost; returns the function that ends it.

        The event says how many messages from this process' host at most died inside the lost one.
        """
        return self._open().dead_letters.on_host_lost(subscriber)

    @property
    def telemetry(self) -> Telemetry:
        """What code outside actors tells the system's instrument: an edge for a request that comes in, for example."""
        return Telemetry(self._open().observer)

    @property
    def host(self) -> "Host":
        """This process' host; for the runtime's own tools and tests."""
        return self._open()

    def _opened(self) -> "Host":
        if self._host is None:
            message = "The system is not open. Use it inside `async with System(...)` or `System(...).run(main)`."
            raise SystemClosed(message)
        return self._host

    def _open(self) -> "Host":
        host = self._opened()
        if self._stopping is not None or host.closed:
            raise host.closed_error()
        return host


def _by(what: str) -> str:
    """Who acts, for the log of the host concerned."""
    return f"system.{what}, process {os.getpid()}"


def _backend(on: str, options: Mapping[str, Any]) -> Backend:
    places = {
        "local": "actors.backends.local",
        "ray": "actors.backends.ray.backend",
        "simulation": "actors.backends.simulation.backend",
    }
    if on not in places:
        message = f"System(on={on!r}): choose one of {', '.join(map(repr, places))}."
        raise ValueError(message)
    module = importlib.import_module(places[on])
    try:
        return cast("Backend", module.open_backend(**options))
    except TypeError as error:
        message = f"System(on={on!r}) has no such option: {error}. See System, Settings and the backend's module."
        raise TypeError(message) from None


@contextmanager
def _sigterm_cancels(task: "asyncio.Task[Any] | None") -> Generator[None]:
    """Let SIGTERM do to a task what asyncio lets Ctrl-C do; leaves a handler alone that the program has set."""
    told = False

    def terminate() -> None:
        nonlocal told
        told = True
        if task is not None:
            task.cancel()

    loop = asyncio.get_running_loop()
    ours = (
        sys.platform != "win32"
        and threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    )
    if ours:
        loop.add_signal_handler(signal.SIGTERM, terminate)
    try:
        yield
    except asyncio.CancelledError:
        if told:
            raise SystemExit(128 + signal.SIGTERM) from None
        raise
    finally:
        if ours:
            loop.remove_signal_handler(signal.SIGTERM)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if sys.platform == "win32":
        return None
    import uvloop

    return uvloop.new_event_loop
