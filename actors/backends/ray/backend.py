"""The backend behind `System(on="ray")`: Ray starts, places and watches host processes; links carry the messages.

Order of opening: the cluster (started or joined), the directory, the driver's own seat, the host processes. Order of
closing: actors (the system has stopped them), hosts newest first, the driver's links, the directory, the cluster.
"""

import asyncio
import contextlib
import logging
import os
import secrets
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import FrameType
from typing import Any
from uuid import uuid4

from actors.backends.ray import calls, ray_pickling
from actors.backends.ray.clocks import clock
from actors.backends.ray.cluster import Cluster, ClusterSettings, open_cluster
from actors.backends.ray.control_store import ControlStore
from actors.backends.ray.directory_actor import DirectoryPlan, start_directory
from actors.backends.ray.directory_client import DirectoryClient
from actors.backends.ray.errors import DirectoryUnavailable
from actors.backends.ray.host_actors import look_at_hosts
from actors.backends.ray.host_process import HostPlan
from actors.backends.ray.host_processes import Host as HostProcess
from actors.backends.ray.host_processes import HostProcesses
from actors.backends.ray.open_directory import USED_SEATS, Admission
from actors.backends.ray.placement import Needs, Node, living_nodes
from actors.backends.ray.seated import Membership, Place, Seated, look_at, needs_new_host
from actors.backends.ray.serve import HostSeat, HostTask
from actors.backends.ray.understudies import Understudies
from actors.errors import SettingsError
from actors.host import Host
from actors.instrument import Opening
from actors.membership.seats import Heirs, Member, Seat, Table
from actors.operations.reports import HostReport
from actors.placement import Placement
from actors.settings import Settings
from actors.stats import HostStats
from actors.supervising.signals import StopReport
from actors.supervising.supervision import Supervision

log = logging.getLogger("understudy.ray")

START_TIMEOUT = 60.0
"""Seconds that the directory and the first hosts have to start; a Ray worker takes 0.2 to 1 s, more on a busy one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RayOptions:
    """Options of `System(on="ray", ...)`.

    address: `host:port` of a cluster; None means what RAY_ADDRESS names, else an embedded Ray; "local" is always
    embedded. name: the system's name, by which it can be told from others on the cluster. node_address: this machine's
    address in the cluster, where it has several and Ray takes the wrong one. cluster: more, see ClusterSettings.
    How many host processes there are besides the driver is the setting `hosts`; no node gets two before all have one.
    """

    address: str | None = None
    name: str | None = None
    namespace: str = "understudy"
    node_address: str | None = None
    cluster: Mapping[str, Any] = field(default_factory=dict[str, Any])


class RayBackend:
    """One system on Ray, as its driver sees it."""

    def __init__(self, options: RayOptions) -> None:
        self._options = options
        self._system = options.name or f"system-{uuid4().hex[:10]}"
        self._cluster: Cluster | None = None
        self._directory: Any = None
        self._processes: HostProcesses | None = None
        self._membership: Membership | None = None
        self._seated: Seated | None = None
        self._unteach: Callable[[], None] | None = None
        self._give_sigterm_back: Callable[[], object] = _nothing
        self._kill_hosts: Callable[[], object] = _nothing
        self._making: dict[str, asyncio.Task[list[HostSeat]]] = {}
        self._understudies: Understudies | None = None
        self._needs: dict[int, Needs] = {}
        """Of seats that were made for one spawn: what a process needs to take them."""

    # ---- opening ----------------------------------------------------------------------------------------------------

    async def open(self, settings: Settings, supervision: Supervision, instrument: Opening | None = None) -> Host:
        """Open everything, or leave nothing behind; see the module for the order."""
        try:
            return await self._open(settings, supervision, instrument)
        except BaseException:
            await asyncio.shield(self._close(1.0))
            raise

    async def _open(self, settings: Settings, supervision: Supervision, instrument: Opening | None) -> Host:
        options = self._options
        cluster = self._cluster = await asyncio.to_thread(
            open_cluster,
            ClusterSettings(
                address=options.address,
                namespace=options.namespace,
                node_ip_address=options.node_address,
                **options.cluster,
            ),
        )
        self._give_sigterm_back = _take_sigterm_back()
        secret = secrets.token_bytes(32)
        plan = DirectoryPlan(
            self._system,
            options.namespace,
            "actors.backends.ray.open_directory:open_directory",
            config=Admission(secret, settings, self._system),
        )
        directory = await asyncio.to_thread(start_directory, plan, START_TIMEOUT)
        await self._check_new(plan, secret)
        self._directory = directory
        nodes = {node.node_id: node for node in await asyncio.to_thread(living_nodes)}
        member = self._membership = Membership(
            directory=plan,
            secret=secret,
            settings=settings,
            over_tcp=not cluster.embedded or cluster.borrowed,  # one that the program began may have several nodes
            supervision=supervision,
            instrument=instrument,
        )
        here = nodes[cluster.node_id]
        place = Place(node=here.node_id, address=here.address, labels=here.labels, heirs=Heirs.NOBODY)
        seated = self._seated = Seated(member, place, end=self._over, heard=self._look_after)
        host = await seated.take()
        host.placer = self
        member = self._membership = replace(member, driver=host.seat)
        self._unteach = ray_pickling.teach(host.sitting.epoch)
        self._processes = HostProcesses(options.namespace, environment=_environment(cluster))
        self._kill_hosts = self._processes.kill_all
        cluster.before_close(self._stop_processes)
        count = settings.host_count(_cores(nodes.values()))
        await asyncio.gather(
            *(
                self._start(HostTask(member), share, Needs(node=node), START_TIMEOUT)
                for node, share in _shares(count, sorted(nodes, key=lambda node: node == cluster.node_id)).items()
            )
        )
        self._understudies = Understudies(
            settings,
            self._bring_spare,
            lambda seat: seated.directory.ask("withhold", seat),
            host.work.start_apart,
            clock,
        )
        return host

    async def _check_new(self, plan: DirectoryPlan, secret: bytes) -> None:
        """The directory is ours, and not that of a system of the same name, which has another secret."""
        found: Admission = await DirectoryClient(plan).call("admission", timeout=START_TIMEOUT)
        if found.secret != secret:
            raise SettingsError(
                f"A system named {self._system!r} is open on this cluster already (namespace {plan.namespace!r}). "
                "Choose another name, or none: then one is made up."
            )

    async def _start(self, task: HostTask, count: int, needs: Needs, deadline: float) -> list[HostSeat]:
        """Start so many processes; the seats of those that have one."""
        processes, seated = self._processes, self._seated
        assert processes is not None and seated is not None  # noqa: PT018 - order of opening
        entry, drain = "actors.backends.ray.serve:serve", task.membership.settings.drain_budget
        names = [f"{self._system}-host-{uuid4().hex[:8]}" for _ in range(count)]
        plans = [HostPlan(name, entry, replace(task, name=name), drain=drain) for name in names]
        started = await asyncio.to_thread(processes.start, plans, needs, deadline)
        for process in started:
            self._bury_when_ended(process)
        await seated.refresh()
        seats = [it.report.report for it in started if isinstance(it.report.report, HostSeat)]
        if task.dedicated:
            self._needs |= {seat.seat: needs for seat in seats}
        return seats

    def _bury_when_ended(self, process: HostProcess) -> None:
        """When Ray says that the process has ended, the directory hears: that is proof of death (rule A15)."""
        assert self._seated is not None
        host, directory = self._seated.host, self._seated.directory

        async def bury() -> None:
            try:
                host.new_table(await directory.ask("ended", process.name))
            except DirectoryUnavailable as error:
                log.warning("%s", error)

        def ended(_: Any) -> None:
            if not host.closed:
                host.loop.call_soon_threadsafe(lambda: None if host.closed else host.work.start_system(bury()))

        def ended_safely(future: Any) -> None:
            try:
                ended(future)
            except RuntimeError:  # the loop has closed: nobody is left to tell
                return

        process.end.add_done_callback(ended_safely)

    # ---- spares -----------------------------------------------------------------------------------------------------

    def _look_after(self, table: Table) -> None:
        """With each renewal: are there enough spares, does a seat wait."""
        if self._understudies is not None:
            self._understudies.look(table)

    async def _bring_spare(self, node: str | None, seat: Seat | None) -> None:
        assert self._membership is not None
        if seat is not None:
            task = HostTask(self._membership, dedicated=True, spare=True, seat=seat.number)
            needs = self._needs.get(seat.number, Needs())
        else:
            living = {it.node_id for it in await asyncio.to_thread(living_nodes)}
            task, needs = HostTask(self._membership, spare=True), Needs(node=node if node in living else None)
        await self._start(task, 1, needs, self._membership.settings.placement_timeout)

    def _over(self, reason: str) -> None:
        """This process must not go on as a host; what waits here for others hears that the system is closed."""
        assert self._seated is not None
        host = self._seated.host
        log.critical("The system %s has lost its driver, which is this process: %s.", self._system, reason)
        with contextlib.suppress(RuntimeError):  # the loop has closed
            host.loop.call_soon_threadsafe(lambda: None if host.closed else host.work.start_system(host.close()))

    # ---- placing ----------------------------------------------------------------------------------------------------

    def must_make_room(self, placement: Placement) -> bool:
        """Dedicated actors get a host each; a node that has no host yet gets one."""
        assert self._seated is not None
        return needs_new_host(placement, self._seated.host)

    async def make_room(self, placement: Placement) -> int:
        """Start a host for this placement; Unplaceable, naming what is missing, if Ray cannot give it in time."""
        assert self._membership is not None
        if placement.kind == "dedicated":
            needs = Needs(num_cpus=placement.num_cpus, num_gpus=placement.num_gpus, resources=dict(placement.resources))
            task = HostTask(self._membership, dedicated=True)
            return await self._make(uuid4().hex, task, needs)
        key = f"{placement.node} {sorted(placement.labels.items())}"
        needs = Needs(node=placement.node, labels=dict(placement.labels))
        return await self._make(key, HostTask(self._membership), needs)

    async def _make(self, key: str, task: HostTask, needs: Needs) -> int:
        """The seat of one new host, the same for all who ask by one key at a time, and made even if they go."""
        making = self._making.get(key)
        if making is None:
            timeout = task.membership.settings.placement_timeout
            assert self._seated is not None
            start = self._seated.host.work.start_apart  # not a task of the actor that happens to be the first to ask
            making = self._making[key] = start(self._start(task, 1, needs, timeout))
            making.add_done_callback(lambda done: self._made(key, done))
        return (await asyncio.shield(making))[0].seat

    def _made(self, key: str, making: "asyncio.Task[list[HostSeat]]") -> None:
        self._making.pop(key, None)
        if not making.cancelled() and (error := making.exception()) is not None:
            log.info("A host could not be made: %s", error)

    # ---- looking ----------------------------------------------------------------------------------------------------

    async def stats(self) -> list[HostStats]:
        """The figures of every host."""
        assert self._seated is not None
        return await look_at(self._seated.host)

    async def members(self) -> list[Member]:
        """Every host as the directory sees it."""
        assert self._seated is not None
        return list(await self._seated.directory.ask("members"))

    async def look_closely(self) -> tuple[list[HostReport], list[str]]:
        """Every host process as it sees itself, and who does not answer; hosts are asked by Ray, so loops may hang."""
        assert self._seated is not None
        reports, silent = await look_at_hosts(self._options.namespace, self._system)
        return [self._seated.report(), *reports], silent

    # ---- closing ----------------------------------------------------------------------------------------------------

    async def close(self, report: StopReport) -> None:
        """End hosts, directory and Ray, in order; the actors have stopped already."""
        del report
        assert self._membership is not None
        await asyncio.shield(self._close(self._membership.settings.stop_budget))

    async def _close(self, budget: float) -> None:
        if self._understudies is not None:
            self._understudies.stop()
        for making in list(self._making.values()):
            making.cancel()
        if self._processes is not None:
            await asyncio.to_thread(self._stop_processes, budget)
        if self._seated is not None:
            await self._seated.leave(budget)
            self._seated = None
        if self._unteach is not None:
            self._unteach()
            self._unteach = None
        self._give_sigterm_back()
        if self._directory is not None:
            await asyncio.to_thread(calls.kill, self._directory)
            await asyncio.to_thread(ControlStore(self._system).delete, USED_SEATS)
            self._directory = None
        if self._cluster is not None:
            await asyncio.to_thread(self._cluster.close)
            self._cluster = None

    def hurry(self) -> None:
        """Wait for no host any more: those that have not ended are killed."""
        self._kill_hosts()

    def _stop_processes(self, budget: float = 5.0) -> None:
        processes, self._processes = self._processes, None
        if processes is None:
            return
        processes.close()
        for stopped in processes.stop(budget):
            level = logging.WARNING if stopped.way == "killed" else logging.DEBUG
            log.log(level, "Host %s %s after %.2f s.", stopped.name, stopped.way, stopped.seconds)


def open_backend(**options: Any) -> RayBackend:
    """The backend for these options, see RayOptions; TypeError for one that it does not have."""
    return RayBackend(RayOptions(**options))


def _cores(nodes: Iterable[Node]) -> int:
    """The cores that the nodes offer to Ray."""
    return max(1, int(sum(node.resources.get("CPU", 0.0) for node in nodes)))


def _shares(count: int, nodes: Sequence[str]) -> dict[str, int]:
    """How many hosts each node gets: in turn, so that every node has one before any has two.

    Named node by node, because Ray's SPREAD promises no such thing.
    """
    shares = Counter(nodes[index % len(nodes)] for index in range(count))
    return dict(shares)


def _nothing() -> None:
    pass


def _take_sigterm_back() -> Callable[[], object]:
    """Put Python's handler back in the place of Ray's, which would abort the process; returns what undoes that.

    Setting any handler from Python takes out the one that `ray.init` has set in C. Where the program has none, SIGTERM
    ends it in order from now on. Only the main thread can do this, and a system that is opened elsewhere is not asked.
    """
    if threading.current_thread() is not threading.main_thread():
        return _nothing
    former = signal.getsignal(signal.SIGTERM)
    if former is None:  # set by something that is not Python
        return _nothing
    if former is not signal.SIG_DFL:
        signal.signal(signal.SIGTERM, former)
        return _nothing
    signal.signal(signal.SIGTERM, _exit)

    def give_back() -> None:
        if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is _exit:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)

    return give_back


def _exit(number: int, frame: FrameType | None) -> None:
    del frame
    raise SystemExit(128 + number)


def _environment(cluster: Cluster) -> dict[str, str]:
    """What host processes need from this one: where it finds modules. Ray passes it on by itself when embedded."""
    return {} if cluster.embedded and not cluster.borrowed else {"PYTHONPATH": os.pathsep.join(_folders(sys.path))}


def _folders(path: Sequence[str]) -> list[str]:
    return [folder or os.getcwd() for folder in path if not folder or os.path.isdir(folder)]  # noqa: PTH109, PTH112
