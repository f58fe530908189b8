"""What this process knows about code that travels by value: one object per key, one key per object.

The registry is process-wide, the only mutable global of the package, and must be: a pickle names the functions
`resolve`, `space` and `build` below, and may be decoded far from any link (in a Ray task, from a journal, from a stored
spawn). It holds what it knows for the life of the process; a program that makes and ships classes in a loop grows.
It lives in an importable module, because code shipped by value would carry a copy of it.

Three things have a key, made of the *origin* (the epoch of the host that defined it) and a counter there:

* a class or top-level function. At its origin it resolves to the original, wherever it comes back from.
* a *space*: the module variables that shipped functions use. All functions of one module share one space per process,
  as they share one module at home. A variable is set once, and again only when it was bound to another object at home
  (each binding has a version), so what functions change in their space is not undone by the next definition.
"""

import logging
import pickle
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from threading import RLock
from types import FunctionType
from typing import Any, NamedTuple

from actors.encoding.importable import look_up
from actors.errors import Unsendable

log = logging.getLogger(__name__)

Shipped = type | FunctionType
Binding = tuple[int, object]
"""A module variable on its way: version and value."""


class Key(NamedTuple):
    """Names a class, function or space in all processes of a system; never used twice."""

    origin: int
    serial: int


class Definition(NamedTuple):
    """The code of `contains`, as a pickle that a process can load once it has the definitions of `needs`."""

    key: Key
    contains: tuple[Key, ...]
    needs: tuple[Key, ...]
    blob: bytes


@dataclass(slots=True)
class Space:
    """Module variables of shipped functions, with the version of each binding."""

    key: Key
    variables: dict[str, Any]
    versions: dict[str, int] = field(default_factory=dict[str, int])
    bound: dict[str, object] = field(default_factory=dict[str, object])


class Registry:
    """Keys, objects, definitions and spaces of one process. All methods may be called from any thread."""

    def __init__(self) -> None:
        self.lock = RLock()
        self._objects: dict[Key, Shipped] = {}
        self._keys: dict[int, Key] = {}  # by id: a metaclass may define equality; _objects keeps the ids taken
        self._unfinished: set[Key] = set()
        self._definitions: dict[Key, Definition] = {}
        self._failures: dict[Key, str] = {}
        self._counters: dict[int, int] = {}
        self._latest: dict[tuple[int, str, str], Shipped] = {}
        self._spaces: dict[Key, Space] = {}
        self._spaces_by_id: dict[int, Space] = {}

    # -- classes and functions

    def key_of(self, thing: Shipped) -> Key | None:
        """The key of a class or function that has travelled, or is about to."""
        return self._keys.get(id(thing))

    def register(self, thing: Shipped, origin: int) -> Key:
        """Give a key to what was defined here. A second class of one name is a new one, and logged."""
        with self.lock:
            known = self._keys.get(id(thing))
            if known is not None:
                return known
            key = self._new_key(origin)
            self._keep(key, thing)
            self._remark_redefinition(thing, origin)
            return key

    def known(self, key: Key) -> Shipped:
        """The one object of this key here. Raises Unsendable if its definition has not come, or could not be loaded."""
        found = self._objects.get(key)
        if found is not None:
            return found
        reason = self._failures.get(key, "its definition has not been sent to this process")
        message = f"Code shipped under the key {tuple(key)} is not usable here: {reason}."
        raise Unsendable(message)

    def definition(self, key: Key) -> Definition | None:
        """The definition of this key, if it was made here or has come here."""
        return self._definitions.get(key)

    def keep_definition(self, definition: Definition) -> None:
        """Remember a definition, to send it on."""
        with self.lock:
            self._definitions[definition.key] = definition
            for key in definition.contains:
                self._definitions.setdefault(key, definition)

    def define(self, definition: Definition) -> None:
        """Load a definition, unless all of it is known. What cannot be loaded fails at each use, naming the reason.

        Loading runs the code of the definition, so it may raise anything; a link must outlive that.
        """
        with self.lock:
            if all(key in self._objects for key in definition.contains):
                return
            try:
                pickle.loads(definition.blob)  # noqa: S301 - from a peer that has proved the secret
            except Exception as error:  # noqa: BLE001 - it runs code of the user
                self._forget_unfinished()
                reason = f"its definition cannot be loaded: {type(error).__name__}: {error}"
                self._failures.update(dict.fromkeys(definition.contains, reason))
                log.warning("code shipped under the key %s is not usable here: %s", tuple(definition.key), reason)
            else:
                self.keep_definition(definition)

    def build(self, key: Key, maker: Callable[..., Shipped], arguments: Sequence[object]) -> Shipped:
        """The object of this key: the known one, or a new one that `finish` completes."""
        with self.lock:
            found = self._objects.get(key)
            if found is not None:
                return found
            thing = maker(*arguments)
            self._unfinished.add(key)
            self._keep(key, thing)
            return thing

    def finish(self, thing: Shipped, setter: Callable[[Any, Any], object], state: object) -> None:
        """Complete a new object; a known one stays as it is, with whatever changed in it since."""
        with self.lock:
            key = self._keys[id(thing)]
            if key in self._unfinished:
                setter(thing, state)
                self._unfinished.discard(key)

    # -- spaces

    def space_of(self, variables: dict[str, Any], origin: int) -> Space:
        """The space of a function's globals."""
        with self.lock:
            found = self._spaces_by_id.get(id(variables))
            return found if found is not None else self._keep_space(Space(self._new_key(origin), variables))

    def space(self, key: Key, start: dict[str, Any]) -> dict[str, Any]:
        """The variables of a space that came here; `start` fills a new one (`__name__` and the like)."""
        with self.lock:
            found = self._spaces.get(key)
            return (found if found is not None else self._keep_space(Space(key, dict(start)))).variables

    def bindings(self, variables: dict[str, Any], names: Iterable[str]) -> dict[str, Binding]:
        """Variables to send, each with its version."""
        with self.lock:
            space = self._spaces_by_id[id(variables)]
            return {name: self._binding(space, name) for name in names}

    def bind(self, variables: dict[str, Any], bindings: dict[str, Binding]) -> None:
        """Set the variables that are newer than ours."""
        with self.lock:
            space = self._spaces_by_id[id(variables)]
            for name, (version, value) in bindings.items():
                if version > space.versions.get(name, 0):
                    space.versions[name] = version
                    space.bound[name] = variables[name] = value

    # -- within

    def _new_key(self, origin: int) -> Key:
        serial = self._counters[origin] = self._counters.get(origin, 0) + 1
        return Key(origin, serial)

    def _keep(self, key: Key, thing: Shipped) -> None:
        self._objects[key] = thing
        self._keys[id(thing)] = key
        self._failures.pop(key, None)

    def _keep_space(self, space: Space) -> Space:
        self._spaces[space.key] = self._spaces_by_id[id(space.variables)] = space
        return space

    def _binding(self, space: Space, name: str) -> Binding:
        value = space.variables[name]
        if name not in space.bound or space.bound[name] is not value:
            space.bound[name] = value
            space.versions[name] = space.versions.get(name, 0) + 1
        return space.versions[name], value

    def _remark_redefinition(self, thing: Shipped, origin: int) -> None:
        if "." in thing.__qualname__:  # local ones are new at each call; nested ones come with their outer class
            return
        name = (origin, thing.__module__, thing.__qualname__)
        before = self._latest.setdefault(name, thing)
        # `@dataclass(slots=True)` leaves a first class of the same name in a closure; only what the name means counts.
        if before is not thing and look_up(sys.modules.get(thing.__module__), thing.__qualname__) is thing:
            self._latest[name] = thing
            text = "%s.%s was defined again: a new class for other hosts too; what was made before keeps the old one"
            log.warning(text, thing.__module__, thing.__qualname__)

    def _forget_unfinished(self) -> None:
        for key in self._unfinished:
            del self._keys[id(self._objects.pop(key))]
        self._unfinished.clear()


REGISTRY = Registry()
"""The registry of this process."""


# Pickles name the functions below (and a few of shipping, structs and arrays): renaming one breaks stored spawns.


def resolve(origin: int, serial: int) -> Shipped:
    """A class or function, by key."""
    return REGISTRY.known(Key(origin, serial))


def build(origin: int, serial: int, maker: Callable[..., Shipped], arguments: tuple[object, ...]) -> Shipped:
    """A class or function of a definition, not yet complete if it is new here."""
    return REGISTRY.build(Key(origin, serial), maker, arguments)


def finish(thing: Shipped, state: tuple[Callable[[Any, Any], object], object]) -> None:
    """Complete what `build` made."""
    REGISTRY.finish(thing, *state)


def space(origin: int, serial: int, start: dict[str, Any]) -> dict[str, Any]:
    """The globals for shipped functions of one module."""
    return REGISTRY.space(Key(origin, serial), start)


def bind(function: FunctionType, state: tuple[Callable[[Any, Any], object], object, dict[str, Binding]]) -> None:
    """Complete a shipped function, and set the module variables it uses."""
    setter, inner, bindings = state
    setter(function, inner)
    REGISTRY.bind(function.__globals__, bindings)
