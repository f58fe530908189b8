"""What an annotation means: names are looked up where the class was written, and classes taken out of what is found.

Strings are looked up in the class itself, then in the functions that the class statement stands in, innermost first,
then in the module, as Python's own scopes are. The module and the functions may define a name after the class.
"""

import builtins
import inspect
import sys
from collections.abc import Iterator
from types import FrameType, FunctionType, UnionType
from typing import Annotated, Any, ForwardRef, NewType, TypeVar, Union, cast, get_args, get_origin, is_typeddict

LOCAL = ".<locals>."


class Scope:
    """The names that one class sees. It holds the frames around the class: keep it no longer than needed."""

    __slots__ = ("frames", "owner")

    def __init__(self, owner: type) -> None:
        self.owner = owner
        self.frames = list(_frames_around(owner))

    def names(self, function: FunctionType) -> dict[str, Any]:
        """What the names in the annotations of one of the class's methods mean, as of now."""
        names: dict[str, Any] = {**vars(builtins), **function.__globals__}
        for frame in reversed(self.frames):
            names.update(frame.f_locals)
        names[self.owner.__name__] = self.owner
        for generic in (self.owner, function):
            names.update({it.__name__: it for it in cast("Any", getattr(generic, "__type_params__", ()))})
        return {**names, **vars(self.owner)}


def _frames_around(owner: type) -> Iterator[FrameType]:
    """The frames of the functions that the class statement stands in, innermost first."""
    parts = owner.__qualname__.split(LOCAL)[:-1]
    around = [LOCAL.join(parts[: end + 1]) for end in range(len(parts))]
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - the only way to the names around a class
    while around and frame is not None:
        if frame.f_code.co_qualname == around[-1] and frame.f_globals.get("__name__") == owner.__module__:
            around.pop()
            yield frame
        frame = frame.f_back


def evaluated(annotation: Any, names: dict[str, Any]) -> Any:
    """The annotation with strings looked up, also those in a union; NameError or AttributeError for a missing name."""
    while isinstance(annotation, str | ForwardRef):
        source = annotation if isinstance(annotation, str) else annotation.__forward_arg__
        annotation = eval(source, names)  # noqa: S307 - the annotations of a class that is being run anyway
    if get_origin(annotation) is Union and any(isinstance(it, str | ForwardRef) for it in get_args(annotation)):
        return Union[tuple(evaluated(it, names) for it in get_args(annotation))]  # noqa: UP007 - made from values
    return annotation


def members(annotation: Any) -> Iterator[Any]:
    """The alternatives of an annotation: unions opened, aliases followed, type variables at their bound."""
    annotation = _plain(annotation)
    if isinstance(annotation, UnionType) or get_origin(annotation) is Union:
        for it in get_args(annotation):
            yield from members(it)
    else:
        yield annotation


def _plain(annotation: Any) -> Any:
    """The annotation without the wrappings that mean nothing at run time."""
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
        elif isinstance(annotation, NewType):
            annotation = cast("Any", annotation).__supertype__
        elif type(annotation).__name__ == "TypeAliasType":  # `type Alias = ...`, since Python 3.12
            annotation = annotation.__value__
        elif isinstance(annotation, TypeVar) and annotation.__bound__ is not None:
            annotation = annotation.__bound__
        elif annotation is Any:
            return object
        elif annotation is None:
            return type(None)
        else:
            return annotation


def class_of(annotation: Any) -> type | None:
    """The class whose instances the annotation means, or None: `Get[int]` is `Get`, but a literal has none."""
    found = get_origin(annotation) or annotation
    if not isinstance(found, type) or is_typeddict(found) or getattr(found, "_is_protocol", False):
        return None
    return found


def arguments_of(owner: Any, base: type) -> dict[Any, Any]:
    """What a class or an alias puts in for a base's type variables: for `Press(Worker[Job])` and Worker, T is Job."""
    origin = get_origin(owner) or owner
    given = dict(zip(getattr(origin, "__parameters__", ()), get_args(owner), strict=False))
    if origin is base:
        return given
    for it in origin.__dict__.get("__orig_bases__", origin.__bases__):
        kind = get_origin(it) or it
        if isinstance(kind, type) and issubclass(kind, base):
            return arguments_of(substituted(it, given), base)
    return {}


def substituted(annotation: Any, arguments: dict[Any, Any]) -> Any:
    """The annotation with type variables replaced by what is given for them."""
    if isinstance(annotation, TypeVar):
        return arguments.get(annotation, annotation)
    parameters = () if inspect.isclass(annotation) else getattr(annotation, "__parameters__", ())
    if not any(it in arguments for it in parameters):
        return annotation
    return cast("Any", annotation)[tuple(arguments.get(it, it) for it in parameters)]


def called(annotation: Any) -> str:
    """What people call it: a class or function by its name without those around it, anything else as it is written."""
    if (inspect.isclass(annotation) and not get_args(annotation)) or inspect.isfunction(annotation):
        return annotation.__qualname__.rpartition(LOCAL[1:])[2]
    return str(annotation).replace("typing.", "").replace("collections.abc.", "")
