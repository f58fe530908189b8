"""What the runtime knows of an actor class, looked up once: its handlers, hooks, mailbox and supervision."""

from typing import TYPE_CHECKING, Any, cast

from actors.actor import Actor
from actors.mail.on_failure import Retry
from actors.messages.handlers import HandlerTable
from actors.supervising.supervision import Supervision

if TYPE_CHECKING:
    from actors.mail.mailbox import MailboxOptions


class Blueprint:
    """The facts of one actor class that a cell needs; kept on the class itself, so they end with it."""

    # fmt: off
    __slots__ = (
        "actor_class", "mailbox", "on_start", "on_stop", "patience", "retries", "several_lanes", "supervision", "table",
    )
    # fmt: on

    def __init__(self, actor_class: type[Actor]) -> None:
        self.actor_class = actor_class
        self.table = HandlerTable.for_class(actor_class)
        self.on_start: bool = actor_class.on_start is not Actor.on_start
        self.on_stop: bool = actor_class.on_stop is not Actor.on_stop
        self.mailbox: MailboxOptions = actor_class.mailbox
        on_failure = self.mailbox.on_failure
        self.retries = on_failure.times if isinstance(on_failure, Retry) else None
        """How often a failing message is tried again; None where it is dropped."""
        self.supervision: Supervision = actor_class.supervision
        if not isinstance(self.supervision, Supervision):  # pyright: ignore[reportUnnecessaryIsInstance] - users write anything
            message = (
                f"{actor_class.__name__}.supervision is {self.supervision!r}. Give a Supervision, such as "
                "`supervision = Supervision(restarts=5)`."
            )
            raise TypeError(message)
        shedding = self.mailbox.shedding
        self.patience = shedding.patience if shedding is not None else 0.0
        """Seconds after which one whose request was shed may ask again."""
        self.several_lanes = not self.table.plain

    @classmethod
    def of(cls, actor_class: type[Actor]) -> "Blueprint":
        """The blueprint of this very class; TypeError, with the next step, for what is no actor class."""
        blueprint = cast("Any", actor_class.__dict__ if isinstance(actor_class, type) else {}).get("__blueprint__")  # pyright: ignore[reportUnnecessaryIsInstance] - users pass anything
        if blueprint is None:
            if not (isinstance(actor_class, type) and issubclass(actor_class, Actor)):  # pyright: ignore[reportUnnecessaryIsInstance]
                message = (
                    f"{actor_class!r} is not an actor class. Spawn a subclass of Actor, and pass the class, "
                    "not an object: `spawn(Account, 100)`."
                )
                raise TypeError(message)
            blueprint = cls(actor_class)
            actor_class.__blueprint__ = blueprint  # pyright: ignore[reportAttributeAccessIssue] - private to the runtime
        return blueprint

    def __reduce__(self) -> tuple[type[None], tuple[()]]:
        return (type(None), ())  # a class that travels leaves its blueprint behind: it is made again where it arrives
