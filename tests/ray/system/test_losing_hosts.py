"""A host is killed or stops for a while: who hears what, when, and what is said of requests and messages."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Iterator

import pytest

from actors import NameTaken, NotRunning, Ref, TimedOut, Unreachable, call, dedicated, near
from tests.ray.system.cast import Keeper, Note, Parent, Worker
from tests.ray_stage import Stage
from tests.standstill import stop


@pytest.fixture
def stopped() -> Iterator[list[int]]:
    """Processes that a test stops; they go on afterwards, whatever happens."""
    pids: list[int] = []
    yield pids
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


async def victim(system: Stage, *arguments: object) -> tuple[Ref[Worker], int]:
    """An actor on a host of its own, and the process of that host."""
    worker = await system.options(placement=dedicated()).spawn(Worker, *arguments)
    return worker, await worker.ask(Worker.pid())


def test_a_request_in_hand_may_have_run_and_later_ones_did_not(stage: Stage) -> None:
    async def main(system: Stage) -> None:
        keeper = await system.spawn(Keeper)
        worker, pid = await victim(system, keeper)
        running, queued = worker.ask(Worker.hang(), timeout=None), worker.ask(Worker.add(1), timeout=None)
        await keeper.ask(Keeper.until(1))
        began = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        for asked in (running, queued):
            with pytest.raises(Unreachable) as caught:
                await asked
            assert caught.value.ran == "maybe"
        print(f"asks ended {time.monotonic() - began:.3f} s after the kill")
        with pytest.raises(Unreachable) as caught:
            await worker.ask(Worker.add(1))
        assert caught.value.ran == "no"

    stage.run(main)


def test_every_host_hears_of_the_loss_at_once_and_the_spawners_entry_ends(stage: Stage) -> None:
    async def main(system: Stage) -> None:
        workers = [await system.spawn(Worker) for _ in range(3)]
        assert len({worker.address.seat for worker in workers}) == 3
        children = len(system.host.root.children)
        doomed, pid = await victim(system)
        watchers = [await system.options(placement=near(worker)).spawn(Keeper) for worker in workers]
        for watcher in watchers:
            await watcher.ask(Keeper.watch_surely(doomed))
        began = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        for watcher in watchers:
            assert await watcher.ask(Keeper.until(1)) == ["host_lost"]
        took = time.monotonic() - began
        print(f"all watchers heard after {took:.3f} s")
        assert len(system.host.root.children) == children + 3
        for worker in workers:
            hosts = await worker.ask(Worker.count_known_hosts())
            assert hosts == len(system.host.table.seats)

    stage.run(main)


def test_terminated_comes_after_everything_the_killed_had_sent(stage: Stage) -> None:
    async def main(system: Stage) -> None:
        keeper = await system.spawn(Keeper)
        doomed, _ = await victim(system)
        await keeper.ask(Keeper.watch_surely(doomed))
        doomed.tell(Worker.tell_then_die(keeper, 20_000))
        assert await keeper.ask(Keeper.until(20_002)) == [*range(20_000), "done", "host_lost"]

    stage.run(main)


def test_a_child_on_a_killed_host_ends_for_its_parent_on_another(stage: Stage) -> None:
    async def main(system: Stage) -> None:
        keeper = await system.spawn(Keeper)
        parent = await system.spawn(Parent, keeper)
        child = await parent.ask(Parent.bear(Worker, dedicated()))
        assert await parent.ask(Parent.children()) == 1
        pid = await child.ask(Worker.pid())
        await keeper.ask(Keeper.watch_surely(child))
        os.kill(pid, signal.SIGKILL)
        await keeper.ask(Keeper.until(1))
        async with asyncio.timeout(5):
            while await parent.ask(Parent.children()):
                pass
        with pytest.raises((Unreachable, NotRunning)):
            await child.ask(Worker.add(1))

    stage.run(main)


def test_what_was_sent_to_a_killed_host_was_handled_or_is_accounted_for(stage: Stage) -> None:
    async def main(system: Stage) -> None:
        keeper = await system.spawn(Keeper)
        doomed, pid = await victim(system, keeper)
        letters = []
        forget = system.on_dead_letter(letters.append)
        sent = 0
        for _ in range(50):
            for _ in range(200):
                doomed.tell(Worker.note(f"note {sent}"))
                sent += 1
            await asyncio.sleep(0)
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(Unreachable):
            await doomed.ask(Worker.hang(), timeout=None)
        for _ in range(100):
            doomed.tell(Worker.note(f"note {sent}"))
            sent += 1
        keeper.tell(Note("end"))
        seen = (await asyncio.wait_for(_until_end(keeper), 20))[:-1]
        assert seen == [f"note {number}" for number in range(len(seen))]
        dead = [letter.message.text for letter in letters]
        assert dead == sorted(dead, key=lambda text: int(text.split()[1]))
        assert dead[-100:] == [f"note {number}" for number in range(sent - 100, sent)]
        print(
            f"sent {sent}: handled {len(seen)}, dead letters {len(dead)}, "
            f"inside the killed host {sent - len(dead) - len(seen)}"
        )
        forget()

    stage.run(main)


async def _until_end(keeper: Ref[Keeper]) -> list[object]:
    seen = await keeper.ask(Keeper.until(1))
    while seen[-1] != "end":
        seen = await keeper.ask(Keeper.until(len(seen) + 1))
    return seen


def test_an_expired_request_is_not_run_by_a_host_that_was_stopped(stage: Stage, stopped: list[int]) -> None:
    async def main(system: Stage) -> None:
        keeper = await system.spawn(Keeper)
        worker, pid = await victim(system, keeper)
        stopped.append(pid)
        stop(pid)
        asked = worker.ask(Worker.note("too late"), timeout=0.3)
        with pytest.raises(TimedOut) as caught:
            await asked
        assert caught.value.ran == "maybe"
        os.kill(pid, signal.SIGCONT)
        await worker.ask(Worker.note("in time"))
        assert await keeper.ask(Keeper.until(1)) == ["in time"]

    stage.run(main)


def test_a_directory_that_is_killed_together_with_a_host_comes_back_and_only_that_host_is_lost(stage: Stage) -> None:
    async def main(system: Stage) -> None:
        keepers = [await system.spawn(Keeper) for _ in range(3)]
        named = await system.options(name="kept").spawn(Worker)
        doomed, pid = await victim(system)
        for keeper in keepers:
            await keeper.ask(Keeper.watch_surely(doomed))
            await keeper.ask(Keeper.watch_surely(named))
        seats = {seat.number for seat in system.host.table.seats}
        directory = system.host.directory
        before = system.host.table.version
        await directory.table()
        os.kill(directory.client._origin.life.pid, signal.SIGKILL)
        os.kill(pid, signal.SIGKILL)
        new = await system.options(placement=dedicated()).spawn(Worker)
        assert new.address.seat not in seats
        assert await system.lookup("kept") == named
        with pytest.raises(NameTaken):
            await system.options(name="kept").spawn(Worker)
        for keeper in keepers:
            assert await keeper.ask(Keeper.until(1)) == ["host_lost"]
        assert system.host.table.version[0] > before[0]
        while not system.host.table.complete:  # noqa: ASYNC110 - the others report with their next renewals
            await asyncio.sleep(0.05)
        assert await named.ask(Worker.add(1)) == 1
        assert {seat.number for seat in system.host.table.seats} == seats - {doomed.address.seat} | {new.address.seat}

    stage.run(main)


def test_a_stream_ends_when_the_host_of_its_writer_is_killed(stage: Stage) -> None:
    async def main(system: Stage) -> None:
        worker, pid = await victim(system)
        items = worker.stream(Worker.flow(1_000_000))
        assert await anext(items) == 0
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(Unreachable):
            async for _ in items:
                pass

    stage.run(main)


def test_a_stream_ends_when_the_host_of_its_reader_is_killed_or_the_reader_leaves(stage: Stage) -> None:
    async def main(system: Stage) -> None:
        keeper = await system.spawn(Keeper)
        source = await system.spawn(Worker, keeper)
        reader = await system.options(placement=dedicated()).spawn(Reader)
        pid = await reader.ask(Worker.pid())
        reader.tell(Reader.read_one(source, keeper))
        await keeper.ask(Keeper.until(1))
        os.kill(pid, signal.SIGKILL)
        assert await keeper.ask(Keeper.until(2)) == ["reading", "the flow has ended"]
        async for _ in (items := source.stream(Worker.flow(1_000_000))):
            break
        await items.aclose()
        assert (await keeper.ask(Keeper.until(3)))[-1] == "the flow has ended"
        assert await source.ask(Worker.streaming()) == 0

    stage.run(main)


class Reader(Worker):
    @call
    async def read_one(self, source: Ref[Worker], keeper: Ref[Keeper]) -> None:
        async for _ in source.stream(Worker.flow(1_000_000)):
            keeper.tell(Note("reading"))
            await asyncio.Event().wait()
