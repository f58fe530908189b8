"""What a soak does to a system: a host is killed, or stopped until it is declared dead, or the directory is killed."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable, Generator
from enum import StrEnum
from random import Random
from typing import TYPE_CHECKING, Any

import psutil

from tests.standstill import stop

if TYPE_CHECKING:
    from actors import System
    from actors.host import Host
    from actors.membership.seats import Seat

LOOK = 0.005
"""Seconds between two looks at what other processes do."""


class Blow(StrEnum):
    """One kind of them."""

    KILL = "kill"
    """A host, by kill -9."""
    PAUSE = "pause"
    """A host, by SIGSTOP; SIGCONT comes when it has been declared dead and all are back without it."""
    DIRECTORY = "directory"
    """The directory, by kill -9."""


def chosen(random: Random, pauses: float, directory: float) -> Blow:
    """The next blow, where such shares of all are pauses and kills of the directory."""
    dice = random.random()
    return Blow.PAUSE if dice < pauses else Blow.DIRECTORY if dice < pauses + directory else Blow.KILL


def victims(host: "Host") -> "list[Seat]":
    """Who may be struck: every host but the one that asks."""
    return [seat for seat in host.table.seats if seat.number != host.seat and not seat.vacant]


async def strike_host(host: "Host", victim: "Seat", blow: Blow, back: Callable[[], Awaitable[None]]) -> bool:
    """Strike a host, and wait until somebody else has its seat and all are back; whether its process has ended then.

    One that was stopped is let go on at last: it has to end by itself.
    """
    with going_on(victim.pid) if blow is Blow.PAUSE else contextlib.nullcontext():
        if blow is Blow.PAUSE:
            stop(victim.pid)
        else:
            os.kill(victim.pid, signal.SIGKILL)
        while any(seat.sitting == victim.sitting and not seat.vacant for seat in host.table.seats):  # noqa: ASYNC110
            await asyncio.sleep(LOOK)
        await back()
    try:
        async with asyncio.timeout(10.0):
            while psutil.pid_exists(victim.pid):  # noqa: ASYNC110 - of another process
                await asyncio.sleep(LOOK)
    except TimeoutError:
        return False
    return True


@contextlib.contextmanager
def going_on(pid: int) -> Generator[None]:
    """A process that is stopped here goes on afterwards, whatever happens."""
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


async def strike_directory(system: "System", back: Callable[[], Awaitable[None]]) -> None:
    """Kill the directory, and wait until another knows all hosts and all are back."""
    directory: Any = system.host.directory
    await directory.table()  # so that the client knows the present one
    generation = system.host.table.version[0]
    os.kill(directory.client._origin.life.pid, signal.SIGKILL)
    while system.host.table.version[0] <= generation or not system.host.table.complete:  # noqa: ASYNC110
        await asyncio.sleep(LOOK)
    await back()
