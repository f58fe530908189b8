"""Hosts start together, say how they end, and stop in order on every way out."""

import concurrent.futures
import contextlib
import dataclasses
import os
import signal
import subprocess
import time
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from ray.exceptions import ActorUnavailableError, RaySystemError

from actors.backends.ray import calls
from actors.backends.ray.cluster.cluster import Cluster
from actors.backends.ray.cluster.placement import Needs
from actors.backends.ray.cluster.processes import is_alive, life_of
from actors.backends.ray.errors import HostFailed
from actors.backends.ray.hosts.host_life import ORPHANED, Farewell
from actors.backends.ray.hosts.host_process import MAX_CONCURRENCY, Driver, HostPlan
from actors.backends.ray.hosts.host_processes import HostProcesses, _end_of
from actors.errors import Unplaceable
from tests.standstill import stop

ENTRIES = "tests.ray.entries:"


def plan(name: str, entry: str, payload: Any = None, grace: float = 2.0) -> HostPlan:
    return HostPlan(name, ENTRIES + entry, payload, grace)


@pytest.fixture
def processes(cluster: Cluster) -> Any:
    processes = HostProcesses(cluster.namespace)
    yield processes
    processes.stop(budget=3)


def test_hosts_start_together_and_stop_in_order_with_a_report(processes: HostProcesses) -> None:
    first, second = processes.start([plan("one", "obedient", 1), plan("two", "obedient", 2)], Needs(), deadline=20)
    assert first.report.report == {"payload": 1}
    assert second.report.report == {"payload": 2}
    assert first.report.life.pid != second.report.life.pid
    assert processes.alive() == [first, second]
    stopped = processes.stop(budget=10)
    assert [(each.name, each.way) for each in stopped] == [("two", "ended"), ("one", "ended")]
    assert all(each.farewell == Farewell("bye", in_time=True, report="drained for bye") for each in stopped)
    assert not is_alive(first.report.life)
    assert not is_alive(second.report.life)
    assert first.end.result(timeout=30) == stopped[1].farewell
    assert processes.stop(budget=10) == []


def test_a_host_answers_however_many_have_watched_it_and_only_the_last_one_hears_its_farewell(
    processes: HostProcesses,
) -> None:
    (host,) = processes.start([plan("watched", "obedient")], Needs(), deadline=20)
    while not any("in watch" in stack for stack in processes.stacks(host, 20).values()):
        pass  # two calls may begin in either order
    last = host.actor.watch.remote()
    assert host.end.result(timeout=20) == "somebody else watches it now"
    for _ in range(MAX_CONCURRENCY):  # one keeper after the other
        former, last = last, host.actor.watch.remote()
        assert calls.get(former, 20) is None
    assert calls.get(host.actor.ready.remote(), 20).life == host.report.life
    assert [each.way for each in processes.stop(budget=10)] == ["ended"]
    assert calls.get(last, 5) == Farewell("bye", in_time=True, report="drained for bye")


def test_a_killed_host_is_known_within_a_second(processes: HostProcesses) -> None:
    (host,) = processes.start([plan("victim", "obedient")], Needs(), deadline=20)
    began = time.monotonic()
    os.kill(host.report.life.pid, signal.SIGKILL)
    verdict = host.end.result(timeout=30)
    print(f"known after {time.monotonic() - began:.3f} s")
    assert isinstance(verdict, str)
    assert "ActorDiedError" in verdict
    assert processes.alive() == []
    assert [each.way for each in processes.stop(budget=3)] == ["already gone"]


def test_a_host_told_to_end_by_sigterm_drains_first(processes: HostProcesses) -> None:
    (host,) = processes.start([plan("terminated", "obedient")], Needs(), deadline=20)
    os.kill(host.report.life.pid, signal.SIGTERM)
    assert host.end.result(timeout=30) == Farewell("SIGTERM", in_time=True, report="drained for SIGTERM")


def test_a_host_ignores_ctrl_c(processes: HostProcesses) -> None:
    (host,) = processes.start([plan("steady", "obedient")], Needs(), deadline=20)
    os.kill(host.report.life.pid, signal.SIGINT)
    (stopped,) = processes.stop(budget=5)
    assert stopped.farewell is not None
    assert stopped.farewell.reason == "bye"


def test_a_host_whose_driver_is_gone_drains_and_ends(processes: HostProcesses, cluster: Cluster) -> None:
    with subprocess.Popen(["sleep", "600"]) as driver:
        lives_for = dataclasses.replace(plan("orphan", "obedient"), driver=Driver(cluster.node_id, life_of(driver.pid)))
        (host,) = processes.start([lives_for], Needs(), deadline=20)
        driver.kill()
    farewell = host.end.result(timeout=30)
    assert farewell == Farewell("the driver is gone", in_time=True, report="drained for the driver is gone")


def test_a_host_whose_entry_returns_ends_its_process(processes: HostProcesses) -> None:
    (host,) = processes.start([plan("short", "short")], Needs(), deadline=20)
    assert host.end.result(timeout=30) == Farewell("ended by itself", in_time=True, report="done")
    assert [each.way for each in processes.stop(budget=3)] in (["already gone"], ["ended"])


def test_a_host_that_says_itself_that_its_system_is_over_waits_for_nobody_to_end_it(processes: HostProcesses) -> None:
    (host,) = processes.start([plan("orphaned", "orphaned", grace=3600.0)], Needs(), deadline=20)
    assert host.end.result(timeout=30) == Farewell(ORPHANED, in_time=True, report="left")
    with contextlib.suppress(psutil.NoSuchProcess):  # it was quicker
        psutil.Process(host.report.life.pid).wait(timeout=30)


def test_an_entry_that_fails_is_reported_with_its_traceback(processes: HostProcesses) -> None:
    with pytest.raises(HostFailed, match="the curtain is stuck"):
        processes.start([plan("good", "obedient"), plan("bad", "failing")], Needs(), deadline=20)
    assert processes.alive() == []


def test_an_entry_that_is_never_ready_fails_at_the_deadline(processes: HostProcesses) -> None:
    for deadline in 3, 30:
        with pytest.raises((HostFailed, Unplaceable)) as caught:
            processes.start([plan("silent", "never_ready")], Needs(), deadline=deadline)
        if caught.type is HostFailed:  # else Ray had no process for it by then
            break
    assert f"not ready within {deadline} s" in str(caught.value)


def test_an_entry_that_overruns_is_cancelled_and_one_that_does_not_care_is_given_up(processes: HostProcesses) -> None:
    processes.start([plan("slow", "slow"), plan("deaf", "deaf")], Needs(), deadline=20)
    deaf, slow = processes.stop(budget=8)
    assert slow.farewell is not None
    assert "overran" in slow.farewell.error
    assert deaf.farewell is not None
    assert not deaf.farewell.in_time
    assert (slow.way, deaf.way) == ("ended", "ended")


def test_a_host_that_cannot_answer_is_killed_after_the_budget(processes: HostProcesses) -> None:
    (host,) = processes.start([plan("frozen", "obedient")], Needs(), deadline=20)
    stop(host.report.life.pid)
    (stopped,) = processes.stop(budget=1)
    assert stopped.way == "killed"
    assert stopped.farewell is None
    assert not is_alive(host.report.life)


def test_the_stacks_of_a_stuck_host_say_where_it_is(processes: HostProcesses) -> None:
    (host,) = processes.start([plan("stuck", "stuck", grace=0.5)], Needs(), deadline=20)
    stacks = processes.stacks(host, timeout=5)
    assert "hang_in_a_blocking_call" in stacks["thread host-loop"]
    processes.kill(host)
    assert isinstance(host.end.result(timeout=30), str)


def test_a_host_that_cannot_be_reached_is_watched_again_and_when_ray_has_been_left_its_end_comes_from_here() -> None:
    lost: concurrent.futures.Future[Farewell] = concurrent.futures.Future()
    watches: list[Any] = [SimpleNamespace(future=lambda: lost)]

    def watch() -> Any:
        if watches:
            return watches.pop()
        raise RaySystemError("Ray has not been started yet.")

    end = _end_of(SimpleNamespace(watch=SimpleNamespace(remote=watch)))
    assert not end.done()
    lost.set_exception(ActorUnavailableError("cut off", None))
    assert "Ray has been left" in str(end.result(timeout=0))
