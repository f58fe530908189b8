"""How a handler is run: alone or interleaved, on the loop or in a thread, at which priority, conflated by which key."""

import inspect
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from actors.messages.annotations import called
from actors.messages.priority import Priority

Conflate = str | Callable[[Any], Hashable]
"""What makes two waiting messages the same: the name of a field, or a function from the message to a key."""


@dataclass(frozen=True, slots=True)
class Handling:
    """The options that `@call` and `@receive` share.

    interleaved: may run together with other interleaved handlers of the same actor; others run alone (rule A42).
    blocking: runs in a thread, so that it may block; only for `def`.
    priority: the level at which its messages wait; `None` leaves it to the message class.
    conflate: a newer message of the same key replaces the waiting one in its place (rule A34); an ask is never
        conflated, and `send` refuses.
    """

    interleaved: bool = False
    blocking: bool = False
    priority: Priority | None = None
    conflate: Conflate | None = None

    def level(self, message: type) -> Priority:
        """The level at which messages of this class wait: the handler's word, else the class's, else NORMAL."""
        if self.priority is not None:
            return self.priority
        level = getattr(message, "__priority__", Priority.NORMAL)
        if not isinstance(level, Priority):
            text = f"{called(message)}.__priority__ is {level!r}; set it to a level, such as Priority.HIGH."
            raise TypeError(text)
        return level

    def conflate_key(self, message: type) -> Callable[[Any], Hashable] | None:
        """The function from a message of this class to its key, or None. Raises TypeError for an unknown field."""
        if not isinstance(self.conflate, str):
            return self.conflate
        if self.conflate not in _names(message):
            text = f"{called(message)} has no field {self.conflate!r} to conflate by. Name one, or give a function."
            raise TypeError(text)
        return attrgetter(self.conflate)


def _names(message: type) -> set[str]:
    return {name for kind in message.__mro__ for name in (*kind.__dict__, *inspect.get_annotations(kind))}
