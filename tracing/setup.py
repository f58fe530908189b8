"""One line sets tracing up: `System(on="ray", instrument=traced("shop"))`. Environment variables do the rest."""

import atexit
import os
import time
from dataclasses import dataclass
from pathlib import Path
from time import time as time_of_day

from actors import Instrument, Place
from tracing.batch import Batches, Exporter
from tracing.clocked import MakesClock
from tracing.configuration import Configuration, configured
from tracing.exporters import Collector, File
from tracing.instrument import NOBODY, Spans
from tracing.logs import Factory
from tracing.metric_forms import Scrape, as_otlp
from tracing.metrics import Figures, Periodically
from tracing.services import Services, announce, resource_of, withdraw


@dataclass(frozen=True, slots=True)
class Tracing:
    """Makes the instrument of each host of a system. It travels to all of them."""

    configuration: Configuration

    def __call__(self, place: Place) -> Instrument:
        """The instrument of one host."""
        return opened(self.configuration, place)


def traced(
    app: str,
    *,
    folder: Path | str = "traces",
    service_naming: str = "class",
    exceptions: bool = True,
    clock: MakesClock | None = None,
) -> Tracing | None:
    """The instrument for a system, from these arguments and the `OTEL_*` variables; None where they say "disabled".

    app: what services are called, `<app>.<ActorClass>`; OTEL_SERVICE_NAME wins over it. folder: where spans go as files
    when no collector is named. service_naming: "app" makes the whole app one service. exceptions: record tracebacks.
    clock: `patterns.clocks.HybridClock`, or another that puts its stamps on spans and orders them for the view.
    Raises SettingsError for a variable that makes no sense.
    """
    if service_naming not in {"class", "app"}:
        message = f"service_naming is {service_naming!r}: it takes 'class' or 'app'."
        raise ValueError(message)
    found = configured(
        app,
        os.environ,
        folder=Path(folder).absolute(),
        by_class=service_naming == "class",
        exceptions=exceptions,
        clock=clock,
    )
    return Tracing(found) if found is not None else None


def opened(configuration: Configuration, place: Place, exporter: Exporter | None = None) -> Instrument:
    """The instrument of one host, with everything behind it running."""
    sink = Batches(
        exporter or _exporter(configuration, place),
        bound=configuration.bound,
        size=configuration.size,
        delay=configuration.delay,
        patience=configuration.patience,
    )
    services = Services(configuration, place, sink)
    announce(services)
    records.install()
    figures = Figures(place, sink.account)
    left = _Leaving(sink, services, _metrics(configuration, place, figures))
    atexit.register(left.at_exit)
    measured = configuration.metrics != "none"
    spans = Spans(
        services,
        ratio=configuration.ratio,
        exceptions=configuration.exceptions,
        clock=configuration.clock(time_of_day) if configuration.clock is not None else None,
        on_close=left,
        on_event=figures.happened if measured else None,
        on_handled=figures.handled if measured else None,
    )
    figures.malformed = lambda: spans.malformed
    return spans


records = Factory(NOBODY)
"""One per process, as Python's logging has one factory."""


class _Leaving:
    """Ends a host's tracing once: when its host closes, or when the program ends without closing it."""

    def __init__(self, sink: Batches, services: Services, metrics: "Periodically | Scrape | None") -> None:
        self._sink = sink
        self._metrics = metrics
        self._services = services
        self._left = False

    def __call__(self, seconds: float) -> None:
        """Send what waits."""
        if not self._left:
            self._left = True
            atexit.unregister(self.at_exit)
            withdraw(self._services)
            records.remove()
            until = time.monotonic() + seconds
            self._sink.close(seconds)
            if self._metrics is not None:
                self._metrics.close(max(0.1, until - time.monotonic()))

    def at_exit(self) -> None:
        """The program ends."""
        self(2.0)


def _metrics(configuration: Configuration, place: Place, figures: Figures) -> Periodically | Scrape | None:
    resource = {**resource_of(configuration, place), "service.name": configuration.app}
    if configuration.metrics == "prometheus":
        labels = {"app": configuration.app, "seat": str(place.seat), "pid": str(os.getpid())}
        return Scrape(figures, labels, configuration.scrape_port)
    if configuration.metrics == "otlp":
        collector = Collector(
            configuration.metrics_endpoint, configuration.headers, compressed=configuration.compressed
        )

        def send() -> None:
            collector.post(as_otlp(figures.points(), resource, figures.began), min(2.0, configuration.patience))

        return Periodically(send, configuration.interval)
    return None


class _Nowhere:
    """Takes spans and forgets them."""

    def export(self, spans: object, seconds: float) -> bool:
        """Forget them."""
        del spans, seconds
        return True

    def close(self) -> None:
        """Nothing is held."""


def _exporter(configuration: Configuration, place: Place) -> Exporter:
    if configuration.traces == "none":
        return _Nowhere()
    if configuration.traces == "otlp":
        return Collector(configuration.traces_endpoint, configuration.headers, compressed=configuration.compressed)
    name = f"{configuration.app}-{place.seat}.{place.epoch}-{os.getpid()}.json"
    return File(configuration.folder / name)
