"""A struct class by value: rebuilt through its metaclass, because cloudpickle silently loses the fields.

The fields of a struct lie in C and are settled when the class is made. So a *skeleton* is made with the own fields,
defaults, options and `__post_init__` (msgspec reads it then and never again); everything that may lead back to the
class, such as methods and the real annotations, is set afterwards.
"""

from collections.abc import Callable
from inspect import get_annotations
from types import new_class
from typing import Any, get_type_hints

import msgspec

StructMeta: type = type(msgspec.Struct)
"""The class of struct classes, which msgspec shows to no type checker."""

OPTIONS = (
    "array_like", "cache_hash", "dict", "eq", "forbid_unknown_fields", "frozen", "gc",
    "omit_defaults", "order", "repr_omit_defaults", "weakref",
)  # fmt: skip
"""Class options that msgspec keeps in `__struct_config__` and that are passed as they are."""

REBUILT = (
    "__module__", "__qualname__", "__slots__", "__dict__", "__weakref__", "__orig_bases__", "__parameters__",
    "__post_init__", "__static_attributes__", "_abc_impl",
)  # fmt: skip
"""Entries of the class that come back by making it."""

Reduced = tuple[Callable[..., Any], tuple[Any, ...], Any, None, None, Callable[[Any, Any], object]]


def reduce_struct(cls: Any) -> Reduced:
    """How to make this class again: maker, its arguments, then state and setter for the rest."""
    own = own_fields(cls)
    namespace: dict[str, Any] = {"__module__": cls.__module__, "__qualname__": cls.__qualname__}
    namespace["__annotations__"] = dict.fromkeys(own, Any)
    if "__post_init__" in cls.__dict__:
        namespace["__post_init__"] = cls.__dict__["__post_init__"]
    bases = cls.__dict__.get("__orig_bases__", cls.__bases__)
    meta: type = cls.__class__
    arguments = (meta, cls.__name__, bases, namespace, own, _options(cls, own))
    return (make_skeleton, arguments, _rest(cls, own), None, None, set_rest)


def own_fields(cls: Any) -> dict[str, dict[str, Any]]:
    """The fields that this class itself declares, each with the arguments for `msgspec.field`."""
    declared = get_annotations(cls)
    names = cls.__struct_fields__
    first = len(names) - len(cls.__struct_defaults__)
    fields: dict[str, dict[str, Any]] = {}
    for position, (name, encoded) in enumerate(zip(names, cls.__struct_encode_fields__, strict=True)):
        if name in declared:
            default = cls.__struct_defaults__[position - first] if position >= first else msgspec.NODEFAULT
            fields[name] = {"name": encoded, **_default(default)}
    return {name: fields[name] for name in declared if name in fields}


def make_skeleton(
    meta: type,
    name: str,
    bases: tuple[Any, ...],
    namespace: dict[str, Any],
    fields: dict[str, dict[str, Any]],
    options: dict[str, Any],
) -> type:
    """A class with the fields and options of the original, and nothing else yet."""
    body = namespace | {field: msgspec.field(**arguments) for field, arguments in fields.items()}
    return new_class(name, bases, {"metaclass": meta, **options}, lambda space: space.update(body))


def set_rest(cls: type, rest: dict[str, Any]) -> None:
    """Give a skeleton its methods, class variables, documentation and annotations."""
    for name, value in rest.items():
        setattr(cls, name, value)


def positional(cls: Any) -> bool:
    """Whether `cls(*values)` of the field values makes an equal struct, and nothing else happens in it.

    Not so for keyword-only fields, `__post_init__` (which would run a second time) or a reduction of its own: those
    classes are pickled.
    """
    if not isinstance(cls, StructMeta) or hasattr(cls, "__post_init__"):
        return False
    if cls.__reduce__ is not msgspec.Struct.__reduce__ or cls.__reduce_ex__ is not object.__reduce_ex__:
        return False
    return len(cls.__match_args__) == len(cls.__struct_fields__)


def _default(default: Any) -> dict[str, Any]:
    if default is msgspec.NODEFAULT:
        return {}
    if type(default).__name__ == "Factory":  # msgspec's own, which it does not export
        return {"default_factory": default.factory}
    return {"default": default}


def _options(cls: Any, own: dict[str, Any]) -> dict[str, Any]:
    config = cls.__struct_config__
    options: dict[str, Any] = {name: getattr(config, name) for name in OPTIONS}
    # None would mean "as the base class", which may have a tag where this class refused one.
    options["tag"] = False if config.tag is None else config.tag
    options["tag_field"] = config.tag_field
    options["kw_only"] = any(name not in cls.__match_args__ for name in own)
    return options


def _rest(cls: Any, own: dict[str, Any]) -> dict[str, Any]:
    rest = {name: value for name, value in cls.__dict__.items() if name not in REBUILT and name not in own}
    if "__annotations__" in rest:
        rest["__annotations__"] = resolved(cls, rest["__annotations__"])
    if "__firstlineno__" in rest:  # since 3.13, and dropped when another attribute is set
        rest["__firstlineno__"] = rest.pop("__firstlineno__")
    return rest


def resolved(cls: type, annotations: dict[str, Any]) -> dict[str, Any]:
    """Annotations with the names in strings looked up: where they arrive, `__main__` is another program.

    They stay strings if any name is missing, as under `TYPE_CHECKING`.
    """
    try:
        hints = get_type_hints(cls, include_extras=True)
    except Exception:  # noqa: BLE001 - evaluating an annotation may raise anything
        return annotations
    return {name: hints.get(name, value) for name, value in annotations.items()}
