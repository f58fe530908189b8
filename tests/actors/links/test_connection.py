"""A connection bounds what its transport holds, and keeps its host awake for what may follow."""

from types import SimpleNamespace
from typing import Any

import pytest

from actors.links.connection import Connection


class Wire:
    """A transport, as far as a simulated network has one: it writes down what it is told."""

    def __init__(self) -> None:
        self.written: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.written.append(data)


class Transport(Wire):
    """One of asyncio, which can be told how much it may hold."""

    def __init__(self) -> None:
        super().__init__()
        self.limits: list[int] = []

    def set_write_buffer_limits(self, high: int) -> None:
        self.limits.append(high)


class Stage:
    """Hears when its connection opens."""

    def __init__(self) -> None:
        self.heard: list[Connection] = []

    def opened(self, connection: Connection) -> None:
        self.heard.append(connection)


class Bench:
    """A connection that is made over a transport like this."""

    def __init__(self, wire: Any) -> None:
        self.wire = wire
        self.traffic: list[bool] = []
        self.stage: Any = Stage()
        station: Any = SimpleNamespace(
            clock=lambda: 0.0,
            settings=SimpleNamespace(write_bytes=12_345),
            alertness=SimpleNamespace(traffic=lambda *, came: self.traffic.append(came)),
            open=set(),
        )
        self.connection = Connection(station, self.stage)
        self.connection.connection_made(wire)


def test_a_transport_is_told_how_much_it_may_hold():
    bench = Bench(Transport())
    assert bench.wire.limits == [12_345]
    assert bench.stage.heard == [bench.connection]


def test_a_transport_that_cannot_be_told_is_as_good():
    bench = Bench(Wire())
    assert bench.stage.heard == [bench.connection]


@pytest.mark.parametrize("parts", [[b"one"], [b"o", b"ne"]])
def test_after_a_write_the_host_stays_awake_for_the_answer(parts):
    bench = Bench(Wire())
    bench.connection.write(parts)
    assert bench.wire.written == [b"one"]
    assert bench.traffic == [False]
