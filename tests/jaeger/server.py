"""A Jaeger that runs for a test, and its HTTP API: what users see, seen by a program."""

import json
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

from tests.tracing.caught import Seen

HERE = Path(__file__).parent
PORTS = ("JAEGER_HEALTH_PORT", "JAEGER_QUERY_PORT", "JAEGER_QUERY_GRPC_PORT", "JAEGER_OTLP_HTTP_PORT",
         "JAEGER_OTLP_GRPC_PORT")  # fmt: skip
STARTING = 30.0
STATUS = {"OK": 1, "ERROR": 2}


class Jaeger:
    """One running Jaeger. It can be killed, and started again with nothing remembered."""

    def __init__(self, binary: Path, folder: Path, *more: str) -> None:
        configs = [f"--config={HERE / name}" for name in ("jaeger.yaml", *more)]
        self._command = [str(binary), *configs]
        self._log = folder / "jaeger.log"
        self._ports = dict(zip(PORTS, _free_ports(len(PORTS)), strict=True))
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        """Where spans go."""
        return f"http://127.0.0.1:{self._ports['JAEGER_OTLP_HTTP_PORT']}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        environ = {**os.environ, **{name: str(port) for name, port in self._ports.items()}}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, env=environ, stdout=log, stderr=subprocess.STDOUT)
        until = time.monotonic() + STARTING
        while not self._answers():
            assert self._process.poll() is None, self._log.read_text()
            assert time.monotonic() < until, self._log.read_text()
            time.sleep(0.05)  # a server tells nobody that it is ready

    def kill(self) -> None:
        """End it at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        try:
            return urlopen(f"http://127.0.0.1:{self._ports['JAEGER_HEALTH_PORT']}/status", timeout=1.0).status == 200
        except (URLError, OSError):
            return False

    # ---- what it says -----------------------------------------------------------------------------------------------

    def get(self, route: str, **query: Any) -> Any:
        """An answer of the API."""
        address = f"http://127.0.0.1:{self._ports['JAEGER_QUERY_PORT']}/api/{route}?{urlencode(query)}"
        with urlopen(address, timeout=30.0) as answer:
            return json.loads(answer.read())

    def services(self, prefix: str) -> set[str]:
        return {name for name in self.get("services")["data"] or () if name.startswith(prefix)}

    def operations(self, service: str) -> set[tuple[str, str]]:
        return {(it["name"], it["spanKind"]) for it in self.get("operations", service=service)["data"] or ()}

    def traces(self, service: str, **query: Any) -> list[list[Seen]]:
        """The traces in which a service takes part, each with its spans."""
        found = self.get("traces", service=service, limit=1500, lookback="1h", **query)["data"] or ()
        return [_spans(it) for it in found]

    def spans(self, prefix: str) -> list[Seen]:
        """Every span of the services whose names begin so."""
        found = {
            (span.trace, span.id): span
            for service in self.services(prefix)
            for trace in self.traces(service)
            for span in trace
        }
        return list(found.values())

    def settled(self, prefix: str, holds: Callable[[list[Seen]], object], patience: float = 20.0) -> list[Seen]:
        """The spans, once this holds for them; the last ones if it never does."""
        until = time.monotonic() + patience
        while not holds(found := self.spans(prefix)) and time.monotonic() < until:
            time.sleep(0.2)  # Jaeger tells nobody that spans have come
        return found

    def dependencies(self, prefix: str) -> dict[tuple[str, str], int]:
        """Calls from service to service."""
        now = int(time.time() * 1000) + 1000
        found = self.get("dependencies", endTs=now, lookback=3_600_000)["data"] or ()
        return {(it["parent"], it["child"]): it["callCount"] for it in found if it["parent"].startswith(prefix)}


@contextmanager
def running(binary: Path, folder: Path, *more: str) -> Iterator[Jaeger]:
    """A Jaeger, for as long as the block lasts; `more`: configurations on top of the usual one."""
    jaeger = Jaeger(binary, folder, *more)
    jaeger.start()
    try:
        yield jaeger
    finally:
        jaeger.kill()


def _spans(trace: dict[str, Any]) -> list[Seen]:
    processes = {
        key: (it["serviceName"], {tag["key"]: tag["value"] for tag in it.get("tags", ())})
        for key, it in trace["processes"].items()
    }
    return [_span(it, *processes[it["processID"]], tuple(trace.get("warnings") or ())) for it in trace["spans"]]


def _span(it: dict[str, Any], service: str, resource: dict[str, Any], warnings: tuple[str, ...]) -> Seen:
    facts = {tag["key"]: tag["value"] for tag in it["tags"]}
    references = it.get("references") or ()
    parents = [ref["spanID"] for ref in references if ref["refType"] == "CHILD_OF" and ref["traceID"] == it["traceID"]]
    links = [(ref["traceID"], ref["spanID"]) for ref in references if ref["refType"] == "FOLLOWS_FROM"]
    return Seen(
        trace=it["traceID"],
        id=it["spanID"],
        parent=parents[0] if parents else "",
        service=service,
        name=it["operationName"],
        kind=facts.get("span.kind", "internal"),
        start=it["startTime"] * 1000,
        end=(it["startTime"] + it["duration"]) * 1000,
        facts=facts,
        resource=resource,
        links=tuple(links),
        events=tuple(
            field["value"] for log in it.get("logs") or () for field in log["fields"] if field["key"] == "event"
        ),
        error=facts.get("error.type"),
        status=STATUS.get(facts.get("otel.status_code", ""), 0),
        warnings=warnings + tuple(it.get("warnings") or ()),
    )


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports
