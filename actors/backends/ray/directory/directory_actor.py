"""The directory is a named Ray actor around a pure object: Ray restarts it, empty, with a new and higher generation.

The pure object knows neither Ray nor a clock. Each call hands it the time of its node, in seconds that never go back
and count suspend. One call at a time, so it needs no locks. After each call it is asked for `errands(now)`: pairs of a
Ray actor and an order for it, which are sent without waiting.
"""

import contextlib
import threading
import time
from dataclasses import dataclass
from typing import Any, NamedTuple

import ray
from ray.exceptions import ActorUnschedulableError, RayError

from actors.backends.ray import calls, internals
from actors.backends.ray.clocks import clock
from actors.backends.ray.cluster import placement
from actors.backends.ray.cluster.placement import Needs
from actors.backends.ray.cluster.processes import Life, own_life
from actors.backends.ray.directory.control_store import ControlStore, claim_generation, newest_generation
from actors.backends.ray.entry import load_entry
from actors.backends.ray.system_name import directory_name, full_name
from actors.errors import UnderstudyError, Unplaceable

LOOK = 0.25
"""Seconds between two looks at whether there is a higher generation; a look takes 0.4 ms."""


@dataclass(frozen=True, slots=True)
class DirectoryPlan:
    """What the directory of a system is: `factory` names a callable `(generation, config) -> pure object`.

    `namespace` and `system` are how it is found again. `detached` lets it outlive the driver that made it.
    """

    system: str
    namespace: str
    factory: str
    config: Any = None
    detached: bool = False

    @property
    def actor_name(self) -> str:
        """The name of the Ray actor."""
        return directory_name(self.system)


class Origin(NamedTuple):
    """Which life of the directory an answer comes from."""

    generation: int
    node_id: str
    life: Life


class Superseded(UnderstudyError):
    """There is a directory of a higher generation: this one knows nothing any more (rule A17)."""


class DirectoryActor:
    """The Ray actor class. A restart runs the constructor again: new generation, empty object, same name and handle.

    While it lives it looks whether another has claimed a higher generation, and then answers nobody any more. Leases
    that it has granted until then end before a successor gives the seat of anybody away whom it has not heard.
    """

    def __init__(self, plan: DirectoryPlan) -> None:
        internals.start_by_itself(may=False)  # as in any process of ours
        life, node_id = own_life(), calls.node_id()
        store = ControlStore(full_name(plan.namespace, plan.system))
        generation = claim_generation(store, f"{node_id}/{life}")
        self._directory: Any = load_entry(plan.factory)(generation, plan.config)
        self._origin = Origin(generation, node_id, life)
        self._newest = generation
        threading.Thread(target=self._watch_for_another, args=(store,), name="generations", daemon=True).start()

    def _watch_for_another(self, store: ControlStore) -> None:
        """Its own thread, because the store may not answer for a while. Then there is nobody who could claim either."""
        while self._newest == self._origin.generation:
            time.sleep(LOOK)  # the store tells nobody of a change
            with contextlib.suppress(RayError):
                self._newest = newest_generation(store)

    def call(self, method: str, arguments: tuple[Any, ...]) -> tuple[Origin, Any]:
        """Run `directory.<method>(now, *arguments)`; which life answers, and what it returned."""
        if method.startswith("_"):
            raise AttributeError(f"{method} is not for callers of the directory.")
        if self._newest > self._origin.generation:
            raise Superseded(f"Generation {self._newest} has taken over from {self._origin.generation}.")
        result = getattr(self._directory, method)(clock(), *arguments)
        for actor, order in self._directory.errands(clock()):
            actor.order.remote(order)
        return self._origin, result

    def origin(self) -> Origin:
        """Which life of the directory this is."""
        return self._origin


def start_directory(plan: DirectoryPlan, deadline: float) -> Any:
    """Create the directory on the head node, or find the one that is there already; wait until it answers. Blocks.

    Returns the Ray actor's handle, which stays valid over restarts. Raises `Unplaceable`, or Ray's error of a factory
    that failed.
    """
    needs = Needs(head=True)
    nodes = placement.living_nodes()
    named = placement.check(needs, nodes)
    options = placement.options(needs, named) | {
        "name": plan.actor_name,
        "namespace": plan.namespace,
        "get_if_exists": True,
        "lifetime": "detached" if plan.detached else None,
        "max_restarts": -1,
        "max_task_retries": 0,
    }
    actor: Any = ray.remote(DirectoryActor)
    handle = actor.options(**options).remote(plan)
    try:
        calls.get(handle.origin.remote(), deadline)
    except ActorUnschedulableError as error:
        raise Unplaceable(f"Ray cannot place the directory: {error}") from error
    return handle
