"""Stopping: within a budget, then cancelled, then abandoned and named (A40); children in order or together (A41)."""

import asyncio
import contextlib
import threading

import pytest

from actors import Actor, Failed, NotRunning, Reason, Ref, Stopped, System, call, near
from tests.contract.cast import Gate, Note, Recorder, Worker, dead


class Stubborn(Actor):
    """Does not want to end."""

    def __init__(self, gate: Ref[Gate], log: Ref[Recorder]) -> None:
        self.gate = gate
        self.log = log

    @call
    async def swallow(self) -> None:
        """Swallow the cancelling, wait for the gate all the same, then try to act."""
        gate, log = self.gate, self.log
        passing = asyncio.ensure_future(_pass(gate))
        while not passing.done():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.shield(passing)
        log.tell(Note("an abandoned handler spoke"))

    @call
    async def spin(self) -> None:
        """Never finish, without ever waiting long."""
        self.log.tell(Note("spinning"))
        while True:  # noqa: ASYNC110 - that it never ends is the point
            await asyncio.sleep(0)

    @call(blocking=True)
    def block(self) -> None:
        """Block a thread until the test lets it go."""
        RELEASE.clear()  # other backends of this process may have been here
        self.log.tell(Note("blocking"))
        RELEASE.wait(30)
        self.log.tell(Note("an abandoned thread spoke"))

    @call
    async def patient(self) -> str:
        """Finish when the gate opens."""
        await self.gate.ask(Gate.passed())
        self.log.tell(Note("finished"))
        return "finished"


RELEASE = threading.Event()


class Releaser(Actor):
    """Lets the blocking handlers of its host go."""

    @call
    def release(self) -> None:
        RELEASE.set()


async def _pass(gate: Ref[Gate]) -> None:
    await gate.ask(Gate.passed(), timeout=None)


class SlowToEnd(Actor):
    """Its on_stop goes on for ever."""

    async def on_stop(self) -> None:
        await asyncio.get_running_loop().create_future()


class BadEnd(Actor):
    """Its on_stop fails."""

    def on_stop(self) -> None:
        raise ValueError("planned")


class CancelsEnd(Actor):
    """Its on_stop awaits what was cancelled."""

    async def on_stop(self) -> None:
        raise asyncio.CancelledError


class Tree(Actor):
    """Ordered children, dynamic children, and their children."""

    def __init__(self, log: Ref[Recorder], depth: int) -> None:
        self.log = log
        self.depth = depth

    async def on_start(self) -> None:
        for name in ("a", "b"):
            kind = self.context.options(name=name)
            if self.depth:
                await kind.spawn(Tree, self.log, self.depth - 1)
            else:
                await kind.spawn(Worker, self.log, f"{self.context.name}/{name}")

    def on_stop(self) -> None:
        self.log.tell(Note(f"{self.context.name} stop"))


class Parent(Actor):
    """Has many dynamic children."""

    @call
    async def have(self, count: int) -> None:
        await self.context.spawn_many(Idle, [()] * count)


class Idle(Actor):
    pass


async def scene(system: System) -> tuple[Ref[Gate], Ref[Recorder], Ref[Stubborn]]:
    gate, log = await system.spawn(Gate), await system.spawn(Recorder)
    return gate, log, await system.options(name="stubborn", stop_budget=0.05).spawn(Stubborn, gate, log)


def test_a_handler_may_finish_within_the_budget_and_the_mailbox_is_closed_meanwhile(system: System) -> None:
    async def main(system: System) -> None:
        gate, log = await system.spawn(Gate), await system.spawn(Recorder)
        stubborn = await system.options(stop_budget=30.0).spawn(Stubborn, gate, log)
        asked = asyncio.ensure_future(stubborn.ask(Stubborn.patient()))
        await gate.ask(Gate.reached(1))
        queued = stubborn.ask(Stubborn.patient())
        stubborn.tell(Stubborn.patient())
        stopping = asyncio.ensure_future(system.stop_actor(stubborn))
        with pytest.raises(Stopped):
            await queued
        with pytest.raises(Stopped):
            await stubborn.ask(Stubborn.patient())
        assert not stopping.done()
        await gate.ask(Gate.open())
        assert await asked == "finished"
        assert (await stopping).abandoned == ()
        assert (await dead(system))[Reason.STOPPED] == 1

    system.run(main)


def test_an_endless_loop_that_awaits_is_cancelled_and_nothing_is_abandoned(system: System) -> None:
    async def main(system: System) -> None:
        _, log, stubborn = await scene(system)
        asked = asyncio.ensure_future(stubborn.ask(Stubborn.spin()))
        await log.ask(Recorder.until(1))
        report = await system.stop_actor(stubborn)
        assert (report.stopped, report.abandoned) == (1, ())
        with pytest.raises(Stopped):
            await asked

    system.run(main)


def test_a_handler_that_swallows_its_cancelling_is_abandoned_named_and_fenced(system: System) -> None:
    async def main(system: System) -> None:
        gate, log, stubborn = await scene(system)
        asked = asyncio.ensure_future(stubborn.ask(Stubborn.swallow(), timeout=None))
        await gate.ask(Gate.reached(1))
        report = await system.stop_actor(stubborn)
        assert report.stopped == 1
        assert len(report.abandoned) >= 1
        assert "/stubborn" in report.abandoned[0]
        with pytest.raises(Stopped) as caught:
            await asked
        assert caught.value.ran == "yes"
        with pytest.raises(NotRunning):
            await stubborn.ask(Stubborn.patient())
        await gate.ask(Gate.open())
        log.tell(Note("last"))
        assert await log.ask(Recorder.until(1)) == ["last"]  # the abandoned handler could not speak

    system.run(main)


def test_a_blocking_handler_that_does_not_return_is_abandoned_named_counted_and_fenced(system: System) -> None:
    async def main(system: System) -> None:
        _, log, stubborn = await scene(system)
        releaser = await system.options(placement=near(stubborn)).spawn(Releaser)
        try:
            asked = asyncio.ensure_future(stubborn.ask(Stubborn.block(), timeout=None))
            await log.ask(Recorder.until(1))
            report = await system.stop_actor(stubborn)
            assert "/stubborn (a blocking handler)" in report.abandoned
            assert sum(host.abandoned_threads for host in await system.stats()) == 1
            with pytest.raises(Stopped):
                await asked
        finally:
            await releaser.ask(Releaser.release())
        while sum(host.abandoned_threads for host in await system.stats()):
            pass
        assert await log.ask(Recorder.until(1)) == ["blocking"]

    system.run(main)


def test_on_stop_that_hangs_is_named_and_one_that_fails_or_is_cancelled_is_not_waited_for(system: System) -> None:
    async def main(system: System) -> None:
        slow = await system.options(name="slow", stop_budget=0.05).spawn(SlowToEnd)
        assert (await system.stop_actor(slow)).abandoned == ("/slow (on_stop)",)
        for kind in (BadEnd, CancelsEnd):
            assert (await system.stop_actor(await system.spawn(kind))).abandoned == ()

    system.run(main)


def test_ordered_children_stop_in_reverse_one_after_the_other_before_their_parent(system: System) -> None:
    async def main(system: System) -> None:
        log = await system.spawn(Recorder)
        tree = await system.options(name="t").spawn(Tree, log, 1)
        before = len(await log.ask(Recorder.until(4)))
        report = await system.stop_actor(tree)
        assert (report.stopped, report.abandoned) == (7, ())
        seen = (await log.ask(Recorder.until(before + 7)))[before:]
        assert seen == [
            "/t/b/b stop 1", "/t/b/a stop 1", "/t/b stop", "/t/a/b stop 1", "/t/a/a stop 1", "/t/a stop", "/t stop",
        ]  # fmt: skip

    system.run(main)


def test_a_hundred_thousand_dynamic_children_stop_together(system: System) -> None:
    async def main(system: System) -> None:
        parent = await system.spawn(Parent)
        await parent.ask(Parent.have(100_000), timeout=60.0)
        report = await system.stop_actor(parent)
        assert (report.stopped, report.abandoned) == (100_001, ())

    system.run(main)


def test_an_actor_that_stops_itself_finishes_its_handler_and_handles_nothing_more(system: System) -> None:
    async def main(system: System) -> None:
        worker = await system.spawn(Worker)
        finished, queued = worker.ask(Worker.finish()), worker.ask(Worker.add(1))
        assert await finished is None
        with pytest.raises(Stopped) as caught:
            await queued
        assert caught.value.ran == "no"

    system.run(main)


class Background(Actor):
    """Leaves a task behind from each kind of place."""

    def __init__(self, log: Ref[Recorder]) -> None:
        self.log = log

    async def on_start(self) -> None:
        self.tasks = [asyncio.ensure_future(self._linger("start"))]

    @call
    def plain(self) -> None:
        self.tasks.append(asyncio.ensure_future(self._linger("plain")))

    @call
    async def waiting(self) -> None:
        self.tasks.append(asyncio.ensure_future(self._linger("waiting")))
        await asyncio.sleep(0)

    @call
    async def begun(self) -> int:
        await asyncio.sleep(0)
        return len(self.tasks)

    async def _linger(self, place: str) -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            self.log.tell(Note((place, self.context.sender is None)))


def test_tasks_that_an_actor_leaves_behind_end_with_it(system: System) -> None:
    async def main(system: System) -> None:
        log = await system.spawn(Recorder)
        background = await system.spawn(Background, log)
        await background.ask(Background.plain())
        await background.ask(Background.waiting())
        assert await background.ask(Background.begun()) == 3
        report = await system.stop_actor(background)
        assert report.abandoned == ()
        places = {place for place, _ in await log.ask(Recorder.until(3))}  # type: ignore[misc]
        assert places == {"start", "plain", "waiting"}

    system.run(main)


class Spawning(Actor):
    """Is stopped while it spawns."""

    @call
    async def spawn_slow(self, gate: Ref[Gate]) -> None:
        await self.context.spawn(SlowStart, gate)


class SlowStart(Actor):
    def __init__(self, gate: Ref[Gate]) -> None:
        self.gate = gate

    async def on_start(self) -> None:
        await self.gate.ask(Gate.passed(), timeout=None)


def test_a_parent_that_is_stopped_while_it_spawns_leaves_no_orphan(system: System) -> None:
    async def main(system: System) -> None:
        gate = await system.spawn(Gate)
        spawning = await system.options(stop_budget=0.02).spawn(Spawning)
        before = sum(host.actors for host in await system.stats())
        asked = asyncio.ensure_future(spawning.ask(Spawning.spawn_slow(gate)))
        await gate.ask(Gate.reached(1))
        report = await system.stop_actor(spawning)
        assert report.abandoned == ()
        with pytest.raises((Stopped, Failed)):
            await asked
        assert sum(host.actors for host in await system.stats()) == before - 1

    system.run(main)
