"""A large payload stays with its sender, in Ray's object store, until the receiver has loaded it or the link has ended.

A reference travels as a ticket: Ray's id, its owner, its status. Pickling the reference itself would hang the receiver
for ever (plain pickle) or keep the object for the life of the sender (Ray's cloudpickle). A ticket keeps nothing alive,
so the sender's hold table does. What a receiver has mapped stays readable after the sender let it go, and after its
death; what it has not is gone with the sender.
"""

import pickle
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ray.exceptions import ObjectLostError

from actors.backends.ray import calls, internals
from actors.backends.ray.errors import PayloadLost
from actors.backends.ray.internals import OwnedRef

Buffer = bytes | bytearray | memoryview | pickle.PickleBuffer


class Ticket(NamedTuple):
    """What the receiver needs to load a payload; plain data, for one receiver. `size` is in bytes."""

    number: int
    size: int
    ref: OwnedRef


@dataclass(slots=True)
class _Payload:
    """One object in the store; freed when its last hold is gone. `ref` is None until it is stored."""

    size: int
    holds: int = 0
    ref: Any = None


class PayloadStore:
    """The payloads that this process has put into the store and nobody has confirmed yet; and loading those of others.

    At most `limit` bytes are held at a time. `put` and `load` copy or wait and are for threads; `share`, `loaded` and
    `link_ended` are quick and may be called from a loop. Safe to use from several threads.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._number = 0
        self._holds: dict[int, tuple[object, _Payload]] = {}
        self._size = 0

    @property
    def held(self) -> int:
        """Bytes that wait to be confirmed."""
        return self._size

    def put(self, parts: Sequence[Buffer], link: object) -> Ticket | None:
        """Copy contiguous buffers into the store for the receiver at the other end of `link` (any mark of it).

        None if that would exceed the limit, or if the link ended meanwhile.
        """
        payload = _Payload(sum(memoryview(part).nbytes for part in parts))
        with self._lock:
            if self._size + payload.size > self._limit:
                return None
            self._size += payload.size
            number = self._hold(link, payload)
        try:
            payload.ref = calls.put([pickle.PickleBuffer(part) for part in parts])
            owned = internals.own_ref(payload.ref)
        except BaseException:
            self.loaded(number)
            raise
        with self._lock:
            return Ticket(number, payload.size, owned) if number in self._holds else None

    def share(self, ticket: Ticket, link: object) -> Ticket | None:
        """A ticket for one more receiver of the same payload; None if the payload is not held any more."""
        with self._lock:
            held = self._holds.get(ticket.number)
            return None if held is None else ticket._replace(number=self._hold(link, held[1]))

    def load(self, ticket: Ticket, timeout: float | None = None) -> list[memoryview]:
        """The buffers behind a ticket of another process, read-only and without a copy where both are on one node.

        The memory is freed when the views are gone. Tell the sender afterwards, who then calls `loaded`.
        Raises `PayloadLost` if the sender has died or let it go, `TimeoutError`.
        """
        try:
            found: list[Any] = calls.get(internals.borrow_ref(ticket.ref), timeout)
        except ObjectLostError as error:
            what = f"A payload of {ticket.size} bytes is gone: its sender died or let it go."
            raise PayloadLost(f"{what} {type(error).__name__}: {error}") from error
        return [memoryview(part).toreadonly() for part in found]

    def loaded(self, number: int) -> None:
        """The receiver has what ticket `number` was for; nothing happens if it is not held any more."""
        with self._lock:
            self._release(number)

    def link_ended(self, link: object) -> None:
        """Let everything go that was for the other end of `link`."""
        with self._lock:
            for number in [number for number, (owner, _) in self._holds.items() if owner == link]:
                self._release(number)

    def _hold(self, link: object, payload: _Payload) -> int:
        self._number += 1
        self._holds[self._number] = (link, payload)
        payload.holds += 1
        return self._number

    def _release(self, number: int) -> None:
        _, payload = self._holds.pop(number, (None, None))
        if payload is None:
            return
        payload.holds -= 1
        if payload.holds == 0:
            self._size -= payload.size
