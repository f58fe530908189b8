"""Actors of these tests, and what the tests wait for; a module, so that a process that takes a seat can import it."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from actors import Ref, System, Unreachable, call
from actors.membership.seats import HostState, Member
from tests.ray.system.cast import Keeper, Note, Worker
from tests.ray_stage import Stage

PATIENCE = 30.0


class Player(Worker):
    """A worker with a part of its own, that says when it starts and who handles what."""

    def __init__(self, part: str, log: "Ref[Keeper] | None" = None) -> None:
        super().__init__(log)
        self.part = part

    @call
    def facts(self) -> tuple[str, int, int, int]:
        """Its part, the process, the incarnation, and what it has added up."""
        return self.part, os.getpid(), self.context.incarnation, self.total

    @call
    def stop_and_tell(self, to: Ref[Keeper], text: str) -> None:
        """Stop this process in the middle of the handler; tell what comes after that.

        The signal takes effect when the kernel has told every thread, so this one watches for the pause.
        """
        os.kill(os.getpid(), signal.SIGSTOP)
        looked_at = time.monotonic()
        while time.monotonic() - looked_at < 1.0:
            looked_at = time.monotonic()
        to.tell(Note(text))

    @call
    def hang_for(self, seconds: float) -> None:
        """Keep the loop from running."""
        time.sleep(seconds)

    @call
    def hang_until(self, there: str) -> None:
        """Keep the loop from running until there is such a file."""
        while not Path(there).exists():
            time.sleep(0.02)  # that the loop hangs is the point


async def until(holds: Callable[[], Awaitable[object]], patience: float = PATIENCE) -> None:
    """Return as soon as this holds, which another process has to say."""
    async with asyncio.timeout(patience):
        while not await holds():  # noqa: ASYNC110 - another process has no event for this one
            await asyncio.sleep(0.02)


async def ready(system: "Stage | System", spares: int = 1, patience: float = PATIENCE) -> None:
    """Until all seats are taken and so many spares stand by."""

    async def holds() -> bool:
        table = await system.host.directory.table()
        return len(table.spares) >= spares and not any(seat.vacant for seat in table.seats)

    await until(holds, patience)


async def on_hosts(system: Stage, *parts: str) -> list[Ref[Player]]:
    """Players on different hosts."""
    return [await system.spawn(Player, part) for part in parts]


async def member(system: Stage, seat: int) -> Member:
    """How the directory sees the host of a seat."""
    return next(member for member in await system.members() if member.seat == seat)


async def until_state(system: Stage, seat: int, state: HostState) -> None:
    async def holds() -> bool:
        return (await member(system, seat)).state is state

    await until(holds)


async def answer(ref: Ref[Player]) -> tuple[str, int, int, int]:
    """Ask until there is an answer: what was on its way to the lost host ends as that, what comes later waits."""
    async with asyncio.timeout(PATIENCE):
        while True:
            with contextlib.suppress(Unreachable):
                return await ref.ask(Player.facts())


async def until_gone(pid: int) -> None:
    """Until the process has ended."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:  # it was quicker
        return
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(descriptor, ended.set)
    try:
        async with asyncio.timeout(PATIENCE):
            await ended.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)
