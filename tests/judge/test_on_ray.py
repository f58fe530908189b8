"""Histories of small objects on real Ray while hosts are killed and stopped: the judge takes the honest ones.

The objects live on hosts that nobody kills, so the histories are right whether a killed host's actors come back or not.
Where an object's host is killed, each of its lives is an object of its own, and what a dead one was asked is unknown.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from actors import AskError, Placement, Ref, Settings, dedicated, near
from actors.backends.ray.cluster.cluster import Cluster
from actors.testing import History
from tests.judge import cast, clients, planted
from tests.judge.judge import Judge, Verdict
from tests.ray_stage import Stage, open_stage
from tests.standstill import stop

PAUSE = 0.002
"""Seconds that an operation takes, so that clients wait for each other and some always overlap."""
STEADY = 4
"""Clients on hosts that nothing happens to."""
LEAST = {"ok": 300, "overlapping": 150}


@pytest.fixture(scope="module")
def stage(cluster: Cluster) -> Iterator[Stage]:
    del cluster  # the system borrows the Ray that all tests share
    with open_stage(Settings(cancel_grace=0.2, ask_timeout=30.0, stop_budget=2.0, hosts=2)) as stage:
        yield stage


class Scene:
    """Clients at work on objects, in one folder."""

    def __init__(self, system: Stage, folder: Path, work: type[clients.Work], targets: list[Ref[Any]]) -> None:
        self.system = system
        self.folder = folder
        self.work = work
        self.targets = targets
        self.options: dict[str, Any] = {"keys": list("wxyz"), "rest": 0.002}
        self.tasks: dict[str, asyncio.Future[int]] = {}
        self.workers: dict[str, Ref[clients.Work]] = {}
        self.history = History(folder / "faults.jsonl")

    async def client(self, process: str, placement: Placement | None = None, **options: Any) -> int:
        """One more client, at work from now on; the process of its host."""
        worker = await self.system.options(placement=placement).spawn(self.work)
        pid = await worker.ask(clients.Work.pid())  # asked before the work, which may stop the host at once
        task = clients.Task(str(self.folder), process, self.targets, **{**self.options, **options})
        self.workers[process] = worker
        self.tasks[process] = asyncio.ensure_future(worker.ask(clients.Work.work(task), timeout=None))
        return pid

    async def steady(self) -> None:
        for number in range(STEADY):
            await self.client(f"steady-{number}")

    async def more(self, count: int = 150) -> None:
        """So many operations more are done on the first object."""
        await self.targets[0].ask(cast.Counted.more(count))

    async def finish(self) -> list[str]:
        """Let all clients finish; those that could not, because they were killed."""
        for worker in self.workers.values():
            worker.tell(clients.Work.finish())
        ends = await asyncio.gather(*self.tasks.values(), return_exceptions=True)
        self.history.close()
        wrong = [end for end in ends if isinstance(end, BaseException) and not isinstance(end, AskError)]
        assert not wrong
        return [name for name, end in zip(self.tasks, ends, strict=True) if isinstance(end, AskError)]


def verdict_on(judge: Judge, folder: Path, model: str, **options: Any) -> Verdict:
    verdict = judge.judge(model, folder, **{**LEAST, **options})
    print(verdict)
    return verdict


@pytest.fixture
def stopped() -> Iterator[list[int]]:
    """Processes that a test stops; they go on afterwards, whatever happens."""
    pids: list[int] = []
    yield pids
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


OBJECTS = {
    "register": (clients.RegisterWork, cast.Register),
    "queue": (clients.QueueWork, cast.Queue),
    "set": (clients.CollectionWork, cast.Collection),
    "semaphore": (clients.SemaphoreWork, cast.Semaphore),
}


@pytest.mark.parametrize("model", OBJECTS)
def test_clients_are_killed_and_stopped_and_the_objects_host_is_stopped(judge, tmp_path, stage, stopped, model):
    work, kind = OBJECTS[model]

    async def main(system: Stage) -> None:
        target = await system.options(placement=dedicated()).spawn(kind, PAUSE)
        scene = Scene(system, tmp_path, work, [target])
        scene.options |= {"timeout": 0.5, "fresh": 1.0}  # many unknown ends on one key take the judge too long
        await scene.steady()
        host_of_doomed = await scene.client("doomed", dedicated())
        host_of_sleeper = await scene.client("sleeper", dedicated())
        host_of_object = await pid_beside(system, target)
        stopped.extend([host_of_object, host_of_sleeper])
        await scene.more()
        # A client dies with what it has under way, and another one stands still.
        scene.history.fault("kill", lost=["doomed"])
        os.kill(host_of_doomed, signal.SIGKILL)
        scene.history.fault("stop")
        stop(host_of_sleeper)
        await scene.more()
        os.kill(host_of_sleeper, signal.SIGCONT)
        # The object stands still until everybody has given something up, which may still be done, or must not.
        waiting = [worker.ask(clients.Work.until_error()) for name, worker in scene.workers.items() if name != "doomed"]
        scene.history.fault("stop")
        stop(host_of_object)
        await asyncio.gather(*waiting)
        os.kill(host_of_object, signal.SIGCONT)
        await scene.more()
        assert await scene.finish() == ["doomed"]

    stage.run(main)
    options = {"limit": 2} if model == "semaphore" else {}
    verdict = verdict_on(judge, tmp_path, model, faults=3, **options)
    assert verdict.verdict == "ok", verdict
    assert verdict.counts.unknown >= STEADY
    assert verdict.counts.processes == STEADY + 2


async def pid_beside(system: Stage, target: Ref[Any]) -> int:
    """The process of an actor's host."""
    worker = await system.options(placement=near(target)).spawn(clients.Work)
    return await worker.ask(clients.Work.pid())


def test_a_lock_outlives_an_owner_that_is_killed_and_an_owner_that_sleeps_past_its_lease(
    judge, tmp_path, stage, stopped
):
    async def main(system: Stage) -> None:
        lock = await system.spawn(cast.Lock, PAUSE)
        scene = Scene(system, tmp_path, clients.LockWork, [lock, await system.spawn(cast.Resource)])
        scene.options |= {"lease": 0.2, "keys": ["x", "y"]}
        await scene.steady()
        doomed = lock.ask(cast.Lock.until_taken_from("doomed"))
        await scene.client("doomed", dedicated(), mishap="kill")
        await doomed
        pid = await scene.client("sleeper", dedicated(), mishap="stop")
        stopped.append(pid)
        # It may also lose its lease because it is slow. No event: a process that stops tells nobody.
        while psutil.Process(pid).status() != psutil.STATUS_STOPPED:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        await lock.ask(cast.Lock.until_taken_from("sleeper"))
        await scene.more()
        os.kill(pid, signal.SIGCONT)
        await scene.more()
        assert await scene.finish() == ["doomed"]

    stage.run(main)
    verdict = verdict_on(judge, tmp_path, "lock", faults=2)
    assert verdict.verdict == "ok", verdict


def test_the_permits_of_an_owner_that_is_killed_are_free(judge, tmp_path, stage):
    async def main(system: Stage) -> None:
        semaphore = await system.spawn(cast.Semaphore, PAUSE)
        scene = Scene(system, tmp_path, clients.SemaphoreWork, [semaphore])
        scene.options["keys"] = ["x"]
        await scene.steady()
        freed = [semaphore.ask(cast.Semaphore.until_taken_from(f"doomed-{number}")) for number in range(2)]
        for number in range(2):
            await scene.client(f"doomed-{number}", dedicated(), mishap="kill")
        await asyncio.gather(*freed)
        await scene.more(300)
        assert await scene.finish() == ["doomed-0", "doomed-1"]

    stage.run(main)
    verdict = verdict_on(judge, tmp_path, "semaphore", faults=2, limit=2)
    assert verdict.verdict == "ok", verdict


def test_a_register_on_a_host_that_is_killed_is_right_up_to_then_and_the_other_goes_on(judge, tmp_path, stage):
    async def main(system: Stage) -> None:
        kept = await system.spawn(cast.Register, PAUSE)
        doomed = await system.options(placement=dedicated()).spawn(cast.Register, PAUSE)
        scene = Scene(system, tmp_path, clients.RegisterWork, [kept, doomed])
        scene.options["keys"] = [f"{await target.ask(cast.Counted.began())}:x" for target in scene.targets]
        await scene.steady()
        await doomed.ask(cast.Counted.more(100))
        pid = await pid_beside(system, doomed)
        scene.history.fault("kill")
        os.kill(pid, signal.SIGKILL)
        await scene.more()
        assert await scene.finish() == []

    stage.run(main)
    verdict = verdict_on(judge, tmp_path, "register", faults=1)
    assert verdict.verdict == "ok", verdict
    assert verdict.counts.keys == 2
    assert verdict.counts.fail + verdict.counts.unknown > 0


PLANTED = [
    ("register", clients.RegisterWork, [planted.LostUpdate]),
    ("lock", clients.LockWork, [planted.DoubleGrant, cast.Resource]),
    ("queue", clients.QueueWork, [planted.Reordered]),
    ("semaphore", clients.SemaphoreWork, [planted.OneTooMany]),
    ("set", clients.CollectionWork, [planted.LostMember]),
]


@pytest.mark.parametrize(("model", "work", "kinds"), PLANTED, ids=lambda it: it if isinstance(it, str) else "")
def test_a_planted_bug_is_refused_on_ray_as_well(judge, tmp_path, stage, model, work, kinds):
    async def main(system: Stage) -> None:
        scene = Scene(system, tmp_path, work, [await system.spawn(kind, PAUSE) for kind in kinds])
        scene.options["keys"] = ["x"]
        await scene.steady()
        await scene.more(400)
        assert await scene.finish() == []

    stage.run(main)
    options = {"limit": 2} if model == "semaphore" else {}
    verdict = verdict_on(judge, tmp_path, model, faults=0, **options)
    assert verdict.verdict == "illegal", verdict
