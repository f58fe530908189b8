"""Which reply a message asks for, and whether a handler's return type can be that reply.

A check at class creation, where checkers see nothing: it refuses only what is certainly wrong, and lets pass what it
cannot judge.
"""

from collections.abc import AsyncIterator
from typing import Any, Literal, Never, NoReturn, TypeVar, get_args, get_origin

from actors.messages.annotations import arguments_of, class_of, members
from actors.messages.message import Asks, AsksStream

UNKNOWN = object
"""Stands for a type that is not said; everything fits it."""

NUMBERS: dict[type, tuple[type, ...]] = {float: (int,), complex: (int, float)}
"""What else counts as a float or a complex to type checkers."""


def reply_of(message: Any) -> Any:
    """The R of `Asks[R]` or `AsksStream[R]` in a message class or alias; None if it asks for nothing."""
    kind = class_of(message) or type(None)
    for mixin in (Asks, AsksStream):
        if issubclass(kind, mixin):
            found = tuple(arguments_of(message, mixin).values())
            return UNKNOWN if not found or isinstance(found[0], TypeVar) else found[0]
    return None


def fits(given: Any, wanted: Any) -> bool:
    """Whether a value of the given type may be one of the wanted type, as far as classes can tell."""
    options = list(members(wanted))
    return all(any(_one_fits(it, option) for option in options) for it in members(given))


def _one_fits(given: Any, wanted: Any) -> bool:
    if given is object or wanted is object or given in {Never, NoReturn}:
        return True
    if get_origin(given) is Literal and get_origin(wanted) is Literal:
        return set(get_args(given)) <= set(get_args(wanted))
    if get_origin(given) is Literal:
        return all(fits(type(value), wanted) for value in get_args(given))
    if get_origin(wanted) is Literal:
        return any(fits(given, type(value)) for value in get_args(wanted))
    have, want = class_of(given), class_of(wanted)
    if have is None or want is None:
        return True
    fitting = issubclass(have, (want, *NUMBERS.get(want, ())))
    return fitting and (have is not want or _arguments_fit(get_args(given), get_args(wanted)))


def _arguments_fit(given: tuple[Any, ...], wanted: tuple[Any, ...]) -> bool:
    if Ellipsis in given or Ellipsis in wanted or not given or not wanted:
        return True
    return len(given) == len(wanted) and all(
        isinstance(one, list) or isinstance(other, list) or fits(one, other)  # a Callable's parameters
        for one, other in zip(given, wanted, strict=True)
    )


def yielded(returns: Any) -> Any:
    """The X of `AsyncIterator[X]` and its like; UNKNOWN if the annotation does not say."""
    arguments = get_args(returns)
    return arguments[0] if arguments and is_stream(returns) else UNKNOWN


def is_stream(returns: Any) -> bool:
    """Whether the annotation is that of an async iterator."""
    found = class_of(returns)
    return found is not None and issubclass(found, AsyncIterator)
