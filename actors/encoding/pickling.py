"""Values as bytes: plain pickle 5 where that suffices, else the pickler that ships code.

`dumps` runs in the call that sends, so `Unsendable` is raised there (rule A27). Out-of-band buffers still show the
sender's memory when it returns: whoever sends must copy them before the call ends, or a later change would be visible.

Arrays leave as out-of-band buffers whatever their size, because in the pickle the bytes of a writable array become a
writable array; as buffers they come out read-only, on memory that `loads` was given and does not copy.
"""

import pickle
from collections.abc import Iterable, Mapping, Sequence
from pickle import PickleBuffer
from typing import Any, NamedTuple

from actors.encoding.arrays import MARK
from actors.encoding.blame import blame
from actors.encoding.registry import REGISTRY, Definition, Key
from actors.errors import Unsendable

NAME = 0x93
"""Opcode of pickle before each class or function that is stored by name. Plain data has none; a chance byte only costs
a closer look. As an int, `in` is one memchr (16 ns); as bytes it would first fail to be a number (100 ns)."""

NEXT_STEP = "Send plain data and make such things where they are used (`on_start`), or spawn beside their owner."

Buffer = bytes | bytearray | memoryview | PickleBuffer


class Parcel(NamedTuple):
    """A value with all that is needed to decode it anywhere: for what is stored, not sent over a link."""

    definitions: tuple[Definition, ...]
    data: bytes


def dumps(value: object, buffers: list[PickleBuffer], origin: int, used: list[Key]) -> bytes:
    """The value as bytes. Appends to `buffers` the memory of arrays, to `used` the keys of code that it needs.

    `origin` is the epoch of this host; it names what is shipped from here for the first time. Raises Unsendable, naming
    the part that cannot be sent; then `buffers` and `used` are as they were.
    """
    kept = len(buffers)
    try:
        data = pickle.dumps(value, 5, buffer_callback=buffers.append)
    except Exception:  # noqa: BLE001 - local class, lambda, redefined class; or a part that nothing can pickle: shipping tells
        del buffers[kept:]
        return _ship(value, buffers, origin, used)
    # Not `_main__ in data`: see NAME. The names are: code of the program itself, a Ray reference, a copied array.
    if NAME in data and (data.find(b"_main__") >= 0 or data.find(b"ObjectRef") >= 0 or data.find(MARK) >= 0):
        del buffers[kept:]
        return _ship(value, buffers, origin, used)
    return data


def loads(data: bytes | memoryview, buffers: Iterable[Buffer] = ()) -> Any:
    """The value. Arrays lie on the memory of `buffers`, read-only, without a copy.

    Raises Unsendable if code it needs has not come here or cannot be loaded, else what unpickling raises, such as
    ModuleNotFoundError where a library is not on this host's path.
    """
    if buffers:
        return pickle.loads(data, buffers=[memoryview(buffer).toreadonly() for buffer in buffers])  # noqa: S301
    return pickle.loads(data)  # noqa: S301


def dumps_spec(
    actor: type,
    arguments: Sequence[object],
    named: Mapping[str, object],
    buffers: list[PickleBuffer],
    origin: int,
    used: list[Key],
) -> bytes:
    """A child spec: `loads` gives (class, args, kwargs). Raises Unsendable naming the argument."""
    try:
        return dumps((actor, tuple(arguments), dict(named)), buffers, origin, used)
    except Unsendable as error:
        name = actor.__qualname__
        labelled: list[tuple[str, object]] = [(f"class {name}", actor)]
        labelled += [(f"argument {place} of {name}", part) for place, part in enumerate(arguments, 1)]
        labelled += [(f"argument {keyword!r} of {name}", part) for keyword, part in named.items()]
        raise refusal(labelled, origin, error) from error.__cause__


def pack(value: object, origin: int) -> bytes:
    """A value with the code it needs, in one piece: for a store that any later host may read."""
    used = list[Key]()
    data = _ship(value, None, origin, used)
    return pickle.dumps(tuple(Parcel(tuple(needed(used, set())), data)), 5)


def unpack(parcel: bytes) -> Any:
    """The value of `pack`. Loads the code first, once per process."""
    definitions, data = pickle.loads(parcel)  # noqa: S301 - from a store of the same system
    for definition in definitions:
        REGISTRY.define(definition)
    return loads(data)


def needed(keys: Iterable[Key], known: set[Key], peer: int | None = None) -> list[Definition]:
    """The definitions of these keys and of all they need, in the order of loading.

    Leaves out those in `known`, to which it adds the others, and those that began at the origin `peer`.
    """
    found = list[Definition]()
    for key in keys:
        definition = REGISTRY.definition(key)
        if key not in known and key.origin != peer and definition is not None:
            known.update(definition.contains)
            found += (*needed(definition.needs, known, peer), definition)
    return found


def refusal(labelled: Iterable[tuple[str, object]], origin: int, error: BaseException) -> Unsendable:
    """The error for values that cannot be sent, with the path to the part that is why; `error` if there is none."""
    from actors.encoding.shipping import ship

    for label, value in labelled:
        path, found = blame(value, lambda part: ship(part, origin, []))
        if found is not None:
            where = ", ".join(filter(None, (label, path))) or f"a value of type {type(value).__qualname__}"
            return Unsendable(f"{where}: {_reason(found)}. {NEXT_STEP}")
    return Unsendable(f"{_reason(error)}. {NEXT_STEP}")


def _ship(value: object, buffers: list[PickleBuffer] | None, origin: int, used: list[Key]) -> bytes:
    from actors.encoding.shipping import ship  # 20 ms of cloudpickle, for those who need it

    kept = 0 if buffers is None else len(buffers)
    try:
        return ship(value, origin, used, buffers)
    except Exception as error:  # anything that a user's reducer raises
        if buffers is not None:
            del buffers[kept:]
        raise refusal([("", value)], origin, error) from error


def _reason(error: BaseException) -> str:
    return str(error).rstrip(".") or type(error).__name__
