"""Tries a peer's endpoints until one leads to the peer: at once, then after pauses that double up to a limit."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Protocol

from actors.address import Sitting
from actors.links.connection import Connection
from actors.links.endpoints import Endpoint
from actors.links.handshake import Dialling, Introduction, check_kinship
from actors.links.refusals import Refusal, Refused, RefusedByPeer
from actors.links.session import Session
from actors.links.station import Station


class Dialled(Protocol):
    """The link that is being connected."""

    @property
    def peer(self) -> Sitting:
        """The sitting that must answer."""
        ...

    @property
    def session(self) -> Session:
        """What the two sides agree to go on with."""
        ...

    def welcomed(self, connection: Connection, theirs: Introduction, proved_at: float) -> None:
        """The peer has authenticated. Takes the connection over, or closes it."""
        ...

    def refused(self, refused: Refused) -> None:
        """The peer, or this side, will not go on with the session."""
        ...

    def missed(self, reason: str) -> None:
        """No endpoint led to the peer this time."""
        ...


class Dialler:
    """One task while it dials, none otherwise. The pause begins anew after `succeeded`."""

    __slots__ = ("_attempt", "_endpoints", "_insists", "_link", "_pause", "_station", "_task")

    def __init__(self, station: Station, link: Dialled) -> None:
        self._station = station
        self._link = link
        self._endpoints: tuple[Endpoint, ...] = ()
        self._task: asyncio.Task[None] | None = None
        self._attempt: _Attempt | None = None
        self._pause = 0.0
        self._insists = False

    def aim(self, endpoints: tuple[Endpoint, ...]) -> None:
        """Dial these, in this order, from the next attempt on."""
        self._endpoints = endpoints

    def start(self, *, politely: bool) -> None:
        """Dial unless already dialling; `politely` leaves the peer the first turn, so that few dials collide."""
        if self._task is None and self._endpoints:
            pause = max(self._pause, self._station.settings.backoff_seconds if politely else 0.0)
            self._task = self._station.start(self._dial(pause))

    def stop(self) -> None:
        """Dial no more; an attempt that is under way is closed."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()

    def stop_unless_proved(self) -> None:
        """As `stop`, but let an attempt finish that the peer may already have accepted."""
        if self._attempt is None or not self._attempt.proved:
            self.stop()

    def succeeded(self) -> None:
        """A connection has done some good, so its loss is answered at once."""
        self._pause = 0.0

    def slow_down(self) -> None:
        """The next pause is twice as long."""
        settings = self._station.settings
        self._pause = min(max(2 * self._pause, settings.backoff_seconds), settings.backoff_most_seconds)

    async def _dial(self, pause: float) -> None:
        mine = self._task
        try:
            while True:
                if pause:
                    # Jitter between half and all of it, or hosts that lost the same switch would return in step.
                    await asyncio.sleep(pause * (0.5 + self._station.entropy(1)[0] / 512))
                reason = ""
                for endpoint in self._endpoints:
                    reason = await self._try(endpoint)
                    if not reason:
                        return
                self.slow_down()
                pause = self._pause
                self._link.missed(reason)
        finally:
            if self._task is mine:
                self._task = None

    async def _try(self, endpoint: Endpoint) -> str:
        """Empty when this dial is over, else why it failed."""
        attempt = self._attempt = _Attempt(self._station, self._link, insists=self._insists, concluded=self._concluded)
        try:
            async with asyncio.timeout(self._station.settings.connect_seconds):
                await self._station.dial(endpoint, partial(Connection, self._station, attempt))
                return await attempt.outcome
        except TimeoutError:
            return f"no answer from {endpoint}"
        except OSError as error:
            return f"{endpoint}: {error}"
        finally:
            self._attempt = None
            attempt.abandon()

    def _concluded(self, refused: Refused | None) -> None:
        self._insists = refused is not None and refused.reason is Refusal.TIE


class _Attempt:
    """The stage of one dialled connection until the peer has proved itself.

    `outcome` is a reason to try again, or empty. The link is told in the same call that read the peer's frame, since
    the next frame in the buffer is already the link's.
    """

    __slots__ = ("_concluded", "_connection", "_dialling", "_insists", "_link", "_station", "_taken", "outcome")

    def __init__(
        self, station: Station, link: Dialled, *, insists: bool, concluded: Callable[[Refused | None], None]
    ) -> None:
        self._station = station
        self._link = link
        self._insists = insists
        self._concluded = concluded
        self._dialling = Dialling(station.secret, station.nonce())
        self._connection: Connection | None = None
        self._taken = False
        self.outcome: asyncio.Future[str] = station.loop.create_future()

    @property
    def proved(self) -> bool:
        return self._dialling.proved

    def opened(self, connection: Connection) -> None:
        self._connection = connection
        connection.write([self._dialling.hello()])

    def frame(self, connection: Connection, payload: memoryview) -> None:
        try:
            self._answer(connection, bytes(payload))
        except Refused as refused:
            refusals = self._station.refusals
            counter = refusals.told if isinstance(refused, RefusedByPeer) else refusals.made
            counter[refused.reason] += 1
            connection.abort()
            self._concluded(refused)
            self._finish("" if refused.reason.ends_the_session else str(refused))
            if refused.reason.ends_the_session:
                self._link.refused(refused)

    def resumed(self, connection: Connection) -> None: ...

    def lost(self, connection: Connection, refusal: Refusal | None, reason: str) -> None:  # noqa: ARG002 - see Stage
        if refusal is not None:
            self._station.refusals.made[refusal] += 1
        self._finish(f"during the handshake: {reason}")

    def abandon(self) -> None:
        """The attempt is over; close the connection unless the link has it."""
        self.outcome.cancel()
        if self._connection is not None and not self._taken:
            self._connection.abort()

    def _answer(self, connection: Connection, payload: bytes) -> None:
        mine = self._station.introduction(self._link.peer, self._link.session, insists=self._insists)
        if not self._dialling.proved:
            connection.write([self._dialling.prove(payload, mine)])
            return
        theirs = self._dialling.conclude(payload)
        check_kinship(mine, theirs)
        if theirs.sitting != self._link.peer:
            raise Refused(Refusal.SITTING, f"{theirs.sitting} listens where {self._link.peer} was expected.")
        self._check_session(theirs)
        self._taken = True
        self._concluded(None)
        self._finish("")
        self._link.welcomed(connection, theirs, self._dialling.proved_at)

    def _check_session(self, theirs: Introduction) -> None:
        session = self._link.session
        if not session.continues(theirs.session, theirs.your_session) or theirs.received > session.outgoing.sequence:
            raise Refused(Refusal.LOST, f"{theirs.sitting} no longer has the session.")

    def _finish(self, reason: str) -> None:
        if not self.outcome.done():
            self.outcome.set_result(reason)
