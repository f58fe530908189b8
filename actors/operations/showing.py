"""Values as an operator may see them: short, whatever they are, and with stars where something is sensitive.

Sensitive is what `Annotated[..., Sensitive]` marks: fields of messages, models and dataclasses, wherever they stand in
a value, attributes that a class declares, and attributes that have the name of a marked constructor parameter. What
code has put elsewhere (into a text, say) cannot be known.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, cast

import msgspec

from actors.messages.sensitive import STARS, sensitive_fields

LONGEST = 400
"""Characters of one value."""

ITEMS = 10
"""Items of a container that are shown."""

DEEPEST = 5
"""Levels of containers that are shown."""

PLAIN = (bool, int, float, complex, Enum)
BRACKETS: dict[type, tuple[str, str]] = {
    list: ("[", "]"),
    tuple: ("(", ")"),
    set: ("{", "}"),
    frozenset: ("frozenset({", "})"),
    deque: ("deque([", "])"),
}


def shown(value: object) -> str:
    """A value as text of bounded length; never raises."""
    return _cut(_shown(value, 0))


def attributes_of(thing: object, *, without: frozenset[str]) -> dict[str, str]:
    """What an object has, each as text."""
    kind = type(thing)
    hidden = {*sensitive_fields(kind), *sensitive_fields(kind.__init__)}
    names = [name for base in reversed(kind.__mro__) for name in _slots(base)]
    values = {name: getattr(thing, name) for name in names if hasattr(thing, name)} | getattr(thing, "__dict__", {})
    return {
        name: STARS if name in hidden or name.lstrip("_") in hidden else shown(value)
        for name, value in values.items()
        if name not in without
    }


def _slots(base: type) -> Iterable[str]:
    slots: str | Iterable[str] = base.__dict__.get("__slots__", ())
    return [name for name in ([slots] if isinstance(slots, str) else slots) if not name.startswith("__")]


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text)} characters)"


def _shown(value: object, depth: int) -> str:
    try:
        if value is None or isinstance(value, PLAIN):
            return _cut(repr(value))
        if isinstance(value, str | bytes | bytearray):
            more = "…" if len(value) > LONGEST else ""
            return f"{value[:LONGEST]!r}{more}"
        if depth >= DEEPEST:
            return "…"
        return _container(value, depth)
    except Exception as error:  # noqa: BLE001 - whatever a foreign repr does, the rest is shown
        return f"<{type(value).__qualname__} that cannot be shown: {type(error).__qualname__}>"


def _container(value: Any, depth: int) -> str:
    if isinstance(value, dict):
        items = cast("dict[object, object]", value).items()
        pairs = (f"{_shown(key, depth + 1)}: {_shown(item, depth + 1)}" for key, item in items)
        return f"{{{_first(pairs, len(items))}}}"
    brackets = BRACKETS.get(cast("type[Any]", type(value)))
    if brackets is not None:
        some = (_shown(item, depth + 1) for item in value)
        return f"{brackets[0]}{_first(some, len(value))}{brackets[1]}"
    named = _fields(value)
    if named is None:
        return _cut(repr(value))
    hidden = sensitive_fields(type(value))
    parts = (f"{name}={STARS if name in hidden else _shown(item, depth + 1)}" for name, item in named.items())
    return f"{type(value).__qualname__}({_first(parts, len(named))})"


def _fields(value: Any) -> Mapping[str, object] | None:
    """The fields of a struct, a dataclass or a pydantic model; None for anything else."""
    if isinstance(value, type):
        return None
    if isinstance(value, msgspec.Struct):
        return {name: getattr(value, name) for name in value.__struct_fields__}
    if is_dataclass(value):
        return {field.name: getattr(value, field.name, None) for field in fields(value)}
    return value.__dict__ if hasattr(cast("Any", type(value)), "model_fields") else None


def _first(parts: Iterable[str], count: int) -> str:
    text = ", ".join(part for _, part in zip(range(ITEMS), parts, strict=False))
    return f"{text}, … {count - ITEMS} more" if count > ITEMS else text
