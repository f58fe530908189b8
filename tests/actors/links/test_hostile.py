"""Hostile and broken peers on a link's port (trap E14): closed, counted, and nothing decoded before the proof."""

import asyncio
import os
import pickle
import re
import socket
from pathlib import Path
from typing import Any

import pytest

from actors.links import LinkState, Refusal, UnixEndpoint
from actors.links.frames import LENGTH, WIRE_VERSION, batch_frame
from actors.links.handshake import Answering, Dialling, Introduction
from tests.actors.links.hosts import SECRET, Host, close, run, settings, sitting, until, up


class Bomb:
    def __reduce__(self) -> Any:
        return (os._exit, (99,))


def framed(body: bytes) -> bytes:
    return LENGTH.pack(len(body)) + body


HELLO = Dialling(SECRET, bytes(32)).hello()
BOMB = pickle.dumps(Bomb())
HOSTILE = {
    "garbage": (b"\xff" * 100, Refusal.OVERSIZED),
    "a web browser": (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", Refusal.OVERSIZED),
    "garbage in a frame": (framed(os.urandom(60)), Refusal.GARBAGE),
    "an empty frame": (framed(b""), Refusal.GARBAGE),
    "an oversized prefix": (LENGTH.pack(2**32 - 1), Refusal.OVERSIZED),
    "a prefix beyond the handshake's limit": (LENGTH.pack(1025), Refusal.OVERSIZED),
    "a pickle bomb": (framed(BOMB), Refusal.GARBAGE),
    "a pickle bomb as a batch": (batch_frame(1, 0, [BOMB]), Refusal.GARBAGE),
    "a batch after the hello": (HELLO + batch_frame(1, 0, [b"record"]), Refusal.GARBAGE),
    "a pickle bomb as a proof": (HELLO + framed(b"\x03" + bytes(32) + BOMB), Refusal.SECRET),
    "a hello twice": (HELLO + HELLO, Refusal.GARBAGE),
}


async def hang_up_of(reader: asyncio.StreamReader) -> bytes:
    """Everything until the host closes the connection."""
    try:
        return await asyncio.wait_for(reader.read(), 20)
    except ConnectionError:  # reset, or broken by what was being written
        return b""


async def connected(host: Host) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_unix_connection(host.endpoints[0].path)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bytes_are_closed_and_counted(tmp_path: Path, name: str) -> None:
    data, reason = HOSTILE[name]

    async def main() -> None:
        host = await Host(sitting(0)).listen(tmp_path / "sockets")
        reader, writer = await connected(host)
        writer.write(data)
        await hang_up_of(reader)
        stats = host.links.stats()
        assert stats.refused == {reason: 1}
        assert stats.batches_decoded == 0
        assert stats.half_open == 0
        assert not stats.links
        writer.close()
        await close(host)

    run(main)
    run(main, fast=True)


def test_a_half_frame_and_an_early_end_are_counted(tmp_path: Path) -> None:
    async def main() -> None:
        host = await Host(sitting(0)).listen(tmp_path / "sockets")
        for end in range(len(HELLO)):
            _, writer = await connected(host)
            writer.write(HELLO[:end])
            writer.close()
        await until(lambda: host.links.stats().refused.get(Refusal.ENDED) == len(HELLO))
        assert host.links.stats().batches_decoded == 0
        await close(host)

    run(main)


def introduction(host: Host, **changes: Any) -> Introduction:
    fields: dict[str, Any] = {
        "wire": WIRE_VERSION, "python": host.links._station.python, "system": "test",
        "seat": 1, "epoch": sitting(1).epoch, "to_seat": host.me.seat, "to_epoch": host.me.epoch,
        "session": 5, "your_session": 0, "received": 0, "clock": 0.0,
    }  # fmt: skip
    return Introduction(**fields | changes)


async def proof_for(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: Host, **changes: Any) -> bytes:
    """Open a connection by hand up to the proof, which is returned and not sent."""
    dialling = Dialling(SECRET, bytes(32))
    writer.write(dialling.hello())
    (length,) = LENGTH.unpack(await reader.readexactly(4))
    return dialling.prove(await reader.readexactly(length), introduction(host, **changes))


def test_a_replayed_handshake_is_useless(tmp_path: Path) -> None:
    async def main() -> None:
        host = await Host(sitting(0)).listen(tmp_path / "sockets")
        reader, writer = await connected(host)
        recorded = await proof_for(reader, writer, host) + batch_frame(1, 0, [b"once"])
        writer.write(recorded)
        await until(lambda: host.received)
        writer.close()
        again, replaying = await connected(host)
        replaying.write(HELLO + recorded)
        await hang_up_of(again)
        stats = host.links.stats()
        assert stats.refused == {Refusal.SECRET: 1}
        assert stats.batches_decoded == 1
        assert host.received == {sitting(1): [b"once"]}
        replaying.close()
        await close(host)

    run(main)


def test_a_bad_frame_after_the_proof_ends_the_connection_and_what_follows_is_not_read(tmp_path: Path) -> None:
    async def main() -> None:
        host = await Host(sitting(0)).listen(tmp_path / "sockets")
        bad = [framed(b"\x06"), framed(b"\x63what"), framed(b""), framed(b"\x08\x00"), framed(b"\x09")]
        bad += [framed(batch_frame(2, 0, [])[4:-1] + BOMB), framed(batch_frame(2, 0, [b"torn"])[4:-1])]
        bad += [batch_frame(3, 0, [b"gap"]), batch_frame(2, 9, [b"acknowledges too much"]), framed(HELLO[4:])]
        for count, frame in enumerate(bad, 1):
            reader, writer = await connected(host)
            writer.write(await proof_for(reader, writer, host, session=count) + batch_frame(1, 0, [b"good"]) + frame)
            writer.write(batch_frame(2, 0, [b"never read"]))
            await hang_up_of(reader)
            assert host.links.stats().refused[Refusal.FRAME] == count, frame
            writer.close()
        assert host.received == {sitting(1): [b"good"] * len(bad)}
        reader, writer = await connected(host)
        writer.write(await proof_for(reader, writer, host, session=99) + LENGTH.pack(2**20))
        await hang_up_of(reader)
        assert host.links.stats().refused[Refusal.OVERSIZED] == 1
        writer.close()
        await close(host)

    run(main)


@pytest.mark.parametrize(
    ("options", "reason", "text"),
    [
        ({"system": "other"}, Refusal.SYSTEM, "other on .*test on|test on .*other on"),
        ({"python": "2.7"}, Refusal.PYTHON, r"2\.7 on"),
    ],
)
def test_a_proved_stranger_learns_both_versions(tmp_path: Path, options: Any, reason: Refusal, text: str) -> None:
    async def main() -> None:
        host = await Host(sitting(0)).listen(tmp_path / "sockets")
        stranger = Host(sitting(1), **options)
        link = stranger.to(host)
        link.send(b"lost")
        await until(lambda: link.state is LinkState.GIVEN_UP)
        assert re.search(text, link.reason)
        assert stranger.given_up[host.me] == ([], [b"lost"])
        assert host.links.stats().refused == stranger.links.stats().refused_by_peers == {reason: 1}
        await close(host, stranger)

    run(main)


def test_another_wire_version_is_refused_with_both_named(tmp_path: Path) -> None:
    async def main() -> None:
        host = await Host(sitting(0)).listen(tmp_path / "sockets")
        reader, writer = await connected(host)
        writer.write(await proof_for(reader, writer, host, wire=WIRE_VERSION + 1))
        answer = await hang_up_of(reader)
        assert f"Wire version {WIRE_VERSION} on seat 0".encode() in answer
        assert f"{WIRE_VERSION + 1} on seat 1".encode() in answer
        assert host.links.stats().refused == {Refusal.VERSION: 1}
        writer.close()
        await close(host)

    run(main)


def test_a_wrong_secret_learns_nothing_and_keeps_trying(tmp_path: Path) -> None:
    async def main() -> None:
        host = await Host(sitting(0)).listen(tmp_path / "sockets")
        stranger = Host(sitting(1), secret=b"another secret of 32 bytes here.", system="test")
        link = stranger.to(host)
        await until(lambda: host.links.stats().refused.get(Refusal.SECRET, 0) >= 3)
        assert link.state is LinkState.UNREACHABLE
        assert "test" not in link.reason
        assert host.links.stats().batches_decoded == stranger.links.stats().batches_decoded == 0
        await close(stranger, host)

    run(main)


def test_a_false_listener_gets_no_record(tmp_path: Path) -> None:
    async def main() -> None:
        async def impostor(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            answering = Answering(b"not the secret, but 32 bytes too", bytes(32))
            (length,) = LENGTH.unpack(await reader.readexactly(4))
            writer.write(answering.challenge(await reader.readexactly(length), 0.0))
            (length,) = LENGTH.unpack(await reader.readexactly(4))
            seen.append(await reader.readexactly(length))
            writer.write(answering.welcome(introduction(host)))
            writer.write(batch_frame(1, 0, [b"record"]))
            seen.append(await reader.read())
            writer.close()

        seen: list[bytes] = []
        host = Host(sitting(0))
        path = str(tmp_path / "false.sock")
        server = await asyncio.start_unix_server(impostor, path)
        link = host.links.to(sitting(1), (UnixEndpoint(path),))
        link.send(b"confidential")
        await until(lambda: len(seen) >= 2)
        assert b"confidential" not in b"".join(seen)
        assert host.links.stats().refused[Refusal.SECRET] >= 1
        assert host.links.stats().batches_decoded == 0
        server.close()
        await close(host)

    run(main)


def test_slow_peers_are_cut_off_while_honest_ones_are_served(tmp_path: Path) -> None:
    async def main() -> None:
        host = await Host(sitting(0), settings=settings(handshake_seconds=0.2)).listen(tmp_path / "sockets")
        slow = [await connected(host) for _ in range(5)]

        async def drip(writer: asyncio.StreamWriter) -> None:
            for byte in HELLO * 100:
                if writer.is_closing():
                    return
                writer.write(bytes((byte,)))
                await asyncio.sleep(0.02)

        dripping = [asyncio.create_task(drip(writer)) for _, writer in slow]
        honest = Host(sitting(1))
        await up(honest.to(host))
        for reader, _ in slow:
            await hang_up_of(reader)
        assert host.links.stats().refused == {Refusal.SLOW: 5}
        for _, writer in slow:
            writer.close()
        await asyncio.gather(*dripping)
        await close(honest, host)

    run(main)


def test_many_half_open_connections_are_bounded_and_honest_peers_get_in(tmp_path: Path) -> None:
    async def main() -> None:
        host = await Host(sitting(0), settings=settings(half_open=16)).listen(tmp_path / "sockets")
        crowd = [await connected(host) for _ in range(300)]
        await until(lambda: host.links.stats().accepted == 300)
        assert host.links.stats().half_open == 16
        honest = Host(sitting(1))
        honest_link = await up(honest.to(host))
        honest_link.send(b"in")
        await until(lambda: host.from_(honest) == [b"in"])
        assert host.links.stats().refused[Refusal.CROWDED] >= 284
        for _, writer in crowd:
            writer.close()
        await close(honest, host)

    run(main)


def test_ten_thousand_half_open_connections_hold_bounded_room(tmp_path: Path) -> None:
    async def main() -> None:
        host = await Host(sitting(0), settings=settings(half_open=64)).listen(tmp_path / "sockets")
        for count in range(1, 10_001):
            stranger = socket.socket(socket.AF_UNIX)
            stranger.connect(host.endpoints[0].path)
            stranger.sendall(HELLO[: count % len(HELLO)])
            crowd.append(stranger)
            if count % 50 == 0:
                await until(lambda count=count: host.links.stats().accepted == count)
                assert host.links.stats().half_open <= 64
                for gone in crowd[:-100]:
                    gone.close()
                del crowd[:-100]
        for stranger in crowd:
            stranger.close()
        await until(lambda: sum(host.links.stats().refused.values()) == 10_000)
        assert host.links.stats().batches_decoded == 0
        await close(host)

    crowd: list[socket.socket] = []
    run(main, fast=True)


def test_too_many_peers_are_refused(tmp_path: Path) -> None:
    async def main() -> None:
        host = await Host(sitting(0), settings=settings(most_links=2)).listen(tmp_path / "sockets")
        peers = [Host(sitting(seat)) for seat in (1, 2, 3)]
        for peer in peers[:2]:
            await up(peer.to(host))
        late = peers[2].to(host)
        await until(lambda: host.links.stats().refused.get(Refusal.CROWDED, 0) > 0)
        assert late.state is not LinkState.UP
        await peers[0].links.close(1.0)
        await up(late)
        await close(*peers[1:], host)

    run(main)
