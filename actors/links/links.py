"""All links of one host: finds or makes the link to a peer, admits peers, and lets no old life of a seat back in."""

import asyncio
import ssl
import sys
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from actors.address import Sitting
from actors.errors import SettingsError
from actors.links.alertness import Alertness
from actors.links.endpoints import Endpoint, TcpEndpoint, UnixEndpoint
from actors.links.events import LinkEvents, LinkState
from actors.links.handshake import SHORTEST_SECRET, Introduction, check_kinship
from actors.links.link import Link
from actors.links.listener import Listener
from actors.links.refusals import Refusal, Refused
from actors.links.settings import LinkSettings
from actors.links.station import Dial, Station
from actors.links.statistics import LinksStatistics
from actors.links.waiters import Waiters
from actors.stats import LinkStats

_LONGEST_SYSTEM = 200
_LAST_TURNS = 3


class Links:
    """The links of the sitting `me`. Use it on `loop` only; it starts with the first `listen` or `to`.

    A seat of -1 makes a client: it listens nowhere, its epoch is any number no other client has (a random one will
    do), and a peer ends its session once the connection has stayed away for `client_seconds`.

    `start` runs a task of the links; it must not make it the task of the actor whose message needs it, for that would
    end with the actor. `may_flush` is asked before records leave (the lease, rule A16); when it turns true again call
    `flush`. `clock` gives monotonic seconds, `entropy(n)` n random bytes. `tls` is a pair of contexts for TCP, to dial
    with and to listen with. Raises `SettingsError` for a short secret or a long system name.
    """

    def __init__(  # noqa: PLR0913 - one argument for each thing that the core may not fetch itself
        self,
        me: Sitting,
        system: str,
        secret: bytes,
        events: LinkEvents,
        *,
        loop: asyncio.AbstractEventLoop,
        clock: Callable[[], float],
        entropy: Callable[[int], bytes],
        settings: LinkSettings | None = None,
        may_flush: Callable[[], bool] = lambda: True,
        dial: Dial | None = None,
        start: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]] | None = None,
        tls: tuple[ssl.SSLContext, ssl.SSLContext] | None = None,
        python: str = f"{sys.version_info.major}.{sys.version_info.minor}",
    ) -> None:
        if len(secret) < SHORTEST_SECRET:
            raise SettingsError(f"A link secret of {len(secret)} bytes; use at least {SHORTEST_SECRET} random ones.")
        if len(system.encode()) > _LONGEST_SYSTEM:
            raise SettingsError(f"The system's name has more than {_LONGEST_SYSTEM} bytes: {system[:40]!r}...")
        self._tls = tls
        limits = settings or LinkSettings()
        self._station = Station(
            me=me,
            system=system,
            secret=secret,
            python=python,
            events=events,
            settings=limits,
            alertness=Alertness(loop, clock, limits.alert_seconds),
            loop=loop,
            clock=clock,
            entropy=entropy,
            may_flush=may_flush,
            dial=dial or self._connect,
            start=start or loop.create_task,
            ended=Waiters(loop),
        )
        self.listener = Listener(self._station, self._admit)
        self._links: dict[Sitting, Link] = {}
        self._newest: dict[int, int] = {}
        self._given_up: dict[int, int] = {}
        self._closing = False
        self._ticker: asyncio.TimerHandle | None = None
        self._ticked_at = 0.0

    async def listen(
        self,
        *,
        directory: str | None = None,
        host: str | None = None,
        port: int = 0,
        advertise: str | None = None,
    ) -> tuple[Endpoint, ...]:
        """Listen on a Unix socket in `directory`, on TCP at `host`, or both; returns what peers may dial.

        `advertise` is the address that peers reach `host` by, if it is another. Raises `SettingsError`, `OSError`.
        """
        endpoints: list[Endpoint] = []
        if directory is not None:
            endpoints.append(await self.listener.listen_unix(directory))
        if host is not None:
            listening_tls = self._tls[1] if self._tls else None
            bound = await self.listener.listen_tcp(host, port, listening_tls)
            endpoints.append(TcpEndpoint(advertise or host, bound))
        self._start_ticking()
        return tuple(endpoints)

    def to(self, peer: Sitting, endpoints: Iterable[Endpoint] = ()) -> Link:
        """The link to this peer. A new one dials `endpoints` in order; without any it waits for the peer to dial.

        For a peer that was given up or superseded, or after `close`, the link has already ended and takes nothing.
        """
        link = self._links.get(peer)
        if link is None:
            if peer == self._station.me:
                raise ValueError(f"{peer} is this host; it has no link to itself.")
            if (ended := self._ended_before(peer)) is not None:
                return ended
            link = self._make(peer)
        link.dial(tuple(endpoints))
        return link

    def give_up(self, peer: Sitting) -> None:
        """There is a verdict: end the session and refuse this sitting, and earlier ones of its seat, for good."""
        if peer.seat >= 0:
            self._given_up[peer.seat] = max(peer.epoch, self._given_up.get(peer.seat, peer.epoch))
        if (link := self._links.get(peer)) is not None:
            link.end(LinkState.GIVEN_UP, "there is a verdict on the peer")

    def is_superseded(self, peer: Sitting) -> bool:
        """Whether a newer sitting of its seat is known."""
        return self._newest.get(peer.seat, peer.epoch) > peer.epoch

    def flush(self) -> None:
        """`may_flush` has turned true: let go what was withheld."""
        for link in list(self._links.values()):
            link.flush_again()

    async def close(self, flush_seconds: float) -> None:
        """Take no more records and no new peers, close every link as `Link.close` does, all at once; stop listening.

        Until then a peer may reconnect, to be sent what it is still owed.
        """
        self._closing = True
        await asyncio.gather(*(link.close(flush_seconds) for link in list(self._links.values())))
        self.listener.close()
        if self._ticker is not None:
            self._ticker.cancel()
        await self._end_of_connections(flush_seconds)

    def stats(self) -> LinksStatistics:
        """Counts since the start, and readings of the moment."""
        refusals = self._station.refusals
        return LinksStatistics(
            links=tuple(link.stats() for link in self._links.values()),
            half_open=self.listener.half_open,
            accepted=self.listener.accepted,
            refused=dict(refusals.made),
            refused_by_peers=dict(refusals.told),
            batches_decoded=self._station.decode.calls,
        )

    def look(self) -> tuple[LinkStats, ...]:
        """The links as their host's figures show them."""
        return tuple(
            LinkStats(
                seat=link.peer.seat,
                state=link.state.value,
                records_out=link.records_out,
                records_in=link.records_in,
                bytes_out=link.bytes_out,
                bytes_in=link.bytes_in,
                unacked_bytes=link.unacked_bytes + link.unacked_large_bytes,
                reconnects=max(0, link.connections - 1),
                round_trip=link.rtt,
            )
            for link in self.stats().links
        )

    async def _end_of_connections(self, seconds: float) -> None:
        """Until the transports have closed, so that the loop may be; those that still hold bytes then are aborted."""
        try:
            async with asyncio.timeout(seconds):
                while self._station.open:
                    await self._station.ended.wait()
        except TimeoutError:
            for connection in list(self._station.open):
                connection.abort()
        # An aborted transport closes its socket in the next turn.
        for _ in range(_LAST_TURNS):
            await asyncio.sleep(0)

    def _make(self, peer: Sitting) -> Link:
        self._supersede(peer)
        link = self._links[peer] = Link(self._station, peer, self._forget)
        self._start_ticking()
        return link

    def _forget(self, link: Link) -> None:
        if self._links.get(link.peer) is link:
            del self._links[link.peer]

    def _ended_before(self, peer: Sitting) -> Link | None:
        """An ended link, if there can be none to this peer any more."""
        try:
            self._check_seat(peer)
        except Refused as refused:
            state, reason = LinkState.GIVEN_UP, str(refused)
        else:
            if not self._closing:
                return None
            state, reason = LinkState.CLOSED, "this host is closing"
        link = Link(self._station, peer, self._forget)
        link.end_unborn(state, reason)
        return link

    def _supersede(self, peer: Sitting) -> None:
        """A newer epoch on a seat ends the session with the older one (rule A26)."""
        if peer.seat < 0:
            return
        before = self._newest.get(peer.seat)
        self._newest[peer.seat] = peer.epoch
        if before is not None and (old := self._links.get(Sitting(peer.seat, before))) is not None:
            old.end(LinkState.GIVEN_UP, f"superseded by {peer}")

    def _check_seat(self, peer: Sitting) -> None:
        if peer.seat < 0:
            return
        if (verdict := self._given_up.get(peer.seat)) is not None and peer.epoch <= verdict:
            raise Refused(Refusal.GIVEN_UP, f"{self._station.me} has given up {peer}; it must not go on.")
        if (newest := self._newest.get(peer.seat)) is not None and peer.epoch < newest:
            raise Refused(Refusal.SUPERSEDED, f"{peer} is superseded by {Sitting(peer.seat, newest)}.")

    def _admit(self, theirs: Introduction) -> Link:
        peer = theirs.sitting
        check_kinship(self._station.introduction(peer, None), theirs)
        if peer == self._station.me:
            raise Refused(Refusal.SITTING, f"{peer} dialled itself.")
        self._check_seat(peer)
        link = self._links.get(peer)
        if link is not None and link.session.peer_number not in (0, theirs.session):
            link.end(LinkState.GIVEN_UP, "the peer began a new session")
            link = None
        if theirs.your_session and (link is None or theirs.your_session != link.session.number):
            raise Refused(Refusal.LOST, f"{self._station.me} has ended the session with {peer}.")
        if link is None:
            if self._closing:
                raise Refused(Refusal.CLOSING, f"{self._station.me} is closing.")
            if len(self._links) >= self._station.settings.most_links:
                raise Refused(Refusal.CROWDED, f"{self._station.me} has {len(self._links)} links; no more are allowed.")
            return self._make(peer)
        if theirs.received > link.session.outgoing.sequence:
            raise Refused(Refusal.LOST, f"{peer} has received more than {self._station.me} has sent.")
        if not link.accepts(insists=theirs.insists):
            raise Refused(Refusal.TIE, f"{self._station.me} prefers the connection that it dialled.")
        return link

    def _start_ticking(self) -> None:
        if self._ticker is None:
            self._ticked_at = self._station.clock()
            self._plan_tick()

    def _plan_tick(self) -> None:
        seconds = self._station.settings.heartbeat_seconds
        self._ticker = self._station.loop.call_later(seconds, self._tick)

    def _tick(self) -> None:
        now = self._station.clock()
        punctual = now - self._ticked_at < 2 * self._station.settings.heartbeat_seconds
        self._ticked_at = now
        for link in list(self._links.values()):
            link.tick(now, punctual=punctual)
        self._plan_tick()

    async def _connect(
        self, endpoint: Endpoint, protocol: Callable[[], asyncio.BufferedProtocol]
    ) -> asyncio.BaseTransport:
        loop = self._station.loop
        if isinstance(endpoint, UnixEndpoint):
            transport, _ = await loop.create_unix_connection(protocol, endpoint.path)
        else:
            dialling_tls = self._tls[0] if self._tls else None
            transport, _ = await loop.create_connection(protocol, endpoint.host, endpoint.port, ssl=dialling_tls)
        return transport
