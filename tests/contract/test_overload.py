"""More work than can be done (A44): what has waited too long is shed, per verb, and signals get through."""

import asyncio

import pytest

from actors import (
    Actor,
    MailboxOptions,
    NotRunning,
    Overloaded,
    Priority,
    Reason,
    Ref,
    Shedding,
    System,
    call,
    retry,
)
from tests.contract.cast import Recorder, dead


class Swamped(Actor):
    """Takes every wait for too long, so it is overloaded as soon as one interval has passed."""

    mailbox = MailboxOptions(shedding=Shedding(target=1e-9, interval=0.3), on_failure=retry(1))

    def __init__(self, log: "Ref[Recorder]") -> None:
        self.log = log
        self.taken = 0

    @call
    def take(self) -> int:
        self.taken += 1
        return self.taken

    @call(priority=Priority.URGENT)
    def urgent(self) -> int:
        return self.taken

    @call(interleaved=True)
    async def beside(self) -> int:
        return self.taken

    @call
    def fail_once(self) -> str:
        if self.context.attempt == 1:
            raise ValueError("planned")
        return "at the second attempt"


async def swamped(system: System) -> Ref[Swamped]:
    actor = await system.spawn(Swamped, await system.spawn(Recorder))
    while await is_handled(actor):
        pass
    return actor


async def is_handled(actor: Ref[Swamped]) -> bool:
    try:
        await actor.ask(Swamped.take())
    except Overloaded:
        return False
    return True


async def accounts(system: System) -> tuple[int, int]:
    """Messages handled, and messages shed, on all hosts."""
    return sum(host.handled for host in await system.stats()), (await dead(system))[Reason.SHED]


def test_an_ask_that_is_shed_hears_overloaded_and_when_to_ask_again(system: System) -> None:
    async def main(system: System) -> None:
        actor = await swamped(system)
        with pytest.raises(Overloaded, match="ask again in 0.3 s") as caught:
            await actor.ask(Swamped.take())
        assert (caught.value.ran, caught.value.retry_after) == ("no", 0.3)
        with pytest.raises(Overloaded):
            await actor.ask(Swamped.beside())

    system.run(main)


def test_a_tell_and_an_accepted_send_that_are_shed_are_dead_letters_and_not_handled(system: System) -> None:
    async def main(system: System) -> None:
        actor = await swamped(system)
        handled, shed = await accounts(system)
        for _ in range(50):
            actor.tell(Swamped.take())
            await actor.send(Swamped.take())
        while sum(now := await accounts(system)) < handled + shed + 100:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0)  # on `local` the look itself lets nobody else run
        assert sum(now) == handled + shed + 100
        assert now[1] > shed

    system.run(main)


def test_each_level_is_judged_by_itself(system: System) -> None:
    async def main(system: System) -> None:
        actor = await swamped(system)
        assert await actor.ask(Swamped.urgent()) > 0

    system.run(main)


def test_a_message_that_is_tried_again_is_not_shed(system: System) -> None:
    async def main(system: System) -> None:
        actor = await system.spawn(Swamped, await system.spawn(Recorder))
        assert await actor.ask(Swamped.fail_once()) == "at the second attempt"

    system.run(main)


def test_stops_and_watches_get_through_whatever_waits(system: System) -> None:
    async def main(system: System) -> None:
        actor, log = await swamped(system), await system.spawn(Recorder)
        await log.ask(Recorder.watch(actor))
        for _ in range(1000):
            actor.tell(Swamped.take())
        await system.stop_actor(actor)
        [ended] = await log.ask(Recorder.until(1))
        assert ended.ref == actor  # type: ignore[attr-defined]
        with pytest.raises(NotRunning):
            await actor.ask(Swamped.take())

    system.run(main)
