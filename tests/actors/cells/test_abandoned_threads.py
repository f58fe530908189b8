"""A host with too many abandoned threads leaves its seat to a new process, or says that it cannot: rule A40."""

import asyncio
import threading
from collections.abc import Callable

import pytest

from actors import Actor, Settings, System, call


class Stuck(Actor):
    """Has a handler that does not return before it is let go."""

    def __init__(self, begun: Callable[[], None], release: threading.Event) -> None:
        self.begun = begun
        self.release = release

    @call(blocking=True)
    def block(self) -> None:
        self.begun()
        assert self.release.wait(30)


async def abandon(system: System, count: int, release: threading.Event) -> None:
    """Leave so many threads behind, one after the other."""
    loop = asyncio.get_running_loop()
    for _ in range(count):
        begun = asyncio.Event()
        stuck = await system.options(stop_budget=0.001).spawn(
            Stuck, lambda begun=begun: loop.call_soon_threadsafe(begun.set), release
        )
        stuck.tell(Stuck.block())
        await begun.wait()
        assert len((await system.stop_actor(stuck)).abandoned) == 1


def leave_behind(count: int, limit: int, leave: Callable[[], None] | None = None) -> None:
    release = threading.Event()

    async def main(system: System) -> None:
        system.host.work.leave = leave
        await abandon(system, count, release)
        assert system.host.work.abandoned_threads == count

    try:
        System(on="local", settings=Settings(cancel_grace=0.01, abandoned_limit=limit)).run(main)
    finally:
        release.set()


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if "abandoned_limit" in record.getMessage()]


def test_a_host_beyond_the_limit_begins_to_leave_once_and_says_why(caplog: pytest.LogCaptureFixture) -> None:
    left: list[int] = []
    leave_behind(2, 2, lambda: left.append(1))
    assert left == []
    leave_behind(4, 2, lambda: left.append(1))
    assert left == [1]
    (error,) = errors(caplog)
    assert "leaves its seat to a new process: 3 of its threads" in error


def test_one_that_has_nobody_to_leave_its_seat_to_says_so_once_and_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    leave_behind(4, 2)
    (error,) = errors(caplog)
    assert "goes on, though 3 of its threads" in error


def test_a_limit_of_zero_is_none(caplog: pytest.LogCaptureFixture) -> None:
    leave_behind(3, 0)
    assert errors(caplog) == []
