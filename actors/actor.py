"""The class that users derive from: handlers, two hooks, and how it is to be supervised and queued."""

from typing import TYPE_CHECKING, Any, ClassVar, overload

from actors.errors import NoContext
from actors.mail.mailbox import MailboxOptions
from actors.messages import handlers
from actors.supervising.supervision import Supervision

if TYPE_CHECKING:
    from actors.cells.context import Context


class _ContextOf:
    """Stands in the class where a spawned instance has its own `context`; says so on one that was made by hand.

    A non-data descriptor: the attribute that the cell sets on the instance hides it at no cost.
    """

    @overload
    def __get__(self, actor: None, owner: type, /) -> "_ContextOf": ...
    @overload
    def __get__(self, actor: "Actor", owner: type, /) -> "Context": ...
    def __get__(self, actor: "Actor | None", owner: type, /) -> Any:
        if actor is None:
            return self
        message = (
            f"{owner.__name__} has no context, because it was made by hand. Spawn it: "
            f"`await system.spawn({owner.__name__}, ...)`."
        )
        raise NoContext(message)


class Actor:
    """An object with a mailbox, that handles one message at a time.

    Handlers are methods marked `@call` (a message of this class alone) or `@receive` (message classes that several
    actors share). They may be `def` (shortest), `async def` (other actors run while it waits; this one does not, unless
    the handler is marked interleaved) or `def` marked blocking (runs in a thread).

    Order of events: `__init__` with the spawn's arguments, `on_start`, then messages; when the incarnation ends,
    the handler in progress, the children in reverse order, `on_stop`. A failing handler leads to what the parent's
    `supervision` decides; a restart makes a new object from the original arguments and keeps the mailbox.
    """

    context = _ContextOf()
    supervision: ClassVar[Supervision] = Supervision()
    """How this actor treats failures of its children."""
    mailbox: ClassVar[MailboxOptions] = MailboxOptions()
    """How many messages may wait for it, and what happens to one more."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        handlers.declare(cls)

    def on_start(self) -> Any:
        """Called before the first message of each incarnation; may be `async def`. `spawn` returns after it."""

    def on_stop(self) -> Any:
        """Called at the end of each incarnation, after its children have stopped; may be `async def`.

        Not called after `kill -9`, nor for an incarnation whose `__init__` or `on_start` failed.
        """
