"""What a link must be told before a record: each class index and each definition once, in the order of the link.

Notices travel on the same ordered, resent stream as the records, so they need no answer. A new session of a link (the
peer sits with another epoch) starts with new objects of both classes.
"""

from collections.abc import Callable, Sequence
from typing import Any

from actors.encoding.code import WHOLE, ClassTable, IndexedClass, class_of
from actors.encoding.pickling import needed
from actors.encoding.registry import Definition, Key
from actors.encoding.skew import maker
from actors.errors import Unsendable

Notice = IndexedClass | Definition
"""Picklable anywhere: a tuple of plain data."""


class Outgoing:
    """What the peer with the epoch `peer` has been told. Hot path: `if used or index not in outgoing.told: due(…)`."""

    def __init__(self, table: ClassTable, peer: int) -> None:
        self.told: set[int] = {WHOLE}
        self._table = table
        self._peer = peer
        self._known: set[Key] = set()

    def due(self, index: int, used: Sequence[Key]) -> list[Notice]:
        """The notices to send, in this order, before a record with this class index and these keys."""
        keys = list(used)
        named: list[IndexedClass] = []
        if index not in self.told:
            self.told.add(index)
            named.append(self._table.indexed(index))
            keys += [key for notice in named if (key := notice.key) is not None]
        return [*needed(keys, self._known, self._peer), *named]


class Incoming:
    """The peer's classes by index: `incoming.classes[index](*values)`."""

    def __init__(self, table: ClassTable) -> None:
        self.classes: dict[int, Callable[..., Any]] = {}
        self._table = table

    def take(self, notice: tuple[Any, ...]) -> None:
        """Learn what a notice says. A class that is not to be had here raises Unsendable for each of its messages."""
        if not isinstance(notice[0], int):
            key, contains, needs, blob = notice
            contains, needs = tuple(Key(*one) for one in contains), tuple(Key(*one) for one in needs)
            self._table.define(Definition(Key(*key), contains, needs, blob))
            return
        index, name, key, fields = notice
        try:
            found = class_of(IndexedClass(index, name, None if key is None else Key(*key)))
            self.classes[index] = found if key is not None else maker(found, fields)
        except Unsendable as error:
            self.classes[index] = _missing(str(error))


def _missing(reason: str) -> Callable[..., Any]:
    def make(*_: object) -> Any:
        raise Unsendable(reason)

    return make
