"""A message that makes its actor fail again and again (A39): dropped, or tried again and put into quarantine."""

import asyncio
from typing import Any

import pytest

from actors import (
    Actor,
    Backoff,
    Directive,
    Expired,
    Failed,
    NotRunning,
    Ref,
    Supervision,
    System,
    TimedOut,
    call,
    receive,
)
from tests.contract.cast import Gate, Note, Recorder
from tests.contract.eaters import Eater, Oldest, Poison, ours, scene


class Parent(Actor):
    """Supervises one eater, with a budget that three crashes spend."""

    supervision = Supervision(restarts=2, within=3600.0)

    def __init__(self, log: Ref[Recorder]) -> None:
        self.log = log

    async def on_start(self) -> None:
        self.eater = await self.context.spawn(Eater, self.log)

    @call
    def get(self) -> Ref[Eater]:
        return self.eater

    @call
    def life(self) -> int:
        return self.context.incarnation


class Forgiving(Parent):
    """Its eater goes on as it is."""

    supervision = Supervision(decide=lambda error: Directive.RESUME)


class Strict(Parent):
    """Its eater is stopped at the first failure."""

    supervision = Supervision(decide=lambda error: Directive.STOP)


def test_one_poison_among_a_thousand_is_quarantined_and_the_others_are_handled_in_order(system: System) -> None:
    async def main(system: System) -> None:
        log = await system.spawn(Recorder)
        parent = await system.spawn(Parent, log)
        eater = await parent.ask(Parent.get())
        for number in range(1000):
            eater.tell(Poison("poison") if number == 300 else Note(number))
        seen = await log.ask(Recorder.until(999 + 3))
        assert [it for it in seen if it != "poison failed"] == [it for it in range(1000) if it != 300]
        assert seen[300:303] == ["poison failed"] * 3  # nothing that came later overtook it
        [entry] = await ours(system, eater)
        assert (entry.message_type, entry.attempts, entry.error_type) == ("Poison", 3, "ValueError")
        assert "poison is poison" in entry.traceback
        assert await system.quarantine.message(entry) == Poison("poison")
        assert await eater.ask(Eater.life()) == 4
        assert await parent.ask(Parent.life()) == 1  # three crashes of one message are one charge

    system.run(main)


def test_three_poisons_are_three_charges(system: System) -> None:
    async def main(system: System) -> None:
        log = await system.spawn(Recorder)
        parent = await system.spawn(Parent, log)
        eater = await parent.ask(Parent.get())
        for number in range(3):
            eater.tell(Poison(number))
        while await parent.ask(Parent.life()) == 1:  # noqa: ASYNC110 - all there is to see from outside
            await asyncio.sleep(0)
        assert len(await ours(system, eater)) == 2

    system.run(main)


@pytest.mark.parametrize(
    "request_of",
    [Eater.eat, Eater.eat_slowly, Eater.eat_in_thread, Eater.eat_beside, Eater.urgent, Eater.stash_and_fail],
)
def test_an_asker_gets_the_reply_of_the_attempt_that_succeeds_or_hears_failed_after_the_last(
    system: System, request_of: Any
) -> None:
    async def main(system: System) -> None:
        log, eater = await scene(system)
        assert await eater.ask(request_of("a", 2)) == "a at attempt 3"
        assert await eater.ask(Eater.life()) == 3
        with pytest.raises(Failed, match="b is poison") as caught:
            await eater.ask(request_of("b", 3))
        assert caught.value.ran == "yes"
        assert await eater.ask(Eater.life()) == 6
        seen = await log.ask(Recorder.until(6))
        assert seen == ["a failed", "a failed", "a eaten", "b failed", "b failed", "b failed"]
        assert [it.attempts for it in await ours(system, eater)] == [3]

    system.run(main)


def test_what_was_stashed_before_comes_before_the_failing_message_and_what_came_later_after_it(system: System) -> None:
    async def main(system: System) -> None:
        log = await system.spawn(Recorder)
        keeper = await system.spawn(Hoarder, log)
        for number in range(3):
            keeper.tell(Note(number))
        keeper.tell(Poison("poison", 1))
        keeper.tell(Note("after"))
        assert await log.ask(Recorder.until(6)) == ["poison failed", 0, 1, 2, "poison eaten", "after"]

    system.run(main)


class Hoarder(Eater):
    """Stashes every note of its first life."""

    @receive
    def note(self, note: Note) -> None:
        if self.context.incarnation == 1:
            self.context.stash()
        else:
            self.log.tell(note)


def test_a_send_is_accepted_once_and_its_message_tried_again(system: System) -> None:
    async def main(system: System) -> None:
        log, eater = await scene(system)
        await eater.send(Poison("sent", 2))
        assert await log.ask(Recorder.until(3)) == ["sent failed", "sent failed", "sent eaten"]
        assert await ours(system, eater) == []

    system.run(main)


def test_ticks_and_piped_results_end_with_the_incarnation_and_are_not_tried_again(system: System) -> None:
    async def main(system: System) -> None:
        log, eater = await scene(system)
        await eater.ask(Eater.tick())
        await log.ask(Recorder.until(1))
        await eater.ask(Eater.pipe())
        await log.ask(Recorder.until(2))
        while await eater.ask(Eater.life()) < 3:
            pass
        assert await log.ask(Recorder.until(2)) == ["tick failed", "piped failed"]
        assert await ours(system, eater) == []

    system.run(main)


def test_a_stream_is_not_begun_again_for_its_reader_has_seen_a_part(system: System) -> None:
    async def main(system: System) -> None:
        log, eater = await scene(system)
        items = eater.stream(Eater.flow(3))
        assert [await anext(items) for _ in range(3)] == [0, 1, 2]
        with pytest.raises(Failed, match="stream is poison"):
            await anext(items)
        assert await eater.ask(Eater.life()) == 2
        assert await log.ask(Recorder.until(1)) == ["stream failed"]

    system.run(main)


def test_a_promised_reply_is_broken_at_once_and_the_message_is_tried_without_its_asker(system: System) -> None:
    async def main(system: System) -> None:
        _, eater = await scene(system)
        with pytest.raises(Failed, match="promised"):
            await eater.ask(Eater.promise_and_fail())
        assert await eater.ask(Eater.life()) == 4
        assert [it.attempts for it in await ours(system, eater)] == [3]

    system.run(main)


def test_a_bystander_that_was_cut_is_not_tried_again(system: System) -> None:
    async def main(system: System) -> None:
        log, eater = await scene(system)
        gate = await system.spawn(Gate)
        beside = asyncio.ensure_future(eater.ask(Eater.wait_beside(gate)))
        await gate.ask(Gate.reached(1))
        failing = asyncio.ensure_future(eater.ask(Eater.eat_beside("a", 1)))
        held = asyncio.ensure_future(eater.ask(Eater.eat("held", 0)))  # waits for the interleaved ones to finish
        with pytest.raises(Failed, match="another reason"):
            await beside
        assert await failing == "a at attempt 2"
        assert await held == "held at attempt 1"
        assert await log.ask(Recorder.until(3)) == ["a failed", "a eaten", "held eaten"]

    system.run(main)


def test_a_resumed_actor_tries_again_in_the_same_life(system: System) -> None:
    async def main(system: System) -> None:
        log = await system.spawn(Recorder)
        eater = await (await system.spawn(Forgiving, log)).ask(Parent.get())
        assert await eater.ask(Eater.eat("a", 2)) == "a at attempt 3"
        assert await eater.ask(Eater.life()) == 1

    system.run(main)


def test_a_stop_between_two_attempts_tells_the_asker_how_it_failed(system: System) -> None:
    async def main(system: System) -> None:
        log = await system.spawn(Recorder)
        eater = await (await system.spawn(Strict, log)).ask(Parent.get())
        with pytest.raises(Failed, match="a is poison") as caught:
            await eater.ask(Eater.eat("a", 1))
        assert caught.value.ran == "yes"
        with pytest.raises(NotRunning):
            await eater.ask(Eater.life())

    system.run(main)


def test_a_message_between_two_attempts_gives_its_place_to_nothing_newer(system: System) -> None:
    async def main(system: System) -> None:
        log, eater = await scene(system, Oldest)
        asked = asyncio.ensure_future(eater.ask(Eater.eat("a", 2)))
        await log.ask(Recorder.until(1))
        for number in range(5):
            eater.tell(Note(number))
        assert await asked == "a at attempt 3"

    system.run(main)


def test_a_deadline_that_passes_between_two_attempts_ends_them(system: System) -> None:
    async def main(system: System) -> None:
        log = await system.spawn(Recorder)
        eater = await (await system.spawn(Patient, log)).ask(Parent.get())
        while await eater.ask(Eater.life()) == 1:  # its time may be over before its first attempt
            with pytest.raises((TimedOut, Expired)):
                await eater.ask(Eater.eat("a", 1), timeout=0.1)  # the restart comes later than that
        assert await eater.ask(Eater.life()) == 2
        assert await log.ask(Recorder.until(1)) == ["a failed"]

    system.run(main)


class Patient(Parent):
    """Waits before it restarts its eater."""

    supervision = Supervision(backoff=Backoff(first=0.2, jitter=0.0))
