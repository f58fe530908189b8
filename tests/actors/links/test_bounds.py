"""The bounds of links: silence, errors of the host, TLS, private folders, settings, and a close that leaves nothing."""

import asyncio
import gc
import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest

from actors.errors import SettingsError
from actors.links import LinkSettings, LinkState, Refusal, TcpEndpoint
from actors.links.frames import LARGEST_CHUNK
from tests.actors.links.hosts import Host, close, run, settings, sitting, until, up


@pytest.fixture
def sockets(tmp_path: Path) -> Path:
    return tmp_path / "sockets"


def test_a_silent_peer_is_suspected_then_unreachable_and_comes_back(sockets: Path) -> None:
    async def main() -> None:
        ada = Host(sitting(0), settings=settings(heartbeat_seconds=0.02, silence_seconds=0.2))
        bob = await Host(sitting(1)).listen(sockets)
        link = await up(ada.to(bob))
        await until(lambda: link.suspicion < 2)
        back = bob.links.to(ada.me)
        # A stopped process: its sockets stay open, and nothing comes from them.
        back._connection._wire.pause_reading()
        await until(lambda: link.suspicion > 8)
        await until(lambda: LinkState.UNREACHABLE in ada.states[bob.me])
        link.send(b"after")
        await until(lambda: bob.from_(ada) == [b"after"])
        await close(ada, bob)

    run(main)


def test_an_error_in_the_host_does_not_cost_the_connection(sockets: Path) -> None:
    async def main() -> None:
        errors: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: errors.append(context))
        ada, bob = Host(sitting(0)), await Host(sitting(1)).listen(sockets)
        good, bob.link_received = bob.link_received, lambda peer, records: 1 / 0
        link = await up(ada.to(bob))
        link.send(b"bad")
        await until(lambda: errors)
        bob.link_received = good
        link.send(b"good")
        await until(lambda: bob.from_(ada) == [b"good"])
        assert link.stats().connections == 1
        await close(ada, bob)

    run(main)


def test_tcp_needs_no_tls_on_a_network_that_one_trusts() -> None:
    async def main() -> None:
        ada, bob = Host(sitting(0)), Host(sitting(1))
        bob.endpoints = await bob.links.listen(host="127.0.0.1", advertise="localhost")
        assert bob.endpoints[0].host == "localhost"
        ada.to(bob).send(b"plain")
        await until(lambda: bob.from_(ada) == [b"plain"])
        await close(ada, bob)

    run(main)


def test_tls_guards_tcp(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    dialling = ssl.create_default_context(cafile=str(certificate))
    listening = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    listening.load_cert_chain(certificate, key)

    async def main() -> None:
        ada, bob = (Host(sitting(seat), tls=(dialling, listening)) for seat in (0, 1))
        bob.endpoints = await bob.links.listen(host="127.0.0.1")
        link = ada.to(bob)
        for number in range(1000):
            link.send(b"%d" % number)
        link.send_large([bytes(1_000_000)])
        await until(lambda: len(bob.from_(ada)) == 1000 and bob.large)
        plain = Host(sitting(2))
        await until(lambda: plain.links.to(bob.me, bob.endpoints).state is LinkState.UNREACHABLE)
        await close(ada, bob, plain)

    run(main)
    run(main, fast=True)


def test_the_socket_directory_must_be_private(tmp_path: Path) -> None:
    async def main() -> None:
        with pytest.raises(SettingsError, match="0700"):
            await Host(sitting(0)).listen(tmp_path)
        host = await Host(sitting(0)).listen(made)
        modes.append(made.stat().st_mode & 0o777)
        with pytest.raises(SettingsError, match="107"):
            await host.listen(tmp_path / ("long" * 25))
        await close(host)

    made, modes = tmp_path / "made", list[int]()
    tmp_path.chmod(0o755)
    run(main)
    assert modes == [0o700]
    assert not list(made.iterdir())


def test_impossible_settings_are_refused() -> None:
    with pytest.raises(SettingsError, match="buffer_bytes"):
        LinkSettings(buffer_bytes=0)
    with pytest.raises(SettingsError, match="chunk_bytes"):
        LinkSettings(chunk_bytes=10**6)
    assert LinkSettings(batch_bytes=LARGEST_CHUNK, chunk_bytes=LARGEST_CHUNK)

    async def main() -> None:
        with pytest.raises(SettingsError, match="secret"):
            Host(sitting(0), secret=b"short")
        with pytest.raises(SettingsError, match="name"):
            Host(sitting(0), system="x" * 201)
        with pytest.raises(ValueError, match="itself"):
            Host(sitting(0)).links.to(sitting(0))

    run(main)


def test_closed_hosts_leave_no_task_and_no_socket(sockets: Path) -> None:
    async def main() -> None:
        ada, bob = await Host(sitting(0)).listen(sockets), await Host(sitting(1)).listen(sockets)
        ada.links.to(sitting(5), (TcpEndpoint("127.0.0.1", 1),))
        await up(ada.to(bob))
        await close(ada, bob)
        await until(lambda: len(asyncio.all_tasks()) == 1)
        assert not ada.links.stats().links
        assert ada.links._ticker.cancelled()

    run(main)
    gc.collect()


def test_a_large_record_waits_for_room_until_the_peer_has_acknowledged_the_one_before(sockets: Path) -> None:
    async def main() -> None:
        allowed = False
        bounds = settings(large_bytes=1000, largest_bytes=1000)
        ada, bob = Host(sitting(0), settings=bounds, may_flush=lambda: allowed), await Host(sitting(1)).listen(sockets)
        link = await up(ada.to(bob))
        assert link.send_large([bytes(600)])
        assert link.send_large([bytes(600)]) is None
        waiting = asyncio.create_task(link.room_for_large(600))
        await asyncio.sleep(0)
        assert not waiting.done()
        allowed = True
        ada.links.flush()
        assert await waiting
        assert link.send_large([bytes(600)])
        with pytest.raises(ValueError, match="never"):
            await link.room_for_large(1001)
        waiting = asyncio.create_task(link.room_for_large(1000))
        await close(ada, bob)
        assert not await waiting

    run(main)


def test_who_closes_a_link_waits_no_longer_when_there_is_a_verdict(sockets: Path) -> None:
    async def main() -> None:
        ada = Host(sitting(0))
        link = ada.links.to(sitting(1), (TcpEndpoint("127.0.0.1", 1),))
        link.send(b"kept")
        closing = asyncio.create_task(link.close(1000.0))
        await asyncio.sleep(0)
        ada.links.give_up(sitting(1))
        async with asyncio.timeout(10.0):
            await closing
        assert link.state is LinkState.GIVEN_UP
        await close(ada)

    run(main)


def test_who_has_not_proved_the_secret_is_hung_up_on_when_a_host_closes(sockets: Path) -> None:
    async def main() -> None:
        bob = await Host(sitting(1)).listen(sockets)
        reader, writer = await asyncio.open_unix_connection(bob.endpoints[0].path)
        await until(lambda: bob.links.listener.half_open)
        await bob.links.close(1.0)
        assert bob.links.stats().refused == {Refusal.CLOSING: 1}
        assert await reader.read() == b""
        writer.close()

    run(main)
