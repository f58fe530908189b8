"""A spare that waits gives way to hosts, and not any more once it has taken a seat."""

import contextlib
import os
import signal
from pathlib import Path

import pytest

from actors.backends.ray.hosts.spare import NICE, NICEST, be_nice, usual_niceness
from tests.ray.membership.company import ready, until
from tests.ray_stage import Stage


def niceness(pid: int) -> set[int]:
    """Of all threads of a process."""
    found: set[int] = set()
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(ProcessLookupError):  # it has ended
            found.add(os.getpriority(os.PRIO_PROCESS, int(thread.name)))
    return found


def everybody() -> dict[int, set[int]]:
    """The niceness of all processes of this machine."""
    found: dict[int, set[int]] = {}
    for process in Path("/proc").iterdir():
        if process.name.isdecimal():
            with contextlib.suppress(OSError):  # it has ended
                found[int(process.name)] = niceness(int(process.name))
    return found


def test_a_spare_that_waits_is_nicer_than_hosts_and_as_nice_as_they_are_once_it_sits(stage: Stage) -> None:
    async def main(system: Stage) -> None:
        await ready(system)
        victim, other = [seat for seat in system.host.table.seats if seat.takes_anybody]
        usual = niceness(other.pid)
        before = everybody()
        os.kill(victim.pid, signal.SIGKILL)

        async def is_taken() -> bool:
            seats = (await system.host.directory.table()).seats
            return any(it.number == victim.number and not it.vacant and it.pid != victim.pid for it in seats)

        await until(is_taken)
        (heir,) = [it for it in (await system.host.directory.table()).seats if it.number == victim.number]
        waiting = {min(NICEST, level + NICE) for level in usual} if usual_niceness() else usual
        assert before[heir.pid] <= waiting
        assert niceness(heir.pid) <= usual

    stage.run(main)


def test_a_process_that_could_not_become_less_nice_again_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbid(which: int, who: int, level: int) -> None:
        raise PermissionError(which, who, level)

    monkeypatch.setattr(os, "setpriority", forbid)
    assert usual_niceness() == {}
    be_nice({})


def test_whoever_may_is_as_nice_as_before_when_that_has_been_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    levels: list[int] = []
    monkeypatch.setattr(os, "getpriority", lambda which, who: 15)
    monkeypatch.setattr(os, "setpriority", lambda which, who, level: levels.append(level))
    assert set(usual_niceness().values()) == {15}
    assert levels == [14, 15]
    levels.clear()
    be_nice({1: 19})
    assert set(levels) == {19}
