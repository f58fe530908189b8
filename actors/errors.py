"""Every error the runtime raises, in one tree; each message says what to do next.

UnderstudyError
├── AskError                 an ask ended without its reply; `ran` says whether the request ran (rule A29)
│   ├── Failed               yes    the handler raised, or the actor ended with the ask in hand
│   ├── NotRunning           no     no such actor, or it has stopped
│   ├── NotHandled           no     the actor has no handler for this message
│   ├── MailboxFull          no     refused, or evicted by the overflow policy, or no room on the link
│   ├── Overloaded           no     it had waited too long for an actor that sheds load; says when to ask again
│   ├── Expired              no     its deadline passed before its turn
│   ├── TimedOut             maybe  its deadline passed while the asker waited
│   ├── Unreachable          no     never left this host, or
│   │                        maybe  the link or the host was lost after it left
│   ├── Deadlock             no     asker and asked wait for each other; names the actors of the cycle
│   ├── Stopped              no     it was queued when the actor stopped, or
│   │                        yes    its handler was cut short by the stop
│   └── Cancelled            maybe  its handler was cancelled
├── Unsendable               the value cannot be encoded; named at the sender (also a TypeError)
├── SpawnFailed              the actor's constructor or `on_start` failed
│   └── NameTaken            a living sibling has this name
├── Unplaceable              no host can take the actor; names the missing resource
├── NoContext                the actor was made by hand, not spawned; or no message is being handled
├── LinkedExit               an actor that this one is linked to has failed, or was lost
├── Ambiguous                several living actors have this path; names their idents
├── ChildLost                a child ended without an error of its own, and more often than its supervisor allows
├── Fenced                   an old or abandoned life of an actor tried to act
├── StashFull                the bounded stash is full
├── TooManyWatches           the actor watches more than the limit
├── TooManyKeys              the actor is registered under more keys than the limit
├── LinkRefused              a peer was refused: other version, other system, wrong secret
├── SettingsError            an unknown key or an impossible value
├── SystemClosed             the system is not open (any more)
├── NobodyWakes              a simulation in which nothing can happen any more, while somebody waits
├── OutOfTime                a simulation that has gone on for longer than its limit, while somebody waits
└── NotDeterministic         a simulated actor asked the real clock or the global random numbers
"""

from typing import Any, ClassVar, Literal

Ran = Literal["no", "yes", "maybe"]


class UnderstudyError(Exception):
    """The root of all errors of this runtime."""


class AskError(UnderstudyError):
    """An ask ended without its reply. `ran` says whether the request was run: no, yes, or maybe."""

    default: ClassVar[Ran] = "maybe"
    ran: Ran

    def __init__(self, message: str = "", *, ran: Ran | None = None) -> None:
        super().__init__(message)
        self.ran = ran if ran is not None else self.default

    def __reduce__(self) -> tuple[Any, ...]:
        return (_restore, (type(self), self.args, self.__dict__))


class Failed(AskError):
    """The handler raised. `type_name`, `text` and `remote_traceback` say what; `__cause__` is it, where it decodes."""

    default = "yes"

    def __init__(self, message: str = "", *, type_name: str = "", text: str = "", remote_traceback: str = "") -> None:
        super().__init__(message)
        self.type_name = type_name
        self.text = text
        self.remote_traceback = remote_traceback


class NotRunning(AskError):
    """No actor has this address (any more). Ask its parent for a new ref."""

    default = "no"


class NotHandled(AskError):
    """The actor has no handler for this message."""

    default = "no"


class MailboxFull(AskError):
    """The mailbox, or the link to its host, has no room. Use `send` to wait for room, or ask again later."""

    default = "no"


class Overloaded(AskError):
    """The actor has more to do than it can, and shed the request unrun. Ask again after `retry_after` seconds."""

    default = "no"

    def __init__(self, message: str = "", *, retry_after: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Expired(AskError):
    """The deadline passed before the request had its turn; it was not run."""

    default = "no"


class TimedOut(AskError, TimeoutError):
    """The deadline passed while waiting; the request may have run. Retry only with a key that makes it safe."""

    default = "maybe"


class Unreachable(AskError):
    """The actor's host could not be reached."""

    default = "maybe"


class Deadlock(AskError):
    """Actors wait for each other's answers, so that none can ever come (rule A43); this ask was withdrawn unrun.

    `cycle` has the names of the actors, each waiting for the next and the last for the first, beginning with the asker
    that hears this. Let one of them tell, reply later, or ask beside its handler (`context.pipe`). Raised as well by a
    start hook that asks its parent, which waits for the start, or itself; then `cycle` is empty.
    """

    default = "no"

    def __init__(self, message: str = "", *, cycle: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.cycle = cycle


class Stopped(AskError):
    """The actor stopped before it replied."""

    default = "no"


class Cancelled(AskError):
    """The handler was cancelled before it replied."""

    default = "maybe"


OUTCOMES = (
    Failed,
    NotRunning,
    NotHandled,
    MailboxFull,
    Overloaded,
    Expired,
    TimedOut,
    Unreachable,
    Deadlock,
    Stopped,
    Cancelled,
)
"""How an ask may end besides its reply (rule A29). `except OUTCOMES as error:` catches what `except AskError` does, and
a type checker then knows whether a `match` over the error has a case for each."""


class Unsendable(UnderstudyError, TypeError):
    """The value cannot travel to another process. Send plain data, or spawn the actor beside the value's owner."""


class SpawnFailed(UnderstudyError):
    """The actor's constructor or `on_start` failed; `__cause__` is the error, where it decodes."""


class NameTaken(SpawnFailed):
    """A living sibling has this name. Choose another, or look the actor up by it."""


class Unplaceable(UnderstudyError):
    """No host can take the actor; the message names what is missing."""


class NoContext(UnderstudyError):
    """There is no context here: the actor was made by hand (spawn it), or no message is being handled."""


class LinkedExit(UnderstudyError):
    """An actor that this one is linked to ended abnormally. A message instead, for who traps it (`trap_links`).

    `ref` is that actor, `incarnation` the one that ended (0 where that is not known), `reason` why; `__cause__` is what
    it failed with, as far as that travels.
    """

    def __init__(self, message: str = "", *, ref: Any = None, incarnation: int = 0, reason: str = "") -> None:
        super().__init__(message)
        self.ref = ref
        self.incarnation = incarnation
        self.reason = reason

    def __reduce__(self) -> tuple[Any, ...]:
        return (_restore, (type(self), self.args, self.__dict__))


class ChildLost(UnderstudyError):
    """A child that is to live ended all the same, without an error: it stopped itself, or its host was lost."""


class SeatRefused(ChildLost, SpawnFailed):
    """Children wait for a seat that nobody may take for now, because too many hosts have died on it, too often."""


class Ambiguous(UnderstudyError, LookupError):
    """Several living actors have this path, so an operation on one of them was refused. Name one by its ident."""


class Fenced(UnderstudyError):
    """An ended or abandoned life of an actor tried to act; nothing happened."""


class StashFull(UnderstudyError):
    """The stash holds as many messages as it may. Unstash, or raise the bound in the actor's mailbox options."""


class TooManyWatches(UnderstudyError):
    """The actor watches as many others as it may. Raise `watch_limit` in the settings, or share a watcher."""


class TooManyKeys(UnderstudyError):
    """The actor is registered under as many keys as it may be. Register another actor, or fewer keys."""


class LinkRefused(UnderstudyError):
    """A peer was refused when its link was opened; the message names both sides' version, system or reason."""


class SettingsError(UnderstudyError, ValueError):
    """A setting is unknown or impossible; the message names it, its value and where it came from."""


class SystemClosed(UnderstudyError):
    """The system is not open. Use it inside `async with System(...)` or `System(...).run(main)`."""


def _restore(kind: type[UnderstudyError], args: tuple[Any, ...], state: dict[str, Any]) -> UnderstudyError:
    error = kind(*args)
    error.__dict__.update(state)
    return error


class NobodyWakes(UnderstudyError):
    """In a simulation nothing can ever happen any more; shows the seed, who waits, and the last events."""


class OutOfTime(UnderstudyError):
    """A simulation has gone on for longer than its `limit`; shows the seed, who waits, and the last events."""


class NotDeterministic(UnderstudyError):
    """A simulated actor used what no seed decides. Use `self.context.now()` and `self.context.random` instead."""
