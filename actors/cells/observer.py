"""What a host says to its instrument, and what patterns and edges say to it; the instrument itself is a stranger.

A handler that is observed is replaced by a twin, which does the same between the beginning and the end of an
observation, in the context in which the handler runs.
"""

import asyncio
import inspect
import sys
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from contextvars import ContextVar
from dataclasses import replace
from functools import partial
from itertools import repeat
from types import BuiltinMethodType
from typing import TYPE_CHECKING, Any, cast

from actors.cells.streams import Incoming
from actors.instrument import (
    UNOBSERVED,
    Delivered,
    Event,
    Guarded,
    Happening,
    Observation,
    Opening,
    Operation,
    Place,
    Role,
    Verb,
)
from actors.mail.activity import running
from actors.mail.asks import Ask
from actors.mail.dead_letters import DeadLetter
from actors.mail.envelope import Envelope, Headed
from actors.supervising.signals import EndReason

if TYPE_CHECKING:
    from contextvars import Context as Variables

    from actors.address import Address, Sitting
    from actors.cells.cell import Cell
    from actors.host import Host
    from actors.instrument import Subject
    from actors.messages.handlers import Handler
    from actors.supervising.signals import Spec


NEVER = 2**30
"""Messages that go unwatched where an instrument could not say how many: far more than any that is looked at again."""

_within: ContextVar[bytes | None] = ContextVar("understudy_within", default=None)
"""The header of the operation that the running code is within."""

FLUSH = 2.0
"""Seconds that an instrument has to send what it knows when its host closes."""


class Observer:
    """The instrument of one host, as the runtime speaks to it."""

    def __init__(self, host: "Host", opening: Opening, variables: "Variables") -> None:
        def soon(call: Callable[[], None]) -> None:
            host.loop.call_soon_threadsafe(call)

        place = Place(host.system, host.seat, host.sitting.epoch, host.node, host.clock, host.look, soon)
        self.guarded = Guarded(opening(place), host.clock)
        variables.run(self.guarded.does, self.guarded.instrument.prepare, None)
        host.dead_letters.subscribe(self.on_dead_letter)
        self.clock = host.clock
        current = self.guarded.instrument.current
        # what is in C, as the look at a context variable is, is taken as it is, for nothing there raises
        self.current = current if isinstance(current, BuiltinMethodType) else partial(self.guarded.does, current, None)
        self.unwatched = self.guarded.does(self._gap, repeat(None, NEVER))
        """Yields once for each more message that belongs to nothing and goes unwatched."""
        self.giving_up = b""
        """The header of the message that is being given up."""
        self._twins: dict[int, tuple[Handler, Handler]] = {}

    # ---- sending ----------------------------------------------------------------------------------------------------

    def starts(self) -> bool:
        """Whether a message that is sent outside all handlers is watched."""
        try:
            if self.current():
                return True
            for _ in self.unwatched:
                return False
            self.unwatched = self._gap()
            return True
        except Exception as error:  # noqa: BLE001 - whatever it is, the message goes its way
            self.guarded.failed(error)
            return False

    def _gap(self) -> Iterator[None]:
        # Counted down in C: to subtract from a field would make a number for each message.
        return repeat(None, min(self.guarded.instrument.gap(), sys.maxsize))

    def sends(
        self, verb: Verb, message: object, target: "Address", handled: Envelope | None, asker: object = None
    ) -> Observation | None:
        """A message is being sent while `handled` is; `asker` will hear its outcome, if it has one."""
        if handled is None and not self.starts():
            return None
        return self.sends_watched(verb, message, target, handled, asker)

    def sends_watched(
        self, verb: Verb, message: object, target: "Address", handled: Envelope | None, asker: object = None
    ) -> Observation | None:
        """As `sends`, of a message that is known to be watched."""
        parent = None if handled is None else header_of(handled)
        if parent == b"":  # what is being handled was not watched when it came, and is tried again
            return None
        observation = self.guarded.sends(verb, message, cast("Subject | None", running.get().cell), target, parent)
        if observation is None:
            return None
        if isinstance(asker, Ask):
            asker.future.add_done_callback(partial(self._resolved, observation))
        elif isinstance(asker, Incoming):
            asker.over = partial(self.guarded.ends, observation)
        return observation

    def queued(self, verb: Verb, observation: Observation | None) -> None:
        """What was sent is on its way: that is the end of it where no outcome is awaited."""
        if observation is not None and verb in _AT_ONCE:
            self.guarded.ends(observation)

    def _resolved(self, observation: Observation, future: "asyncio.Future[object]") -> None:
        error = asyncio.CancelledError() if future.cancelled() else future.exception()
        self.guarded.ends(observation, error)

    # ---- handling ---------------------------------------------------------------------------------------------------

    def begins(self) -> Observation | None:
        """The handler of the running activity's message begins, in the context in which it runs."""
        activity = running.get()
        envelope, cell = activity.envelope, activity.cell
        if cell is None or not isinstance(envelope, Headed):
            return None
        envelope.attempt += 1
        waited = max(0.0, self.clock() - envelope.since)
        delivered = Delivered(
            envelope.verb,
            envelope.message,
            envelope.header,
            waited,
            envelope.attempt,
            envelope.missed,
            None if envelope.tick is None else envelope.tick.delay,
        )
        observation = self.guarded.handles(delivered, cast("Subject", cell))
        envelope.observation = observation
        return observation

    def ends(self, observation: Observation | None, error: BaseException | None = None) -> None:
        """It has ended."""
        if observation is not None:
            self.guarded.ends(observation, error)

    def twin(self, handler: "Handler | None") -> "Handler | None":
        """The handler that does the same and is observed."""
        if handler is None:
            return None
        known = self._twins.get(id(handler))
        if known is None:
            known = self._twins[id(handler)] = (handler, replace(handler, invoke=self._observed(handler)))
        return known[1]

    def _observed(self, handler: "Handler") -> Callable[[Any, Any], Any]:
        invoke = handler.invoke
        if handler.streams:
            return partial(self._streamed, invoke)
        if handler.plain or handler.blocking:
            return partial(self._called, invoke)
        return partial(self._awaited, invoke)

    def _called(self, invoke: Callable[..., Any], *arguments: Any) -> Any:
        observation = self.begins()
        try:
            result = invoke(*arguments)
        except BaseException as error:
            self.ends(observation, error)
            raise
        self.ends(observation)
        return result

    async def _awaited(self, invoke: Callable[..., Any], *arguments: Any) -> Any:
        observation = self.begins()
        try:
            result = await invoke(*arguments)
        except BaseException as error:
            self.ends(observation, error)
            raise
        self.ends(observation)
        return result

    async def _streamed(self, invoke: Callable[..., Any], *arguments: Any) -> AsyncIterator[Any]:
        # The whole of it runs in the handler's own task, so that the context is left where it was entered.
        observation = self.begins()
        made = invoke(*arguments)
        try:
            if inspect.isgenerator(made):
                for item in made:
                    yield item
            else:
                async for item in made:
                    yield item
        except GeneratorExit:
            made.close() if inspect.isgenerator(made) else await made.aclose()
            self.ends(observation)
            raise
        except BaseException as error:
            self.ends(observation, error)
            raise
        self.ends(observation)

    def behaviour(self, behaviour: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """What an actor has become, observed."""

        def observed(message: Any) -> Any:
            if inspect.iscoroutinefunction(behaviour):
                return self._awaited(behaviour, message)
            return self._called(behaviour, message)

        return observed

    # ---- what happens -----------------------------------------------------------------------------------------------

    def happens(
        self,
        what: Happening,
        subject: "Subject | None" = None,
        header: bytes = b"",
        error: BaseException | None = None,
        **facts: str | float,
    ) -> None:
        """Something happened."""
        self.guarded.happens(Event(what, facts, header, subject, error))

    def spawned(self, spec: "Spec", address: "Address") -> None:
        """An actor is started, by whatever is current."""
        self.happens(Happening.SPAWNED, actor_class=spec.actor_class.__qualname__, address=str(address))

    def restarted(self, cell: "Cell", incarnation: int) -> None:
        """An actor starts again, because it failed at a message."""
        self.happens(Happening.RESTARTED, cast("Subject", cell), cell.failed_by, incarnation=incarnation)

    def stopped(self, cell: "Cell", reason: "EndReason") -> None:
        """An actor has ended for good: by itself, as a message wanted it, by failing at one, or by its parent."""
        header = cell.stopped_by or (cell.failed_by if reason is EndReason.FAILED else b"")
        self.happens(Happening.STOPPED, cast("Subject", cell), header, reason=reason.value)

    def on_dead_letter(self, letter: DeadLetter) -> None:
        """A message was given up; its body stays here."""
        kind = type(letter.message).__qualname__
        self.happens(
            Happening.DEAD_LETTER,
            header=self.giving_up,
            reason=letter.reason.value,
            message=kind,
            target=str(letter.target),
        )

    def lost(self, sitting: "Sitting") -> None:
        """A host has ended for good."""
        self.happens(Happening.HOST_LOST, lost_seat=sitting.seat, lost_epoch=sitting.epoch)

    async def close(self) -> None:
        """The host closes: what the instrument knows must leave now."""
        instrument = self.guarded.instrument
        await asyncio.to_thread(self.guarded.does, partial(instrument.close, FLUSH), None)


class Telemetry:
    """What patterns and edges may ask of the instrument; without one nothing happens, and nothing fails.

    `with self.context.telemetry.operation(Operation(role=Role.PRODUCER, name="publish order.placed")): ...`. Messages
    sent inside belong to the operation; while a PRODUCER is at work they carry its header, and have none of their own.
    """

    __slots__ = ("_observer",)

    def __init__(self, observer: Observer | None) -> None:
        self._observer = observer

    @property
    def header(self) -> bytes:
        """To be kept with what is done later for the message being handled, or for the operation around this code.

        Empty if nobody watches.
        """
        operation = _within.get()
        if operation is not None:
            return operation
        envelope = running.get().envelope
        return header_of(envelope) or b"" if isinstance(envelope, Headed) else b""

    @contextmanager
    def operation(self, operation: Operation) -> Generator[Observation]:
        """An operation, for as long as the block lasts; what the block raises is its error."""
        if self._observer is None:
            yield UNOBSERVED
            return
        guarded = self._observer.guarded
        observation = guarded.does(lambda: guarded.instrument.operates(operation), UNOBSERVED)
        token = _within.set(observation.header)
        try:
            yield observation
        except BaseException as error:
            guarded.ends(observation, error)
            raise
        else:
            guarded.ends(observation)
        finally:
            with suppress(ValueError):  # the block was left somewhere else, where there is nothing to leave
                _within.reset(token)

    def continuing(self, header: bytes, name: str) -> AbstractContextManager[Observation]:
        """Go on, for as long as the block lasts, with what `header` heads, and not with the message being handled.

        For an actor that keeps a request and works on it later, in a periodic tick or in the handler of something else:
        `header` is `telemetry.header` from when the request was handled, `name` what is done for it, of few kinds.
        """
        subject = cast("Subject | None", running.get().cell)
        return self.operation(Operation(role=Role.INTERNAL, name=name, parent=header, subject=subject))

    def carrier(self) -> dict[str, str]:
        """What goes with a request to the world outside, as HTTP headers do."""
        if self._observer is None:
            return {}
        guarded = self._observer.guarded
        return guarded.does(guarded.instrument.carrier, {})


def header_of(handled: Envelope) -> bytes | None:
    """What belongs to the handling of a message has this header as its parent."""
    if not isinstance(handled, Headed):
        return None
    return handled.observation.header if handled.observation is not None else handled.header


_AT_ONCE = frozenset((Verb.TELL, Verb.FORWARD))
