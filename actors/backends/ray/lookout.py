"""A host that loses a peer asks the directory at once, and brings proof where it has some: a process that is gone."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from actors.address import Sitting
from actors.backends.ray.errors import DirectoryUnavailable
from actors.backends.ray.processes import is_gone
from actors.backends.ray.ray_directory import RayDirectory
from actors.host import Host
from actors.post.post import Post

log = logging.getLogger("understudy.ray")

LOOKS = (0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.5)
"""Pauses in seconds between the looks at the table after a peer has gone away; then renewals do. A process that is
killed closes its sockets some ms before its id is gone."""


class Lookout:
    """Asks for the newest table when a peer has gone away: soon, and again ever more seldom, until there is news."""

    def __init__(self, host: Host, look: Callable[[], Awaitable[None]]) -> None:
        self._host = host
        self._look = look
        self._looking = False

    def alarm(self) -> None:
        """A peer has gone away, which may be its end."""
        if not self._looking and not self._host.closed:
            self._looking = True
            self._host.work.start_system(self._look_for_news())

    async def _look_for_news(self) -> None:
        known = self._host.table.version
        try:
            for pause in LOOKS:
                await asyncio.sleep(pause)
                await look_for_missing(self._host, self._look)
                if self._host.table.version > known:
                    break
        except DirectoryUnavailable as error:
            log.warning("%s", error)
        finally:
            self._looking = False


async def look_for_missing(host: Host, look: Callable[[], Awaitable[None]]) -> None:
    """Get the newest table. A peer that had gone away before, and is not in it, has ended."""
    assert isinstance(host.post, Post)
    away = host.post.away()
    for sitting in away:
        await testify(host, sitting)
    await look()
    host.missing(away)


async def testify(host: Host, sitting: Sitting) -> None:
    """Tell the directory of a host on this node whose process is gone: that is proof of its death (rule A15)."""
    seat = host.seats.get(sitting.seat)
    if seat is None or seat.sitting != sitting or seat.node != host.node or not seat.pid or not is_gone(seat.pid):
        return
    assert isinstance(host.directory, RayDirectory)
    host.new_table(await host.directory.ask("verdict", sitting))


def watch_peers(host: Host, look: Callable[[], Awaitable[None]]) -> None:
    """Look at the table whenever a peer goes away, or says that there is news."""
    assert isinstance(host.post, Post)
    host.post.unreachable = host.seating.look_now = Lookout(host, look).alarm
