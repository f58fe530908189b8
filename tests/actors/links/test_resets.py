"""The connection is reset after every byte of an exchange, in both directions (rule A26): no loss, no repeat."""

import asyncio
from pathlib import Path
from typing import Any, Self

import pytest

from actors.links import UnixEndpoint
from tests.actors.links.hosts import Host, close, run, settings, sitting, until

LARGE = bytes(range(250)) * 2


class CuttingProxy:
    """Passes bytes between a dialler and a listener; of the first connection only `allowed` ones in one direction."""

    def __init__(self, path: Path, target: str, *, forward: bool, allowed: int) -> None:
        self.endpoint = UnixEndpoint(str(path))
        self._target = target
        self._forward = forward
        self._allowed: int | None = allowed
        self.accepted = 0
        self._tasks: set[asyncio.Task[Any]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_unix_server(self._accept, self.endpoint.path)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await asyncio.gather(*self._tasks)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        self._tasks.add(asyncio.current_task())
        to, back = await asyncio.open_unix_connection(self._target)
        allowed, self._allowed = self._allowed, None
        both = (writer, back)
        await asyncio.gather(
            self._pass(reader, back, both, allowed if self._forward else None),
            self._pass(to, writer, both, None if self._forward else allowed),
        )

    async def _pass(self, source: Any, sink: Any, both: Any, allowed: int | None) -> None:
        try:
            while data := await source.read(4096):
                if allowed is not None:
                    data, whole = data[:allowed], data
                    allowed -= len(data)
                    sink.write(data)
                    if len(data) < len(whole) or not allowed:
                        break
                else:
                    sink.write(data)
        except OSError:
            pass
        for writer in both:
            writer.transport.abort()


async def exchange(directory: Path, *, forward: bool, allowed: int) -> int:
    quick = settings(batch_bytes=300, chunk_bytes=150)
    listener = await Host(sitting(1), settings=quick).listen(directory)
    dialler = Host(sitting(0), settings=quick)
    proxy = CuttingProxy(directory / "proxy", listener.endpoints[0].path, forward=forward, allowed=allowed)
    async with proxy:
        out = dialler.links.to(listener.me, (proxy.endpoint,))
        back = listener.links.to(dialler.me)
        expected: list[bytes] = []
        for turn in range(3):
            out.send_large([LARGE])
            for number in range(8):
                record = b"%d.%d" % (turn, number)
                expected.append(record)
                assert out.send(record)
                assert back.send(record)
            await until(
                lambda: len(listener.from_(dialler)) >= len(expected) and len(dialler.from_(listener)) >= len(expected)
            )
        await until(lambda: len(listener.large) == 3 and out.stats().unacked_large_bytes == 0)
        await until(lambda: out.stats().unacked_bytes == back.stats().unacked_bytes == 0)
        assert listener.from_(dialler) == expected
        assert dialler.from_(listener) == expected
        assert listener.large == [(stream, LARGE) for stream in (1, 2, 3)]
        await close(dialler, listener)
    assert dialler.given_up[listener.me] == listener.given_up[dialler.me] == ([], [])
    return proxy.accepted


@pytest.mark.parametrize(("forward", "least"), [(True, 1800), (False, 500)], ids=["to the listener", "to the dialler"])
def test_a_reset_after_any_byte_loses_and_repeats_nothing(tmp_path: Path, forward: bool, least: int) -> None:
    tmp_path.chmod(0o700)
    allowed = 0
    connections = 2
    while connections > 1:
        allowed += 1
        connections = 0

        async def once(allowed: int = allowed) -> None:
            nonlocal connections
            connections = await exchange(tmp_path, forward=forward, allowed=allowed)

        (tmp_path / "proxy").unlink(missing_ok=True)
        run(once, fast=allowed % 8 > 0)
    assert allowed > least, "every byte up to here was followed by a reset, and the exchange is longer"
