"""An ask that is shielded does not inherit the deadline of the request being handled (A30)."""

import asyncio
from typing import Any

import pytest

from actors import Actor, Fenced, Message, Ref, System, blocking, call, receive
from tests.contract.cast import Note, Recorder

OUTER = 15.0
OWN = 1000.0


class Callee(Actor):
    @call
    def remaining(self) -> float | None:
        return self.context.remaining


class Result(Message):
    """What the callee said."""

    remaining: float | None


class Caller(Actor):
    """Asks the callee how much time it has, in every way there is."""

    def __init__(self, callee: Ref[Callee], log: Ref[Recorder]) -> None:
        self.callee = callee
        self.log = log

    @call
    async def before_in_and_after(self) -> list[float | None]:
        before = await self._asked()
        with self.context.shield():
            within = await self._asked()
        return [before, within, await self._asked()]

    @call
    async def asked_within_awaited_after(self) -> list[float | None]:
        with self.context.shield():
            asked = self._asked()
        return [await asked]

    @call
    async def without_deadline(self) -> list[float | None]:
        with self.context.shield():
            return [await self.callee.ask(Callee.remaining(), timeout=None)]

    @call
    async def in_a_task(self) -> list[float | None]:
        with self.context.shield():
            task = asyncio.ensure_future(self._in_a_task())
        return [await task, await self._asked()]

    @call(blocking=True)
    def in_a_thread(self) -> list[float | None]:
        verbs = blocking(self.context)
        with self.context.shield():
            within = verbs.ask(self.callee, Callee.remaining(), timeout=OWN)
        return [within, verbs.ask(self.callee, Callee.remaining(), timeout=OWN)]

    @call(interleaved=True)
    async def beside(self) -> list[float | None]:
        with self.context.shield():
            return [await self._asked()]

    @call
    def piped_from_def(self) -> None:
        with self.context.shield():
            self.context.pipe(self._in_a_task(), Result)
        self.context.pipe(self._in_a_task(), Result)

    @call
    async def piped_from_async(self) -> None:
        with self.context.shield():
            self.context.pipe(self._in_a_task(), Result)
        self.context.pipe(self._in_a_task(), Result)

    @call
    def task_from_def(self) -> None:
        with self.context.shield():
            self.task = asyncio.ensure_future(self._reported())
        self.other = asyncio.ensure_future(self._reported())

    @call
    async def answered_in_the_block(self) -> str:
        with self.context.shield():
            self.context.reply_later().reply("from the block")
        return "from the handler"

    @call
    async def raising(self) -> list[float | None]:
        with pytest.raises(ValueError, match="planned"), self.context.shield():
            raise ValueError("planned")
        return [await self._asked()]

    @receive
    def result(self, result: Result) -> None:
        self.log.tell(Note(result.remaining))

    async def _reported(self) -> None:
        self.log.tell(Note(await self._in_a_task()))

    async def _in_a_task(self) -> float | None:
        await asyncio.sleep(0)
        return await self._asked()

    def _asked(self) -> Any:
        return self.callee.ask(Callee.remaining(), timeout=OWN)


async def scene(system: System) -> tuple[Ref[Recorder], Ref[Caller]]:
    log, callee = await system.spawn(Recorder), await system.spawn(Callee)
    return log, await system.spawn(Caller, callee, log)


def own(remaining: object) -> bool:
    """Whether the callee had about the time that the ask had named, and not what was left of the request."""
    assert isinstance(remaining, float)
    return remaining > (OUTER + OWN) / 2


@pytest.mark.parametrize(
    ("way", "shielded"),
    [
        (Caller.before_in_and_after, [False, True, False]),
        (Caller.asked_within_awaited_after, [True]),
        (Caller.in_a_task, [True, False]),
        (Caller.in_a_thread, [True, False]),
        (Caller.beside, [True]),
        (Caller.raising, [False]),
    ],
)
def test_within_the_block_an_ask_has_its_own_deadline_and_outside_the_inherited_one(
    system: System, way: Any, shielded: list[bool]
) -> None:
    async def main(system: System) -> None:
        _, caller = await scene(system)
        assert [own(it) for it in await caller.ask(way(), timeout=OUTER)] == shielded

    system.run(main)


@pytest.mark.parametrize("way", [Caller.piped_from_def, Caller.piped_from_async, Caller.task_from_def])
def test_what_begins_in_the_block_is_shielded_to_its_end(system: System, way: Any) -> None:
    async def main(system: System) -> None:
        log, caller = await scene(system)
        await caller.ask(way(), timeout=OUTER)
        assert sorted(map(own, await log.ask(Recorder.until(2)))) == [False, True]

    system.run(main)


def test_within_the_block_an_ask_may_have_no_deadline_at_all(system: System) -> None:
    async def main(system: System) -> None:
        _, caller = await scene(system)
        assert await caller.ask(Caller.without_deadline(), timeout=OUTER) == [None]

    system.run(main)


def test_within_the_block_the_message_being_handled_is_the_same(system: System) -> None:
    async def main(system: System) -> None:
        _, caller = await scene(system)
        assert await caller.ask(Caller.answered_in_the_block(), timeout=OUTER) == "from the block"

    system.run(main)


def test_an_ended_incarnation_cannot_shield(own_system: System) -> None:
    async def main(system: System) -> None:
        _, caller = await scene(system)
        context = system.host.cells[caller.address.number].context
        assert context is not None
        await system.stop_actor(caller)
        with pytest.raises(Fenced), context.shield():
            pass

    own_system.run(main)
