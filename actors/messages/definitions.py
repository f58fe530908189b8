"""Which method of an actor class handles which message class, and every mistake that can be seen there.

The nearest definition in the MRO decides, as for any method. An override is reached by the base's messages; one that is
marked `@receive` again says anew what it takes, and one of a call must be marked `@call` again.
"""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from inspect import Parameter
from types import FunctionType
from typing import Any, TypeVar, Union, cast

from actors.messages.annotations import Scope, arguments_of, called, class_of, evaluated, members, substituted
from actors.messages.call import Method
from actors.messages.handling import Handling
from actors.messages.message import AsksStream
from actors.messages.receive import Mark, mark_of
from actors.messages.replies import UNKNOWN, fits, is_stream, reply_of, yielded

ASYNC_ITERATORS = ("AsyncIterator", "AsyncGenerator")
POSITIONAL = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
VARIADIC = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)


@dataclass(frozen=True, slots=True)
class Definition:
    """One method for one message class."""

    owner: type
    """The class whose body says that the method handles the message."""
    message: type
    function: Callable[..., Any]
    """What runs: the nearest override of the method that the class body marks."""
    handling: Handling
    is_call: bool

    @property
    def streams(self) -> bool:
        """Whether the function returns an async iterator, of which every item is a reply."""
        if not self.is_call:
            return issubclass(self.message, AsksStream)
        if inspect.isasyncgenfunction(inspect.unwrap(self.function)):
            return True
        returns = self.function.__annotations__.get("return", UNKNOWN)
        if isinstance(returns, str):  # not looked up: the name is often imported for checkers only
            return returns.partition("[")[0].rpartition(".")[2] in ASYNC_ITERATORS
        return is_stream(returns)

    @property
    def is_async(self) -> bool:
        """Whether the function is an `async def`, possibly under a decorator."""
        return inspect.iscoroutinefunction(self.function) or inspect.iscoroutinefunction(inspect.unwrap(self.function))


def definitions(actor_class: type, *, complete: bool) -> list[Definition]:
    """All of them, those of the nearest class first; `complete` makes names that are still missing an error."""
    order = actor_class.__mro__
    found: list[Definition] = []
    for name in dict.fromkeys(name for kind in order for name in kind.__dict__):
        chain = [(kind, kind.__dict__[name]) for kind in order if name in kind.__dict__]
        if any(isinstance(it, Method) for _, it in chain):
            found += _calls(chain, name)
        elif any(mark_of(it) for _, it in chain):
            found += _receives(actor_class, chain, name, complete=complete)
    found.sort(key=lambda it: order.index(it.owner))
    _no_duplicates(found)
    for it in found:
        _check_options(it)
    return found


def _calls(chain: list[tuple[type, Any]], name: str) -> Iterator[Definition]:
    nearest, top = chain[0]
    if not isinstance(top, Method):
        base = next(kind for kind, it in chain if isinstance(it, Method))
        raise TypeError(
            f"{called(nearest)}.{name} overrides a call of {called(base)}. Mark it @call too, or rename it."
        )
    top = cast("Method[..., Any, Any]", top)
    for kind, it in chain:
        if isinstance(it, Method):
            yield Definition(kind, cast("Method[..., Any, Any]", it).message, top.function, top.handling, is_call=True)


def _receives(actor_class: type, chain: list[tuple[type, Any]], name: str, *, complete: bool) -> Iterator[Definition]:
    nearest, top = chain[0]
    if not isinstance(top, FunctionType):
        raise TypeError(f"{called(nearest)}.{name} hides a handler but is no method. Rename it.")
    owner, mark = next((kind, mark) for kind, it in chain if (mark := mark_of(it)) is not None)
    if mark.takes is None and not complete:
        return
    takes = substituted(mark.takes, arguments_of(actor_class, owner))
    kinds = list(members(takes))
    _check_reply(owner, name, mark, kinds)
    for kind in kinds:
        if isinstance(kind, TypeVar) and not complete:  # a subclass or an alias will say which
            continue
        message = class_of(kind)
        if message is None:
            raise TypeError(
                f"{called(owner)}.{name} is annotated with {called(kind)}, whose values have no class of "
                "their own. Annotate it with message classes."
            )
        yield Definition(owner, message, top, mark.handling, is_call=False)


def look_up_names(actor_class: type, *, complete: bool) -> None:
    """Find what the marks of a class and its bases take and return; `complete` makes a missing name an error."""
    for owner in actor_class.__mro__:
        waiting = [(it, mark) for it in owner.__dict__.values() if (mark := mark_of(it)) and mark.takes is None]
        scope = Scope(owner) if any(mark.look_up is None for _, mark in waiting) else None
        for function, mark in waiting:
            if scope is not None:
                mark.look_up = partial(_look_up, owner, function, mark, scope)
            try:
                cast("Callable[[], None]", mark.look_up)()
            except (NameError, AttributeError) as error:
                if complete:
                    raise TypeError(
                        f"{called(owner)}.{function.__name__}: {error}. The message classes of a handler must exist at "
                        "run time when its actor is first spawned: import them outside `if TYPE_CHECKING`."
                    ) from None


def _look_up(owner: type, function: FunctionType, mark: Mark, scope: Scope) -> None:
    where = f"{called(owner)}.{function.__name__}"
    annotation = _annotation(where, function)
    names = scope.names(cast("FunctionType", inspect.unwrap(function)))
    try:
        takes = evaluated(annotation, names)
    except (NameError, AttributeError):
        raise
    except Exception as error:
        raise TypeError(f"{where} is annotated with {annotation!r}, which cannot be read: {error}.") from error
    mark.returns = _returned(function, names)
    mark.takes = type(None) if takes is None else takes
    mark.look_up = None  # lets the frames around the class go


def _annotation(where: str, function: Callable[..., Any]) -> Any:
    """The annotation of the one parameter after `self`."""
    parameters = list(inspect.signature(function).parameters.values())[1:]
    needed = [it for it in parameters if it.default is Parameter.empty and it.kind not in VARIADIC]
    if not parameters or len(needed) > 1 or parameters[0].kind not in POSITIONAL:
        raise TypeError(f"{where} must take `self` and one message. For several values, mark it @call instead.")
    if parameters[0].annotation is Parameter.empty:
        raise TypeError(
            f"{where} does not say which messages it handles. Annotate {parameters[0].name!r} with a message class, or "
            "with `object` for every message."
        )
    return parameters[0].annotation


def _returned(function: Callable[..., Any], names: dict[str, Any]) -> Any:
    try:
        returns = evaluated(function.__annotations__.get("return", UNKNOWN), names)
    except Exception:  # noqa: BLE001 - a name for checkers only: then they have checked it
        return UNKNOWN
    return UNKNOWN if returns is Any else returns


def _check_reply(owner: type, name: str, mark: Mark, kinds: list[Any]) -> None:
    """The return type must be a reply that one of the handled messages asks for."""
    replies = [reply for kind in kinds if (reply := reply_of(kind)) is not None]
    streams = [kind for kind in kinds if issubclass(class_of(kind) or object, AsksStream)]
    where = f"{called(owner)}.{name}"
    if streams and len(streams) < len(kinds):
        raise TypeError(f"{where} handles messages that ask for a stream and others. Write two handlers.")
    if not replies or mark.returns is UNKNOWN:
        return
    if streams and not is_stream(mark.returns):
        asked = f"AsyncIterator[{called(replies[0])}]"
    elif fits(yielded(mark.returns) if streams else mark.returns, Union[tuple(replies)]):  # noqa: UP007 - from values
        return
    else:
        asked = " or ".join(map(called, replies))
    asking = " or ".join(map(called, kinds))
    raise TypeError(
        f"{where} returns {called(mark.returns)}, but {asking} asks for {asked}. Change one of them; a handler that "
        "replies later returns Any."
    )


def _check_options(it: Definition) -> None:
    """What cannot be run as it says."""
    function, where = it.function, f"{called(it.owner)}.{it.function.__name__}"
    if inspect.isgeneratorfunction(inspect.unwrap(function)):
        raise TypeError(f"{where} yields, but is no `async def`. Make it one: the asker takes its items one at a time.")
    if it.is_async and it.handling.blocking:
        raise TypeError(f"{where} is `async def` and blocking. Blocking runs a `def` in a thread: choose one.")
    if it.streams and it.handling.blocking:
        raise TypeError(f"{where} streams and is blocking. A stream is an `async def` that yields.")
    if it.streams and it.is_async:
        raise TypeError(f"{where} is `async def` and returns an iterator. Let it yield, or make it a `def`.")
    if not it.is_call and not it.streams and inspect.isasyncgenfunction(inspect.unwrap(function)):
        raise TypeError(f"{where} yields, but {called(it.message)} asks for no stream. Derive it from Streams[...].")
    it.handling.level(it.message)
    it.handling.conflate_key(it.message)


def _no_duplicates(found: list[Definition]) -> None:
    seen: dict[tuple[type, type], Definition] = {}
    for it in found:
        first = seen.setdefault((it.owner, it.message), it)
        if first.function is not it.function:
            raise TypeError(
                f"{called(it.owner)} handles {called(it.message)} twice: in {first.function.__name__} and in "
                f"{it.function.__name__}. Keep one."
            )
