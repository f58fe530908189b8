"""Who of one host is registered, in versions: what changed since any of them, and how another host follows that. Pure.

A host keeps the roll of its own actors and tells it to the others, page by page. A page says from which version to
which it leads; version 0 is the empty roll, so a page since 0 is the whole. Taking a page twice, late or out of order
does nothing: whoever takes it answers with the version that is known now, and is told from there.
"""

from collections import deque
from collections.abc import Iterable
from typing import Any

from actors.messages.message import Request
from actors.reception.service_key import ServiceKey

REMEMBERED = 4_096
"""Changes that a roll remembers; a host that is further behind is told the whole roll."""

Key = ServiceKey[Any]
Lines = tuple[tuple[Key, tuple[int, ...]], ...]
"""Actors by key: their numbers, for they all live on the seat of the roll's host."""


class Page(Request[int]):
    """One host to another: the changes of its roll. The reply is the version that the other one knows then."""

    seat: int
    epoch: int
    since: int
    version: int
    entered: Lines
    struck: Lines


class Roll:
    """The registered actors of one sitting."""

    def __init__(self, seat: int, epoch: int) -> None:
        self.seat = seat
        self.epoch = epoch
        self.version = 0
        self.entries: dict[Key, dict[int, None]] = {}
        self._keys: dict[int, dict[Key, None]] = {}
        self._changes: deque[tuple[Key, int]] = deque(maxlen=REMEMBERED)
        """The latest changes; the last one led to `version`."""

    def __len__(self) -> int:
        """Actors that are registered."""
        return len(self._keys)

    def enter(self, key: Key, number: int) -> bool:
        """Register an actor; False if it is registered under this key already."""
        if number in self.entries.get(key, ()):
            return False
        self.entries.setdefault(key, {})[number] = None
        self._keys.setdefault(number, {})[key] = None
        self._changed(key, number)
        return True

    def strike(self, key: Key, number: int) -> bool:
        """Register an actor no more; False if it was not."""
        numbers = self.entries.get(key)
        if numbers is None or number not in numbers:
            return False
        del numbers[number]
        if not numbers:
            del self.entries[key]
        keys = self._keys[number]
        del keys[key]
        if not keys:
            del self._keys[number]
        self._changed(key, number)
        return True

    def keys_of(self, number: int) -> list[Key]:
        """The keys that an actor is registered under."""
        return list(self._keys.get(number, ()))

    def page(self, since: int) -> Page:
        """What leads from a version to the present one."""
        behind = self.version - since
        if since <= 0 or behind > len(self._changes) or behind < 0:
            whole = tuple((key, tuple(numbers)) for key, numbers in self.entries.items())
            return Page(self.seat, self.epoch, 0, self.version, whole, ())
        latest = dict.fromkeys(list(self._changes)[len(self._changes) - behind :])
        entered: dict[Key, list[int]] = {}
        struck: dict[Key, list[int]] = {}
        for key, number in latest:
            lines = entered if number in self.entries.get(key, ()) else struck
            lines.setdefault(key, []).append(number)
        return Page(self.seat, self.epoch, since, self.version, _lines(entered), _lines(struck))

    def _changed(self, key: Key, number: int) -> None:
        self._changes.append((key, number))
        self.version += 1


class View:
    """The roll of another sitting, as far as it was told."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch
        self.version = 0
        self.entries: dict[Key, dict[int, None]] = {}

    def take(self, page: Page) -> list[Key]:
        """Take a page of this sitting; the keys that changed, none for one that is old, or that leaves a gap."""
        if page.version <= self.version or page.since > self.version:
            return []
        self.version = page.version
        if page.since == 0:
            return self._replace({key: dict.fromkeys(numbers) for key, numbers in page.entered})
        for key, numbers in page.struck:
            left = self.entries.get(key, {})
            for number in numbers:
                left.pop(number, None)
            if not left:
                self.entries.pop(key, None)
        for key, numbers in page.entered:
            self.entries.setdefault(key, {}).update(dict.fromkeys(numbers))
        return [key for key, _ in (*page.struck, *page.entered)]

    def _replace(self, entries: dict[Key, dict[int, None]]) -> list[Key]:
        before, self.entries = self.entries, entries
        return [key for key in {**before, **entries} if before.get(key) != entries.get(key)]


def _lines(numbers: dict[Key, list[int]]) -> Lines:
    return tuple((key, tuple(each)) for key, each in numbers.items())


def merged(rolls: Iterable[tuple[int, dict[Key, dict[int, None]]]], key: Key) -> list[tuple[int, int]]:
    """Seat and number of everybody registered under a key, in order: the same on every host that knows the same."""
    return sorted((seat, number) for seat, entries in rolls for number in entries.get(key, ()))
