"""Few and small facts that must outlive the directory stand in Ray's control store, under one system's full name.

A key that is created once never changes hands: that is how a directory claims its generation (rule A17).
"""

import time

from actors.backends.ray import internals

EPOCH_2020 = 1_577_836_800
"""2020-01-01 in seconds of Unix time; generations count from there, so they outrank those of a store that was wiped."""


GENERATIONS = "generation/"
"""How the keys of claimed generations begin."""

_ALL = "understudy"
"""How the namespaces of all systems begin."""


class ControlStore:
    """Keys and values (bytes) of one system, which is named as in addresses, `namespace/name`: see `full_name`.

    No key has a colon. Every call blocks for a round trip, about 0.3 ms. Raises Ray's errors if the head node does not
    answer.
    """

    def __init__(self, system: str) -> None:
        self._namespace = f"{_ALL}:{system}".encode()

    def create(self, key: str, value: bytes) -> bool:
        """Store `value` unless the key exists; True for the one who stored it."""
        return internals.key_put(key.encode(), value, self._namespace, overwrite=False)

    def put(self, key: str, value: bytes) -> None:
        """Store `value`, whatever was there."""
        internals.key_put(key.encode(), value, self._namespace, overwrite=True)

    def get(self, key: str) -> bytes | None:
        """The value, or None if there is no such key."""
        return internals.key_get(key.encode(), self._namespace)

    def delete(self, key: str) -> None:
        """Forget the key, if it is there."""
        internals.key_delete(key.encode(), self._namespace)

    def clear(self, *prefixes: str) -> None:
        """Forget all keys that begin so, or everything if none is named.

        For whoever has stopped the system: nobody of it is left who could be taken for another.
        """
        for key in self.keys(""):
            if key.startswith(prefixes or ""):
                self.delete(key)

    def keys(self, prefix: str, timeout: float | None = None) -> list[str]:
        """All keys that begin with `prefix`, sorted; within `timeout` seconds, or Ray's error is raised."""
        left = self._namespace.partition(b":")[2] + b":"  # of the namespace, which Ray cuts off at its first colon
        listed = internals.key_list(prefix.encode(), self._namespace, timeout)
        keys = (key.removeprefix(left).decode() for key in listed)
        return sorted(key for key in keys if ":" not in key)  # else it is of a system whose name goes on with a colon


def stored_keys() -> list[tuple[str, str]]:
    """The full name of the system, and the key, of everything that any system has stored, sorted."""
    listed = (key.decode().rpartition(":") for key in internals.key_list(b"", _ALL.encode()))
    return sorted((system, key) for system, _, key in listed)


def claim_generation(store: ControlStore, claimant: str, unix_time: float | None = None) -> int:
    """A generation higher than every one this system ever had: max(last + 1, seconds since 2020), or the next free one.

    The claims stay in the store as long as the system is there. Two directories that claim at once get different ones.
    """
    now = time.time() if unix_time is None else unix_time
    generation = max(newest_generation(store) + 1, int(now) - EPOCH_2020)
    while not store.create(f"{GENERATIONS}{generation}", claimant.encode()):
        generation += 1
    return generation


def newest_generation(store: ControlStore, timeout: float | None = None) -> int:
    """The highest generation that was claimed; 0 if none was. Raises Ray's error after `timeout` seconds."""
    return max((int(key.rpartition("/")[2]) for key in store.keys(GENERATIONS, timeout)), default=0)
