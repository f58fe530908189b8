"""A tiny HTTP server on the loopback that says whether the system lives and is ready; off unless a port is set.

    GET /live     200 while the loop turns; where it does not, nobody answers, which is the answer
    GET /ready    200 when there is no problem, else 503; the problems, a line each
    GET /health   what `system.health()` says, as JSON

A look that fails is such a problem: 503 with the error's words, and a line in the log.

One request a connection. What is no such request is refused, counted, and its connection closed: too long, too slow,
too many at once, another method, no HTTP at all. However often it is asked, it asks the hosts once a second at most.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

import msgspec

from actors.errors import SettingsError

if TYPE_CHECKING:
    from actors.health.report import Health

log = logging.getLogger("understudy.health")

LOOPBACK = "127.0.0.1"

LONGEST = 8 * 1024
"""Bytes that a request may have: a line and headers, which are not read any further."""

SLOWEST = 5.0
"""Seconds that a request may take to come."""

MOST = 32
"""Connections at once."""

FRESH = 1.0
"""Seconds for which an answer of the hosts is good."""


class Refusing(Exception):
    """The request is refused with this status."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


@dataclass(frozen=True, slots=True)
class Unseen:
    """What stands instead of the health of a system that could not be looked at; one line."""

    problem: str


class HealthEndpoint:
    """The endpoint of one system. `look` asks the hosts; it is not asked while an earlier answer is fresh."""

    def __init__(self, look: "Callable[[], Awaitable[Health]]", clock: Callable[[], float]) -> None:
        self._look = look
        self._clock = clock
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()
        self._looking: asyncio.Task[Health | Unseen] | None = None
        self._looked_at = 0.0
        self.refused: Counter[int] = Counter()
        """Requests that were refused, by status; those that were too many (429) are closed without an answer."""

    async def open(self, port: int) -> int:
        """Listen, and return the port; 0 takes any free one. Raises SettingsError for one that cannot be had."""
        try:
            self._server = await asyncio.start_server(self._accept, LOOPBACK, port, limit=LONGEST)
        except OSError as error:
            message = f"health_port is {port}, and {LOOPBACK}:{port} cannot be listened on: {error.strerror or error}."
            raise SettingsError(message) from error
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def close(self) -> None:
        """Listen no more, and leave whoever has not been answered."""
        if self._server is not None:
            self._server.close()
            for task in [*self._serving, *([self._looking] if self._looking is not None else [])]:
                task.cancel()
            await asyncio.gather(*self._serving, return_exceptions=True)
            await self._server.wait_closed()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # a stream's callback runs in one
        self._serving.add(task)
        try:
            await self._serve(reader, writer)
        except (OSError, asyncio.CancelledError):  # the other end has gone, or this one goes
            pass
        finally:
            self._serving.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._serving) > MOST:
            self.refused[HTTPStatus.TOO_MANY_REQUESTS] += 1
            return
        try:
            status, kind, body = await self._answer(await _path(reader))
        except Refusing as refused:
            self.refused[refused.status] += 1
            status, kind, body = refused.status, "text/plain", f"{refused.status.phrase}\n".encode()
        head = f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: {kind}; charset=utf-8\r\n"
        head += f"Content-Length: {len(body)}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + body)
        async with asyncio.timeout(SLOWEST):
            await writer.drain()

    async def _answer(self, path: str) -> tuple[HTTPStatus, str, bytes]:
        if path == "/live":
            return HTTPStatus.OK, "text/plain", b"live\n"
        health = await self._health()
        if isinstance(health, Unseen):
            if path == "/ready":
                return HTTPStatus.SERVICE_UNAVAILABLE, "text/plain", f"{health.problem}\n".encode()
            shown = {"ready": False, "problems": (health.problem,)}
            return HTTPStatus.SERVICE_UNAVAILABLE, "application/json", msgspec.json.encode(shown) + b"\n"
        ready = HTTPStatus.OK if health.ready else HTTPStatus.SERVICE_UNAVAILABLE
        if path == "/ready":
            return ready, "text/plain", "".join(f"{line}\n" for line in health.problems or ("ready",)).encode()
        shown = {"ready": health.ready, "problems": health.problems, **msgspec.structs.asdict(health)}
        return ready, "application/json", msgspec.json.encode(shown) + b"\n"

    async def _health(self) -> "Health | Unseen":
        now = self._clock()
        if self._looking is None or (self._looking.done() and now - self._looked_at >= FRESH):
            self._looked_at = now
            self._looking = asyncio.ensure_future(self._examined())
        return await asyncio.shield(self._looking)

    async def _examined(self) -> "Health | Unseen":
        try:
            return await self._look()
        except Exception as error:
            log.exception("The health endpoint could not look at the system.")
            words = " ".join(f"{type(error).__qualname__}: {error}".split())
            return Unseen(f"The system could not be looked at: {words}")


async def _path(reader: asyncio.StreamReader) -> str:
    """The path of a request whose line and headers have come whole. Raises Refusing."""
    try:
        async with asyncio.timeout(SLOWEST):
            head = await reader.readuntil(b"\r\n\r\n")
    except TimeoutError:
        raise Refusing(HTTPStatus.REQUEST_TIMEOUT) from None
    except asyncio.LimitOverrunError:
        raise Refusing(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE) from None
    except asyncio.IncompleteReadError:
        raise Refusing(HTTPStatus.BAD_REQUEST) from None
    words = head.split(b"\r\n", 1)[0].split(b" ")
    if len(words) != 3 or not words[2].startswith(b"HTTP/1."):  # noqa: PLR2004 - method, path, version
        raise Refusing(HTTPStatus.BAD_REQUEST)
    if words[0] != b"GET":
        raise Refusing(HTTPStatus.METHOD_NOT_ALLOWED)
    path = words[1].split(b"?")[0].decode("ascii", "replace")
    if path not in {"/live", "/ready", "/health"}:
        raise Refusing(HTTPStatus.NOT_FOUND)
    return path
