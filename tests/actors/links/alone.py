"""One link by itself: its host, loop and dialler, and its connections, which all only note what they are told."""

from collections.abc import Callable
from typing import Any

from actors.address import Sitting
from actors.links import LinkState
from actors.links import frames as wire
from actors.links.events import LinkEvents
from actors.links.frames import Kind
from actors.links.handshake import Introduction
from actors.links.link import Link
from actors.links.station import Station
from tests.actors.links.hosts import SECRET, settings, sitting

BOUNDS = settings(heartbeat_seconds=1.0, silence_seconds=5.0, client_seconds=4.0, ack_seconds=0.5, ack_bytes=100)


class Handle:
    """Something that is due once, unless it is cancelled."""

    def __init__(self, call: Callable[[], None], at: float) -> None:
        self.call = call
        self.at = at
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class Line:
    """A connection."""

    def __init__(self, heard: float) -> None:
        self.paused = False
        self.heard = heard
        self.bytes_in = self.bytes_out = 0
        self.written: list[bytes] = []
        self.stage: object = None
        self.ended: list[str] = []

    def write(self, parts: list[Any]) -> None:
        self.written.append(b"".join(parts))

    def promote(self, stage: object) -> None:
        self.stage = stage

    def close(self) -> None:
        self.ended.append("closed")

    def abort(self) -> None:
        self.ended.append("aborted")

    def kinds(self) -> list[Kind]:
        """What was written since the last look, each write by its first frame."""
        written, self.written = self.written, []
        return [Kind(data[wire.LENGTH.size]) for data in written]


class Bench(LinkEvents):
    """A link, and its host, its loop and its dialler."""

    def __init__(self, me: Sitting | None = None, peer: Sitting | None = None, bounds: Any = BOUNDS) -> None:
        self.now = 100.0
        self.leased = True
        self.due: list[Handle] = []
        self.heard: list[Any] = []
        self.dialled: list[Any] = []
        self.forgotten: list[Link] = []
        self.errors: list[Any] = []
        this: Any = self
        self.station = Station(
            me=me or sitting(1),
            system="s",
            secret=SECRET,
            python="3.11",
            events=self,
            settings=bounds,
            loop=this,
            clock=lambda: self.now,
            entropy=lambda size: b"\x01" * size,
            may_flush=lambda: self.leased,
            dial=this,
            start=this,
            alertness=this,
            ended=this,
        )
        self.link = Link(self.station, peer or sitting(2), self.forgotten.append)
        self.link._dialler = self

    # as the dialler

    def aim(self, endpoints: Any) -> None:
        self.dialled.append(endpoints)

    def start(self, *, politely: bool) -> None:
        self.dialled.append("politely" if politely else "at once")

    def stop(self) -> None:
        self.dialled.append("stop")

    def stop_unless_proved(self) -> None:
        self.dialled.append("stop unless proved")

    def succeeded(self) -> None:
        self.dialled.append("succeeded")

    def slow_down(self) -> None:
        self.dialled.append("slow down")

    def dials(self) -> list[Any]:
        """What the dialler was told since the last look."""
        dialled, self.dialled = self.dialled, []
        return dialled

    # as the loop

    def call_soon(self, call: Callable[[], None]) -> Handle:
        return self.call_later(0.0, call)

    def call_later(self, seconds: float, call: Callable[[], None]) -> Handle:
        self.due.append(Handle(call, self.now + seconds))
        return self.due[-1]

    def call_exception_handler(self, context: Any) -> None:
        self.errors.append(context["exception"])

    def turn(self, seconds: float = 0.0) -> None:
        """Time passes, and what is due is done."""
        self.now += seconds
        due = [handle for handle in self.due if handle.at <= self.now]
        self.due = [handle for handle in self.due if handle.at > self.now]
        for handle in due:
            if not handle.cancelled:
                handle.call()

    # as the host

    def link_received(self, peer: Sitting, records: list[bytes]) -> None:
        self.heard.append(records)

    def link_received_large(self, peer: Sitting, stream: int, record: bytearray) -> None:
        self.heard.append((stream, bytes(record)))

    def link_state(self, peer: Sitting, state: LinkState) -> None:
        self.heard.append(state)

    def link_large_given_up(self, peer: Sitting, unacked: list[int], never_sent: list[int]) -> None:
        self.heard.append(("large", unacked, never_sent))

    def link_given_up(self, peer: Sitting, unacked: list[bytes], never_sent: list[bytes]) -> None:
        self.heard.append((unacked, never_sent))

    def news(self) -> list[Any]:
        """What the host heard since the last look."""
        heard, self.heard = self.heard, []
        return heard

    # what happens

    def introduction(self, received: int = 0, clock: float = 0.0) -> Introduction:
        me, peer = self.station.me, self.link.peer
        return Introduction(
            wire=wire.WIRE_VERSION,
            python="3.11",
            system="s",
            seat=peer.seat,
            epoch=peer.epoch,
            to_seat=me.seat,
            to_epoch=me.epoch,
            session=5,
            your_session=0,
            received=received,
            clock=clock,
        )

    def connect(self, *, dialled_here: bool = True, received: int = 0, quietly: bool = True) -> Any:
        """A new connection to the peer."""
        line: Any = Line(self.now)
        theirs = self.introduction(received, self.now + 50.0)
        self.link.attach(line, theirs, dialled_here=dialled_here, asked_at=self.now - 2.0)
        if quietly:
            line.kinds()
            self.news()
            self.dials()
        return line

    def comes(self, frame: bytes) -> None:
        """The peer has sent a frame."""
        line: Any = self.link._connection
        self.link.frame(line, memoryview(frame)[wire.LENGTH.size :])
