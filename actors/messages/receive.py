"""`@receive` marks a method as the handler of the message classes that its parameter is annotated with."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from types import FunctionType
from typing import Any, Protocol, TypeVar, overload

from actors.messages.handling import Conflate, Handling
from actors.messages.priority import Priority

Handles = TypeVar("Handles", bound=Callable[..., object])

MARK = "__receive__"
"""The attribute of a function that keeps its mark; it travels with the function, also by value."""


@dataclass(slots=True)
class Mark:
    """What `@receive` leaves on a method: how to run it and, once the names are found, what it takes and returns.

    The annotations are kept, and found before they travel: where a class arrives by value, its strings mean nothing.
    """

    handling: Handling
    takes: Any = None
    returns: Any = None
    look_up: Callable[[], None] | None = None
    """Finds names that did not exist when the class was defined; NameError or AttributeError if they still do not."""

    def __reduce__(self) -> tuple[Any, ...]:
        if self.look_up is not None:
            with suppress(NameError, AttributeError):  # then it is an error where the class is spawned
                self.look_up()
        return (Mark, (self.handling, self.takes, self.returns))


class Marker(Protocol):
    """What `@receive(...)` with options is: it takes the method and leaves it as it is."""

    def __call__(self, method: Handles, /) -> Handles:
        """Mark the method."""
        ...


@overload
def receive(method: Handles, /) -> Handles: ...
@overload
def receive(
    *,
    interleaved: bool = False,
    blocking: bool = False,
    priority: Priority | None = None,
    conflate: Conflate | None = None,
) -> Marker: ...
def receive(
    method: Any = None,
    /,
    *,
    interleaved: bool = False,
    blocking: bool = False,
    priority: Priority | None = None,
    conflate: Conflate | None = None,
) -> Any:
    """Handle messages of the class, or of any class of the union, that the method's only parameter is annotated with.

        @receive
        def gone(self, event: Terminated | Left) -> None: ...

    A subclass of the message class is handled too, unless it has a handler of its own; `object` handles everything.
    The method returns the reply of the type that the message asks for. For the options see `Handling`. Names may be
    defined after the class; they must exist, at run time too, when the first actor of the class is spawned. Mistakes
    raise TypeError where the class is defined: no annotation, two handlers for one message, a wrong reply.
    """
    handling = Handling(interleaved, blocking, priority, conflate)
    if method is None:
        return partial(_marked, handling=handling)
    return _marked(method, handling)


def _marked(method: Any, handling: Handling) -> Any:
    if not isinstance(method, FunctionType):
        text = f"@receive marks methods defined with `def` or `async def`, and {method!r} is none of them."
        raise TypeError(text)
    setattr(method, MARK, Mark(handling))
    return method


def mark_of(method: object) -> Mark | None:
    """The mark of a function; None if it has none."""
    return getattr(method, MARK, None) if isinstance(method, FunctionType) else None
