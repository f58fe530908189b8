"""The class table of a host: which code it ships, and an index for each class of struct messages.

A struct that is a whole message goes as its class index and its field values: 0.5 µs to encode and 0.6 to decode, where
pickling the struct takes 2.0 and 1.6.
"""

import sys
from typing import Any, NamedTuple, cast

from actors.encoding.importable import importable, look_up
from actors.encoding.pickling import refusal
from actors.encoding.registry import REGISTRY, Definition, Key, Shipped
from actors.encoding.structs import positional
from actors.errors import Unsendable

WHOLE = 0
"""The index of all classes whose messages are pickled as a whole."""


class IndexedClass(NamedTuple):
    """Tells a peer which class an index of ours means: by name (`module:qualname`), or by the key of shipped code."""

    class_index: int
    name: str
    key: Key | None
    fields: tuple[str, ...] = ()
    """Of a class that is imported by name, in which the peer may have another version; () for shipped code."""


class ClassTable:
    """What one host ships. `origin` is its epoch: no other process of any system it talks with may have the same.

    The sender of a message does

        index = table.indices.get(message.__class__)
        if index is None:
            index = table.index_for(message.__class__)

    and, unless it is `WHOLE`, sends `msgspec.structs.astuple(message)`; the receiver calls `classes[index](*values)`.
    """

    def __init__(self, origin: int) -> None:
        self.origin = origin
        self.indices: dict[type, int] = {}
        self._classes: dict[int, type] = {}

    def index_for(self, cls: type) -> int:
        """The index of a class of messages; WHOLE if its messages are to be pickled. Raises Unsendable."""
        known = self.indices.get(cls)
        if known is not None:
            return known
        if not positional(cls):
            self.indices[cls] = WHOLE
            return WHOLE
        if not importable(cls):
            self.definition(self.key_for(cls))
        with REGISTRY.lock:
            index = self.indices.setdefault(cls, len(self._classes) + 1)
            self._classes[index] = cls
        return index

    def indexed(self, index: int) -> IndexedClass:
        """What to tell a peer about an index."""
        cls = self._classes[index]
        if REGISTRY.key_of(cls) is None and importable(cls):
            return IndexedClass(index, f"{cls.__module__}:{cls.__qualname__}", None, cast("Any", cls).__struct_fields__)
        return IndexedClass(index, cls.__qualname__, self.key_for(cls))

    def key_for(self, thing: Shipped) -> Key:
        """The key of a class or function, given at its origin and the same in all processes."""
        return REGISTRY.register(thing, self.origin)

    def definition(self, key: Key) -> Definition:
        """The code behind a key, for a peer that does not have it. Raises Unsendable if it cannot be pickled."""
        known = REGISTRY.definition(key)
        if known is not None:
            return known
        from actors.encoding.shipping import define  # loads cloudpickle

        thing = REGISTRY.known(key)
        try:
            return define(key)
        except Exception as error:  # anything that a user's reducer raises
            raise refusal([(f"class {thing.__qualname__}", thing)], self.origin, error) from error

    def define(self, definition: Definition) -> None:
        """Take a peer's definition. One that cannot be loaded does not raise here, but where it is used."""
        REGISTRY.define(definition)


def class_of(indexed: IndexedClass) -> type:
    """The class a peer means. Raises Unsendable, naming the class and the reason, if it is not here."""
    if indexed.key is not None:
        found: object = REGISTRY.known(indexed.key)
    else:
        found = _imported(indexed.name)
    if not isinstance(found, type):
        message = (
            f"{indexed.name} is a class at the sender but not here. Run the same version of the code on all hosts."
        )
        raise Unsendable(message)
    return found


def _imported(name: str) -> object:
    module, _, qualname = name.partition(":")
    try:
        __import__(module)
    except Exception as error:  # a module may raise anything when it is run
        message = (
            f"{name} cannot be imported here: {type(error).__name__}: {error}. "
            "Put its module on every host's path (PYTHONPATH, or Ray's runtime_env)."
        )
        raise Unsendable(message) from error
    return look_up(sys.modules[module], qualname)
