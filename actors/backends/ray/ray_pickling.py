"""Teaches Ray's own pickler to carry struct classes of a script or notebook, which it breaks without a word.

Ray's copy of cloudpickle rebuilds such a class without its fields, so a Ray task that uses `Account.deposit(5)` of a
script would fail with "Extra positional arguments provided". While a system is open, struct classes that cannot be
imported travel in Ray's tasks as they do between hosts: by key, with their definition, so they are the same classes
there. Everything else is pickled by Ray as ever.
"""

import pickle
from collections.abc import Callable
from typing import Any

import ray.cloudpickle
from msgspec import Struct

from actors.encoding.code import ClassTable
from actors.encoding.importable import importable
from actors.encoding.pickling import needed
from actors.encoding.registry import REGISTRY, Definition, Key, Shipped

STRUCT_META = type(Struct)


def teach(origin: int) -> Callable[[], None]:
    """Begin, for code that is first shipped by the host with this epoch; returns the function that ends it."""
    pickler: Any = vars(ray.cloudpickle)["CloudPickler"]  # its stubs do not show it
    table = ClassTable(origin)
    former: Any = pickler.reducer_override
    over = False

    def reducer_override(self: Any, thing: Any) -> Any:
        if not over and isinstance(thing, STRUCT_META) and not importable(thing):
            key = table.key_for(thing)
            table.definition(key)
            return (_loaded, (key, pickle.dumps(tuple(needed([key], set())), 5)))
        return former(self, thing)

    pickler.reducer_override = reducer_override

    def end() -> None:
        nonlocal over
        over = True  # where a system that was opened later has put its own over this one
        if pickler.reducer_override is reducer_override:
            pickler.reducer_override = former

    return end


def _loaded(key: tuple[int, int], definitions: bytes) -> Shipped:
    """The class of a key, in a Ray task."""
    found: tuple[Definition, ...] = pickle.loads(definitions)  # noqa: S301 - within one Ray cluster
    for definition in found:
        REGISTRY.define(definition)
    return REGISTRY.known(Key(*key))
