"""An actor class's handlers: found once per class, then one look in a dict per message."""

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from actors.messages.annotations import called
from actors.messages.call import Call, invoker
from actors.messages.definitions import Definition, definitions, look_up_names
from actors.messages.priority import Priority

TABLE = "__handlers__"


@dataclass(frozen=True, slots=True)
class Handler:
    """How one actor class handles one message class."""

    name: str
    """For people: the class and method that run, "Account.deposit"."""
    message: type
    """The message class it was declared for; subclasses come here too."""
    invoke: Callable[[Any, Any], Any]
    """From actor and message to the reply if `plain` or `blocking`, to an async iterator if `streams`, else to an
    awaitable of the reply."""
    is_async: bool
    blocking: bool
    interleaved: bool
    streams: bool
    priority: Priority
    """That of the message class it was declared for; a subclass that only its base's handler takes waits there too."""
    conflate_key: Callable[[Any], Hashable] | None
    plain: bool
    """A `def` with no options about how it runs: `invoke` returns the reply and nothing else is to be done."""


class HandlerTable(Mapping[type, Handler]):
    """The handlers of one actor class, by message class."""

    __slots__ = ("actor_class", "declared", "handlers", "plain")

    def __init__(self, actor_class: type) -> None:
        self.actor_class = actor_class
        self.handlers: dict[type, Handler] = {}
        """What the hot path looks in: those declared, and what `find` has found since."""
        for it in definitions(actor_class, complete=True):
            self.handlers.setdefault(it.message, _handler(it))
        self.declared = tuple(self.handlers.values())
        self.plain = all(it.priority is Priority.NORMAL and it.conflate_key is None for it in self.declared)
        """No handler has a priority of its own or a conflation key: one first-in-first-out queue will do."""

    @classmethod
    def for_class(cls, actor_class: type) -> "HandlerTable":
        """The table of this very class, made at the first use and kept on the class.

        Raises TypeError if a handler's annotation names something that does not exist at run time.
        """
        table = actor_class.__dict__.get(TABLE)
        if table is None:
            look_up_names(actor_class, complete=True)
            table = cls(actor_class)
            setattr(actor_class, TABLE, table)
        return table

    def find(self, message_class: type) -> Handler | None:
        """The handler of the message class or of its nearest base; the answer is remembered in `handlers`."""
        handler = next((self.handlers[kind] for kind in message_class.__mro__ if kind in self.handlers), None)
        if handler is None:  # abstract classes know their members without being in the MRO
            handler = next((it for it in self.declared if issubclass(message_class, it.message)), None)
        if handler is not None:
            self.handlers[message_class] = handler
        return handler

    def unknown(self, message: object) -> TypeError:
        """The error for a message that no handler takes: names actor, message and handlers, and says what to do."""
        actor, kind = called(self.actor_class), called(type(message))
        if isinstance(message, type):
            kind = called(message)
            what, step = f"was sent the class {kind}", f"Send a value of it: {kind}(...)"
        elif _is_call(type(message)):
            what, step = f"has no call {kind}", "Send it to an actor of the class that has it"
        else:
            what, step = f"has no handler for {kind}", f"Add `@receive def ...(self, message: {kind})`"
        known = ", ".join(_listed(it.message) for it in self.declared) or "nothing"
        return TypeError(f"{actor} {what}. It handles: {known}. {step}, or send one of those.")

    def __getitem__(self, message_class: type) -> Handler:
        return self.handlers[message_class]

    def __iter__(self) -> Iterator[type]:
        return iter(self.handlers)

    def __len__(self) -> int:
        return len(self.handlers)

    def __repr__(self) -> str:
        return f"HandlerTable({self.actor_class.__qualname__}: {', '.join(it.name for it in self.declared)})"

    def __reduce__(self) -> tuple[type[None], tuple[()]]:
        return (type(None), ())  # a class that travels leaves its table behind: it is made again where it arrives


def declare(actor_class: type) -> None:
    """Check the handlers of a class that was just defined; to be called from `__init_subclass__`.

    Raises TypeError for what is certainly wrong. A name that does not exist yet is looked up again at the first spawn.
    """
    look_up_names(actor_class, complete=False)
    definitions(actor_class, complete=False)


def _handler(it: Definition) -> Handler:
    is_async, streams, handling = it.is_async, it.streams, it.handling
    runs_at_once = not (is_async or streams or handling.blocking)
    invoke = invoker(cast("type[Any]", it.message), it.function) if it.is_call else it.function
    return Handler(
        name=f"{it.owner.__name__}.{it.function.__name__}",
        message=it.message,
        invoke=_awaitable(invoke) if runs_at_once and handling.interleaved else invoke,
        is_async=is_async,
        blocking=handling.blocking,
        interleaved=handling.interleaved,
        streams=streams,
        priority=handling.level(it.message),
        conflate_key=handling.conflate_key(it.message),
        plain=runs_at_once and not handling.interleaved,
    )


def _awaitable(invoke: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """An interleaved `def` as an `async def`: it takes its turn among the other interleaved ones."""

    async def invoke_in_turn(actor: Any, message: Any) -> Any:
        return invoke(actor, message)

    return invoke_in_turn


def _listed(kind: type) -> str:
    return called(kind) + "(...)" * _is_call(kind)


def _is_call(kind: type) -> bool:
    return issubclass(kind, cast("type", Call))
