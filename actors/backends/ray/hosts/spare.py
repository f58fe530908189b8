"""A spare waits, warm, for a seat whose host was lost: all is imported, the loop runs, and only the seat is missing.

It is a process and no host: nobody sends it messages. It tells the directory every second that it stands by, and is
called to a seat by one Ray call, or by the answer to that. The answer tells the news too: it ends with its system.
"""

import asyncio
import contextlib
import gc
import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from actors.address import Sitting
from actors.backends.ray import calls
from actors.backends.ray.directory.ray_directory import RayDirectory
from actors.backends.ray.errors import DirectoryUnavailable
from actors.backends.ray.hosts.host_life import HostLife
from actors.membership.seats import Cue, Spare, Table
from actors.settings import Settings

log = logging.getLogger("understudy.ray")

THREADS = Path("/proc/self/task")

NICE = 10
"""How much nicer a spare that waits is than hosts, as far as there is room: Ray starts all workers at 15 of 19."""

NICEST = 19


def _nothing(table: Table) -> None:
    """The news does not matter."""
    del table


async def stand_by(
    spare: Spare,
    directory: RayDirectory,
    life: HostLife,
    settings: Settings,
    heard: Callable[[Table], object] = _nothing,
) -> Sitting | None:
    """Wait for a seat; None if the process is told to end before there is one. `heard` is called with each new table.

    Raises DirectoryUnavailable when that could not be asked for as long as a host may be without a lease.
    """
    gc.collect()
    gc.freeze()  # as a host does
    actor = calls.this_actor()
    told = asyncio.ensure_future(life.stopping.wait())
    ordered = asyncio.ensure_future(life.orders.get())
    usual = usual_niceness()
    be_nice({thread: min(NICEST, level + NICE) for thread, level in usual.items()})
    alone, known = 0.0, (0, 0)
    try:
        while True:
            try:
                cue: Cue = await directory.client.call("stand_by_as", spare, actor, known, timeout=2 * settings.renewal)
            except DirectoryUnavailable as error:
                log.info("%s", error)
                alone += 3 * settings.renewal  # two for this question, and the one that it waits now
                if alone > settings.isolation:
                    raise
            else:
                alone = 0.0
                if cue.sitting is not None:
                    return Sitting(*cue.sitting)
                if cue.table is not None:
                    known = cue.table.version
                    heard(cue.table)
            await asyncio.wait([told, ordered], timeout=settings.renewal, return_when=asyncio.FIRST_COMPLETED)
            if ordered.done():
                return Sitting(*ordered.result())
            if told.done():
                return None
    finally:
        told.cancel()
        ordered.cancel()
        be_nice(usual)


def usual_niceness() -> dict[int, int]:
    """How much each thread of this process gives way; nothing where it must not be changed, as it could not be undone.

    Anybody may become nicer, but to become less nice again takes root's rights (or an rlimit), and a host that has
    taken a seat must not be slower for ever than the one before it. So that is tried first, by one step.
    """
    usual = os.getpriority(os.PRIO_PROCESS, 0)
    try:
        os.setpriority(os.PRIO_PROCESS, 0, usual - 1)
    except OSError:
        return {}
    os.setpriority(os.PRIO_PROCESS, 0, usual)
    levels: dict[int, int] = {}
    for thread in _threads():
        with contextlib.suppress(OSError):  # it has ended
            levels[thread] = os.getpriority(os.PRIO_PROCESS, thread)
    return levels


def be_nice(levels: Mapping[int, int]) -> None:
    """Set how much each thread of this process gives way; a thread that is new gives way as the first one does."""
    for thread in _threads() if levels else ():
        with contextlib.suppress(OSError):  # it has ended
            os.setpriority(os.PRIO_PROCESS, thread, levels.get(thread, levels[min(levels)]))


def _threads() -> list[int]:
    return [int(thread.name) for thread in THREADS.iterdir()] if THREADS.is_dir() else []
