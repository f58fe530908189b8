"""A ref names an actor and sends to it; it pickles, compares and hashes by its address.

A ref survives a restart of its actor. It does not survive the end of the actor's parent: then the parent's successor
starts new actors with new addresses, and the old ref says "not running" (rule A7).
"""

import importlib
from collections.abc import AsyncIterator, Awaitable
from contextvars import ContextVar
from threading import get_ident
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, cast

from actors.address import Address
from actors.errors import SystemClosed
from actors.mail.activity import running
from actors.mail.envelope import Envelope

if TYPE_CHECKING:
    from _typeshed import DataclassInstance
    from pydantic import BaseModel

    from actors.cells.cell import Cell
    from actors.messages.call import Call
    from actors.messages.message import Asks, AsksStream, Message

    Declared = Message | Asks[Any] | BaseModel | DataclassInstance

A_co = TypeVar("A_co", covariant=True)
R = TypeVar("R")

DEFAULT_TIMEOUT: float = -1.0
"""Stands for "the setting `ask_timeout`" where None already means "no deadline"."""


class Endpoint(Protocol):
    """What a ref needs of its process: a host, or the client of a process that is no host."""

    def cell_at(self, address: Address) -> "Cell | None":
        """The living or ended cell at a local address, None for any other."""
        ...

    def tell_afar(self, ref: "Ref[Any]", message: object) -> None:
        """Send from another thread, or to another host."""
        ...

    def ask_afar(self, ref: "Ref[Any]", request: object, timeout: float | None) -> Awaitable[Any]:
        """Ask from another thread, or an actor of another host."""
        ...

    def send(self, ref: "Ref[Any]", message: object, timeout: float | None) -> Awaitable[None]:
        """Send and wait for acceptance."""
        ...

    def stream(self, ref: "Ref[Any]", request: object, timeout: float | None) -> AsyncIterator[Any]:
        """Ask for a stream of replies."""
        ...


class Endpoints:
    """The endpoints of this process, by system: how a ref that was just unpickled finds its way."""

    def __init__(self) -> None:
        self._by_system: dict[str, Endpoint] = {}
        self.decoding: ContextVar[Endpoint | None] = ContextVar("understudy_decoding", default=None)
        """The endpoint whose link is being decoded: several hosts of one system may share a process."""

    def add(self, system: str, endpoint: Endpoint) -> None:
        """Make the endpoint known; a later one of the same system takes its place."""
        self._by_system[system] = endpoint

    def remove(self, system: str, endpoint: Endpoint) -> None:
        """Forget the endpoint, unless another took its place."""
        if self._by_system.get(system) is endpoint:
            del self._by_system[system]

    def find(self, system: str) -> Endpoint | None:
        """The endpoint by which actors of this system are reached from here, if a host of it is in this process."""
        return self.decoding.get() or self._by_system.get(system)

    def reach(self, system: str) -> Endpoint:
        """As `find`; in a process without a host of the system, a client is opened. Raises SystemClosed."""
        found = self.find(system)
        if found is not None:
            return found
        if "/" not in system:
            message = (
                f"The system {system!r} is not open in this process, and only one on Ray can be reached from others. "
                "Use the ref inside `async with System(...)`."
            )
            raise SystemClosed(message)
        client = importlib.import_module("actors.backends.ray.client")
        endpoint: Endpoint = client.find(system)
        return endpoint


endpoints = Endpoints()
"""The one table per process: a pickled ref carries no pointer, so unpickling needs a place to look."""


class Ref(Generic[A_co]):
    """A reference to an actor of class A. Get it from `spawn`; pass it in messages; it means the same everywhere."""

    __slots__ = ("__weakref__", "_endpoint", "address", "cell")

    def __init__(self, address: Address, endpoint: Endpoint | None, cell: "Cell | None" = None) -> None:
        self.address = address
        self._endpoint = endpoint
        self.cell = cell

    def tell(self, message: "Declared | Call[A_co, object]") -> None:
        """Send and go on: at most once, never waits; a message that is given up becomes a dead letter.

        Raises Unsendable if the actor is on another host and the message cannot be encoded, TypeError if the actor is
        known here and has no handler for it, and SystemClosed if this process cannot reach the system at all.
        """
        cell = self.cell
        if cell is None or get_ident() != cell.host.thread:
            self._reached().tell_afar(self, message)
            return
        handler = cell.handlers.get(message.__class__)
        cell.accept(Envelope(message, handler or cell.handler_for(message), running.get().cell))

    def ask(self, request: "Asks[R] | Call[A_co, R]", *, timeout: float | None = DEFAULT_TIMEOUT) -> Awaitable[R]:
        """Send and get the reply: `await ref.ask(...)`. The request is sent at once, awaited or not.

        `timeout` in seconds (default: the setting `ask_timeout`, 30 s); None for no deadline. Within a handler the
        deadline is never later than that of the request being handled, except within `context.shield()` (rule A30).
        Raises one of the outcomes under `AskError`, each with `ran`; Unsendable and TypeError as `tell`.
        """
        cell = self.cell
        if cell is None or get_ident() != cell.host.thread:
            return self._reached().ask_afar(self, request, timeout)
        handler = cell.handlers.get(request.__class__) or cell.handler_for(request)
        activity = running.get()
        ask = cell.host.delivery.open_ask(self.address, timeout, activity)
        cell.accept(Envelope(request, handler, activity.cell, ask, ask.deadline))
        if cell is activity.cell:
            cell.host.deadlocks.asks_itself(ask)
        return cast("Awaitable[R]", ask.future)

    def send(
        self, message: "Declared | Call[A_co, object]", *, timeout: float | None = DEFAULT_TIMEOUT
    ) -> Awaitable[None]:
        """Send and wait until a mailbox has accepted the message: `await ref.send(...)`, also across hosts.

        Accepted means accepted, no more (rule A32). Raises NotRunning, NotHandled, TimedOut, Unreachable; MailboxFull
        when the mailbox drops the newest, or an actor sends to itself, and there is no room; TypeError for a conflated
        message; Unsendable and SystemClosed as `tell`.
        """
        return self._reached().send(self, message, timeout)

    def stream(
        self, request: "AsksStream[R] | Call[A_co, AsyncIterator[R]]", *, timeout: float | None = DEFAULT_TIMEOUT
    ) -> AsyncIterator[R]:
        """Ask for a stream: `async for item in ref.stream(...)`. `timeout` bounds the wait for each, in seconds."""
        return self._reached().stream(self, request, timeout)

    @property
    def ref(self) -> "Ref[A_co]":
        """Itself: a ref can stand where a sender is meant."""
        return self

    def _reached(self) -> Endpoint:
        endpoint = self._endpoint
        if endpoint is None:
            endpoint = self._endpoint = endpoints.reach(self.address.system)
            self.cell = endpoint.cell_at(self.address)
        return endpoint

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ref) and self.address == cast("Ref[Any]", other).address

    def __hash__(self) -> int:
        return hash(self.address)

    def __repr__(self) -> str:
        return f"Ref({self.address})"

    def __reduce__(self) -> tuple[Any, ...]:
        return (_restored, tuple(self.address))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """Let a pydantic model have refs as fields; in JSON a ref is its address. Imports pydantic only here."""
        from actors.messages.edge import ref_schema

        return ref_schema(cls, source, handler)


def _restored(system: str, seat: int, number: int) -> Ref[Any]:
    address = Address(system, seat, number)
    endpoint = endpoints.find(system)
    return Ref(address, endpoint, endpoint.cell_at(address) if endpoint is not None else None)
