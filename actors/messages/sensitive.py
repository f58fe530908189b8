"""Fields of messages that are nobody else's business: `card: Annotated[str, Sensitive]`.

Whoever handles the message reads them. Whatever is shown of a message (its repr, and so logs and errors; dead letters;
spans) has stars instead.
"""

from dataclasses import is_dataclass
from inspect import get_annotations
from typing import Any, get_type_hints

import msgspec

STARS = "***"
"""Stands for a sensitive value."""

SHORTEST = 3
"""Characters of a value that is cut out of a text; shorter ones would be found everywhere."""


class Sensitive:
    """Marks a field, or a call's parameter, of any message class: `Annotated[str, Sensitive]`."""


class _Fields:
    """The sensitive fields of each message class, and the parameters of each function, found once."""

    def __init__(self) -> None:
        self._known: dict[object, tuple[str, ...]] = {}

    def of(self, kind: Any) -> tuple[str, ...]:
        """Their names."""
        found = self._known.get(kind)
        if found is None:
            try:
                hints = get_type_hints(kind, include_extras=True)
            except Exception:  # noqa: BLE001 - a name that does not exist at run time; what is written must do
                bases = getattr(kind, "__mro__", (kind,))
                hints = {name: hint for base in bases for name, hint in get_annotations(base).items()}
            found = self._known[kind] = tuple(name for name, hint in hints.items() if _is_marked(hint))
        return found


def _is_marked(hint: Any) -> bool:
    if isinstance(hint, str):
        return "Sensitive" in hint
    return any(it is Sensitive or isinstance(it, Sensitive) for it in getattr(hint, "__metadata__", ()))


_fields = _Fields()
sensitive_fields = _fields.of


def redacted(message: object) -> object:
    """The message, or a copy with stars for its sensitive fields if it has any."""
    names = sensitive_fields(type(message))
    if not names:
        return message
    stars: dict[str, Any] = dict.fromkeys(names, STARS)
    if isinstance(message, msgspec.Struct):
        return msgspec.structs.replace(message, **stars)
    copy = object.__new__(type(message))
    if is_dataclass(message) or hasattr(message, "__dict__"):
        for name, value in {**getattr(message, "__dict__", {}), **stars}.items():
            object.__setattr__(copy, name, value)
        for name in ("__pydantic_fields_set__", "__pydantic_extra__", "__pydantic_private__"):
            if hasattr(message, name):
                object.__setattr__(copy, name, getattr(message, name))
    return copy


def scrubbed(text: str, message: object) -> str:
    """A text without the values of the message's sensitive fields."""
    for name in sensitive_fields(type(message)):
        value = str(getattr(message, name, ""))
        if len(value) >= SHORTEST:
            text = text.replace(value, STARS)
    return text


def shown(message: msgspec.Struct, name: str) -> str:
    """A struct with its fields, as people read it."""
    hidden = sensitive_fields(type(message))
    fields = ((field, getattr(message, field)) for field in message.__struct_fields__)
    return f"{name}({', '.join(f'{field}={STARS if field in hidden else repr(value)}' for field, value in fields)})"
