"""Accepts connections and lets nobody in who has not proved the secret: few at a time, in bounded bytes and seconds."""

import asyncio
import os
import ssl
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from actors.errors import SettingsError
from actors.links.connection import Connection
from actors.links.endpoints import UnixEndpoint
from actors.links.handshake import Answering, Introduction
from actors.links.refusals import Refusal, Refused
from actors.links.session import Session
from actors.links.station import Station

_PRIVATE = 0o700
_LONGEST_PATH = 107
"""Bytes in the name of a Unix socket on Linux; other systems allow 103."""


class Admitted(Protocol):
    """The link that an authenticated connection belongs to."""

    @property
    def session(self) -> Session:
        """Where the peer goes on."""
        ...

    def attach(self, connection: Connection, theirs: Introduction, *, dialled_here: bool, asked_at: float) -> None:
        """Take the connection over."""
        ...


Admit = Callable[[Introduction], Admitted]
"""Finds or makes the link of a peer that has proved the secret. Raises `Refused`."""


class Listener:
    """The sockets of one host. `protocol` makes the connection of each accepted one."""

    def __init__(self, station: Station, admit: Admit) -> None:
        self._station = station
        self._admit = admit
        self._servers: list[asyncio.AbstractServer] = []
        self._paths: list[str] = []
        self._half_open: dict[_Answer, None] = {}
        self.accepted = 0

    @property
    def half_open(self) -> int:
        """Accepted connections without proof at the moment."""
        return len(self._half_open)

    def protocol(self) -> Connection:
        """For a newly accepted connection. A simulated network calls this where sockets would."""
        return Connection(self._station, _Answer(self._station, self._admit, self))

    async def listen_unix(self, directory: str) -> UnixEndpoint:
        """Listen in `directory`, which is made with mode 0700 or must have it and be ours. Raises `SettingsError`."""
        _make_private(directory)
        me = self._station.me
        path = str(Path(directory) / f"{me.seat}.{me.epoch:x}.sock")
        if len(os.fsencode(path)) > _LONGEST_PATH:
            raise SettingsError(f"A Unix socket's path has at most {_LONGEST_PATH} bytes; shorten {path}.")
        self._servers.append(await self._station.loop.create_unix_server(self.protocol, path))
        self._paths.append(path)
        return UnixEndpoint(path)

    async def listen_tcp(self, host: str, port: int, tls: ssl.SSLContext | None) -> int:
        """Listen on `host`; port 0 lets the kernel choose. Returns the port."""
        limit = self._station.settings.handshake_seconds if tls is not None else None
        server = await self._station.loop.create_server(self.protocol, host, port, ssl=tls, ssl_handshake_timeout=limit)
        self._servers.append(server)
        return server.sockets[0].getsockname()[1]

    def close(self) -> None:
        """Stop accepting, hang up on all who have not proved the secret, and remove the socket files."""
        for server in self._servers:
            server.close()
        for answer in list(self._half_open):
            answer.hang_up(Refusal.CLOSING)
        for path in self._paths:
            Path(path).unlink(missing_ok=True)

    def begun(self, answer: "_Answer") -> None:
        """One more without proof. The oldest has to go, not the newest: an honest peer needs only milliseconds."""
        self.accepted += 1
        if len(self._half_open) >= self._station.settings.half_open:
            next(iter(self._half_open)).hang_up(Refusal.CROWDED)
        self._half_open[answer] = None

    def over(self, answer: "_Answer") -> None:
        """This one has proved the secret, or has gone."""
        self._half_open.pop(answer, None)


class _Answer:
    """The stage of one accepted connection until its peer is admitted."""

    __slots__ = ("_admit", "_answering", "_connection", "_listener", "_over", "_station", "_timer")

    def __init__(self, station: Station, admit: Admit, listener: Listener) -> None:
        self._station = station
        self._admit = admit
        self._listener = listener
        self._answering = Answering(station.secret, station.nonce())
        self._connection: Connection | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._over = False

    def opened(self, connection: Connection) -> None:
        self._connection = connection
        self._listener.begun(self)
        self._timer = self._station.loop.call_later(
            self._station.settings.handshake_seconds, self.hang_up, Refusal.SLOW
        )

    def frame(self, connection: Connection, payload: memoryview) -> None:
        try:
            challenged_at = self._answering.challenged_at
            if challenged_at is None:
                connection.write([self._answering.challenge(bytes(payload), self._station.clock())])
            else:
                self._conclude(connection, self._answering.check(bytes(payload)), challenged_at)
        except Refused as refused:
            self.hang_up(refused.reason)

    def resumed(self, connection: Connection) -> None: ...

    def lost(self, connection: Connection, refusal: Refusal | None, reason: str) -> None:  # noqa: ARG002 - see Stage
        if not self._over:
            self.hang_up(refusal or Refusal.ENDED)

    def hang_up(self, reason: Refusal) -> None:
        """Close at once, without a word that a stranger could learn from."""
        self._finish()
        self._station.refusals.made[reason] += 1
        if self._connection is not None:
            self._connection.abort()

    def _conclude(self, connection: Connection, theirs: Introduction, challenged_at: float) -> None:
        self._finish()
        try:
            link = self._admit(theirs)
        except Refused as refused:
            self._station.refusals.made[refused.reason] += 1
            connection.write([self._answering.refuse(refused)])
            connection.close()
            return
        mine = self._station.introduction(theirs.sitting, link.session)
        connection.write([self._answering.welcome(mine)])
        link.attach(connection, theirs, dialled_here=False, asked_at=challenged_at)

    def _finish(self) -> None:
        self._over = True
        self._listener.over(self)
        if self._timer is not None:
            self._timer.cancel()


def _make_private(directory: str) -> None:
    Path(directory).mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
    found = Path(directory).stat()
    if stat.S_IMODE(found.st_mode) != _PRIVATE or found.st_uid != os.geteuid():
        message = (
            f"The socket directory {directory} must belong to this user with mode 0700; remove it or name another."
        )
        raise SettingsError(message)
