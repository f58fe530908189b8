"""The pickler for values that plain pickle cannot send: code goes by value, once, and then by key.

It works in two ways. In a *value* it leaves a key for each class and top-level function that others cannot import, and
notes the key in `used`. In a *definition* it writes their code in full, with all that was defined here and is reachable
from it, so that cycles close; what came from elsewhere stays a key, noted in `used` as well.

Closures and lambdas are written in full into each value: they carry captured state, which must be that of the moment
of sending, and a key for each would never be freed. Their module variables live in a space (see `registry`); code of
an importable module finds the variables of that module instead.
"""

import io
import sys
import typing
from collections.abc import Callable
from copyreg import dispatch_table
from pickle import PickleBuffer, PicklingError
from types import FunctionType
from typing import Any, cast

from cloudpickle import CloudPickler

from actors.encoding.arrays import is_array, reduce_array
from actors.encoding.importable import MAIN, importable
from actors.encoding.registry import REGISTRY, Definition, Key, Shipped, bind, build, finish, resolve, space
from actors.encoding.structs import StructMeta, reduce_struct

FULL = 6
"""Length of a reduction that makes an object anew; shorter ones find it."""

OBJECT_REF = (
    "a bare ray.ObjectRef cannot travel in a message: ray.get on it would wait for ever, as its owner is not told. "
    "Send the value (large ones go through the object store by themselves), or pass the ref to a Ray task"
)

REDUCERS = frozenset(CloudPickler.dispatch_table)
"""Types that cloudpickle reduces in its own way."""

BY_NAME = ("ParamSpec", "TypeVarTuple", "TypeAliasType")
NAMED: tuple[Any, ...] = tuple(getattr(typing, name) for name in BY_NAME if hasattr(typing, name))
"""Things that pickle by name only, also where the name means nothing to others."""


class Variables(dict[str, Any]):
    """Stands for the globals of a function while it is pickled: the arguments that find or make them there."""


class ShippingPickler(CloudPickler):
    """Pickles one value, or one definition. Errors are those of pickle, or whatever a user's reducer raises."""

    def __init__(
        self,
        file: io.BytesIO,
        origin: int,
        used: list[Key],
        buffer_callback: Callable[[PickleBuffer], Any] | None = None,
        *,
        contained: list[Key] | None = None,
    ) -> None:
        cast("Any", super()).__init__(file, 5, buffer_callback)
        self.origin = origin
        self.used = used
        self.contained = contained
        self.spaces: dict[int, Variables] = {}

    def reducer_override(self, obj: Any) -> Any:
        """Called by pickle for everything but plain data."""
        if isinstance(obj, type):
            return self._shipped(obj)
        kind: type = obj.__class__
        if kind is FunctionType:
            return self._function(obj)
        if kind is Variables:
            return _find_variables, tuple(obj.items())
        if is_array(obj):
            return reduce_array(obj)
        _check(obj, kind)
        if kind in NAMED and obj.__module__ in MAIN:
            return _anew(obj, kind)
        # Else what pickle would do, without its slow look-up in cloudpickle's chained tables.
        return NotImplemented if kind in REDUCERS or kind in dispatch_table else obj.__reduce_ex__(5)

    def _shipped(self, thing: Shipped) -> Any:
        key = REGISTRY.key_of(thing)
        if key is None:
            if importable(thing):
                return NotImplemented
            reduced = self._code(thing)
            if reduced is NotImplemented or len(reduced) != FULL:  # type(None) and the like
                return reduced
            key = REGISTRY.register(thing, self.origin)
        if self.contained is None or key.origin != self.origin:
            define(key)
            self.used.append(key)
            return resolve, tuple(key)
        self.contained.append(key)
        maker, arguments, state, _, _, setter = self._code(thing)
        return build, (*key, maker, arguments), (setter, state), None, None, finish

    def _function(self, function: FunctionType) -> Any:
        top_level = "." not in function.__qualname__ and "<" not in function.__qualname__
        if REGISTRY.key_of(function) or (top_level and function.__closure__ is None):
            return self._shipped(function)
        return NotImplemented if importable(function) else self._code(function)

    def _code(self, thing: Shipped) -> Any:
        """The reduction that makes a class or function anew."""
        if isinstance(thing, StructMeta):
            return reduce_struct(thing)
        reduced: Any = cast("Any", super()).reducer_override(thing)
        if reduced is NotImplemented or len(reduced) != FULL:
            return reduced
        return self._function_code(thing, reduced) if isinstance(thing, FunctionType) else _in_order(thing, reduced)

    def _function_code(self, function: FunctionType, reduced: Any) -> Any:
        """The reduction of a function by cloudpickle, with its globals replaced by a space or a module."""
        maker, (code, _, *rest), (attributes, slots), _, _, setter = reduced
        names: dict[str, Any] = slots["__globals__"]
        slots: dict[str, Any] = {**slots, "__globals__": {}}
        variables = self._variables(function)
        arguments = (code, variables, *rest)
        if "key" not in variables:
            return maker, arguments, (attributes, slots), None, None, setter
        bindings = REGISTRY.bindings(function.__globals__, names)
        return maker, arguments, (setter, (attributes, slots), bindings), None, None, bind

    def _variables(self, function: FunctionType) -> Variables:
        """One stand-in per globals and pickle, so that pickle writes it once."""
        globals_ = function.__globals__
        found = self.spaces.get(id(globals_))
        if found is None:
            found = self.spaces[id(globals_)] = self._new_variables(globals_)
        return found

    def _new_variables(self, globals_: dict[str, Any]) -> Variables:
        name = globals_.get("__name__")
        module = sys.modules.get(name) if isinstance(name, str) else None
        if name not in MAIN and module is not None and vars(module) is globals_:
            return Variables(module=name)
        start = {name: globals_[name] for name in ("__name__", "__package__", "__file__") if name in globals_}
        return Variables(key=REGISTRY.space_of(globals_, self.origin).key, start=start)


def _check(obj: Any, kind: type) -> None:
    if kind.__name__ == "ObjectRef" and kind.__module__.partition(".")[0] == "ray":
        raise PicklingError(OBJECT_REF)
    if isinstance(obj, io.TextIOWrapper) and obj not in (sys.stdout, sys.stderr):
        message = "cannot pickle an open file"  # cloudpickle would read it and send the text
        raise PicklingError(message)


def _anew(named: Any, kind: Callable[..., Any]) -> Any:
    value: tuple[Any, ...] = (named.__value__,) if hasattr(named, "__value__") else ()
    return kind, (named.__name__, *value)


def _in_order(cls: type, reduced: Any) -> Any:
    """Cloudpickle sorts what a class holds by name; the order of writing can mean something, as that of handlers."""
    maker, arguments, (held, slots), _, _, setter = reduced
    ordered = {name: held[name] for name in cls.__dict__ if name in held}
    return maker, arguments, ({**ordered, **held}, slots), None, None, setter


def _find_variables(*items: tuple[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = dict(items)
    if "module" in found:
        __import__(found["module"])
        return vars(sys.modules[found["module"]])
    origin, serial = found["key"]
    return space(origin, serial, found["start"])


def define(key: Key) -> Definition:
    """The definition of a registered class or function; made at its first use, from what it is then."""
    with REGISTRY.lock:
        known = REGISTRY.definition(key)
        if known is not None:
            return known
        file, used, contained = io.BytesIO(), list[Key](), list[Key]()
        pickler: Any = ShippingPickler(file, key.origin, used, contained=contained)
        pickler.dump(REGISTRY.known(key))
        made = Definition(key, tuple(dict.fromkeys(contained)), tuple(dict.fromkeys(used)), file.getvalue())
        REGISTRY.keep_definition(made)
        return made


def ship(value: object, origin: int, used: list[Key], buffers: list[PickleBuffer] | None = None) -> bytes:
    """Pickle a value with keys for the code it needs; without `buffers` all is in the bytes."""
    file = io.BytesIO()
    noted = list[Key]()
    pickler: Any = ShippingPickler(file, origin, noted, None if buffers is None else buffers.append)
    pickler.dump(value)
    used.extend(dict.fromkeys(noted))
    return file.getvalue()
