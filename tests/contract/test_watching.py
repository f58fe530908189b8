"""Watching: on one incarnation, one Terminated each (A22, A23), after everything received from the dead (A24)."""

import asyncio
from typing import Any

import pytest

from actors import (
    Actor,
    EndReason,
    Failed,
    Priority,
    Ref,
    Reply,
    Settings,
    System,
    Terminated,
    TooManyWatches,
    call,
    receive,
)
from tests.contract.cast import Forgiven, Gate, Note, Recorder, Worker, restarted


class Speaker(Actor):
    """Says so many things to a recorder and ends."""

    def __init__(self, to: Ref[Any]) -> None:
        self.to = to

    @call
    def speak_and(self, count: int, end: str) -> None:
        for number in range(count):
            self.to.tell(Note(number))
        if end == "fail":
            raise ValueError("planned")
        self.context.stop()


class Lanes(Actor):
    """Hears notes at several levels, and the end of who sent them."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    @call
    async def hold(self, gate: Ref[Gate]) -> None:
        await gate.ask(Gate.passed())

    @call
    def watch(self, ref: Ref[Any]) -> None:
        self.context.watch(ref)

    @call(priority=Priority.HIGH)
    def high(self, number: int) -> None:
        self.seen.append(f"high {number}")

    @call
    def normal(self, number: int) -> None:
        self.seen.append(f"normal {number}")

    @call(priority=Priority.LOW)
    def low(self, number: int) -> None:
        self.seen.append(f"low {number}")

    @receive
    def ended(self, event: Terminated) -> None:
        self.seen.append("end")

    @call
    def look(self) -> list[str]:
        return self.seen


class LaneSpeaker(Actor):
    @call
    def speak(self, to: Ref[Lanes], count: int) -> None:
        for number in range(count):
            to.tell(Lanes.low(number))
            to.tell(Lanes.normal(number))
            to.tell(Lanes.high(number))
        self.context.stop()


class Deaf(Actor):
    """Has no handler for Terminated."""

    @call
    def watch(self, ref: Ref[Any]) -> None:
        self.context.watch(ref)


def ends(seen: list[object]) -> list[tuple[int, EndReason]]:
    return [(it.incarnation, it.reason) for it in seen if isinstance(it, Terminated)]


def test_a_restart_ends_a_watch_and_a_new_watch_is_on_the_successor(system: System) -> None:
    async def main(system: System) -> None:
        log, worker = await system.spawn(Recorder), await system.spawn(Worker)
        await log.ask(Recorder.watch(worker))
        await log.ask(Recorder.watch(worker))  # twice is once
        worker.tell(Worker.fail())
        await restarted(worker, 2)
        worker.tell(Worker.fail())  # nobody watches this incarnation
        await restarted(worker, 3)
        await log.ask(Recorder.watch(worker))
        await system.stop_actor(worker)
        assert ends(await log.ask(Recorder.until(2))) == [(1, EndReason.FAILED), (3, EndReason.STOPPED)]

    system.run(main)


def test_a_watch_on_an_actor_that_has_ended_is_answered_at_once(system: System) -> None:
    async def main(system: System) -> None:
        log, worker = await system.spawn(Recorder), await system.spawn(Worker)
        await system.stop_actor(worker)
        await log.ask(Recorder.watch(worker))
        assert ends(await log.ask(Recorder.until(1))) == [(0, EndReason.NOT_RUNNING)]

    system.run(main)


def test_a_resumed_actor_has_not_ended(system: System) -> None:
    async def main(system: System) -> None:
        log, parent = await system.spawn(Recorder), await system.spawn(Forgiven)
        worker = await parent.ask(Forgiven.get())
        await log.ask(Recorder.watch(worker))
        worker.tell(Worker.fail())
        assert await worker.ask(Worker.incarnation()) == 1
        await system.stop_actor(parent)
        assert ends(await log.ask(Recorder.until(1))) == [(1, EndReason.PARENT_ENDED)]

    system.run(main)


def test_unwatch_that_says_true_is_never_followed_by_an_end(system: System) -> None:
    async def main(system: System) -> None:
        log = await system.spawn(Recorder)
        workers = await system.spawn_many(Worker, [()] * 50)
        for worker in workers:
            await log.ask(Recorder.watch(worker))
        answers = []
        for number, worker in enumerate(workers):
            if number % 2:
                await system.stop_actor(worker)
            answers.append(await log.ask(Recorder.unwatch(worker)))
        for worker in workers[::2]:
            await system.stop_actor(worker)
        await log.ask(Recorder.watch(workers[0]))  # its answer comes after everything before
        seen = await log.ask(Recorder.until(answers.count(False) + 1))
        assert len(ends(seen)) == answers.count(False) + 1
        assert answers[::2] == [True] * 25

    system.run(main)


@pytest.mark.parametrize(("end", "reason"), [("fail", EndReason.FAILED), ("stop", EndReason.STOPPED)])
def test_the_end_comes_after_everything_the_dead_has_sent(system: System, end: str, reason: EndReason) -> None:
    async def main(system: System) -> None:
        log = await system.spawn(Recorder)
        speakers = await system.spawn_many(Speaker, [(log,)] * 20)
        for speaker in speakers:
            await log.ask(Recorder.watch(speaker))
        for speaker in speakers:
            speaker.tell(Speaker.speak_and(10, end))
        seen = await log.ask(Recorder.until(220))
        assert ends(seen) == [(1, reason)] * 20
        assert sum(it == 9 for it in seen) == 20
        for position, it in enumerate(seen):
            if isinstance(it, Terminated):
                said = [other for other in seen[:position] if other == 9]
                assert len(said) >= sum(isinstance(other, Terminated) for other in seen[: position + 1])

    system.run(main)


def test_the_end_comes_after_what_the_dead_has_sent_at_any_priority(system: System) -> None:
    async def main(system: System) -> None:
        gate, lanes, speaker = await system.spawn(Gate), await system.spawn(Lanes), await system.spawn(LaneSpeaker)
        await lanes.ask(Lanes.watch(speaker))
        held = asyncio.ensure_future(lanes.ask(Lanes.hold(gate)))
        await gate.ask(Gate.reached(1))
        await speaker.ask(LaneSpeaker.speak(lanes, 40))
        await system.stop_actor(speaker)
        await gate.ask(Gate.open())
        await held
        while len(seen := await lanes.ask(Lanes.look())) < 121:
            pass
        assert seen[-1] == "end"
        for level in ("high", "normal", "low"):
            assert [it for it in seen if it.startswith(level)] == [f"{level} {number}" for number in range(40)]

    system.run(main)


class Successor(Actor):
    """Says hello in each incarnation."""

    def __init__(self, to: Ref[Recorder]) -> None:
        self.to = to

    def on_start(self) -> None:
        self.to.tell(Note(f"hello {self.context.incarnation}"))

    @call
    def fail(self) -> None:
        raise ValueError("planned")


def test_the_end_comes_before_anything_of_the_next_incarnation(system: System) -> None:
    async def main(system: System) -> None:
        log = await system.spawn(Recorder)
        actor = await system.spawn(Successor, log)
        await log.ask(Recorder.watch(actor))
        actor.tell(Successor.fail())
        seen = await log.ask(Recorder.until(3))
        assert [it if isinstance(it, str) else "end" for it in seen] == ["hello 1", "end", "hello 2"]

    system.run(main)


def test_a_watcher_that_ends_is_told_nothing_and_its_successor_watches_anew(system: System) -> None:
    async def main(system: System) -> None:
        worker, watcher = await system.spawn(Worker), await system.spawn(Rewatcher)
        await watcher.ask(Rewatcher.watch(worker))
        watcher.tell(Rewatcher.fail())
        assert await watcher.ask(Rewatcher.count()) == 0
        await watcher.ask(Rewatcher.watch(worker))
        await system.stop_actor(worker)
        assert await watcher.ask(Rewatcher.count()) == 1

    system.run(main)


class Rewatcher(Actor):
    def __init__(self) -> None:
        self.ends = 0

    @call
    def watch(self, ref: Ref[Any]) -> None:
        self.context.watch(ref)

    @call
    def fail(self) -> None:
        raise ValueError("planned")

    @receive
    def ended(self, event: Terminated) -> None:
        self.ends += 1

    @call
    def count(self) -> int:
        return self.ends


def test_watching_needs_a_handler_for_the_end(system: System) -> None:
    async def main(system: System) -> None:
        deaf, worker = await system.spawn(Deaf), await system.spawn(Worker)
        with pytest.raises(Exception, match="Deaf has no handler for Terminated"):
            await deaf.ask(Deaf.watch(worker))

    system.run(main)


def test_an_actor_cannot_watch_itself_and_goes_on(system: System) -> None:
    async def main(system: System) -> None:
        rewatcher = await system.spawn(Rewatcher)
        with pytest.raises(Failed, match="cannot watch itself") as failed:
            await rewatcher.ask(Rewatcher.watch(rewatcher))
        assert failed.value.type_name == "ValueError"

    system.run(main)


async def watching_each_other(system: System) -> list[Ref[Rewatcher]]:
    pair = [await system.spawn(Rewatcher) for _ in range(2)]
    for one, other in zip(pair, reversed(pair), strict=True):
        await one.ask(Rewatcher.watch(other))
    return pair


def test_of_two_that_watch_each_other_one_ends_and_the_other_hears_of_it_once(system: System) -> None:
    async def main(system: System) -> None:
        one, other = await watching_each_other(system)
        with pytest.raises(Failed):
            await one.ask(Rewatcher.fail())
        while not await other.ask(Rewatcher.count()):
            pass
        assert await one.ask(Rewatcher.count()) == 0
        with pytest.raises(Failed):
            await other.ask(Rewatcher.fail())  # nobody watches any more
        for _ in range(3):
            assert [await it.ask(Rewatcher.count()) for it in (one, other)] == [0, 0]
        await one.ask(Rewatcher.watch(other))  # and anybody may again
        await system.stop_actor(other)
        while not await one.ask(Rewatcher.count()):
            pass
        assert await one.ask(Rewatcher.count()) == 1

    system.run(main)


def test_two_that_watch_each_other_may_end_at_once(system: System) -> None:
    async def main(system: System) -> None:
        pair = await watching_each_other(system)
        for each in pair:
            each.tell(Rewatcher.fail())
        for each in pair:
            assert await each.ask(Rewatcher.count()) <= 1  # of the end of one that ended first, in its mailbox by then
        for one, other in (pair, pair[::-1]):
            await one.ask(Rewatcher.watch(other))
        reports = await asyncio.gather(*(system.stop_actor(each) for each in pair))
        assert [(report.stopped, report.abandoned) for report in reports] == [(1, ())] * 2

    system.run(main)


def test_an_actor_watches_at_most_the_limit() -> None:
    async def main(system: System) -> None:
        log = await system.spawn(Recorder)
        workers = await system.spawn_many(Worker, [()] * 4)
        for worker in workers[:3]:
            await log.ask(Recorder.watch(worker))
        with pytest.raises(Exception, match="watch_limit") as caught:
            await log.ask(Recorder.watch(workers[3]))
        assert isinstance(caught.value.__cause__, TooManyWatches)

    System(on="local", settings=Settings(watch_limit=3)).run(main)


def test_ten_thousand_watched_actors_that_end_at_once_are_all_heard_of_while_messages_are_served(
    system: System,
) -> None:
    async def main(system: System) -> None:
        log, other = await system.spawn(Crowd), await system.spawn(Worker)
        await log.ask(Crowd.gather(10_000))
        over = asyncio.ensure_future(log.ask(Crowd.all_ended(10_000)))
        log.tell(Crowd.end())
        served = 0
        while not over.done():
            served = await other.ask(Worker.add(1))  # signals do not starve messages
        assert await over == 10_000
        assert served > 3

    system.run(main)


class Crowd(Actor):
    """Watches many children and lets them all end."""

    def __init__(self) -> None:
        self.ended = 0
        self.over: tuple[int, Reply[int]] | None = None

    @call
    async def gather(self, count: int) -> None:
        self.crowd = await self.context.spawn_many(Worker, [()] * count)
        for worker in self.crowd:
            self.context.watch(worker)

    @call
    def end(self) -> None:
        for worker in self.crowd:
            worker.tell(Worker.finish())

    @receive
    def gone(self, event: Terminated) -> None:
        self.ended += 1
        if self.over is not None and self.ended == self.over[0]:
            self.over[1].reply(self.ended)

    @call
    def all_ended(self, count: int) -> int:
        self.over = (count, self.context.reply_later())
        return 0
