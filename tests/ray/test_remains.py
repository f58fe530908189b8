"""Keys and sockets of systems of which nothing lives are removed; those of living systems, and other keys, stay."""

import pytest

from actors.backends.ray import calls
from actors.backends.ray.cluster.cluster import Cluster
from actors.backends.ray.directory.control_store import ControlStore, stored_keys
from actors.backends.ray.hosts.remains import remove_remains
from actors.backends.ray.hosts.sockets import folder_of, remove_sockets, socket_folder
from actors.backends.ray.system_name import directory_name, full_name


def test_only_what_belongs_to_nobody_who_lives_is_removed(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    gone, lives = full_name(cluster.namespace, "gone: long ago"), full_name(cluster.namespace, "lives")
    stores = [ControlStore(name) for name in (gone, lives)]
    monkeypatch.setattr(calls, "named_actors", lambda: [(cluster.namespace, directory_name("lives"))])
    try:
        for store in stores:
            for key in ("generation/7", "root/0000000000000001", "seats/7"):
                store.put(key, b"1")
        for system in (gone, lives):
            (socket_folder(system) / "1.7.sock").touch()
        assert (gone, "seats/7") in stored_keys()
        remove_remains()
        assert [store.keys("") for store in stores] == [
            ["root/0000000000000001"],  # of the ledger of a detached system: not what a killed program leaves
            ["generation/7", "root/0000000000000001", "seats/7"],
        ]
        assert not folder_of(gone).exists()
        assert [file.name for file in folder_of(lives).iterdir()] == ["1.7.sock"]
    finally:
        for store in stores:
            store.clear()
        for system in (gone, lives):
            remove_sockets(system)


def test_what_has_come_since_the_look_stays(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system takes the name just when it is seen that nothing of it lives."""
    name = full_name(cluster.namespace, "again")
    store = ControlStore(name)
    store.put("generation/7", b"")
    (socket_folder(name) / "1.7.sock").touch()

    def somebody_comes() -> list[tuple[str, str]]:
        store.put("generation/8", b"")
        store.put("seats/8", b"3")
        (socket_folder(name) / "1.8.sock").touch()
        return []

    monkeypatch.setattr(calls, "named_actors", somebody_comes)
    try:
        remove_remains()
        assert store.keys("") == ["generation/8", "seats/8"]
        assert [file.name for file in folder_of(name).iterdir()] == ["1.8.sock"]
    finally:
        store.clear()
        remove_sockets(name)
