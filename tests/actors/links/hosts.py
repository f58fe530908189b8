"""Hosts that only have links: they record what their links tell them, and wait for it."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import uvloop

from actors.address import Sitting, epoch_of
from actors.links import Link, Links, LinkSettings, LinkState

SECRET = b"only for these tests, 32 bytes.."
QUICK = LinkSettings(backoff_seconds=0.001, backoff_most_seconds=0.02, ack_seconds=0.001, heartbeat_seconds=0.5)
PATIENCE = 60.0


def sitting(seat: int, counter: int | None = None) -> Sitting:
    return Sitting(seat, epoch_of(1, counter if counter is not None else seat + 1))


class Host:
    """A host that keeps everything its links tell it."""

    def __init__(self, me: Sitting, *, system: str = "test", secret: bytes = SECRET, **options: Any) -> None:
        self.me = me
        self.received: dict[Sitting, list[bytes]] = {}
        self.large: list[tuple[int, bytes]] = []
        self.states: dict[Sitting, list[LinkState]] = {}
        self.given_up: dict[Sitting, tuple[list[bytes], list[bytes]]] = {}
        self.large_given_up: list[tuple[list[int], list[int]]] = []
        self.order: list[str] = []
        self.endings = 0
        self.endpoints = ()
        settings = options.pop("settings", QUICK)
        self.links = Links(
            me,
            system,
            secret,
            self,
            loop=asyncio.get_running_loop(),
            clock=options.pop("clock", time.monotonic),
            entropy=os.urandom,
            settings=settings,
            **options,
        )

    async def listen(self, directory: Any) -> "Host":
        self.endpoints = await self.links.listen(directory=str(directory))
        return self

    def to(self, peer: "Host") -> Link:
        return self.links.to(peer.me, peer.endpoints)

    def from_(self, peer: "Host") -> list[bytes]:
        return self.received.get(peer.me, [])

    def link_received(self, peer: Sitting, records: list[bytes]) -> None:
        self.received.setdefault(peer, []).extend(records)
        self.order.extend("small" for _ in records)

    def link_received_large(self, peer: Sitting, stream: int, record: bytearray) -> None:
        self.large.append((stream, bytes(record)))
        self.order.append("large")

    def link_state(self, peer: Sitting, state: LinkState) -> None:
        self.states.setdefault(peer, []).append(state)

    def link_large_given_up(self, peer: Sitting, unacked: list[int], never_sent: list[int]) -> None:
        self.large_given_up.append((unacked, never_sent))

    def link_given_up(self, peer: Sitting, unacked: list[bytes], never_sent: list[bytes]) -> None:
        self.endings += 1
        self.given_up[peer] = (unacked, never_sent)


async def until(holds: Callable[[], object]) -> None:
    """Return as soon as this holds; an error after `PATIENCE`."""
    async with asyncio.timeout(PATIENCE):
        while not holds():  # noqa: ASYNC110 - what is waited for has no event of its own
            await asyncio.sleep(0.0005)


async def up(link: Link) -> Link:
    await until(lambda: link.state is LinkState.UP)
    return link


async def close(*hosts: Host) -> None:
    for host in hosts:
        await host.links.close(1.0)


def run(main: Callable[[], Awaitable[None]], *, fast: bool = False) -> None:
    """On the loop of asyncio, or on uvloop."""

    async def whole() -> None:
        await main()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop if fast else None) as runner:
        runner.run(whole())


def settings(**changes: Any) -> LinkSettings:
    return replace(QUICK, **changes)
