"""Which part of a value cannot be sent: the path to it, for the error. Runs only after pickling has failed.

The value's parts are pickled one by one, and the first that fails is opened in turn. Hence the cost of an error grows
with the value, which is why pickling itself keeps no path.
"""

from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from functools import partial
from inspect import getclosurevars
from types import FunctionType, MethodType
from typing import Any, cast

import msgspec

from actors.encoding.importable import importable

DEPTH = 12
"""Parts of parts that are opened; what lies deeper is described by its container."""

Part = tuple[str, object]


def blame(value: object, encode: Callable[[object], object]) -> tuple[str, BaseException | None]:
    """The path to the innermost part that `encode` refuses ('' for the value itself), and its error."""
    path: list[str] = []
    seen: set[int] = set()
    error = _attempt(value, encode)
    while error is not None and len(path) < DEPTH and id(value) not in seen:
        seen.add(id(value))
        for label, part in parts(value):
            refused = _attempt(part, encode)
            if refused is not None:
                path.append(label)
                value, error = part, refused
                break
        else:
            break
    return ", ".join(path), error


def parts(value: object) -> Iterator[Part]:
    """What a value is made of, each part with its label."""
    name = type(value).__qualname__
    if isinstance(value, msgspec.Struct):
        yield from ((f"field {field!r} of {name}", getattr(value, field)) for field in value.__struct_fields__)
    elif isinstance(value, Mapping):
        for key, part in cast("Mapping[object, object]", value).items():
            yield f"a key of {name}", key
            yield f"item {key!r}", part
    elif isinstance(value, (list, tuple, AbstractSet)):
        yield from ((f"item {index}", part) for index, part in enumerate(cast("list[object]", value)))
    elif isinstance(value, type):
        yield from _of_class(value)
    elif isinstance(value, FunctionType):
        yield from _of_function(value)
    elif isinstance(value, MethodType):
        yield f"the object of method {value.__name__}", value.__self__
    elif isinstance(value, partial):
        yield "what a partial calls", value.func
        yield from parts(value.args)
        yield from parts(value.keywords)
    else:
        yield from _of_object(value, name)


def _of_object(value: object, name: str) -> Iterator[Part]:
    yield f"class {name}", type(value)
    declared = {field.name for field in fields(value)} if is_dataclass(value) else set[str]()
    declared |= set(getattr(type(value), "model_fields", ()))
    held: dict[str, object] = dict(getattr(value, "__dict__", {}))
    for base in type(value).__mro__:
        slots: Any = base.__dict__.get("__slots__", ())
        names: list[str] = [slots] if isinstance(slots, str) else list(slots)
        held.update((slot, getattr(value, slot)) for slot in names if hasattr(value, slot))
    for attribute, part in held.items():
        yield f"{'field' if attribute in declared else 'attribute'} {attribute!r} of {name}", part


def _of_class(cls: type) -> Iterator[Part]:
    if importable(cls):
        return
    yield from ((f"base {base.__qualname__} of class {cls.__qualname__}", base) for base in cls.__bases__)
    for name, part in vars(cls).items():
        opened = getattr(part, "__func__", part)
        opened = getattr(opened, "fget", opened)
        opened = getattr(opened, "function", opened)  # a call keeps its method so
        if name not in ("__dict__", "__weakref__", "__slots__"):
            yield f"{name!r} of class {cls.__qualname__}", opened


def _of_function(function: FunctionType) -> Iterator[Part]:
    name = function.__qualname__
    used = getclosurevars(function)
    yield from ((f"variable {key!r} captured by {name}", part) for key, part in used.nonlocals.items())
    yield from ((f"module variable {key!r} used by {name}", part) for key, part in used.globals.items())
    defaults = (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values())
    yield from ((f"a default of {name}", part) for part in defaults)


def _attempt(value: object, encode: Callable[[object], object]) -> BaseException | None:
    try:
        encode(value)
    except Exception as error:  # noqa: BLE001 - a reducer may raise anything
        return error
    return None
