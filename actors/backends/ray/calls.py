"""Ray's verbs with types: what Ray leaves unknown to a type checker is said here once."""

import concurrent.futures
import threading
from collections.abc import Callable
from typing import Any, cast

import ray

_ray: Any = ray  # its signatures are partly unknown to the checker


def initialise(**options: Any) -> None:
    """`ray.init`, in this thread."""
    _ray.init(**options)


def leave() -> None:
    """`ray.shutdown`; returns when the processes that were started here have ended."""
    _ray.shutdown(wait_for_processes=True)


def apart(function: Callable[[], object]) -> threading.Event:
    """Call it in a thread that nobody has to wait for, also not at the end of the program; set when it has returned.

    For what asks Ray's control store, which blocks for a minute where that cannot be reached.
    """
    returned = threading.Event()

    def run() -> None:
        try:
            function()
        finally:
            returned.set()

    threading.Thread(target=run, name="ray-call", daemon=True).start()
    return returned


def put(value: Any) -> Any:
    """A reference to `value` in the object store of this node; this process owns it."""
    return _ray.put(value)


def get(call: Any, timeout: float | None = None) -> Any:
    """The result of a call; raises what it raised, or Ray's `GetTimeoutError`."""
    return _ray.get(call, timeout=timeout)


def wait(calls: list[Any], timeout: float) -> tuple[list[Any], list[Any]]:
    """The calls that have ended, one at least unless `timeout` seconds have passed, and the others."""
    return cast("tuple[list[Any], list[Any]]", _ray.wait(calls, timeout=timeout))


def future(call: Any) -> "concurrent.futures.Future[Any]":
    """A future of the call's result that no thread waits for."""
    return cast("concurrent.futures.Future[Any]", call.future())


def kill(actor: Any, *, restart: bool = False) -> None:
    """End the actor's process at once; `restart` lets Ray start it again if its options allow that."""
    _ray.kill(actor, no_restart=not restart)


def find(name: str, namespace: str) -> Any:
    """The handle of a named actor; asks the control store. Raises `ValueError` if there is none."""
    return _ray.get_actor(name, namespace=namespace)


def named_actors() -> list[tuple[str, str]]:
    """Namespace and name of every living actor of the cluster that has one."""
    listed: list[dict[str, str]] = _ray.util.list_named_actors(all_namespaces=True)
    return sorted((found["namespace"], found["name"]) for found in listed)


def node_id() -> str:
    """Ray's id of the node this process is on."""
    return str(_ray.get_runtime_context().get_node_id())


def this_actor() -> Any:
    """The handle of the Ray actor that this process is."""
    return cast("Any", ray.get_runtime_context()).current_actor


def actor_id(actor: Any) -> str:
    """Ray's id of the actor."""
    return str(actor._actor_id.hex())  # noqa: SLF001  there is no public way to it
