"""A key under which actors are registered and found; it says, to type checkers, which class of actor is meant."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar, cast

A = TypeVar("A")
"""Invariant: else a checker would take any ref for any key, as a ref and a key of whatever both have in common."""


class ServiceKey(Generic[A]):
    """`ORACLES = ServiceKey(Oracle, "oracles")`: a constant that whoever registers and whoever looks have in common.

    Two keys are equal when they have the same name and the same class, or interface, of actors; no code travels with a
    key. Without a name it is that of the class. Raises TypeError for what is no class.
    """

    __slots__ = ("kind", "name")

    def __init__(self, actor_class: Callable[..., A], name: str = "") -> None:
        origin: object = getattr(actor_class, "__origin__", actor_class)  # Cache[int, str] is an alias of Cache
        if not isinstance(origin, type):
            message = f"ServiceKey({actor_class!r}): name the class of the actors first, and then the service."
            raise TypeError(message)
        self.kind = f"{origin.__module__}.{origin.__qualname__}"
        """The class, for equality and for people."""
        self.name = name or origin.__qualname__

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ServiceKey):
            return NotImplemented
        key = cast("ServiceKey[Any]", other)
        return self.name == key.name and self.kind == key.kind

    def __hash__(self) -> int:
        return hash((self.name, self.kind))

    def __repr__(self) -> str:
        return f"ServiceKey({self.kind}, {self.name!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return (_restored, (self.kind, self.name))


def _restored(kind: str, name: str) -> ServiceKey[Any]:
    key = cast("ServiceKey[Any]", ServiceKey.__new__(ServiceKey))
    key.kind, key.name = kind, name
    return key
