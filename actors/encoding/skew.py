"""Two hosts may know a class of messages in two versions: fields that one of them has in addition are tolerated.

Values travel without their names, so each class is announced with its fields in order. Where the versions differ, a
message is put together by name: what only the sender has is left out, what only the receiver has takes its default. Any
other difference is refused, with both versions named, for it would put a value into the wrong field.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from actors.errors import Unsendable

log = logging.getLogger(__name__)


def maker(cls: Any, theirs: Sequence[str]) -> Callable[..., Any]:
    """What makes a message of the values of a sender whose class has these fields. Raises Unsendable."""
    mine: tuple[str, ...] = cls.__struct_fields__
    if tuple(theirs) == mine:
        return cls
    added = [name for name in theirs if name not in mine]
    missing = [name for name in mine if name not in theirs]
    without = [name for name in missing if _default(cls, name) is msgspec.NODEFAULT]
    name = f"{cls.__module__}:{cls.__qualname__}"
    versions = f"{name} has the fields ({', '.join(mine)}) here and ({', '.join(theirs)}) where it was sent"
    if without:
        text = f"{versions}; {', '.join(without)} would be missing. Give new fields defaults, or run one release."
        raise Unsendable(text)
    if added and missing:
        text = f"{versions}; neither is the other one with more fields. Run one release."
        raise Unsendable(text)
    log.warning("%s; messages are put together by name.", versions)
    kept = [(position, name) for position, name in enumerate(theirs) if name in mine]

    def make(*values: object) -> Any:
        return cls(**{name: values[position] for position, name in kept})

    return make


def _default(cls: Any, name: str) -> object:
    fields: tuple[str, ...] = cls.__struct_fields__
    defaults: tuple[object, ...] = cls.__struct_defaults__
    position = fields.index(name) - (len(fields) - len(defaults))
    return defaults[position] if position >= 0 else msgspec.NODEFAULT
