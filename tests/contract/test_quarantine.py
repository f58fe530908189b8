"""What is in quarantine can be listed, looked at, requeued and dropped, from any host for all hosts (A39)."""

import asyncio

import pytest

from actors import NotRunning, System, TimedOut
from tests.contract.cast import Gate, Note, Recorder
from tests.contract.eaters import Eater, Narrow, Poison, ours, scene


def test_a_quarantined_message_can_be_requeued_and_dropped(system: System) -> None:
    async def main(system: System) -> None:
        log, eater = await scene(system)
        for name in ("a", "b"):
            eater.tell(Poison(name))
        await log.ask(Recorder.until(6))
        await eater.ask(Eater.life())
        first, second = await ours(system, eater)
        assert first.age >= second.age >= 0.0
        assert await system.quarantine.drop(second)
        assert not await system.quarantine.drop(second)
        assert not await system.quarantine.requeue(second)
        with pytest.raises(LookupError, match="is not in quarantine"):
            await system.quarantine.message(second)
        assert await system.quarantine.message(first) == Poison("a")
        assert await system.quarantine.requeue(first)
        assert await log.ask(Recorder.until(9)) == ["a failed"] * 3 + ["b failed"] * 3 + ["a failed"] * 3
        await eater.ask(Eater.life())
        [again] = await ours(system, eater)
        assert (again.attempts, again.number > first.number) == (3, True)

    system.run(main)


def test_a_requeue_waits_for_room_and_is_refused_when_the_actor_has_ended(system: System) -> None:
    async def main(system: System) -> None:
        log, eater = await scene(system, Narrow)
        gate = await system.spawn(Gate)
        eater.tell(Poison("a"))
        await log.ask(Recorder.until(1))
        while not (found := await ours(system, eater)):
            pass
        [entry] = found
        assert entry.attempts == 1  # retry(0): quarantine at once
        holding = asyncio.ensure_future(eater.ask(Eater.hold(gate), timeout=None))
        await gate.ask(Gate.reached(1))
        eater.tell(Note("fills it"))
        with pytest.raises(TimedOut):
            await system.quarantine.requeue(entry, timeout=0.05)
        await asyncio.sleep(0.1)  # the actor's host counts from when it was asked, and says nothing when it gives up
        assert await ours(system, eater) != []
        await gate.ask(Gate.open())
        await holding
        assert await system.quarantine.requeue(entry)
        assert await log.ask(Recorder.until(3)) == ["a failed", "fills it", "a failed"]
        while not (found := [it for it in await ours(system, eater) if it.number != entry.number]):
            pass
        await system.stop_actor(eater)
        with pytest.raises(NotRunning):
            await system.quarantine.requeue(found[0])
        assert [it.number for it in await ours(system, eater)] == [found[0].number]

    system.run(main)
