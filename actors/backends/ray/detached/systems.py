"""Detached systems of a cluster: made, found and listed by the name of the Ray actor that keeps each."""

import contextlib
import os
import time
from dataclasses import dataclass
from typing import Any

import ray
from ray.exceptions import ActorUnavailableError, GetTimeoutError, RayActorError, RayTaskError

from actors.backends.ray import calls, internals
from actors.backends.ray.cluster import placement
from actors.backends.ray.cluster.placement import Needs
from actors.backends.ray.directory.claim import is_taken
from actors.backends.ray.directory.control_store import ControlStore
from actors.backends.ray.errors import HostFailed
from actors.backends.ray.hosts.host_process import MAX_CONCURRENCY, HostPlan, HostProcess, HostReport
from actors.backends.ray.hosts.seated import Membership
from actors.backends.ray.hosts.sockets import remove_sockets
from actors.backends.ray.options import RayOptions
from actors.backends.ray.system_name import full_name, keeper_name, part_of
from actors.errors import SettingsError

PAUSE = 0.1
"""Seconds between two looks at what Ray tells nobody: that an actor is back, or has ended."""

TRIES = 50
"""Looks at whether anything is left of a system that is being removed."""


@dataclass(frozen=True, slots=True)
class KeeperTask:
    """What a keeper keeps, and what is set in the environment of the processes it makes."""

    membership: Membership
    environment: dict[str, str]


def names(namespace: str) -> list[str]:
    """The detached systems of a cluster that this process has joined. Blocks."""
    found = [part_of(name) for space, name in calls.named_actors() if space == namespace]
    return [part[0] for part in found if part is not None and part[1] == "keeper"]


def check(options: RayOptions) -> None:
    """Raise SettingsError for options that cannot be those of a detached system; nothing has been started yet."""
    if options.detached and options.attach is not None:
        raise SettingsError("A system is made (`detached=True`) or joined (`attach=...`). Leave one of the two out.")
    if options.detached and not options.name:
        raise SettingsError("A detached system is found by its name: System(on='ray', name='shop', detached=True).")
    if (options.name or options.attach or "").count(":"):
        raise SettingsError("The name of a detached system has no colon. Choose another one.")
    address = options.address or os.environ.get("RAY_ADDRESS") or "local"
    joined = ray.is_initialized() and not internals.started_processes()
    if address == "local" and not joined:
        raise SettingsError(
            "A detached system needs a cluster that outlives this program, and an embedded Ray ends with it. Start one "
            "(`ray start --head`), and name it: System(on='ray', address='HOST:PORT', ...) or the variable RAY_ADDRESS."
        )


def make(task: KeeperTask, deadline: float) -> None:
    """Start the keeper, which makes everything else; returns when the system is open. Blocks.

    Raises SettingsError if there is a system of that name, HostFailed with the reason for one that cannot be opened.
    """
    plan = task.membership.directory
    if parts(plan.system, plan.namespace):  # perhaps the directory of an ordinary one
        raise is_taken(plan.system, plan.namespace)
    needs = Needs(head=True)
    named = placement.check(needs, placement.living_nodes())
    options = placement.options(needs, named) | {
        "name": keeper_name(plan.system),
        "namespace": plan.namespace,
        "lifetime": "detached",
        "max_restarts": -1,
        "max_task_retries": 0,
        "max_concurrency": MAX_CONCURRENCY,
    }
    if task.environment:
        options["runtime_env"] = {"env_vars": task.environment}
    host_plan = HostPlan(keeper_name(plan.system), "actors.backends.ray.detached.keeper:keep", task)
    try:
        actor_class: Any = ray.remote(HostProcess)
        actor = actor_class.options(**options).remote(host_plan)
    except ValueError as error:
        raise is_taken(plan.system, plan.namespace) from error
    try:
        calls.get(actor.ready.remote(), deadline)
    except RayTaskError as error:  # of the keeper, which has taken everything back
        calls.kill(actor)
        raise HostFailed(f"The detached system {plan.system!r} could not be opened: {error}") from error
    except (RayActorError, GetTimeoutError) as error:
        remove(plan.system, plan.namespace)
        raise HostFailed(f"The keeper of {plan.system!r} did not open it within {deadline:g} s: {error}") from error


def remove(system: str, namespace: str) -> None:
    """End whatever there is of a detached system, at once: no handler is finished, no `on_stop` runs. Blocks.

    For one that could not be opened, and for one that does not answer any more.
    """
    keeper = keeper_name(system)
    for _ in range(TRIES):
        left = parts(system, namespace)
        if not left:
            break
        for name in sorted(left, key=lambda name: name != keeper):  # first whoever makes the others
            with contextlib.suppress(ValueError):  # it has ended meanwhile
                calls.kill(calls.find(name, namespace))
        time.sleep(PAUSE)  # Ray has no call that ends when a name is free
    ControlStore(full_name(namespace, system)).clear()
    remove_sockets(full_name(namespace, system))


def find(system: str, namespace: str, deadline: float) -> Membership:
    """What a program needs to join a detached system; waits for a keeper that is being started again. Blocks.

    Raises SettingsError, naming those that there are, if there is none of that name.
    """
    until = time.monotonic() + deadline
    while True:
        try:
            actor = calls.find(keeper_name(system), namespace)
            report: HostReport = calls.get(actor.ready.remote(), max(0.1, until - time.monotonic()))
        except ValueError as error:
            there = ", ".join(map(repr, names(namespace))) or "none"
            raise SettingsError(
                f"This cluster has no detached system {system!r} (namespace {namespace!r}); there are: {there}. "
                f"To make one: System(on='ray', name={system!r}, detached=True)."
            ) from error
        except (ActorUnavailableError, RayActorError):
            if time.monotonic() > until:
                raise
            time.sleep(PAUSE)  # Ray has no call that ends when an actor is back
        else:
            assert isinstance(report.report, Membership)
            return report.report


def parts(system: str, namespace: str) -> list[str]:
    """The names of the Ray actors of a detached system: its keeper, its directory, its hosts and spares. Blocks."""
    found = [(name, part_of(name)) for space, name in calls.named_actors() if space == namespace]
    return [name for name, part in found if part is not None and part[0] == system]
