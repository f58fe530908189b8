"""Hosts are created at once, watched by one pending call each, and stopped in order, with a report of who did how.

The order of stopping: every host says bye (drains, then lets its watch go); is told to end by Ray's own way; has the
rest of the budget to be gone; is killed. The driver stops them before it leaves Ray: `Cluster.before_close(stop)`.
All calls here block and are for threads (`asyncio.to_thread`), so that they work at the end of the interpreter too.
"""

import concurrent.futures
import contextlib
import logging
import os
import signal
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

import ray
from ray.exceptions import (
    ActorUnavailableError,
    ActorUnschedulableError,
    GetTimeoutError,
    RayActorError,
    RaySystemError,
    RayTaskError,
)

from actors.backends.ray import calls, internals
from actors.backends.ray.cluster import placement
from actors.backends.ray.cluster.placement import Needs
from actors.backends.ray.cluster.processes import is_alive, own_life
from actors.backends.ray.errors import HostFailed
from actors.backends.ray.hosts.host_life import Farewell
from actors.backends.ray.hosts.host_process import MAX_CONCURRENCY, Driver, HostPlan, HostProcess, HostReport
from actors.errors import Unplaceable

logger = logging.getLogger("actors.ray")

POLL = 0.02
"""Seconds between two looks at Ray's state of actors that are ending."""

Way = Literal["ended", "killed", "already gone"]


@dataclass(frozen=True, slots=True, eq=False)
class Host:
    """A host process that was ready once: its name, its report, and its end, which says how it ended.

    `end` is done with the farewell when the entry has ended, and with the text of Ray's verdict when the process died.
    """

    name: str
    report: HostReport
    end: "concurrent.futures.Future[Farewell | str]"
    actor: Any
    actor_id: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """How one host stopped: its farewell if it gave one, how its process ended, and after how many seconds."""

    name: str
    farewell: Farewell | None
    way: Way
    seconds: float


class HostProcesses:
    """The hosts that one driver created and will stop. Safe to use from several threads.

    `detached` hosts outlive the driver (on a cluster that does); attached ones end with it. `environment` is set in the
    hosts' processes before they start.
    """

    def __init__(
        self,
        namespace: str,
        *,
        detached: bool = False,
        autoscaling: bool = False,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._namespace = namespace
        self._detached = detached
        self._autoscaling = autoscaling
        self._environment = dict(environment or {})
        # One class for all hosts, since Ray remembers the methods of each that it was given; and not one for ever,
        # since a class holds on to the cluster where it was used.
        self._actor_class = ray.remote(HostProcess)
        self._hosts: dict[str, Host] = {}
        self._stopping: list[Host] = []
        self._creating: set[Any] = set()
        self._closed = False

    def close(self) -> None:
        """Start nothing more; what is being started is killed, and its start fails."""
        self._closed = True
        for actor in list(self._creating):
            calls.kill(actor)

    def start(self, plans: Sequence[HostPlan], needs: Needs, deadline: float) -> list[Host]:
        """Create all hosts at the same time and wait until each is ready, in the order of the plans.

        Either all are ready or none is left: raises `Unplaceable` at once for what no node can give and at the deadline
        (seconds) for what had to wait, `HostFailed` for an entry that failed or was not ready by then.
        """
        if self._closed:
            raise HostFailed("The system is being closed; no host is started any more.")
        named = placement.check(needs, placement.living_nodes(), autoscaling=self._autoscaling)
        if not self._detached:
            driver = Driver(calls.node_id(), own_life())
            plans = [plan if plan.driver is not None else replace(plan, driver=driver) for plan in plans]
        options = self._options(needs, named)
        created = [(plan, self._create(plan, options)) for plan in plans]
        asked = [(plan, actor, actor.ready.remote()) for plan, actor in created]
        self._creating.update(actor for _, actor in created)
        began = time.monotonic()
        try:
            self._kill_if_closed()
            hosts = [self._await(*each, needs, began + deadline, deadline) for each in asked]
        except BaseException:
            for _, actor in created:
                calls.kill(actor)
            raise
        finally:
            self._creating.difference_update(actor for _, actor in created)
        self._hosts |= {host.name: host for host in hosts}
        return hosts

    def adopt(self, names: Iterable[str], deadline: float) -> list[Host]:
        """Take over detached hosts, which another process has started; those not ready at the deadline are killed."""
        until = time.monotonic() + deadline
        adopted: list[Host] = []
        found: list[tuple[HostPlan, Any, Any]] = []
        for name in names:
            with contextlib.suppress(ValueError):  # it has ended meanwhile
                actor = calls.find(name, self._namespace)
                found.append((HostPlan(name, ""), actor, actor.ready.remote()))  # all at once: one may not answer
        for plan, actor, ready in found:
            try:
                adopted.append(self._await(plan, actor, ready, Needs(), until, deadline))
            except (HostFailed, Unplaceable) as error:
                logger.warning("%s", error)
                calls.kill(actor)
        self._hosts |= {host.name: host for host in adopted}
        return adopted

    def _kill_if_closed(self) -> None:
        """`close` may have come before those that were just created were known to it."""
        if self._closed:
            self.close()

    def alive(self) -> list[Host]:
        """The hosts not known to have ended, in the order of their start."""
        return [host for host in list(self._hosts.values()) if not host.end.done()]

    def forget(self, host: Host) -> None:
        """Keep nothing of a host that has ended; `stop` will not report it."""
        self._hosts.pop(host.name, None)

    def move(self, host: Host, budget: float) -> None:
        """Let a host finish what it has within `budget` seconds and leave its seat to another; returns when it has."""
        try:
            calls.get(host.actor.move.remote(budget), 2 * budget)
        except (GetTimeoutError, RayActorError) as error:
            logger.warning("Host %s did not leave in order: %s", host.name, error)
        host.actor.__ray_terminate__.remote()

    def stacks(self, host: Host, timeout: float) -> dict[str, str]:
        """What the host's threads and tasks are doing; works while its loop is stuck. Raises Ray's error."""
        return cast("dict[str, str]", calls.get(host.actor.stacks.remote(), timeout))

    def kill(self, host: Host) -> None:
        """End the process at once; nothing is drained or flushed."""
        calls.kill(host.actor)

    def kill_all(self) -> None:
        """End every process at once, also those that are being stopped; whoever stops them hears so."""
        for host in (*self._hosts.values(), *self._stopping):
            if not host.end.done():
                calls.kill(host.actor)

    def stop(self, budget: float, hosts: Iterable[Host] | None = None) -> list[Stopped]:
        """Stop these hosts (all, if none are named) within `budget` seconds plus the time of a kill; newest first.

        Half of the budget is for draining; the rest for ending, which takes 0.2 s (1.2 s more for one that had to be
        cancelled). Hosts that have ended already are reported as such. A second call finds nothing left to do.
        """
        chosen = list(self._hosts.values()) if hosts is None else list(hosts)
        chosen.reverse()
        for host in chosen:
            self._hosts.pop(host.name, None)
        self._stopping += chosen
        stop = _Stop(budget)
        return stop.run(chosen)

    def _options(self, needs: Needs, named: placement.Node | None) -> dict[str, Any]:
        asked = placement.options(needs, named)
        asked |= {"max_restarts": 0, "max_task_retries": 0, "max_concurrency": MAX_CONCURRENCY}
        asked |= {"namespace": self._namespace, "lifetime": "detached" if self._detached else None}
        if self._environment:
            asked["runtime_env"] = {"env_vars": self._environment}
        return asked

    def _create(self, plan: HostPlan, options: dict[str, Any]) -> Any:
        # By its name operators find it, and a detached one could never be found again without.
        return self._actor_class.options(**options, name=plan.name).remote(plan)

    def _await(self, plan: HostPlan, actor: Any, ready: Any, needs: Needs, until: float, deadline: float) -> Host:
        actor_id = calls.actor_id(actor)
        try:
            report: HostReport = calls.get(ready, max(until - time.monotonic(), 0.01))
        except GetTimeoutError:
            if internals.actor_state(actor_id) in {"PENDING_CREATION", "DEPENDENCIES_UNREADY"}:
                raise placement.still_pending(needs, placement.living_nodes(), deadline) from None
            raise HostFailed(f"Host {plan.name} was not ready within {deadline:g} s.") from None
        except RayTaskError as error:
            raise HostFailed(f"Host {plan.name} failed to start: {error.cause}") from error
        except ActorUnschedulableError as error:
            raise Unplaceable(f"Ray cannot place host {plan.name}: {error}") from error
        except RayActorError as error:
            raise HostFailed(f"Host {plan.name} died before it was ready: {error}") from error
        return Host(plan.name, report, _end_of(actor), actor, actor_id)


class _Stop:
    """One round of stopping, against one budget."""

    def __init__(self, budget: float) -> None:
        self._budget = budget
        self._began = time.monotonic()
        self._node_id = ""
        self._farewells: dict[str, Farewell] = {}
        self._seconds: dict[str, float] = {}

    def run(self, hosts: list[Host]) -> list[Stopped]:
        self._node_id = calls.node_id()
        gone = [host for host in hosts if self._is_gone(host)]
        living = [host for host in hosts if host not in gone]
        self._say_bye(living)
        left = self._wait(living, until=self._began + self._budget)
        for host in left:
            logger.warning("Host %s did not end within its budget and is killed.", host.name)
            self._kill(host)
        self._wait(left, until=time.monotonic() + 5.0)
        return [
            self._stopped(host, "already gone" if host in gone else "killed" if host in left else "ended")
            for host in hosts
        ]

    def _say_bye(self, hosts: list[Host]) -> None:
        budget = self._budget / 2
        asked = {host.actor.bye.remote(budget): host for host in hosts}
        pending = list(asked)
        until = self._began + self._budget
        while pending and (left := until - time.monotonic()) > 0:
            done, pending = calls.wait(pending, left)
            for call in done:
                self._hear(asked[call], call)
                asked[call].actor.__ray_terminate__.remote()

    def _hear(self, host: Host, call: Any) -> None:
        try:
            farewell = cast("Farewell", calls.get(call))
        except Exception as error:  # noqa: BLE001  Ray raises many; the process is ended all the same
            logger.warning("Host %s did not say goodbye: %s", host.name, error)
            return
        self._farewells[host.name] = farewell
        if farewell.error:
            logger.warning("Host %s said goodbye with an error: %s", host.name, farewell.error)

    def _wait(self, hosts: list[Host], until: float) -> list[Host]:
        """Wait for the end of these processes; return those that live at `until`."""
        left = hosts
        while left:
            for host in left:
                if self._is_gone(host):
                    self._seconds[host.name] = time.monotonic() - self._began
            left = [host for host in left if host.name not in self._seconds]
            if not left or time.monotonic() > until:
                break
            time.sleep(POLL)  # Ray has no call that ends when an actor's process has
        return left

    def _is_gone(self, host: Host) -> bool:
        """Ray says so and, where it can be seen from here, the process has left: Ray says so some 100 ms before."""
        if internals.actor_state(host.actor_id) not in {"DEAD", ""}:
            return False
        return host.report.node_id != self._node_id or not is_alive(host.report.life)

    def _kill(self, host: Host) -> None:
        calls.kill(host.actor)
        if host.report.node_id == self._node_id and is_alive(host.report.life):
            os.kill(host.report.life.pid, signal.SIGKILL)  # a stopped process would keep Ray waiting for 5 s

    def _stopped(self, host: Host, way: Way) -> Stopped:
        farewell = self._farewells.get(host.name)
        if farewell is None and host.end.done():
            end = host.end.result()
            farewell = end if isinstance(end, Farewell) else None
        return Stopped(host.name, farewell, way, self._seconds.get(host.name, 0.0))


def _end_of(actor: Any) -> "concurrent.futures.Future[Farewell | str]":
    """A future that is done when the host ends, or when this process has left Ray.

    A host that Ray cannot reach for a while has not ended.
    """
    end: concurrent.futures.Future[Farewell | str] = concurrent.futures.Future()
    end.set_running_or_notify_cancel()

    def watch() -> None:
        try:
            call = calls.future(actor.watch.remote())
        except RaySystemError as error:
            end.set_result(f"Ray has been left: {error}")
        else:
            call.add_done_callback(seen)

    def seen(call: "concurrent.futures.Future[Any]") -> None:
        error = call.exception()
        if error is None:
            end.set_result(call.result() or "somebody else watches it now")
        elif isinstance(error, ActorUnavailableError):
            watch()
        else:
            end.set_result(f"{type(error).__name__}: {error}")

    watch()
    return end
