"""The entries of a detached system's root stand in Ray's control store, each with the code that it needs (rule A13)."""

import logging
import threading

from actors.backends.ray.directory.control_store import ControlStore
from actors.encoding.pickling import pack, unpack
from actors.supervising.entry import Entry

log = logging.getLogger("understudy.ray")

PREFIX = "root/"


class StoredLedger:
    """Entries by the order in which they were written. `origin` is the epoch of the keeper that writes them."""

    def __init__(self, store: ControlStore, origin: int) -> None:
        self._store = store
        self._origin = origin
        self._lock = threading.Lock()
        self._keys: dict[int, str] = {}
        """By the number of the actor."""
        self._last = 0

    def write(self, entry: Entry) -> None:
        """Add an entry behind all others; raises Unsendable, naming the argument that cannot be written down."""
        packed = pack(entry, self._origin)
        with self._lock:
            self._last += 1
            key = self._keys[entry.number] = f"{PREFIX}{self._last:016}"
        self._store.put(key, packed)

    def erase(self, number: int) -> None:
        """Take the entry of this actor out; nothing happens if there is none."""
        with self._lock:
            key = self._keys.pop(number, None)
        if key is not None:
            self._store.delete(key)

    def entries(self) -> list[Entry]:
        """All entries that can be read; one that cannot, because its code is not on the path any more, is named."""
        found: list[Entry] = []
        for key in self._store.keys(PREFIX):
            self._last = max(self._last, int(key.removeprefix(PREFIX)))
            packed = self._store.get(key)
            if packed is None:
                continue
            try:
                entry: Entry = unpack(packed)
            except Exception:
                log.exception("A top-level actor (%s) cannot be read, and is not started again.", key)
                continue
            self._keys[entry.number] = key
            found.append(entry)
        return found
