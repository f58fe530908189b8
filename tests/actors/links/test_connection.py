"""A connection cuts what it reads into frames, bounds what its transport holds, and ends once."""

from types import SimpleNamespace
from typing import Any

import pytest

from actors.links import Refusal
from actors.links import frames as wire
from actors.links.connection import Connection
from actors.links.frames import BadFrame


class Wire:
    """A transport, as far as a simulated network has one: it writes down what it is told."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.told: list[str] = []

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def close(self) -> None:
        self.told.append("close")

    def abort(self) -> None:
        self.told.append("abort")


class Transport(Wire):
    """One of asyncio, which can be told how much it may hold."""

    def __init__(self) -> None:
        super().__init__()
        self.limits: list[int] = []

    def set_write_buffer_limits(self, high: int) -> None:
        self.limits.append(high)


class Stage:
    """Hears of its connection."""

    def __init__(self) -> None:
        self.heard: list[Any] = []

    def opened(self, connection: Connection) -> None:
        self.heard.append("opened")

    def frame(self, connection: Connection, payload: memoryview) -> None:
        if payload == b"bad":
            raise BadFrame("it is bad")
        if payload == b"last":
            connection.close()
        self.heard.append(bytes(payload))

    def resumed(self, connection: Connection) -> None:
        self.heard.append("resumed")

    def lost(self, connection: Connection, refusal: Refusal | None, reason: str) -> None:
        self.heard.append((refusal, reason))


class Bench:
    """A connection over a transport like this, and its host."""

    def __init__(self, wire: Any = None, *, opened: bool = True) -> None:
        self.wire = Wire() if wire is None else wire
        self.now = 5.0
        self.traffic: list[bool] = []
        self.woken = 0
        self.timers: list[Any] = []
        self.stage: Any = Stage()
        self.open: set[Any] = set()
        station: Any = SimpleNamespace(
            clock=lambda: self.now,
            settings=SimpleNamespace(write_bytes=12_345, connect_seconds=7.0),
            alertness=SimpleNamespace(traffic=lambda *, came: self.traffic.append(came)),
            open=self.open,
            ended=SimpleNamespace(wake=self._wake),
            loop=SimpleNamespace(call_later=self._call_later),
        )
        self.connection = Connection(station, self.stage)
        if opened:
            self.connection.connection_made(self.wire)
            assert self.news() == ["opened"]

    def _wake(self) -> None:
        self.woken += 1

    def _call_later(self, seconds: float, call: Any) -> Any:
        timer = SimpleNamespace(seconds=seconds, call=call, cancelled=False)
        timer.cancel = lambda: setattr(timer, "cancelled", True)
        self.timers.append(timer)
        return timer

    def news(self) -> list[Any]:
        heard, self.stage.heard = self.stage.heard, []
        return heard

    def comes(self, *payloads: bytes, cut: int = 0) -> None:
        """These frames have come, without their last bytes."""
        data = b"".join(wire.LENGTH.pack(len(it)) + it for it in payloads)
        self.feed(data[: len(data) - cut])

    def feed(self, data: bytes) -> None:
        self.connection.get_buffer(-1)[: len(data)] = data
        self.connection.buffer_updated(len(data))


def test_a_connection_that_is_closing_has_room_for_whatever_its_transport_still_reads():
    bench = Bench()
    bench.connection.close()
    for _ in range(10):
        bench.feed(b"x" * len(bench.connection.get_buffer(-1)))
    assert len(bench.connection.get_buffer(-1)) > 0
    assert bench.news() == []


def test_a_transport_is_told_how_much_it_may_hold():
    assert Bench(Transport()).wire.limits == [12_345]


def test_a_transport_that_cannot_be_told_is_as_good():
    bench = Bench(Wire())
    assert bench.open == {bench.connection}


@pytest.mark.parametrize("parts", [[b"one"], [b"o", b"ne"]])
def test_after_a_write_the_host_stays_awake_for_the_answer(parts: list[bytes]):
    bench = Bench()
    bench.connection.write(parts)
    assert bench.wire.written == [b"one"]
    assert bench.traffic == [False]
    assert bench.connection.bytes_out == 3


def test_what_comes_is_cut_into_frames_and_counted():
    bench = Bench()
    bench.now = 6.0
    bench.comes(b"one", b"two", cut=1)
    assert bench.news() == [b"one"]
    assert bench.connection.heard == 6.0
    bench.feed(b"o")
    assert bench.news() == [b"two"]
    assert bench.connection.bytes_in == 14
    assert bench.traffic == [True, True]


def test_frames_may_be_large_only_for_a_peer_that_has_proved_itself():
    bench = Bench()
    large = bytes(wire.LARGEST_HANDSHAKE + 1)
    next_stage: Any = Stage()
    bench.connection.promote(next_stage)
    data = wire.LENGTH.pack(len(large)) + large
    for start in range(0, len(data), 512):
        bench.feed(data[start : start + 512])
    assert next_stage.heard == [large]
    assert bench.news() == []
    other = Bench()
    other.feed(data[:4])
    [(refusal, _)] = other.news()
    assert refusal is Refusal.OVERSIZED
    assert other.wire.told == ["abort"]


def test_a_bad_frame_ends_the_connection_at_once_and_nothing_after_it_is_read():
    bench = Bench()
    bench.comes(b"one", b"bad", b"three")
    assert bench.news() == [b"one", (Refusal.FRAME, "it is bad")]
    assert bench.wire.told == ["abort"]
    bench.connection.connection_lost(None)
    assert bench.news() == []  # that has been told


def test_a_stage_that_closes_reads_no_further():
    bench = Bench()
    bench.comes(b"last", b"three")
    assert bench.news() == [b"last"]


def test_a_close_lets_go_what_was_written_and_ends_by_force_when_that_takes_too_long():
    bench = Bench()
    bench.connection.close()
    bench.connection.close()
    assert bench.wire.told == ["close"]
    bench.connection.write([b"late"])
    assert bench.wire.written == []
    [timer] = bench.timers
    assert timer.seconds == 7.0
    timer.call()
    assert bench.wire.told == ["close", "abort"]
    assert bench.open == set()


def test_an_end_is_told_once_wakes_who_waits_for_it_and_leaves_no_timer():
    bench = Bench()
    bench.connection.close()
    bench.connection.connection_lost(None)
    bench.connection.connection_lost(None)
    assert bench.news() == [(None, "the peer closed the connection")]
    assert bench.timers[0].cancelled
    assert bench.open == set()
    assert bench.woken == 2


def test_an_end_says_what_went_wrong():
    bench = Bench()
    bench.connection.connection_lost(ConnectionResetError("reset"))
    assert bench.news() == [(None, "reset")]
    bench.connection.write([b"late"])
    assert bench.wire.written == []


def test_a_connection_that_was_closed_before_it_opened_ends_when_it_does():
    bench = Bench(opened=False)
    bench.connection.write([b"early"])
    bench.connection.close()
    bench.connection.connection_made(bench.wire)
    assert bench.wire.told == ["abort"]
    assert bench.open == set()
    assert bench.news() == []


def test_a_stage_hears_when_there_is_room_again():
    bench = Bench()
    bench.connection.pause_writing()
    assert bench.connection.paused
    bench.connection.resume_writing()
    assert not bench.connection.paused
    assert bench.news() == ["resumed"]
    bench.connection.close()
    bench.connection.resume_writing()
    assert bench.news() == []
