"""What all links of one host share: who the host is, and its loop, clock, randomness and way to connect."""

from asyncio import AbstractEventLoop, BaseTransport, BufferedProtocol, Task
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Protocol

from actors.address import Sitting
from actors.links.alertness import Alertness
from actors.links.endpoints import Endpoint
from actors.links.events import LinkEvents
from actors.links.frames import WIRE_VERSION, BatchDecoder
from actors.links.handshake import NONCE_BYTES, Introduction
from actors.links.refusals import Refusals
from actors.links.session import Session
from actors.links.settings import LinkSettings
from actors.links.waiters import Waiters


class Wire(Protocol):
    """All that a link needs of a transport; a simulated network provides no more than this."""

    def write(self, data: bytes, /) -> None:
        """Queue the bytes; never blocks."""
        ...

    def close(self) -> None:
        """Close after what was written has gone."""
        ...

    def abort(self) -> None:
        """Close at once."""
        ...

    def is_closing(self) -> bool:
        """Whether it was closed from either end."""
        ...


class Closable(Protocol):
    """A connection, as far as its host must be able to end it."""

    def abort(self) -> None:
        """Close at once."""
        ...


Dial = Callable[[Endpoint, Callable[[], BufferedProtocol]], Awaitable[BaseTransport | Wire]]
"""Connects to an endpoint and gives the connection to the protocol that the factory makes. Raises `OSError`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """Made once per host; all of it is fixed but `decode`, `refusals` and `open`, which count."""

    me: Sitting
    system: str
    secret: bytes = field(repr=False)
    python: str
    wire: int = WIRE_VERSION
    events: LinkEvents
    settings: LinkSettings
    loop: AbstractEventLoop
    clock: Callable[[], float]
    """Monotonic seconds."""
    entropy: Callable[[int], bytes] = field(repr=False)
    """So many random bytes."""
    may_flush: Callable[[], bool]
    """Whether the host's lease lets records leave (rule A16); asked before each flush."""
    dial: Dial
    start: Callable[[Coroutine[Any, Any, None]], Task[None]]
    """Runs a task that belongs to the host, whoever sent the record that it is needed for."""
    alertness: Alertness
    decode: BatchDecoder = field(default_factory=BatchDecoder)
    refusals: Refusals = field(default_factory=Refusals)
    ended: Waiters
    """Woken when a connection has ended."""
    open: set[Closable] = field(default_factory=set["Closable"])
    """Connections that are neither lost nor aborted."""

    def nonce(self) -> bytes:
        """Fresh for one handshake."""
        return self.entropy(NONCE_BYTES)

    def session_number(self) -> int:
        """Random and not 0; the peer tells our sessions apart by it."""
        return int.from_bytes(self.entropy(8), "big") >> 1 | 1

    def introduction(self, peer: Sitting, session: Session | None, *, insists: bool = False) -> Introduction:
        """This host's side of a handshake with the peer. Its clock is read now."""
        return Introduction(
            wire=self.wire,
            python=self.python,
            system=self.system,
            seat=self.me.seat,
            epoch=self.me.epoch,
            to_seat=peer.seat,
            to_epoch=peer.epoch,
            session=session.number if session else 0,
            your_session=session.peer_number if session else 0,
            received=session.received if session else 0,
            clock=self.clock(),
            insists=insists,
        )
