"""Each actor class is a service of its own, `<app>.<ActorClass>`, and all services of a host share one processor.

So Jaeger colours, filters and draws by class. Users' own spans go to the service of the actor in whose handler they
are made: the global provider looks at the context to find it.
"""

import os
import socket
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased, TraceIdRatioBased
from opentelemetry.trace import Link, Span, SpanKind, Tracer
from opentelemetry.util import types
from opentelemetry.util._decorator import (
    _agnosticcontextmanager,  # pyright: ignore[reportPrivateUsage] - what its own tracers are marked with
)

from actors import Place
from tracing.configuration import Configuration

SERVICE = otel_context.create_key("understudy-service")
"""In a context: the `Service` whose handler runs there."""

SCOPE = "understudy"


class OwnIds(IdGenerator):
    """Ids from a source of chance that no program seeds by accident, and no simulation forbids."""

    def __init__(self) -> None:
        self._random = Random()

    def generate_span_id(self) -> int:
        """Any number but 0."""
        return self._random.getrandbits(64) or 1

    def generate_trace_id(self) -> int:
        """Any number but 0."""
        return self._random.getrandbits(128) or 1


IDS = OwnIds()


class Service:
    """One service: a tracer for what the runtime does, and a provider for what users do in its handlers."""

    __slots__ = ("name", "provider", "tracer")

    def __init__(self, name: str, resource: Resource, limits: SpanLimits, sink: SpanProcessor, ratio: float) -> None:
        self.name = name
        # whether a trace is taken is decided before a span of the runtime is made
        runtime = TracerProvider(ALWAYS_ON, resource, shutdown_on_exit=False, id_generator=IDS, span_limits=limits)
        runtime.add_span_processor(sink)
        self.tracer: Tracer = runtime.get_tracer(SCOPE)
        self.provider = TracerProvider(
            ParentBased(TraceIdRatioBased(ratio)),
            resource,
            shutdown_on_exit=False,
            id_generator=IDS,
            span_limits=limits,
        )
        self.provider.add_span_processor(sink)


class Services:
    """The services of one host."""

    def __init__(self, configuration: Configuration, place: Place, sink: SpanProcessor) -> None:
        self._configuration = configuration
        self._sink = sink
        self._limits = SpanLimits(
            max_attribute_length=configuration.longest_value,
            max_span_attribute_length=configuration.longest_value,
        )
        self._common = resource_of(configuration, place)
        self._by_name: dict[str, Service] = {}
        self._by_class: dict[type, Service] = {}
        self.client = self._named("client")
        """Code outside actors: the driver's main function, an edge."""
        self.runtime = self._named("runtime")
        """Starts, restarts, losses."""

    def of(self, kind: type) -> Service:
        """The service of an actor class."""
        found = self._by_class.get(kind)
        if found is None:
            found = self._by_class[kind] = self._named(kind.__name__)
        return found

    def _named(self, part: str) -> Service:
        app = self._configuration.app
        name = f"{app}.{part}" if self._configuration.by_class else app
        found = self._by_name.get(name)
        if found is None:
            resource = Resource({**self._common, "service.name": name})
            found = Service(name, resource, self._limits, self._sink, self._configuration.ratio)
            self._by_name[name] = found
        return found


def resource_of(configuration: Configuration, place: Place) -> dict[str, str | int]:
    """What every span of a host says of where it was made."""
    job = os.environ.get("RAY_JOB_ID", "")
    return {
        "telemetry.sdk.language": "python",
        "telemetry.sdk.name": SCOPE,
        **configuration.resource,
        "service.namespace": configuration.app,
        "service.instance.id": f"{place.system}/{place.seat}.{place.epoch}",
        "host.name": socket.gethostname(),
        "ip": _own_address(),  # by which Jaeger knows that two services share a clock; else it would doubt their times
        "process.pid": os.getpid(),
        "understudy.system": place.system,
        "understudy.seat": place.seat,
        **({"ray.node.id": place.node} if place.node else {}),
        **({"ray.job.id": job} if job else {}),
    }


def _own_address() -> str:
    """The address by which others would reach this machine; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("10.255.255.255", 1))
            return str(probe.getsockname()[0])
        except OSError:  # no network at all
            return "127.0.0.1"


class Everywhere(trace.TracerProvider):
    """The global provider: gives tracers that find the service in the context at each span."""

    def __init__(self) -> None:
        self.services: list[Services] = []
        """Of the systems that are open in this process; the newest is meant outside all actors."""

    def get_tracer(
        self,
        instrumenting_module_name: str,
        instrumenting_library_version: str | None = None,
        schema_url: str | None = None,
        attributes: types.Attributes | None = None,
    ) -> Tracer:
        """A tracer for users' code."""
        return EveryTracer(self, instrumenting_module_name, instrumenting_library_version, schema_url, attributes)


class EveryTracer(Tracer):
    """A tracer of whichever service runs."""

    def __init__(self, everywhere: Everywhere, *scope: Any) -> None:
        self._everywhere = everywhere
        self._scope = scope
        self._tracers: dict[int, tuple[Service, Tracer]] = {}
        self._nothing = trace.NoOpTracer()

    def start_span(
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: types.Attributes = None,
        links: Sequence[Link] | None = None,
        start_time: int | None = None,
        record_exception: bool = True,  # noqa: FBT001, FBT002
        set_status_on_exception: bool = True,  # noqa: FBT001, FBT002
    ) -> Span:
        """Start a span in the service of the context."""
        return self._now().start_span(
            name, context, kind, attributes, links, start_time, record_exception, set_status_on_exception
        )

    @_agnosticcontextmanager
    def start_as_current_span(  # noqa: PLR0913, PLR0917 - OpenTelemetry's own signature
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: types.Attributes = None,
        links: Sequence[Link] | None = None,
        start_time: int | None = None,
        record_exception: bool = True,  # noqa: FBT001, FBT002
        set_status_on_exception: bool = True,  # noqa: FBT001, FBT002
        end_on_exit: bool = True,  # noqa: FBT001, FBT002
    ) -> Iterator[Span]:
        """Start a span in the service of the context, and make it current."""
        with self._now().start_as_current_span(
            name, context, kind, attributes, links, start_time, record_exception, set_status_on_exception, end_on_exit
        ) as span:
            yield span

    def _now(self) -> Tracer:
        service = otel_context.get_value(SERVICE)
        if not isinstance(service, Service):
            if not self._everywhere.services:
                return self._nothing
            service = self._everywhere.services[-1].client
        known = self._tracers.get(id(service))
        if known is None:
            known = self._tracers[id(service)] = (service, service.provider.get_tracer(*self._scope))
        return known[1]


everywhere = Everywhere()
"""One per process, because OpenTelemetry takes one global provider and keeps it."""


def announce(services: Services) -> None:
    """Let users' spans find these services; where a program has set a provider of its own, that stays."""
    everywhere.services.append(services)
    if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        trace.set_tracer_provider(everywhere)


def withdraw(services: Services) -> None:
    """Users' spans go elsewhere, or nowhere."""
    if services in everywhere.services:
        everywhere.services.remove(services)
