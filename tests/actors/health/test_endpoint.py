"""The endpoint answers three questions, and survives whatever else is sent to it."""

import asyncio
import contextlib
import json
import socket
from collections.abc import Awaitable, Callable

import pytest

from actors import Actor, Health, HostHealth, Settings, SettingsError, System
from actors.health import endpoint as endpoint_module
from actors.health.endpoint import LONGEST, MOST, HealthEndpoint

PATIENCE = 10.0
HOST = HostHealth(0, 1, 2, 0.0, 3, 0, False, (1, 4), True, (0,), ())


class Doctor:
    """Says how the system is, and counts how often it was asked."""

    def __init__(self) -> None:
        self.health = Health((HOST,))
        self.error: Exception | None = None
        self.asked = 0
        self.now = 0.0

    async def look(self) -> Health:
        self.asked += 1
        await asyncio.sleep(0)
        if self.error is not None:
            raise self.error
        return self.health


def serving(main: Callable[[HealthEndpoint, int, Doctor], Awaitable[None]]) -> None:
    async def whole() -> None:
        doctor = Doctor()
        endpoint = HealthEndpoint(doctor.look, lambda: doctor.now)
        port = await endpoint.open(0)
        try:
            async with asyncio.timeout(PATIENCE):
                await main(endpoint, port, doctor)
        finally:
            await endpoint.close()

    asyncio.run(whole())


async def ask(port: int, request: bytes) -> tuple[int, bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    answer = await reader.read()
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), body


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def test_live_ready_and_health():
    async def main(endpoint: HealthEndpoint, port: int, doctor: Doctor) -> None:
        assert await ask(port, get("/live")) == (200, b"live\n")
        assert await ask(port, get("/ready")) == (200, b"ready\n")
        status, body = await ask(port, get("/health?pretty=1"))
        shown = json.loads(body)
        assert (status, shown["ready"], shown["problems"]) == (200, True, [])
        assert shown["hosts"][0]["actors"] == 2
        assert not endpoint.refused

    serving(main)


def test_a_system_with_a_problem_is_live_and_not_ready():
    async def main(endpoint: HealthEndpoint, port: int, doctor: Doctor) -> None:
        doctor.health = Health((HOST,), silent=(3, 4))
        assert (await ask(port, get("/live")))[0] == 200
        assert await ask(port, get("/ready")) == (
            503,
            b"The host on seat 3 did not answer within 1 s.\nThe host on seat 4 did not answer within 1 s.\n",
        )
        assert (await ask(port, get("/health")))[0] == 503

    serving(main)


def test_a_look_that_fails_is_told_logged_and_done_again(caplog):
    async def main(endpoint: HealthEndpoint, port: int, doctor: Doctor) -> None:
        doctor.error = RuntimeError("no\nlist")
        said = "The system could not be looked at: RuntimeError: no list"
        assert await ask(port, get("/ready")) == (503, f"{said}\n".encode())
        status, body = await ask(port, get("/health"))
        assert (status, json.loads(body)) == (503, {"ready": False, "problems": [said]})
        assert await ask(port, get("/live")) == (200, b"live\n")
        assert doctor.asked == 1
        [record] = [it for it in caplog.records if it.name == "understudy.health"]
        assert record.exc_info is not None
        assert record.exc_info[1] is doctor.error
        assert endpoint.refused.total() == 0
        doctor.error, doctor.now = None, 1.0
        assert await ask(port, get("/ready")) == (200, b"ready\n")

    serving(main)


def test_however_often_it_is_asked_the_hosts_are_asked_once_a_second():
    async def main(endpoint: HealthEndpoint, port: int, doctor: Doctor) -> None:
        await asyncio.gather(*(ask(port, get("/ready")) for _ in range(20)))
        assert doctor.asked == 1
        doctor.now = 1.5
        await ask(port, get("/ready"))
        assert doctor.asked == 2

    serving(main)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"POST /ready HTTP/1.1\r\n\r\n", 405),
        (get("/metrics"), 404),
        (get("/../../etc/passwd"), 404),
        (b"GET /ready\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
        (b"\r\n\r\n", 400),
        (b"GET " + b"/" * (2 * LONGEST) + b" HTTP/1.1\r\n\r\n", 431),
        (b"GET /ready HTTP/1.1\r\n" + b"A: b\r\n" * LONGEST, 431),
    ],
)
def test_what_is_no_question_is_refused_counted_and_closed(request_: bytes, status: int):
    async def main(endpoint: HealthEndpoint, port: int, doctor: Doctor) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request_)
        with contextlib.suppress(ConnectionResetError):  # closed before all of it was read
            line = await reader.readline()
            assert int(line.split()[1]) == status
        writer.close()
        assert endpoint.refused == {status: 1}
        assert doctor.asked == 0
        assert (await ask(port, get("/live")))[0] == 200

    serving(main)


def test_who_hangs_up_or_sends_nothing_holds_nothing_up(monkeypatch):
    async def main(endpoint: HealthEndpoint, port: int, doctor: Doctor) -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /rea")
        writer.close()
        while not endpoint.refused:  # noqa: ASYNC110 - a task that ends tells nobody
            await asyncio.sleep(0)
        monkeypatch.setattr(endpoint_module, "SLOWEST", 0.05)
        assert (await ask(port, b"GET /ready HTTP/1.1\r\nSlow: "))[0] == 408
        while endpoint._serving:  # noqa: ASYNC110 - a task that ends tells nobody
            await asyncio.sleep(0)
        assert endpoint.refused == {400: 1, 408: 1}

    serving(main)


def test_too_many_at_once_are_refused_and_the_next_one_is_served():
    async def main(endpoint: HealthEndpoint, port: int, doctor: Doctor) -> None:
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(MOST)]
        while len(endpoint._serving) < MOST:  # noqa: ASYNC110
            await asyncio.sleep(0)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert await reader.read() == b""
        writer.close()
        assert endpoint.refused == {429: 1}
        for _, writer in held:
            writer.close()
        while endpoint._serving:  # noqa: ASYNC110
            await asyncio.sleep(0)
        assert (await ask(port, get("/live")))[0] == 200

    serving(main)


def test_only_this_machine_is_answered():
    async def main(endpoint: HealthEndpoint, port: int, doctor: Doctor) -> None:
        assert endpoint._server is not None
        assert [it.getsockname()[0] for it in endpoint._server.sockets] == ["127.0.0.1"]

    serving(main)


def test_a_system_answers_on_its_port_until_it_is_closed():
    class Slow(Actor):
        async def on_stop(self) -> None:
            status, body = await ask(port, get("/ready"))
            said.append((status, body))

    said: list[tuple[int, bytes]] = []
    port = 0

    async def main(system: System) -> None:
        nonlocal port
        assert system.health_port is not None
        port = system.health_port
        assert await ask(port, get("/live")) == (200, b"live\n")
        await system.spawn(Slow)

    system = System(on="local", settings=Settings(health_port=0))
    system.run(main)
    assert said == [(503, b"The system is being stopped.\n")]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_without_the_setting_nobody_listens():
    async def main(system: System) -> None:
        assert system.health_port is None

    System(on="local").run(main)


def test_a_port_that_is_taken_is_an_error_and_leaves_no_system_open():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        async def main(system: System) -> None:
            raise AssertionError

        system = System(on="local", health_port=port)
        with pytest.raises(SettingsError, match=f"health_port is {port}"):
            system.run(main)
        assert system._opened().closed
