"""A call is a message made from a method's signature: `Account.deposit(5)` is a frozen value, to tell, ask or keep.

On the class, `Account.deposit` is the class of those messages; on an instance it is the method itself, so
`self.deposit(5)`, `super().deposit(5)` and `Account(0).deposit(5)` in a unit test are ordinary method calls.
"""

import copy
import inspect
from collections.abc import Callable, Coroutine
from functools import partial
from inspect import Parameter
from types import FunctionType, GenericAlias, MethodType
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar, cast, overload

import msgspec

from actors.messages.annotations import called
from actors.messages.handling import Conflate, Handling
from actors.messages.priority import Priority
from actors.messages.sensitive import shown

A = TypeVar("A")
A_contra = TypeVar("A_contra", contravariant=True)
P = ParamSpec("P")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
Own_co = TypeVar("Own_co", covariant=True)

if TYPE_CHECKING:
    # To a checker every struct looks like a dataclass, so a `tell` that takes dataclasses would take any actor's call.
    class Call(Generic[A_contra, R_co]):
        """A message for an actor of class A whose reply has type R."""

else:

    class Call(msgspec.Struct, frozen=True):
        """A message for an actor of class A whose reply has type R."""

        __class_getitem__ = classmethod(GenericAlias)

        def __repr__(self) -> str:
            return shown(self, called(type(self)))


class Method(Generic[P, R_co, Own_co]):
    """What `@call` leaves in the class: the class of messages for the actor's class, the method for an instance.

    R is the reply; Own is what the method itself returns, which differs for `async def`. The actor's type comes from
    the owner of each look-up: kept here, checkers would reject every override.
    """

    __slots__ = ("function", "handling", "message")

    def __init__(self, function: Callable[..., Any], handling: Handling) -> None:
        self.function = function
        self.handling = handling
        self.message = _message_class(function)

    @overload
    def __get__(self, actor: None, owner: type[A], /) -> Callable[P, Call[A, R_co]]: ...
    @overload
    def __get__(self, actor: object, owner: type, /) -> Callable[P, Own_co]: ...
    def __get__(self, actor: object, owner: type | None = None, /) -> Any:
        if actor is None:
            return self.message
        return MethodType(self.function, actor)

    @property
    def __isabstractmethod__(self) -> bool:
        return getattr(self.function, "__isabstractmethod__", False)

    def __repr__(self) -> str:
        return f"<call {called(self.message)}>"


class Marker(Protocol):
    """What `@call(...)` with options is: it takes the method."""

    @overload
    def __call__(
        self, method: Callable[Concatenate[Any, P], Coroutine[Any, Any, R]], /
    ) -> Method[P, R, Coroutine[Any, Any, R]]: ...
    @overload
    def __call__(self, method: Callable[Concatenate[Any, P], R], /) -> Method[P, R, R]: ...


@overload
def call(method: Callable[Concatenate[Any, P], Coroutine[Any, Any, R]], /) -> Method[P, R, Coroutine[Any, Any, R]]: ...
@overload
def call(method: Callable[Concatenate[Any, P], R], /) -> Method[P, R, R]: ...
@overload
def call(
    *,
    interleaved: bool = False,
    blocking: bool = False,
    priority: Priority | None = None,
    conflate: Conflate | None = None,
) -> Marker: ...
def call(
    method: Callable[..., Any] | None = None,
    /,
    *,
    interleaved: bool = False,
    blocking: bool = False,
    priority: Priority | None = None,
    conflate: Conflate | None = None,
) -> Any:
    """Make a method a message of its class: `await ref.ask(Account.deposit(5))` gets what it returns.

    The parameters are the message's fields, with their defaults and keyword-only marks. For the options see `Handling`.
    Raises TypeError where the class is defined for `*args` and `**kwargs`, which have no fixed fields, and for what is
    no method. An override must be marked `@call` too; the base's calls reach it.
    """
    handling = Handling(interleaved, blocking, priority, conflate)
    if method is None:
        return partial(Method[..., Any, Any], handling=handling)
    return Method[..., Any, Any](method, handling)


def invoker(message: type[msgspec.Struct], method: Callable[..., Any]) -> Callable[[Any, Any], Any]:
    """The function from an actor and a call to the method's result; `method` is the message's own, or an override.

    Written out per class, because `function(actor, *astuple(message))` takes twice as long.
    """
    positional, named = _split(message)
    try:
        inspect.signature(method).bind(None, *positional, **dict.fromkeys(named))
    except TypeError as error:
        text = f"{called(method)} cannot stand in for {called(message)}: {error}. Keep its parameters."
        raise TypeError(text) from None
    arguments = ["actor", *(f"call.{name}" for name in positional), *(f"{name}=call.{name}" for name in named)]
    source = f"lambda actor, call: method({', '.join(arguments)})"
    code = compile(source, f"<call {message.__qualname__}>", "eval")
    return eval(code, {"method": method})  # noqa: S307 - the names are those of Python parameters


def _message_class(function: Callable[..., Any]) -> type[msgspec.Struct]:
    """The struct of a method's parameters: fields for what may be positional, and on top those for keywords only."""
    if not isinstance(function, FunctionType):
        text = f"@call marks methods defined with `def` or `async def`, and {function!r} is none of them."
        raise TypeError(text)
    parameters = _parameters(function)
    words: dict[str, Any] = {"__doc__": function.__doc__, "__qualname__": function.__qualname__}
    base = cast("type[msgspec.Struct]", Call)
    for keywords in (False, True):
        fields = [_field(it) for it in parameters if (it.kind is Parameter.KEYWORD_ONLY) is keywords]
        if fields or not keywords:
            base = msgspec.defstruct(
                function.__name__, fields, bases=(base,), module=function.__module__, namespace=words,
                frozen=True, kw_only=keywords,
            )  # fmt: skip
    return base


def _parameters(function: Callable[..., Any]) -> list[Parameter]:
    """The parameters after `self`; TypeError if one of them has no fixed place in a struct."""
    parameters = list(inspect.signature(function).parameters.values())
    if not parameters or parameters[0].kind not in {Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD}:
        text = f"{called(function)} has no `self`; a call is a method of an actor, so give it one."
        raise TypeError(text)
    for it in parameters:
        if it.kind in {Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD}:
            text = f"{called(function)} takes {it}, but a call has fixed fields. Name them, or take a list."
            raise TypeError(text)
    return parameters[1:]


def _field(parameter: Parameter) -> tuple[str, Any] | tuple[str, Any, Any]:
    annotation = Any if parameter.annotation is Parameter.empty else parameter.annotation
    default = parameter.default
    if default is Parameter.empty:
        return parameter.name, annotation
    if isinstance(
        default, list | dict | set | bytearray
    ):  # each call gets its own, which a method's default does not do
        default = msgspec.field(default_factory=partial(copy.copy, cast("Any", default)))
    return parameter.name, annotation, default


def _split(message: type[msgspec.Struct]) -> tuple[list[str], list[str]]:
    """The fields that may be positional, and those for keywords only."""
    positional = list(message.__match_args__)
    return positional, [name for name in message.__struct_fields__ if name not in positional]
