"""One connection: cuts what it reads into frames for its stage, which is first the handshake and then a link.

The transport reads straight into the frame reader's buffer (`BufferedProtocol`), so a batch is copied once, when its
records are made.
"""

import asyncio
from typing import Protocol, cast

from actors.links.frames import LARGEST_FRAME, LARGEST_HANDSHAKE, BadFrame
from actors.links.outgoing import Buffer
from actors.links.reader import FrameReader, Oversized
from actors.links.refusals import Refusal
from actors.links.station import Station, Wire


class Stage(Protocol):
    """Whoever handles a connection's frames at the moment."""

    def opened(self, connection: "Connection") -> None:
        """The connection is made; nothing has come yet."""
        ...

    def frame(self, connection: "Connection", payload: memoryview) -> None:
        """A frame without its length; the view is valid during the call. May raise `BadFrame`."""
        ...

    def resumed(self, connection: "Connection") -> None:
        """The transport has room again."""
        ...

    def lost(self, connection: "Connection", refusal: Refusal | None, reason: str) -> None:
        """The connection has ended; called once. `refusal` tells why if the peer's bytes were at fault."""
        ...


class Connection(asyncio.BufferedProtocol):
    """`heard` is when something last came, on the station's clock; `paused` whether the transport wants no more."""

    def __init__(self, station: Station, stage: Stage) -> None:
        self._station = station
        self._stage = stage
        self._reader = FrameReader(LARGEST_HANDSHAKE)
        self._wire: Wire | None = None
        self._done = False
        self._linger: asyncio.TimerHandle | None = None
        self.paused = False
        self.heard = station.clock()
        self.bytes_in = 0
        self.bytes_out = 0

    def promote(self, stage: Stage) -> None:
        """The peer has authenticated: this stage takes over, and frames may be large."""
        self._stage = stage
        self._reader.allow(LARGEST_FRAME)

    def write(self, parts: list[Buffer]) -> None:
        """One write of the transport; nothing once the connection is closed."""
        if self._wire is None or self._done:
            return
        # Joined, since `writelines` of some releases of Python 3.12 and 3.13 forgets to pause the protocol.
        data = bytes(parts[0]) if len(parts) == 1 else b"".join(parts)
        self.bytes_out += len(data)
        self._wire.write(data)
        self._station.alertness.traffic(came=False)

    def close(self) -> None:
        """Take nothing more, and close when what was written has gone, or after `connect_seconds`."""
        if self._done:
            return
        self._done = True
        if self._wire is not None:
            self._wire.close()
            self._linger = self._station.loop.call_later(self._station.settings.connect_seconds, self.abort)

    def abort(self) -> None:
        """Close at once; what was written may be lost."""
        self._ended()
        if self._wire is not None:
            self._wire.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.BaseProtocol`."""
        self._wire = cast("Wire", transport)
        self._station.open.add(self)
        if self._done:
            self.abort()
            return
        if (limit := getattr(transport, "set_write_buffer_limits", None)) is not None:
            limit(high=self._station.settings.write_bytes)
        self._stage.opened(self)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - the interface of asyncio
        """Where the transport reads to."""
        return self._reader.space()

    def buffer_updated(self, nbytes: int) -> None:
        """Hand the frames that are complete to the stage."""
        self.bytes_in += nbytes
        self.heard = self._station.clock()
        self._station.alertness.traffic(came=True)
        reader = self._reader
        reader.filled(nbytes)
        try:
            while not self._done and (payload := reader.next()) is not None:
                self._stage.frame(self, payload)
        except Oversized as error:
            self._break(Refusal.OVERSIZED, str(error))
        except BadFrame as error:
            self._break(Refusal.FRAME, str(error))
        if self._done:
            reader.forget()  # a transport may read on while it closes, and must not find the buffer full

    def pause_writing(self) -> None:
        """The transport holds more than `write_bytes`."""
        self.paused = True

    def resume_writing(self) -> None:
        """The transport has room again."""
        self.paused = False
        if not self._done:
            self._stage.resumed(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.BaseProtocol`."""
        self._ended()
        if self._linger is not None:
            self._linger.cancel()
        self._lose(None, str(exc) if exc is not None else "the peer closed the connection")

    def _ended(self) -> None:
        self._done = True
        self._station.open.discard(self)
        self._station.ended.wake()

    def _break(self, refusal: Refusal, text: str) -> None:
        self.abort()
        self._lose(refusal, text)

    def _lose(self, refusal: Refusal | None, reason: str) -> None:
        stage, self._stage = self._stage, _NOWHERE
        stage.lost(self, refusal, reason)


class _Nowhere:
    """The stage of a connection whose end has been reported."""

    __slots__ = ()

    def opened(self, connection: Connection) -> None: ...
    def frame(self, connection: Connection, payload: memoryview) -> None: ...
    def resumed(self, connection: Connection) -> None: ...
    def lost(self, connection: Connection, refusal: Refusal | None, reason: str) -> None: ...


_NOWHERE = _Nowhere()
