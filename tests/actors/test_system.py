"""A system in its process: Ctrl-C, SIGTERM, the user's own loop, other threads, copies of messages."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from actors import Actor, Failed, Ref, Stopped, System, SystemClosed, Unsendable, call
from tests.contract.cast import Gate, Note, Recorder, Worker

ROOT = Path(__file__).parents[2]

PROGRAM = """
import asyncio, sys
from actors import Actor, System

class Polite(Actor):
    async def on_stop(self):
        await asyncio.sleep(0)
        print("stopped", flush=True)

async def main(system):
    await system.spawn(Polite)
    print("ready", flush=True)
    try:
        await asyncio.get_running_loop().create_future()
    finally:
        print("cancelled", flush=True)

System(on="local").run(main)
"""


@pytest.mark.parametrize(("sent", "status"), [(signal.SIGINT, -signal.SIGINT), (signal.SIGTERM, 143)])
def test_ctrl_c_and_sigterm_cancel_main_and_close_in_order(sent: signal.Signals, status: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(sent)
        out, err = process.communicate(timeout=20)
    assert out.splitlines() == ["cancelled", "stopped"]
    assert process.returncode == status, err
    assert "never retrieved" not in err
    assert "was destroyed" not in err


def test_a_blocking_handler_that_never_returns_does_not_keep_the_process() -> None:
    program = textwrap.dedent("""
        import threading
        from actors import Actor, System, Settings, call

        class Stuck(Actor):
            @call(blocking=True)
            def block(self) -> None:
                print("blocking", flush=True)
                threading.Event().wait()

        async def main(system):
            stuck = await system.options(stop_budget=0.01).spawn(Stuck)
            stuck.tell(Stuck.block())
            import asyncio
            await asyncio.sleep(0)
            print((await system.stop()).abandoned != (), flush=True)

        System(on="local", settings=Settings(cancel_grace=0.05)).run(main)
    """)
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=30,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert (done.returncode, done.stdout.splitlines()) == (0, ["blocking", "True"]), done.stderr


def test_on_the_users_loop_the_task_factory_is_given_back() -> None:
    made = []

    def factory(loop: asyncio.AbstractEventLoop, steps: Any, **options: Any) -> asyncio.Task[Any]:
        made.append(steps.__name__)
        return asyncio.Task(steps, loop=loop, **options)

    async def users_own() -> str:
        return "done"

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.set_task_factory(factory)
        async with System(on="local") as system:
            worker = await system.spawn(Worker)
            assert await worker.ask(Worker.add(1)) == 1
            assert await loop.create_task(users_own()) == "done"
        assert loop.get_task_factory() is factory
        loop.set_task_factory(None)

    asyncio.run(main())
    assert "users_own" in made


def test_another_thread_with_a_loop_of_its_own_asks_sends_and_tells() -> None:
    async def main(system: System) -> None:
        recorder, worker = await system.spawn(Recorder), await system.spawn(Worker)
        found: list[object] = []

        async def elsewhere() -> None:
            for number in range(100):
                recorder.tell(Note(number))
            found.append(await worker.ask(Worker.add(5)))
            await worker.send(Worker.add(5))
            try:
                await worker.ask(Worker.fail("planned"))
            except Failed as error:
                found.append(error.text)
            with pytest.raises(TypeError, match="has no call"):
                await narrow.ask(Worker.add(1))  # type: ignore[arg-type]

        narrow = await system.spawn(Narrow)
        await asyncio.to_thread(asyncio.run, elsewhere())
        assert found == [5, "planned"]
        assert await recorder.ask(Recorder.until(100)) == list(range(100))

    System(on="local").run(main)


class Narrow(Actor):
    @call
    def only(self) -> None: ...


def test_a_thread_hears_not_running_when_the_system_closes_and_closed_afterwards() -> None:
    refs: list[Ref[Gate]] = []
    outcomes: list[object] = []
    asking, closed = threading.Event(), threading.Event()

    async def elsewhere() -> None:
        asked = asyncio.ensure_future(_asked(refs[0]))
        await asyncio.sleep(0)
        asking.set()
        try:
            await asked
        except Exception as error:
            outcomes.append(type(error))
        await asyncio.to_thread(closed.wait, 20)
        try:
            await refs[0].ask(Gate.passed())
        except SystemClosed:
            outcomes.append(SystemClosed)
        refs[0].tell(Gate.open())

    async def main(system: System) -> None:
        refs.append(await system.spawn(Gate))
        thread.start()
        await asyncio.to_thread(asking.wait, 20)
        await refs[0].ask(Gate.reached(1))

    thread = threading.Thread(target=lambda: asyncio.run(elsewhere()))
    System(on="local").run(main)
    closed.set()
    thread.join(20)
    assert outcomes == [Stopped, SystemClosed]


async def _asked(ref: Ref[Gate]) -> None:
    await ref.ask(Gate.passed())


class Keeper(Actor):
    def __init__(self, given: list[int]) -> None:
        self.kept: Any = given

    @call
    def keep(self, value: Any) -> None:
        self.kept = value

    @call
    def get(self) -> Any:
        return self.kept

    @call
    def writeable(self) -> bool:
        return bool(self.kept.flags.writeable)

    @call
    def unsendable(self) -> Any:
        return threading.Lock()


def test_copied_messages_cannot_be_changed_from_outside_and_arrays_are_read_only() -> None:
    async def main(system: System) -> None:
        keeper = await system.spawn(Keeper, [])
        value: Any = [1, [2]]
        keeper.tell(Keeper.keep(value))
        value[1].append(3)
        first = await keeper.ask(Keeper.get())
        assert first == [1, [2]]
        first.append("mine")
        assert await keeper.ask(Keeper.get()) == [1, [2]]
        await keeper.send(Keeper.keep(np.arange(3)))
        assert await keeper.ask(Keeper.writeable()) is False
        array = await keeper.ask(Keeper.get())
        assert array.flags.writeable is False
        for verb in (keeper.tell, keeper.ask, keeper.send):
            with pytest.raises(Unsendable, match="lock"):
                verb(Keeper.keep(threading.Lock()))  # type: ignore[operator]
        with pytest.raises(Failed, match="cannot be sent") as caught:
            await keeper.ask(Keeper.unsendable())
        assert isinstance(caught.value.__cause__, Unsendable)
        assert await keeper.ask(Keeper.get()) is not array

    System(on="local", copy_messages=True).run(main)


def test_without_copying_a_message_is_the_very_object() -> None:
    async def main(system: System) -> None:
        keeper = await system.spawn(Keeper, [])
        value = [1]
        keeper.tell(Keeper.keep(value))
        assert await keeper.ask(Keeper.get()) is value

    System(on="local").run(main)


def test_askers_that_the_system_leaves_hear_that_it_closed() -> None:
    async def main() -> None:
        system = System(on="local")
        async with system:
            gate = await system.spawn(Gate)
            asked = gate.ask(Gate.passed(), timeout=None)
        with pytest.raises(Exception, match="stopped"):
            await asked

    asyncio.run(main())


def test_shutdown_of_a_system_that_ends_with_its_program_is_the_same_as_stop() -> None:
    system = System().blocking().open()
    system.spawn(Worker)
    assert system.shutdown().stopped == 1
    with pytest.raises(SystemClosed):
        system.shutdown()
