"""What watches a system from outside: it hears of each message and each life, and may put a header on messages.

The runtime knows no instrument; whoever opens the system gives it one (`System(instrument=...)`). Headers are bytes
that only instruments read. A system without an instrument runs without any of this: see `cells.observed`.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import msgspec

from actors.logs import RateLimited

if TYPE_CHECKING:
    from actors.address import Address
    from actors.stats import HostStats

T = TypeVar("T")


class Verb(Enum):
    """How a message was sent."""

    TELL = "tell"
    ASK = "ask"
    SEND = "send"
    STREAM = "stream"
    FORWARD = "forward"
    TICK = "tick"
    """By a timer of the actor itself."""
    DELAYED = "delayed"
    """By a timer that goes on with the message in whose handling it was started."""
    NEWS = "news"
    """By the runtime: the end of a watched actor, or anything that comes without a header from outside all actors."""


class Role(Enum):
    """The part that an operation plays between two sides."""

    CLIENT = "client"
    SERVER = "server"
    PRODUCER = "producer"
    CONSUMER = "consumer"
    INTERNAL = "internal"


class Place(msgspec.Struct, frozen=True):
    """Which host an instrument was made for."""

    system: str
    seat: int
    epoch: int
    node: str = ""
    clock: Callable[[], float] | None = None
    look: "Callable[[], HostStats] | None" = None
    """The host's figures at this moment; to be called in the host's thread."""
    soon: Callable[[Callable[[], None]], object] | None = None
    """Have something called in the host's thread soon; from any thread."""


class Subject(Protocol):
    """An actor, as far as an instrument may know it."""

    @property
    def address(self) -> "Address":
        """Where it lives."""
        ...

    @property
    def kind(self) -> type:
        """Its class."""
        ...

    @property
    def name(self) -> str:
        """Its path, or its class and address where it has none."""
        ...

    incarnation: int


class Delivered(msgspec.Struct, frozen=True):
    """A message whose handler begins now."""

    verb: Verb
    message: object
    header: bytes
    """What its sender's instrument gave it; empty where there was none, or none that may travel."""
    waited: float
    """Seconds in the mailbox."""
    attempt: int
    """1, and one more for each time that this very envelope was handled before."""
    missed: int = 0
    """For a tick: how many were due and never came."""
    delay: float | None = None
    """For what is delayed: the seconds of its timer."""


class Happening(Enum):
    """What happens to actors and messages besides being sent and handled."""

    SPAWNED = "spawn"
    RESTARTED = "restart"
    STOPPED = "stop"
    DEAD_LETTER = "dead letter"
    HOST_LOST = "host lost"


class Event(msgspec.Struct, frozen=True):
    """Something happened."""

    what: Happening
    facts: Mapping[str, str | int | float]
    """Names and numbers, for people. Never a message's body."""
    header: bytes = b""
    """Of the message that caused it, empty if none did."""
    subject: Subject | None = None
    error: BaseException | None = None


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of work that a pattern or an edge does for its users: to publish, to take a batch, to serve a request.

    It belongs to `parent` (a header), or to what `carrier` names (as HTTP headers do), else to what is being handled.
    """

    role: Role
    name: str
    """Of few kinds: a topic or a route, never an id."""
    parent: bytes | None = None
    carrier: Mapping[str, str] | None = None
    links: Iterable[tuple[bytes, Mapping[str, Any]]] = ()
    """Headers of other operations that this one follows from, each with facts about that relation."""
    root: bool = False
    """Belongs to nothing: what it follows from is in `links`."""
    facts: Mapping[str, Any] = msgspec.field(default_factory=dict[str, Any])
    subject: Subject | None = None


class Observation(Protocol):
    """Something that an instrument watches from its beginning to its end."""

    @property
    def header(self) -> bytes:
        """What goes with the messages that belong to it."""
        ...

    def end(self, error: BaseException | None = None, /) -> None:
        """It is over; called once, where it began if `current` says so."""
        ...


class Instrument(Protocol):
    """What a host calls. Nothing may wait; what raises is counted, and the message goes its way (see `Guarded`)."""

    def prepare(self) -> None:
        """Called once in the context from which those of all handlers are copied."""
        ...

    @property
    def current(self) -> Callable[[], object]:
        """Fetched once. Called for each message from outside all handlers, in the sender's context; may take no time.

        True if there is something around it that it may belong to: then `sends` is called. Else `gap` decides.
        """
        ...

    def gap(self) -> int:
        """How many messages that belong to nothing go unwatched before the next one is; asked again after that."""
        ...

    def sends(
        self, verb: Verb, message: object, sender: Subject | None, target: "Address", parent: bytes | None
    ) -> Observation | None:
        """A message is being sent, in the sender's context, on behalf of what `parent` heads: None outside handlers.

        None: nobody watches it, and what its handler sends will not be asked about either. The end of an ask's
        observation is its outcome, that of any other that the message was queued, or accepted.
        """
        ...

    def hides(self) -> bytes:
        """The header of a message to another host that nobody watches, sent from outside all actors."""
        ...

    def schedules(self) -> bytes:
        """The header for a tick or for what is delayed, in the context in which its timer was started."""
        ...

    def handles(self, delivered: Delivered, subject: Subject) -> Observation | None:
        """A handler begins in the running context, and until the end of the observation is what is current there."""
        ...

    def happens(self, event: Event) -> None:
        """Something happened, in the context that caused it."""
        ...

    def operates(self, operation: Operation) -> Observation:
        """A piece of work of a pattern or an edge begins, and is what is current in the running context."""
        ...

    def carrier(self) -> dict[str, str]:
        """What goes with a request to the world outside, as HTTP headers do."""
        ...

    def close(self, seconds: float) -> None:
        """Let go of everything within so many seconds; called in a thread, for it may wait."""
        ...


Opening = Callable[[Place], Instrument]
"""Makes the instrument of one host. It travels to each host by pickle."""


class Unobserved:
    """The observation of what nobody watches."""

    __slots__ = ("header",)

    def __init__(self, header: bytes = b"") -> None:
        self.header = header

    def end(self, error: BaseException | None = None, /) -> None:
        """Nobody hears of it."""
        del error


UNOBSERVED = Unobserved()


class Guarded:
    """An instrument that cannot do harm: what it raises is counted and logged now and then."""

    def __init__(self, instrument: Instrument, clock: Callable[[], float]) -> None:
        self.instrument = instrument
        self.faults = 0
        """How often it raised."""
        self._log = RateLimited(logging.getLogger("understudy.instrument"), clock, per_second=1.0)

    def sends(
        self, verb: Verb, message: object, sender: Subject | None, target: "Address", parent: bytes | None
    ) -> Observation | None:
        """As the instrument's; None if it raised."""
        try:
            return self.instrument.sends(verb, message, sender, target, parent)
        except Exception as error:  # noqa: BLE001 - whatever it is, the message goes its way
            self.failed(error)
            return None

    def handles(self, delivered: Delivered, subject: Subject) -> Observation | None:
        """As the instrument's; None if it raised."""
        try:
            return self.instrument.handles(delivered, subject)
        except Exception as error:  # noqa: BLE001 - as above
            self.failed(error)
            return None

    def ends(self, observation: Observation, error: BaseException | None = None) -> None:
        """End an observation."""
        try:
            observation.end(error)
        except Exception as fault:  # noqa: BLE001 - as above
            self.failed(fault)

    def does(self, call: Callable[[], T], otherwise: T) -> T:
        """Any other call."""
        try:
            return call()
        except Exception as error:  # noqa: BLE001 - as above
            self.failed(error)
            return otherwise

    def happens(self, event: Event) -> None:
        """As the instrument's."""
        try:
            self.instrument.happens(event)
        except Exception as error:  # noqa: BLE001 - as above
            self.failed(error)

    def failed(self, error: BaseException) -> bool:
        """Count what it raised. False, for whoever asked whether to watch something."""
        self.faults += 1
        self._log.warning("The instrument raised %s: %s; the message went its way.", type(error).__qualname__, error)
        return False
