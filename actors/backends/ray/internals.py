"""Every name of Ray that is not public API is used in this file and in no other, so a new Ray is checked in one place.

Checked against Ray 2.60. What has no public form: the printing of raylet messages, the cached authentication token,
the key-value store, references outside of Ray's own calls, the state of one actor, the folder of the session, and
whether Ray starts by itself.
"""
# Ray ships partial types, none for these names; what enters here leaves with a type of ours.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportPrivateUsage=false, reportAttributeAccessIssue=false
# ruff: noqa: SLF001  private names are what this file is for

from collections.abc import Callable
from typing import Any, NamedTuple

import ray
from ray._private import auto_init_hook, serialization, state, worker
from ray._raylet import AuthenticationTokenLoader, Config
from ray.experimental import internal_kv

Printer = Callable[[dict[str, Any], bool], None]


class OwnedRef(NamedTuple):
    """A reference with its owner: all that another process needs to fetch the object and to be counted as a user."""

    binary: bytes
    owner: bytes
    status: bytes


def replace_printer(printer: Printer) -> Printer:
    """Let `printer` have what Ray would print for the driver, raylet messages included; the former one is returned."""
    former: Printer = worker.print_to_stdstream
    worker.print_to_stdstream = printer
    return former


def start_by_itself(*, may: bool) -> bool:
    """Whether Ray is started by a call that finds it not running; returns what was so before.

    A call that comes while Ray is being left would start another, and wait for ever for the one that is being left.
    """
    before: bool = auto_init_hook.enable_auto_connect
    auto_init_hook.enable_auto_connect = may
    return before


def forget_authentication() -> None:
    """Read the authentication mode from the environment again, then drop the token read before.

    In this order: a thread of Ray that still ends its work would read the token again and abort the process if the mode
    still asked for one.
    """
    Config.initialize("")
    AuthenticationTokenLoader.instance().reset_cache()


def started_processes() -> list[int]:
    """The ids of the processes that `ray.init` started here; empty if it joined a cluster."""
    node: Any = worker._global_node
    if node is None:
        return []
    return [info.process.pid for infos in node.all_processes.values() for info in infos]


def session_folder() -> str:
    """The folder of Ray's session on this node."""
    node: Any = worker._global_node
    return str(node.get_session_dir_path())


def gcs_address() -> str:
    """The address of Ray's control store, host and port."""
    return str(worker.global_worker.gcs_client.address)


def actor_state(actor_id: str) -> str:
    """What Ray says of an actor: PENDING_CREATION, ALIVE, RESTARTING, DEAD, or nothing if it does not know it."""
    found: Any = state.actors(actor_id)
    return str(found.get("State", "")) if found else ""


def draining_nodes(timeout: float) -> dict[str, float]:
    """The ids of nodes that Ray drains, and when it takes each away, in Unix time; 0 if it does not say.

    Raises Ray's error if it has not answered within `timeout` seconds.
    """
    found: dict[str, int] = worker.global_worker.gcs_client.get_draining_nodes(timeout)
    return {node: deadline / 1000 for node, deadline in found.items()}


def key_put(key: bytes, value: bytes, namespace: bytes, *, overwrite: bool) -> bool:
    """Store `value`; True if it was stored. Ray returns the inverse: whether the key was there."""
    existed = bool(internal_kv._internal_kv_put(key, value, overwrite=overwrite, namespace=namespace))
    return overwrite or not existed


def key_get(key: bytes, namespace: bytes) -> bytes | None:
    """The value of `key`, or None."""
    found: bytes | None = internal_kv._internal_kv_get(key, namespace=namespace)
    return found


def key_delete(key: bytes, namespace: bytes) -> None:
    """Forget `key`; nothing happens if there is none."""
    internal_kv._internal_kv_del(key, namespace=namespace)


def key_list(prefix: bytes, namespace: bytes, timeout: float | None = None) -> list[bytes]:
    """All keys that begin with `prefix`. Raises Ray's error if they were not there within `timeout` seconds."""
    found: list[bytes] = worker.global_worker.gcs_client.internal_kv_keys(prefix, namespace, timeout)
    return found


def own_ref(ref: "ray.ObjectRef[Any]") -> OwnedRef:
    """The triple that lets another process use `ref`. It keeps nothing alive: whoever made it holds `ref` meanwhile."""
    _, owner, status = worker.global_worker.core_worker.serialize_object_ref(ref)
    return OwnedRef(ref.binary(), bytes(owner), bytes(status))


def borrow_ref(owned: OwnedRef) -> "ray.ObjectRef[Any]":
    """The reference behind a triple; this process now counts as a user of the object until it drops the reference."""
    borrowed: ray.ObjectRef[Any] = serialization._object_ref_deserializer(
        owned.binary, "", owned.owner, owned.status, None
    )
    return borrowed
