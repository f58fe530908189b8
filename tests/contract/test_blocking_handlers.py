"""Blocking handlers run in threads, one at a time as all others, and may send and reply from there."""

import asyncio
import threading

import pytest

from actors import Actor, Failed, Ref, Reply, System, call
from tests.contract.cast import Note, Recorder


class Press(Actor):
    def __init__(self, log: Ref[Recorder]) -> None:
        self.log = log
        self.inside = 0
        self.most = 0

    @call(blocking=True)
    def work(self, number: int) -> tuple[int, bool]:
        self.inside += 1
        self.most = max(self.most, self.inside)
        self.log.tell(Note((number, self.context.ref)))
        self.inside -= 1
        return number, threading.current_thread() is threading.main_thread()

    @call(blocking=True)
    def work_and_tell_itself(self) -> None:
        self.context.ref.tell(Press.noted())

    @call
    def noted(self) -> None:
        sender = self.context.sender
        self.log.tell(Note(sender == self.context.ref))

    @call(blocking=True)
    def fails(self) -> None:
        raise ValueError("planned")

    @call(blocking=True)
    def changes_its_life(self) -> None:
        self.context.stop()

    @call(blocking=True)
    def asks(self) -> None:
        self.log.ask(Recorder.until(0))

    @call(blocking=True)
    def replies(self, reply_to: int) -> None:
        self.kept.reply(reply_to)

    @call
    def promise(self) -> int:
        self.kept: Reply[int] = self.context.reply_later()
        return 0

    @call
    def look(self) -> int:
        return self.most


async def scene(system: System) -> tuple[Ref[Recorder], Ref[Press]]:
    log = await system.spawn(Recorder)
    return log, await system.spawn(Press, log)


def test_a_blocking_handler_runs_in_a_thread_and_alone(system: System) -> None:
    async def main(system: System) -> None:
        log, press = await scene(system)
        found = await asyncio.gather(*(press.ask(Press.work(number)) for number in range(20)))
        assert found == [(number, False) for number in range(20)]
        assert await press.ask(Press.look()) == 1
        assert [it[0] for it in await log.ask(Recorder.until(20))] == list(range(20))  # type: ignore[index]

    system.run(main)


def test_a_blocking_handler_tells_from_its_thread_as_its_actor(system: System) -> None:
    async def main(system: System) -> None:
        log, press = await scene(system)
        press.tell(Press.work_and_tell_itself())
        assert await log.ask(Recorder.until(1)) == [True]

    system.run(main)


def test_a_promise_may_be_kept_from_a_thread(system: System) -> None:
    async def main(system: System) -> None:
        _, press = await scene(system)
        asked = press.ask(Press.promise())
        press.tell(Press.replies(6))
        assert await asked == 6

    system.run(main)


@pytest.mark.parametrize(
    ("request_", "text"),
    [
        (Press.fails(), "planned"),
        (Press.changes_its_life(), "tell yourself a message"),
        (Press.asks(), "runs no event loop"),
    ],
)
def test_what_a_blocking_handler_may_not_do_says_what_to_do(system: System, request_: object, text: str) -> None:
    async def main(system: System) -> None:
        _, press = await scene(system)
        with pytest.raises(Failed, match=text):
            await press.ask(request_)  # type: ignore[call-overload]
        assert await press.ask(Press.look()) == 0  # restarted, and alive

    system.run(main)
