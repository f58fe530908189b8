"""The instrument that makes spans: an ask is CLIENT and SERVER, any other message PRODUCER and CONSUMER.

Whether a trace is taken is decided once, where it begins. The receiver's span begins when its handler does and names
the wait before; an error is recorded where it arose and marks both sides. What is not taken costs no span.
"""

import math
import time
from collections.abc import Callable
from contextvars import ContextVar, Token
from functools import partial
from random import Random
from typing import Any

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, NonRecordingSpan, Span, SpanContext, SpanKind, TraceFlags

from actors import Address, Delivered, Event, Happening, Observation, Operation, Role, Subject, Verb
from tracing import header as headers
from tracing.clocked import LogicalClock, Stamps
from tracing.names import Names, named
from tracing.observations import Current, Kept, Sent
from tracing.services import SERVICE, Service, Services

CARRIED = otel_context.create_key("understudy-carried")
"""In a context: the header of the PRODUCER at work there, which its messages carry."""

CHAIN = otel_context.create_key("understudy-chain")
"""In a context: how many messages led to the one handled there, as the slot HOPS says it."""

LONG = 2**30 - 1
"""Messages until one that is not taken is looked at, where none ever is."""

LONGEST_CHAIN = 100
"""Messages from the first one of a trace; the next begins a new trace with a link, lest one grow without end."""

LONG_WAIT = 60.0
"""Seconds in a mailbox after which a message is handled in a new trace with a link."""

KINDS = {
    Role.CLIENT: SpanKind.CLIENT,
    Role.SERVER: SpanKind.SERVER,
    Role.PRODUCER: SpanKind.PRODUCER,
    Role.CONSUMER: SpanKind.CONSUMER,
    Role.INTERNAL: SpanKind.INTERNAL,
}

NOBODY = NonRecordingSpan(SpanContext(1, 1, is_remote=True, trace_flags=TraceFlags(0)))
"""Current in the handler of a message that nobody watches, so that users' spans there are not taken either."""

HIDDEN = headers.pack(NOBODY.get_span_context())

HIDING = NonRecordingSpan(NOBODY.get_span_context())
"""Current where it has been decided that nobody watches, whatever is being handled there."""

EMPTY = Context()


class Spans:
    """The instrument of one host."""

    def __init__(
        self,
        services: Services,
        *,
        ratio: float,
        exceptions: bool = True,
        clock: LogicalClock | None = None,
        random: Callable[[], float] | None = None,
        on_event: Callable[[Event], None] | None = None,
        on_close: Callable[[float], None] | None = None,
        on_handled: Callable[[str, float, float], None] | None = None,
    ) -> None:
        self._services = services
        self._ratio = ratio
        self._exceptions = exceptions
        self._random = random or Random().random
        self.stamps = Stamps(clock)
        self._on_event = on_event
        self._on_close = on_close
        self._on_handled = on_handled
        self.malformed = 0
        """Headers that made no sense; their messages were taken as if they had none."""
        self._base = trace.set_span_in_context(NOBODY, EMPTY)
        self.current: Callable[[], object] = _variable().get  # in C, for it is called for every message from outside
        self._names: dict[type, Names] = {}

    # ---- messages ---------------------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Let users' spans outside watched messages not be taken."""
        otel_context.attach(self._base)

    def gap(self) -> int:
        """How many traces that might begin are not taken before the next one is: the same as to draw for each."""
        if self._ratio >= 1.0:
            return 0
        if self._ratio <= 0.0:
            return LONG
        return math.floor(math.log(1.0 - self._random()) / math.log1p(-self._ratio))

    def sends(
        self, verb: Verb, message: object, sender: Subject | None, target: Address, parent: bytes | None
    ) -> Observation | None:
        """Start the span of a message that is sent, if what it belongs to is taken."""
        current = trace.get_current_span()
        context = current.get_span_context()
        within: Context | None = None
        if current is NOBODY or not context.is_valid:
            if parent == HIDDEN:
                return None
            if parent:
                found = headers.context_of(parent)
                context = found if found is not None else context
                within = trace.set_span_in_context(NonRecordingSpan(context), EMPTY)
            else:  # where nothing was current, the gap has decided
                taken = self._ratio > 0.0 and not (self.current() and self._is_not_taken())
                return self._sent(verb, message, sender, target, EMPTY, 0, ()) if taken else Kept(HIDDEN)
        if not context.trace_flags & headers.SAMPLED:
            return Kept(headers.pack(context, slots=headers.state_slot(context)))
        carried = otel_context.get_value(CARRIED)
        if isinstance(carried, bytes):
            return Kept(carried)
        hops = headers.hops_of(parent) + 1 if parent else 1
        if hops > LONGEST_CHAIN and verb is not Verb.ASK:
            return self._sent(verb, message, sender, target, EMPTY, 0, (Link(context),))
        return self._sent(verb, message, sender, target, within, hops, ())

    def hides(self) -> bytes:
        """What says that nobody watches."""
        return HIDDEN

    def schedules(self) -> bytes:
        """The span in which a timer was started, and how many messages led to it."""
        current = trace.get_current_span()
        context = current.get_span_context()
        if current is NOBODY or current is HIDING or not context.is_valid:
            return b""
        chain = otel_context.get_value(CHAIN)
        hops = int.from_bytes(chain, "big") if isinstance(chain, bytes) else 0
        return headers.pack(context, slots=headers.hops_slot(hops + 1) + headers.state_slot(context))

    def handles(self, delivered: Delivered, subject: Subject) -> Observation | None:
        """Start the span of a handler, and make it current."""
        header = delivered.header
        context = headers.context_of(header) if header else None
        if header and context is None:
            self.malformed += 1
        began: tuple[Link, ...] | None = None
        if delivered.verb is Verb.TICK:
            taken = context is not None and context.trace_flags & headers.SAMPLED
            began = (Link(context),) if context is not None and taken else ()
        elif context is None:
            began = ()
        elif not context.trace_flags & headers.SAMPLED:
            attached = NOBODY if header == HIDDEN else NonRecordingSpan(context)
            return Kept(header, otel_context.attach(trace.set_span_in_context(attached, EMPTY)))
        elif _is_far(delivered):
            return self._handling(delivered, subject, None, (Link(context),))
        if began is None:
            return self._handling(delivered, subject, context, ())
        if self._ratio < 1.0 and (delivered.verb is Verb.DELAYED or self._is_not_taken()):
            return Kept(HIDDEN, otel_context.attach(trace.set_span_in_context(NOBODY, EMPTY)))
        return self._handling(delivered, subject, None, began)

    def _is_not_taken(self) -> bool:
        return self._ratio < 1.0 and self._random() >= self._ratio

    def _sent(
        self,
        verb: Verb,
        message: object,
        sender: Subject | None,
        target: Address,
        within: Context | None,
        hops: int,
        links: tuple[Link, ...],
    ) -> Sent:
        service = self._services.client if sender is None else self._services.of(sender.kind)
        names = self._named(message)
        facts: dict[str, Any]
        if verb in {Verb.ASK, Verb.STREAM}:
            name, kind, facts = names.call, SpanKind.CLIENT, {**names.asks, "actor.target": str(target)}
        else:
            name, kind, facts = names.send, SpanKind.PRODUCER, {**names.sends, "actor.target": str(target)}
        if sender is not None:
            facts["actor.id"] = str(sender.address)
        stamp = self.stamps.put(facts)
        span = service.tracer.start_span(name, within, kind, facts, links)
        context = span.get_span_context()
        if kind is SpanKind.PRODUCER:
            span.set_attribute("messaging.message.id", f"{context.span_id:016x}")
        slots = (headers.hops_slot(hops) if hops else b"") + headers.state_slot(context) + stamp
        return Sent(span, headers.pack(context, answers=kind is SpanKind.CLIENT, slots=slots), message)

    def _handling(
        self, delivered: Delivered, subject: Subject, parent: SpanContext | None, links: tuple[Link, ...]
    ) -> Current:
        service, names = self._services.of(subject.kind), self._named(delivered.message)
        header = delivered.header
        facts: dict[str, Any]
        if delivered.verb in {Verb.TICK, Verb.DELAYED}:
            name, kind, facts = names.tick, SpanKind.CONSUMER, dict(names.processes)
        elif headers.answers(header):
            name, kind, facts = names.call, SpanKind.SERVER, dict(names.asks)
        else:
            name, kind, facts = names.process, SpanKind.CONSUMER, dict(names.processes)
            given = headers.slot_of(header, headers.NAME)
            if given:
                facts["messaging.destination.name"] = given.decode("utf-8", "replace")
                name = f"process {facts['messaging.destination.name']}"
        of = parent if parent is not None else links[0].context if links else None
        if kind is SpanKind.CONSUMER and of is not None:
            facts["messaging.message.id"] = f"{of.span_id:016x}"
        facts["actor.id"] = str(subject.address)
        facts["actor.name"] = subject.name
        facts["actor.incarnation"] = subject.incarnation
        facts["actor.mailbox.wait_ms"] = round(delivered.waited * 1000, 3)
        facts["actor.delivery.attempt"] = delivered.attempt
        if delivered.delay is not None:
            facts["actor.timer.delay_ms"] = round(delivered.delay * 1000, 3)
        if delivered.missed:
            facts["actor.timer.missed"] = delivered.missed
        self.stamps.put(facts, header)
        within = EMPTY if parent is None else trace.set_span_in_context(NonRecordingSpan(parent), EMPTY)
        span = service.tracer.start_span(name, within, kind, facts, links)
        hops = headers.slot_of(header, headers.HOPS) if parent is not None else b""
        slots = headers.slot(headers.HOPS, hops) if hops else b""
        mine = headers.pack(span.get_span_context(), slots=slots + headers.state_slot(span.get_span_context()))
        told = None
        if self._on_handled is not None:
            told = partial(self._took, self._on_handled, service.name, time.perf_counter(), delivered.waited)
        token, message = self._entered(span, service, chain=hops), delivered.message
        return Current(span, mine, token, record=self._exceptions, told=told, message=message)

    @staticmethod
    def _took(tell: Callable[[str, float, float], None], service: str, began: float, waited: float) -> None:
        tell(service, time.perf_counter() - began, waited)

    # ---- patterns and edges -----------------------------------------------------------------------------------------

    def operates(self, operation: Operation) -> Observation:
        """Start the span of an operation, and make it current."""
        parent = self._parent_of(operation)
        if operation.parent is not None and operation.parent in {b"", HIDDEN}:
            return self._hiding()
        if parent is not None and not parent.trace_flags & headers.SAMPLED:
            token = otel_context.attach(trace.set_span_in_context(NonRecordingSpan(parent), EMPTY))
            return Kept(headers.pack(parent, slots=headers.state_slot(parent)), token)
        if parent is None and self._is_not_taken():
            return self._hiding()
        links = [
            Link(context, dict(facts))
            for header, facts in operation.links
            if (context := headers.context_of(header)) is not None
        ]
        service, facts = self._service_of(operation.subject), dict(operation.facts)
        stamp = self.stamps.put(facts, operation.parent or b"")
        within = EMPTY if parent is None else trace.set_span_in_context(NonRecordingSpan(parent), EMPTY)
        span = service.tracer.start_span(operation.name, within, KINDS[operation.role], facts, links)
        context = span.get_span_context()
        header = headers.pack(context, slots=headers.state_slot(context) + stamp)
        carried = None
        if operation.role is Role.PRODUCER:
            destination = operation.facts.get("messaging.destination.name")
            header += headers.slot(headers.NAME, str(destination).encode()) if destination else b""
            carried = header
        return Current(span, header, self._entered(span, service, carried), record=self._exceptions)

    def carrier(self) -> dict[str, str]:
        """The current span, for the world outside."""
        current = trace.get_current_span()
        context = current.get_span_context()
        return headers.to_carrier(context) if current is not NOBODY and context.is_valid else {}

    def _parent_of(self, operation: Operation) -> SpanContext | None:
        if operation.root:
            return None
        if operation.parent is not None:
            found, given = headers.context_of(operation.parent), bool(operation.parent)
        elif operation.carrier is not None:
            found, given = headers.from_carrier(operation.carrier), headers.is_carried(operation.carrier)
        else:
            current = trace.get_current_span()
            context = current.get_span_context()
            return context if current is not NOBODY and context.is_valid else None
        if found is None and given:
            self.malformed += 1
        return found

    def _service_of(self, subject: Subject | None) -> Service:
        if subject is not None:
            return self._services.of(subject.kind)
        service = otel_context.get_value(SERVICE)
        return service if isinstance(service, Service) else self._services.client

    @staticmethod
    def _hiding() -> Kept:
        return Kept(HIDDEN, otel_context.attach(trace.set_span_in_context(HIDING, EMPTY)))

    def _entered(
        self, span: Span, service: Service, carried: bytes | None = None, chain: bytes = b""
    ) -> "Token[Context]":
        entered = otel_context.set_value(SERVICE, service, trace.set_span_in_context(span, EMPTY))
        if chain:
            entered = otel_context.set_value(CHAIN, chain, entered)
        if carried is not None:
            entered = otel_context.set_value(CARRIED, carried, entered)
        return otel_context.attach(entered)

    # ---- what happens -----------------------------------------------------------------------------------------------

    def happens(self, event: Event) -> None:
        """A short span for what a trace should tell."""
        if self._on_event is not None:
            self._on_event(event)
        if event.header:
            context = headers.context_of(event.header)
        else:
            current = trace.get_current_span()
            context = current.get_span_context() if current is not NOBODY else None
        if context is None or not context.is_valid:
            if event.what not in {Happening.RESTARTED, Happening.HOST_LOST} or self._ratio <= 0.0:
                return
            self._short(event, EMPTY)
        elif context.trace_flags & headers.SAMPLED:
            self._short(event, trace.set_span_in_context(NonRecordingSpan(context), EMPTY))

    def _short(self, event: Event, within: Context) -> None:
        facts: dict[str, Any] = {f"actor.{name}": value for name, value in event.facts.items()}
        name = event.what.value
        if event.subject is not None:
            name = f"{name} {event.subject.kind.__name__}"
            facts["actor.id"] = str(event.subject.address)
            facts["actor.name"] = event.subject.name
        elif event.what is Happening.SPAWNED:
            name = f"{name} {event.facts['actor_class']}"
        self.stamps.put(facts, event.header)
        span = self._services.runtime.tracer.start_span(name, within, SpanKind.INTERNAL, facts)
        if event.what is Happening.DEAD_LETTER:  # of a lost host it is not known here whether it left in order
            reason = str(event.facts.get("reason", event.what.value))
            span.set_attribute("error.type", reason)
            span.set_status(trace.StatusCode.ERROR, reason)
        span.end()

    def close(self, seconds: float) -> None:
        """Send what waits."""
        if self._on_close is not None:
            self._on_close(seconds)

    def _named(self, message: object) -> Names:
        kind = type(message)
        found = self._names.get(kind)
        if found is None:
            found = self._names[kind] = named(kind)
        return found


def _is_far(delivered: Delivered) -> bool:
    """Whether a message is too far from the beginning of its trace, or of its wait, to be shown there."""
    if delivered.verb is Verb.DELAYED:
        return headers.hops_of(delivered.header) > LONGEST_CHAIN
    return delivered.waited > LONG_WAIT and not headers.answers(delivered.header)


def _variable() -> ContextVar[Context]:
    """The variable in which OpenTelemetry keeps the current context: reading it directly is four times as quick."""
    token = otel_context.attach(EMPTY)
    otel_context.detach(token)
    return token.var
