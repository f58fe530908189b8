"""What a restart keeps and what it drops (A38)."""

import asyncio

import pytest

from actors import (
    Actor,
    Backoff,
    Failed,
    MailboxOptions,
    Message,
    Reason,
    Ref,
    Reply,
    Supervision,
    System,
    TimedOut,
    call,
    receive,
)
from tests.contract.cast import Gate, Note, Recorder, Worker, dead


class Tick(Message):
    """A timer's message."""


class Result(Message):
    """A piped result."""

    value: object


class Hoarder(Actor):
    """Has one of everything that an incarnation can have."""

    def __init__(self, log: Ref[Recorder]) -> None:
        self.log = log
        self.stashing = True

    @receive
    def note(self, note: Note) -> None:
        if self.stashing and self.context.incarnation == 1:
            self.context.stash()
        else:
            self.log.tell(note)

    @call
    def become_mute(self) -> None:
        self.context.become(self._mute)

    def _mute(self, message: object) -> str:
        if isinstance(message, Hoarder.fail):  # type: ignore[arg-type]
            raise ValueError("planned")
        return "mute"

    @call
    def start_timer(self) -> None:
        self.context.timers.fixed_rate("t", 0.005, Tick())

    @call
    def start_pipe(self, gate: Ref[Gate]) -> None:
        self.context.pipe(gate.ask(Gate.passed()), Result)

    @call
    async def ask_gate(self, gate: Ref[Gate]) -> None:
        await gate.ask(Gate.passed())

    @call(interleaved=True)
    async def wait_beside(self, gate: Ref[Gate]) -> str:
        await gate.ask(Gate.passed())
        return "passed"

    @call(interleaved=True)
    async def fail_beside(self) -> None:
        raise ValueError("planned")

    @call
    def leave_behind(self, gate: Ref[Gate]) -> None:
        self.task = asyncio.get_running_loop().create_task(self._linger(gate))

    async def _linger(self, gate: Ref[Gate]) -> None:
        try:
            await gate.ask(Gate.passed(), timeout=None)
        finally:
            self.log.tell(Note("task ended"))

    @receive
    def tick(self, tick: Tick) -> None:
        self.log.tell(Note(f"tick {self.context.incarnation}"))

    @receive
    def result(self, result: Result) -> None:
        self.log.tell(Note("piped"))

    @call
    def fail(self) -> None:
        raise ValueError("planned")

    @call
    def life(self) -> int:
        return self.context.incarnation


async def scene(system: System) -> tuple[Ref[Gate], Ref[Recorder], Ref[Hoarder]]:
    gate, log = await system.spawn(Gate), await system.spawn(Recorder)
    return gate, log, await system.spawn(Hoarder, log)


def test_the_queue_is_kept_and_the_stash_comes_before_it_in_its_old_order(system: System) -> None:
    async def main(system: System) -> None:
        _, log, hoarder = await scene(system)
        for number in range(3):
            hoarder.tell(Note(f"stashed {number}"))
        hoarder.tell(Hoarder.fail())
        for number in range(3):
            hoarder.tell(Note(f"queued {number}"))
        seen = await log.ask(Recorder.until(6))
        assert seen == [f"stashed {number}" for number in range(3)] + [f"queued {number}" for number in range(3)]

    system.run(main)


def test_the_failing_message_is_not_run_again(system: System) -> None:
    async def main(system: System) -> None:
        _, _log, hoarder = await scene(system)
        hoarder.tell(Hoarder.fail())
        assert await hoarder.ask(Hoarder.life()) == 2

    system.run(main)


def test_what_it_had_become_is_over(system: System) -> None:
    async def main(system: System) -> None:
        _, _log, hoarder = await scene(system)
        await hoarder.ask(Hoarder.become_mute())
        assert await hoarder.ask(Hoarder.life()) == "mute"
        hoarder.tell(Hoarder.fail())
        assert await hoarder.ask(Hoarder.life()) == 2

    system.run(main)


def test_timers_are_over_also_those_whose_tick_waits(system: System) -> None:
    async def main(system: System) -> None:
        _gate, log, hoarder = await scene(system)
        await hoarder.ask(Hoarder.start_timer())
        await log.ask(Recorder.until(2))
        hoarder.tell(Hoarder.fail())
        assert await hoarder.ask(Hoarder.life()) == 2
        before = len(await log.ask(Recorder.until(0)))
        with pytest.raises(TimedOut):
            await log.ask(Recorder.until(before + 1), timeout=0.05)  # ten ticks' time
        assert "tick 2" not in await log.ask(Recorder.until(0))

    system.run(main)


def test_a_piped_result_and_a_task_left_behind_end_with_the_incarnation(system: System) -> None:
    async def main(system: System) -> None:
        gate, log, hoarder = await scene(system)
        await hoarder.ask(Hoarder.start_pipe(gate))
        await hoarder.ask(Hoarder.leave_behind(gate))
        await gate.ask(Gate.reached(2))
        hoarder.tell(Hoarder.fail())
        assert await hoarder.ask(Hoarder.life()) == 2
        assert await log.ask(Recorder.until(1)) == ["task ended"]
        await gate.ask(Gate.open())
        hoarder.tell(Note("last"))
        assert await log.ask(Recorder.until(2)) == ["task ended", "last"]

    system.run(main)


def test_interleaved_handlers_in_progress_are_cut_and_their_askers_hear_failed(system: System) -> None:
    async def main(system: System) -> None:
        gate, _log, hoarder = await scene(system)
        beside = [asyncio.ensure_future(hoarder.ask(Hoarder.wait_beside(gate), timeout=None)) for _ in range(3)]
        await gate.ask(Gate.reached(3))
        with pytest.raises(Failed, match="planned"):
            await hoarder.ask(Hoarder.fail_beside())
        for asked in beside:
            with pytest.raises(Failed) as caught:
                await asked
            assert caught.value.ran == "yes"
        assert await hoarder.ask(Hoarder.life()) == 2

    system.run(main)


def test_an_interleaved_tell_that_is_cut_is_a_dead_letter(system: System) -> None:
    async def main(system: System) -> None:
        gate, _log, hoarder = await scene(system)
        hoarder.tell(Hoarder.wait_beside(gate))
        await gate.ask(Gate.reached(1))
        hoarder.tell(Hoarder.fail_beside())
        assert await hoarder.ask(Hoarder.life()) == 2
        assert (await dead(system))[Reason.CUT] == 1

    system.run(main)


def test_an_ordinary_message_that_waited_for_interleaved_ones_is_kept(system: System) -> None:
    async def main(system: System) -> None:
        gate, _log, hoarder = await scene(system)
        hoarder.tell(Hoarder.wait_beside(gate))
        hoarder.tell(Hoarder.fail_beside())
        waiting = hoarder.ask(Hoarder.life())
        assert await waiting == 2

    system.run(main)


class Replier(Actor):
    def __init__(self) -> None:
        self.replies: list[Reply[int]] = []

    @call
    def later(self) -> int:
        self.replies.append(self.context.reply_later())
        return 0

    @call
    def fail(self) -> None:
        raise ValueError("planned")

    @call
    def held(self) -> int:
        return len(self.replies)


def test_promised_replies_are_broken_at_once(system: System) -> None:
    async def main(system: System) -> None:
        replier = await system.spawn(Replier)
        asks = [replier.ask(Replier.later(), timeout=None) for _ in range(3)]
        replier.tell(Replier.fail())
        for asked in asks:
            with pytest.raises(Failed, match="promised"):
                await asked
        assert await replier.ask(Replier.held()) == 0

    system.run(main)


class Small(Worker):
    mailbox = MailboxOptions(bound=3)


class Slow(Actor):
    supervision = Supervision(backoff=Backoff(first=3600.0, most=3600.0))

    @call
    async def get(self) -> Ref[Worker]:
        return await self.context.spawn(Small)


def test_the_bound_holds_while_the_backoff_lasts(system: System) -> None:
    async def main(system: System) -> None:
        slow = await system.spawn(Slow)
        worker = await slow.ask(Slow.get())
        log = await system.spawn(Recorder)
        await log.ask(Recorder.watch(worker))
        worker.tell(Worker.fail())
        await log.ask(Recorder.until(1))
        for _ in range(5):
            worker.tell(Worker.add(1))
        assert (await dead(system))[Reason.MAILBOX_FULL] == 2

    system.run(main)
