"""A spare waits, warm, for a seat whose host was lost: all is imported, the loop runs, and only the seat is missing.

It is a process and no host: nobody sends it messages. It tells the directory every second that it stands by, and is
called to a seat by one Ray call, or by the answer to that. The answer tells the news too: it ends with its system.
"""

import asyncio
import contextlib
import gc
import logging
import os
from collections.abc import Callable
from pathlib import Path

from actors.address import Sitting
from actors.backends.ray import calls
from actors.backends.ray.directory.ray_directory import RayDirectory
from actors.backends.ray.errors import DirectoryUnavailable
from actors.backends.ray.hosts.host_life import HostLife
from actors.membership.seats import Cue, Spare, Table
from actors.settings import Settings

log = logging.getLogger("understudy.ray")

NICE = 10
"""How much a spare that waits gives way to others."""


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
    gives_way = give_way(NICE)
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
        if gives_way:
            give_way(0)


def give_way(level: int) -> bool:
    """Set how much all threads of this process give way; False, and nothing is done, where it could not be undone."""
    threads = Path("/proc/self/task")
    if os.geteuid() != 0 or not threads.is_dir():
        return False
    for thread in threads.iterdir():
        with contextlib.suppress(OSError):  # it has ended, or a container forbids it
            os.setpriority(os.PRIO_PROCESS, int(thread.name), level)
    return True
