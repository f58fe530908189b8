"""A cluster is opened once per process: embedded if none is named, else joined; closing leaves nothing behind.

Three traps of Ray decide the form. Its server processes die with the *thread* that started them (the kernel's parent
death signal is per thread), so `ray.init` runs in a thread of ours that lives until close. It replaces the SIGTERM
handler, in the main thread only; from our thread it cannot, and we set one that exits in order. Joining an address
where nothing listens takes it 122 seconds and then ends the program, so we knock first.
"""

import atexit
import contextlib
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import ray

from actors.backends.ray import calls, internals
from actors.backends.ray.cluster.processes import Family
from actors.backends.ray.cluster.quiet import Quiet
from actors.backends.ray.cluster.session import Environment, PrivateFolder
from actors.backends.ray.errors import ClusterUnavailable
from actors.errors import SettingsError

logger = logging.getLogger("actors.ray")

SIGTERM_EXIT = 128 + signal.SIGTERM


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterSettings:
    """How Ray is found or started. What stands after `namespace` shapes an embedded Ray only.

    `address` None means: what RAY_ADDRESS names, else embedded; "local" means embedded in any case. `connect_timeout`
    (seconds) bounds the knock at a named address. `keep_session` leaves Ray's logs behind for reading.
    """

    address: str | None = None
    node_ip_address: str | None = None
    connect_timeout: float = 5.0
    log_to_driver: bool = False
    namespace: str = "understudy"
    num_cpus: int | None = None
    num_gpus: int | None = None
    resources: Mapping[str, float] = field(default_factory=dict[str, float])
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    object_store_memory: int | None = None
    temporary_folder: Path | None = None
    keep_session: bool = False


class Cluster:
    """Ray as this process uses it; made by `open_cluster`, ended by `close` or by the end of the process.

    `embedded`: started by us. `borrowed`: it was already initialised by the program and is left so.
    """

    def __init__(self, settings: ClusterSettings, *, embedded: bool, borrowed: bool) -> None:
        self.settings = settings
        self.namespace = settings.namespace
        self.embedded = embedded
        self.borrowed = borrowed
        self._closing = threading.Lock()
        self._closed = False
        self._before_close: list[Callable[[], object]] = []
        self._undo = contextlib.ExitStack()
        self._keeper_ends = threading.Event()
        self._keeper: threading.Thread | None = None

    @property
    def address(self) -> str:
        """Host and port of Ray's control store, with which others on the same network may join."""
        return internals.gcs_address()

    @property
    def session_folder(self) -> Path:
        """Ray's session folder on this node; sockets of ours belong into a folder of mode 0700 inside it."""
        return Path(internals.session_folder())

    @property
    def node_id(self) -> str:
        """Ray's id of the node this process is on."""
        return calls.node_id()

    def before_close(self, stop: Callable[[], object]) -> None:
        """Call `stop` before Ray is left, last registered first; what it raises is logged. Stops hosts in order."""
        self._before_close.append(stop)

    def close(self) -> None:
        """Stop what was registered, leave Ray, and remove everything of ours. May be called again, from any thread.

        Order: registered stops; Ray's own shutdown (about 1.3 s if embedded); processes that outlived it are killed;
        environment, signal handler and output are put back; the private folder is removed.
        """
        with self._closing:
            if self._closed:
                return
            self._closed = True
            atexit.unregister(self.close)
            for stop in reversed(self._before_close):
                try:
                    stop()
                except Exception:
                    logger.exception("Stopping before Ray is left failed; going on.")
            if self.borrowed:
                self._undo.close()
            else:
                self._leave()

    def abandon(self) -> None:
        """Be done with a cluster that cannot be reached, without waiting for it.

        To leave it in order would take until it can be reached. Ray does that by itself at the end of the process; not
        to do so then would end the process by a fault of memory (measured with Ray 2.60). Until then Ray does not start
        by itself.
        """
        with self._closing:
            if not self._closed:
                atexit.unregister(self.close)
                self._undo.close()
                internals.start_by_itself(may=False)
            self._closed = True

    def join(self) -> None:
        """Initialise Ray. `open_cluster` calls it once. Raises `ClusterUnavailable`."""
        atexit.register(self.close)  # after `import ray`, so that it runs before Ray's own
        self._undo.callback(partial(internals.start_by_itself, may=internals.start_by_itself(may=False)))
        if self.borrowed:
            return
        try:
            environment = Environment(os.environ)
            environment.remember("PYTHONBREAKPOINT")  # Ray sets it
            self._undo.callback(environment.restore)
            options = self._embedded(environment) if self.embedded else self._joined(environment)
            quiet = Quiet()
            self._undo.callback(quiet.off)
            quiet.on()
            self._initialise(options)
            self._undo.callback(_exit_on_sigterm())
        except BaseException:
            self._closed = True
            atexit.unregister(self.close)
            self._leave()
            raise

    def _embedded(self, environment: Environment) -> dict[str, Any]:
        settings = self.settings
        folder = PrivateFolder(settings.temporary_folder, keep=settings.keep_session)
        self._undo.callback(folder.remove)
        changes: dict[str, str | None] = {"RAY_USAGE_STATS_ENABLED": "0"}
        if os.environ.get("RAY_AUTH_MODE", "token").lower() == "token":
            # A token that the user keeps for another cluster must not be the one of this Ray.
            changes |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": None, "RAY_AUTH_TOKEN_PATH": str(folder.token)}
        environment.set(changes)
        internals.forget_authentication()
        self._folder = folder
        return {
            "address": "local",
            "_temp_dir": str(folder.ray),
            "include_dashboard": False,
            "num_cpus": settings.num_cpus,
            "num_gpus": settings.num_gpus,
            "resources": dict(settings.resources) or None,
            "labels": dict(settings.labels) or None,
            "object_store_memory": settings.object_store_memory,
        }

    def _joined(self, environment: Environment) -> dict[str, Any]:
        address = self.settings.address or os.environ.get("RAY_ADDRESS", "")
        _knock(address, self.settings.connect_timeout)
        if "RAY_AUTH_MODE" not in os.environ and {"RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"} & os.environ.keys():
            environment.set({"RAY_AUTH_MODE": "token"})  # Ray would leave a token unused without being told to use it
            internals.forget_authentication()
        return {"address": address}

    def _initialise(self, options: dict[str, Any]) -> None:
        settings = self.settings
        options |= {
            "namespace": settings.namespace,
            "log_to_driver": settings.log_to_driver,
            "logging_level": logging.ERROR,
        }
        if settings.node_ip_address is not None:
            options["_node_ip_address"] = settings.node_ip_address
        failures: list[BaseException] = []
        done = threading.Event()

        def keep() -> None:
            try:
                calls.initialise(**options)
            except BaseException as error:  # noqa: BLE001  Ray exits by SystemExit too; raised again by the caller
                failures.append(error)
            done.set()
            self._keeper_ends.wait()

        self._keeper = threading.Thread(target=keep, name="ray-keeper", daemon=True)
        self._keeper.start()
        done.wait()
        if failures:
            raise ClusterUnavailable(_why(self.embedded, options["address"], failures[0])) from failures[0]
        if self.embedded:
            self._folder.tell(self.address)
            self._folder.outlast(Family(internals.started_processes()).lives())

    def _leave(self) -> None:
        family = Family(internals.started_processes() if self.embedded else [])
        with self._undo:
            try:
                calls.leave()
            finally:
                self._keeper_ends.set()  # what a failed start left is ended by the kernel with its thread
                if self._keeper is not None:
                    self._keeper.join()
                family.end(grace=5.0)
        internals.forget_authentication()


def open_cluster(settings: ClusterSettings) -> Cluster:
    """Start or join Ray and return it; blocks about 3.5 s for an embedded one. Call it from any thread.

    If the program has initialised Ray itself, that one is used and left running at close.
    Raises `SettingsError` for a `ray://` address, `ClusterUnavailable` if nothing answers or Ray does not start.
    """
    address = settings.address or os.environ.get("RAY_ADDRESS") or "local"
    if "://" in address:
        raise SettingsError(
            f"The address {address!r} is one of Ray Client, which has no process on the cluster that actors could be "
            "reached in. Run the program on a node of the cluster, or by `ray job submit`, and give host:port."
        )
    cluster = Cluster(settings, embedded=address == "local", borrowed=ray.is_initialized())
    cluster.join()
    return cluster


def _exit_on_sigterm() -> Callable[[], object]:
    """Let SIGTERM end the program in order if it has no handler of its own; returns what puts the former state back.

    To be called after `ray.init`, whose C++ part installs a handler that prints a stack trace: setting any handler from
    Python, the program's own included, takes it out.
    """

    def leave(_number: int, _frame: FrameType | None) -> None:
        raise SystemExit(SIGTERM_EXIT)

    if threading.current_thread() is not threading.main_thread():
        return lambda: None
    former = signal.getsignal(signal.SIGTERM)
    if former is None:  # set by something that is not Python: not ours to touch
        return lambda: None
    signal.signal(signal.SIGTERM, leave if former is signal.SIG_DFL else former)

    def restore() -> None:
        in_main_thread = threading.current_thread() is threading.main_thread()
        if in_main_thread and signal.getsignal(signal.SIGTERM) is leave:
            signal.signal(signal.SIGTERM, former)

    return restore


def _knock(address: str, timeout: float) -> None:
    """Raise `ClusterUnavailable` unless something listens at `address`; "auto" is Ray's to find."""
    host, colon, port = address.rpartition(":")
    if address == "auto":
        return
    if not (colon and port.isdecimal()):
        raise ClusterUnavailable(f"{address!r} is no address of a Ray cluster; write host:port.")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout).close()
    except OSError as error:
        raise ClusterUnavailable(f"No Ray cluster answers at {address} ({error}); is it running?") from error


def _why(embedded: bool, address: str, error: BaseException) -> str:  # noqa: FBT001  a plain fact
    what = "An embedded Ray did not start" if embedded else f"The Ray cluster at {address} could not be joined"
    causes = [error]
    while (cause := causes[-1].__cause__) is not None:
        causes.append(cause)
    if any("AuthToken" in str(cause) or type(cause).__name__ == "AuthenticationError" for cause in causes):
        return f"{what}: it wants its token; set RAY_AUTH_TOKEN_PATH to a file with it, or RAY_AUTH_TOKEN."
    return f"{what}: {type(error).__name__}: {error}"
