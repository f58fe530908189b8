"""A host that loses a peer asks the directory at once, and brings proof where it has some: a process that is gone."""

from collections.abc import Awaitable, Callable
from functools import partial

from actors.address import Sitting
from actors.backends.ray.cluster.processes import is_gone
from actors.backends.ray.directory.ray_directory import RayDirectory
from actors.host import Host
from actors.post.lookout import Lookout
from actors.post.post import Post


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
    host.post.unreachable = host.seating.look_now = Lookout(host, partial(look_for_missing, host, look)).alarm
