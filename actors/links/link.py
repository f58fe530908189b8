"""A link: one session with one peer, carried by one connection after another.

Records queue in the session; the first of a loop turn schedules one flush for the end of the turn, so that what is
sent together travels together, and a lone record waits for nobody. Losing the connection is no more than that: the
link dials again, and the session repeats what was not acknowledged.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from typing import Any

from actors.address import Sitting
from actors.links import frames
from actors.links.connection import Connection
from actors.links.dialler import Dialler
from actors.links.endpoints import Endpoint
from actors.links.events import LinkState
from actors.links.frames import ACK, BATCH, CHUNK, GOODBYE, PING, PONG, BadFrame
from actors.links.handshake import Introduction
from actors.links.outgoing import RECORD_COST
from actors.links.peer_clock import PeerClock
from actors.links.refusals import Refusal, Refused
from actors.links.session import Session
from actors.links.station import Station
from actors.links.statistics import LinkStatistics
from actors.links.suspicion import Suspicion
from actors.links.waiters import Waiters


class Link:
    """The way to one peer.

    `send(record)` queues a record and returns whether there was room; it never blocks, and a refused record is not
    queued. It raises `ValueError` for a record longer than `LARGEST_RECORD`. It is the session's own method, since a
    call of a call would cost as much as the work.
    """

    send: Callable[[bytes], bool]

    def __init__(self, station: Station, peer: Sitting, ended: Callable[["Link"], None]) -> None:
        self.peer = peer
        self.state = LinkState.CONNECTING
        self.reason = ""
        self.clock = PeerClock()
        self._waiters = Waiters(station.loop)
        self.session = Session(
            station.session_number(), station.settings, station.decode, self._schedule, self._waiters.wake
        )
        self.send = self.session.outgoing.send
        self._station = station
        self._ended = ended
        self._dialler = Dialler(station, self)
        self._connection: Connection | None = None
        self._dialled_here = False
        self._attached_at = (0.0, 0)
        self._leaving = False
        self._connections = 0
        self._bytes_in = 0
        self._bytes_out = 0
        self._suspicion = Suspicion(station.settings.heartbeat_seconds, station.clock())
        self._away_since: float = station.clock()
        self._flushing: asyncio.Handle | None = None
        self._ack_timer: asyncio.TimerHandle | None = None

    # What the host uses.

    @property
    def offset(self) -> float | None:
        """The peer's clock minus ours in seconds, known from the first connection on; see `offset_error` in `stats`."""
        return self.clock.offset

    @property
    def suspicion(self) -> float:
        """Phi: minus the decimal logarithm of the chance that the peer is only late."""
        if self._connection is not None:
            self._suspicion.sign(self._connection.heard)
        return self._suspicion.level(self._station.clock())

    def send_large(self, parts: Sequence[bytes | memoryview]) -> int | None:
        """Queue one record made of `parts`, and return its stream's number; None if there is no room for it now.

        The parts are not copied; they must not change before the peer has them all. Small records pass between its
        chunks. Raises `ValueError` for a record above `largest_bytes`.
        """
        return self.session.outgoing.send_large(parts)

    def unfinished(self) -> Collection[int]:
        """The streams of large records that the peer has not acknowledged whole."""
        return self.session.outgoing.unfinished

    async def room(self, size: int = 0) -> bool:
        """Wait until `size` bytes have room, and a quarter of the buffer is free. False: the link takes no more."""
        if size + RECORD_COST > self._station.settings.buffer_bytes:
            raise ValueError(f"A record of {size} bytes will never have room in this link.")
        while not self.session.outgoing.has_room(size):
            if self.session.outgoing.closed:
                return False
            await self._waiters.wait()
        return True

    async def room_for_large(self, size: int) -> bool:
        """Wait until a large record of `size` bytes has room. False: the link has ended."""
        if size > self._station.settings.largest_bytes:
            raise ValueError(f"A record of {size} bytes will never have room in this link.")
        while not self.session.outgoing.has_large_room(size):
            if self.session.outgoing.closed:
                return False
            await self._waiters.wait()
        return True

    def stats(self) -> LinkStatistics:
        """Counts since the start, and readings of the moment."""
        connection, outgoing = self._connection, self.session.outgoing
        return LinkStatistics(
            peer=self.peer,
            state=self.state,
            reason=self.reason,
            records_out=outgoing.records,
            records_in=self.session.records,
            bytes_out=self._bytes_out + (connection.bytes_out if connection else 0),
            bytes_in=self._bytes_in + (connection.bytes_in if connection else 0),
            unacked_bytes=outgoing.charged,
            unacked_large_bytes=outgoing.charged_large,
            connections=self._connections,
            rtt=self.clock.rtt,
            offset=self.clock.offset,
            offset_error=self.clock.error,
            suspicion=self.suspicion,
        )

    async def close(self, flush_seconds: float) -> None:
        """Take no more records, wait until the peer has acknowledged all, say goodbye, and end the session.

        What is not acknowledged after `flush_seconds` is given up.
        """
        self.session.outgoing.close()
        try:
            async with asyncio.timeout(flush_seconds):
                while not self.session.outgoing.settled and not self.state.final:
                    await self._waiters.wait()
                if self._connection is not None:
                    self._say_goodbye(self._connection)
                    # The peer hangs up when it has read the goodbye; a close from here could reset the connection
                    # before it does.
                    while not self.state.final:
                        await self._waiters.wait()
        except TimeoutError:
            if self._connection is not None and not self._leaving:
                self._say_goodbye(self._connection)
        self.end(LinkState.CLOSED, "closed by this host")

    # What the collection of links uses.

    def dial(self, endpoints: tuple[Endpoint, ...]) -> None:
        """Connect to one of these, unless connected."""
        if endpoints:
            self._dialler.aim(endpoints)
        if self._connection is None and not self.state.final:
            self._dialler.start(politely=False)

    def accepts(self, *, insists: bool) -> bool:
        """Whether a connection that the peer dialled may replace the one that there is, if any.

        Of two that were dialled from both ends the lower epoch's survives. One end may hold a dead connection without
        knowing: it is probed, and a peer that comes back and insists is believed.
        """
        if self._connection is None or not self._dialled_here or insists or self.peer.epoch < self._station.me.epoch:
            return True
        self._beat(self._connection)
        return False

    def attach(self, connection: Connection, theirs: Introduction, *, dialled_here: bool, asked_at: float) -> None:
        """Go on with the session over a connection whose other end has proved to be the peer."""
        old, self._connection = self._connection, connection
        if old is not None:
            self._count(old)
            old.abort()
        self._dialled_here = dialled_here
        if not dialled_here:
            self._stop_dialling()
        connection.promote(self)
        self.session.attach(theirs.session, theirs.received)
        now = self._station.clock()
        self.clock.measured(asked_at, theirs.clock, now)
        self._attached_at = (now, self._progress())
        self._connections += 1
        self._change(LinkState.UP, "")
        if self._connection is connection:
            self._beat(connection)
            self._flush()

    def tick(self, now: float, *, punctual: bool) -> None:
        """Once per heartbeat. Unless `punctual`, this host itself was slow, and a peer's silence means nothing."""
        settings, connection = self._station.settings, self._connection
        if connection is None:
            if self.peer.seat < 0 and now - self._away_since > settings.client_seconds:
                self.end(LinkState.GIVEN_UP, "the client stayed away")
        elif punctual and now - connection.heard > settings.silence_seconds:
            connection.abort()
            self.lost(connection, None, "nothing heard")
        else:
            self._beat(connection)
            # The lease may have been renewed since a flush was withheld.
            self.flush_again()

    def flush_again(self) -> None:
        """Records may leave again, as far as the lease goes."""
        if self.session.outgoing.waiting:
            self._schedule()

    def end(self, state: LinkState, reason: str) -> None:
        """The session ends for good: the last events go to the host."""
        if self.state.final:
            return
        self._dialler.stop()
        if self._ack_timer is not None:
            self._ack_timer.cancel()
        connection, self._connection = self._connection, None
        if connection is not None:
            self._count(connection)
            if state is LinkState.CLOSED:
                connection.close()
            else:
                connection.abort()
        self._ended(self)
        self._change(state, reason)
        self.session.outgoing.close()
        self._waiters.wake()
        left = self.session.remains()
        events = self._station.events
        if left.unacked_large or left.never_sent_large:
            self._tell(events.link_large_given_up, left.unacked_large, left.never_sent_large)
        self._tell(events.link_given_up, left.unacked, left.never_sent)

    def end_unborn(self, state: LinkState, reason: str) -> None:
        """The link to a peer that there can be none to: it takes nothing, and the host hears nothing of it."""
        self.state, self.reason = state, reason
        self.session.outgoing.close()

    # What the dialler reports.

    def welcomed(self, connection: Connection, theirs: Introduction, proved_at: float) -> None:
        """See `Dialled`; of two connections the one that the lower epoch dialled stays."""
        if self.state.final or (self._connection is not None and self.peer.epoch < self._station.me.epoch):
            connection.close()
            return
        self.attach(connection, theirs, dialled_here=True, asked_at=proved_at)

    def refused(self, refused: Refused) -> None:
        """See `Dialled`: the session cannot continue."""
        self.end(LinkState.GIVEN_UP, str(refused))

    def missed(self, reason: str) -> None:
        """See `Dialled`."""
        if self._connection is None:
            self._change(LinkState.UNREACHABLE, reason)

    # What the connection reports.

    def opened(self, connection: Connection) -> None:
        """See `Stage`; a link gets connections that are open."""

    def frame(self, connection: Connection, payload: memoryview) -> None:
        """See `Stage`."""
        kind = payload[0] if payload else 0
        session = self.session
        if kind == BATCH:
            records = session.batch(payload)
            if records:
                self._tell(self._station.events.link_received, records)
        elif kind == CHUNK:
            large = session.chunk(payload)
            if large is not None:
                self._tell(self._station.events.link_received_large, *large)
        elif kind == ACK:
            session.acknowledged(payload)
        elif kind == PING:
            self._suspicion.beat(connection.heard)
            if not connection.paused:
                connection.write([frames.pong_frame(frames.read_ping(payload), self._station.clock())])
        elif kind == PONG:
            came, theirs = frames.read_pong(payload)
            self.clock.measured(came, theirs, connection.heard)
        elif kind == GOODBYE:
            session.acknowledged(payload)
            self.end(LinkState.CLOSED, "the peer said goodbye")
        else:
            raise BadFrame(f"kind {kind}")
        if session.owed:
            self._owe()
        if session.outgoing.closed:
            self._waiters.wake()

    def resumed(self, connection: Connection) -> None:  # noqa: ARG002 - see Stage
        """See `Stage`."""
        self._flush()

    def lost(self, connection: Connection, refusal: Refusal | None, reason: str) -> None:
        """See `Stage`; dial again unless that is over."""
        if refusal is not None:
            self._station.refusals.made[refusal] += 1
        if connection is not self._connection:
            return
        self._connection = None
        self._count(connection)
        if self._leaving:
            self.end(LinkState.CLOSED, "closed by this host")
            return
        self._suspicion.interrupted()
        now = self._away_since = self._station.clock()
        since, progress = self._attached_at
        if self._progress() > progress or now - since > self._station.settings.backoff_most_seconds:
            self._dialler.succeeded()
        else:
            self._dialler.slow_down()
        self._change(LinkState.UNREACHABLE, reason)
        if not self.state.final and self._connection is None:
            self._dialler.start(politely=self._station.me.seat >= 0 and self.peer.epoch < self._station.me.epoch)

    # Within.

    def _schedule(self) -> None:
        """One flush at the end of this turn of the loop."""
        if self._flushing is None and self._connection is not None:
            self._flushing = self._station.loop.call_soon(self._flush)

    def _flush(self) -> None:
        if self._flushing is not None:
            self._flushing.cancel()
            self._flushing = None
        connection, session = self._connection, self.session
        if connection is None or connection.paused:
            return
        outgoing = session.outgoing
        if outgoing.waiting and self._station.may_flush():
            connection.write(session.take(self._station.settings.flush_bytes))
            if outgoing.waiting:
                if not connection.paused:
                    self._schedule()
            else:
                outgoing.quiet = True
        if session.owed >= self._station.settings.ack_bytes:
            connection.write([session.acknowledgement()])

    def _owe(self) -> None:
        if self.state.final:
            return
        if self.session.owed >= self._station.settings.ack_bytes:
            self._schedule()
        elif self._ack_timer is None:
            self._ack_timer = self._station.loop.call_later(self._station.settings.ack_seconds, self._ack_late)

    def _ack_late(self) -> None:
        self._ack_timer = None
        if self.session.owed and self._connection is not None and not self._connection.paused:
            self._connection.write([self.session.acknowledgement()])

    def _beat(self, connection: Connection) -> None:
        # To a peer that does not read, heartbeats would only pile up.
        if not connection.paused:
            connection.write([frames.ping_frame(self._station.clock())])

    def _say_goodbye(self, connection: Connection) -> None:
        self._leaving = True
        connection.write([frames.goodbye_frame(self.session.received)])

    def _stop_dialling(self) -> None:
        if self.peer.epoch < self._station.me.epoch:
            self._dialler.stop()
        else:
            self._dialler.stop_unless_proved()

    def _progress(self) -> int:
        return self.session.received + self.session.outgoing.acked

    def _count(self, connection: Connection) -> None:
        self._bytes_in += connection.bytes_in
        self._bytes_out += connection.bytes_out

    def _change(self, state: LinkState, reason: str) -> None:
        self.reason = reason
        if self.state is not state and not self.state.final:
            self.state = state
            self._tell(self._station.events.link_state, state)

    def _tell(self, event: Callable[..., None], *arguments: Any) -> None:
        """The one place where an error of the host's code is caught: it must not cost the peer its connection."""
        try:
            event(self.peer, *arguments)
        except Exception as error:  # noqa: BLE001 - the host's code may raise anything
            self._station.loop.call_exception_handler(
                {"message": f"{event} failed; the link to {self.peer} goes on", "exception": error}
            )
