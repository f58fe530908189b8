"""Refs in Ray's tasks and ordinary Ray actors (A46): a client per process, gone with it."""

import asyncio
import os
import signal

import pytest
import ray

from actors import Ref, System, SystemClosed, dedicated, near
from actors.errors import SettingsError
from tests.ray.system.cast import Keeper, Note, Worker
from tests.ray_stage import Stage


@ray.remote(num_cpus=0.5, max_retries=0)
def ask_from_task(ref: Ref[Worker], amount: int) -> int:
    async def main() -> int:
        return await ref.ask(Worker.add(amount), timeout=20)

    return asyncio.run(main())


@ray.remote(num_cpus=0, max_retries=0)
def hang_in_task(ref: Ref[Worker], keeper: Ref[Keeper]) -> None:
    keeper.tell(Note(os.getpid()))

    async def main() -> None:
        await ref.ask(Worker.hang(), timeout=None)

    asyncio.run(main())


@ray.remote(num_cpus=0)
class Plain:
    """An ordinary Ray actor with sync methods."""

    def __init__(self, ref: Ref[Worker]) -> None:
        self.ref = ref

    def ask(self, amount: int) -> int:
        async def main() -> int:
            return await self.ref.ask(Worker.add(amount), timeout=20)

        return asyncio.run(main())


@ray.remote(num_cpus=0)
class Async:
    """An ordinary Ray actor with a loop."""

    def __init__(self, ref: Ref[Worker]) -> None:
        self.ref = ref

    async def ask(self, amount: int) -> int:
        self.ref.tell(Worker.add(amount))
        return await self.ref.ask(Worker.add(amount), timeout=20)


async def got(call: object) -> object:
    return await asyncio.to_thread(ray.get, call, timeout=40)


def test_fifty_tasks_ask_one_actor(stage: Stage) -> None:
    async def main(system: Stage) -> None:
        worker = await system.spawn(Worker)
        answers = await got([ask_from_task.remote(worker, 1) for _ in range(50)])
        assert sorted(answers) == list(range(1, 51))

    stage.run(main)


def test_ordinary_ray_actors_ask_and_tell_with_and_without_a_loop(stage: Stage) -> None:
    async def main(system: Stage) -> None:
        worker = await system.spawn(Worker)
        plain, other = Plain.remote(worker), Async.remote(worker)
        assert await got(plain.ask.remote(1)) == 1
        assert await got(other.ask.remote(2)) == 5
        assert await got(plain.ask.remote(0)) == 5
        for one in (plain, other):
            await asyncio.to_thread(ray.kill, one)

    stage.run(main)


def test_of_a_task_that_is_killed_no_entry_stays(stage: Stage) -> None:
    async def main(system: Stage) -> None:
        keeper = await system.spawn(Keeper)
        worker = await system.options(stop_budget=0.1).spawn(Worker, keeper)
        beside = await system.options(placement=near(worker)).spawn(Worker)
        before = set(await beside.ask(Worker.clients()))  # Ray keeps the processes of earlier tasks for others
        hanging = hang_in_task.remote(worker, keeper)
        pid = next(it for it in await keeper.ask(Keeper.until(2)) if isinstance(it, int))
        clients = set(await beside.ask(Worker.clients())) - before
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(ray.exceptions.WorkerCrashedError):
            await got(hanging)
        async with asyncio.timeout(20):
            while clients & set(await beside.ask(Worker.clients())):
                pass
        assert await beside.ask(Worker.streaming()) == 0

    stage.run(main)


def test_a_client_hears_when_the_host_of_its_actor_is_killed(stage: Stage) -> None:
    @ray.remote(num_cpus=0, max_retries=0)
    def ask_the_dying(ref: Ref[Worker], keeper: Ref[Keeper]) -> str:
        async def main() -> str:
            try:
                await ref.ask(Worker.hang(), timeout=None)
            except Exception as error:
                return type(error).__name__
            return "answered"

        return asyncio.run(main())

    async def main(system: Stage) -> None:
        keeper = await system.spawn(Keeper)
        doomed = await system.options(placement=dedicated()).spawn(Worker, keeper)
        pid = await doomed.ask(Worker.pid())
        asking = ask_the_dying.remote(doomed, keeper)
        await keeper.ask(Keeper.until(1))
        os.kill(pid, signal.SIGKILL)
        assert await got(asking) == "Unreachable"

    stage.run(main)


def test_a_second_system_may_be_open_at_the_same_time_and_a_ref_finds_its_own(stage: Stage) -> None:
    async def main(system: Stage) -> None:
        worker = await system.spawn(Worker)
        async with System(on="ray", hosts=1) as other:
            stranger = await other.spawn(Worker)
            assert await stranger.ask(Worker.add(2)) == 2
            assert await worker.ask(Worker.add(1)) == 1
            assert stranger.address.system != worker.address.system
        with pytest.raises(SystemClosed):
            await stranger.ask(Worker.add(1))
        assert await worker.ask(Worker.add(1)) == 2

    stage.run(main)


def test_a_system_of_a_name_that_is_open_already_is_refused_and_harms_nobody(stage: Stage) -> None:
    async def main(system: Stage) -> None:
        name = system.host.system.partition("/")[2]
        worker = await system.spawn(Worker)
        with pytest.raises(SettingsError, match="open on this cluster already"):
            async with System(on="ray", name=name):
                pass
        assert await worker.ask(Worker.add(1)) == 1
        await system.options(name="still claims").spawn(Worker)

    stage.run(main)


def test_ray_client_is_refused_with_a_word() -> None:
    async def main() -> None:
        with pytest.raises(SettingsError, match="Ray Client"):
            async with System(on="ray", address="ray://127.0.0.1:10001"):
                pass

    asyncio.run(main())
