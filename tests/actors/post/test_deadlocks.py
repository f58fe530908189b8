"""How one host looks for deadlocks: in steps, as far as it goes, and only while somebody waits."""

import asyncio
import gc
from typing import Any

import pytest

from actors import Actor, AskError, Deadlock, Ref, Settings, Stopped, System, call
from actors.post.deadlocks import LONGEST, STEPS

SOON = Settings(deadlock_after=0.02, stop_budget=0.05)
PATIENCE = 30.0


class Friend(Actor):
    """Asks the next one."""

    def __init__(self) -> None:
        self.next: Ref[Friend] | None = None

    @call
    def meet(self, other: "Ref[Friend]") -> None:
        self.next = other

    @call
    async def pass_on(self, times: int, timeout: float | None) -> object:
        """What comes of it: the names of a cycle, or another outcome."""
        assert self.next is not None
        request = Friend.pass_on(times - 1, timeout) if times else Friend.end()
        try:
            return await self.next.ask(request, timeout=timeout)
        except Deadlock as error:
            return error.cycle
        except AskError as error:
            return type(error).__name__

    @call
    async def wait(self) -> None:
        await asyncio.Event().wait()

    @call
    def end(self) -> str:
        return "through"


async def ring(system: System, count: int) -> list[Ref[Friend]]:
    friends = await system.spawn_many(Friend, [()] * count)
    for one, other in zip(friends, [*friends[1:], friends[0]], strict=True):
        await one.ask(Friend.meet(other))
    return friends


async def round_of(friends: list[Ref[Friend]], timeout: float | None = None) -> Any:
    """Each asks the next and the last one the first, who waits."""
    async with asyncio.timeout(PATIENCE):
        return await friends[0].ask(Friend.pass_on(len(friends) - 1, timeout), timeout=None)


def test_a_cycle_is_found_among_more_asks_than_are_looked_at_in_one_go() -> None:
    async def main(system: System) -> None:
        busy = await system.spawn(Friend)
        others = [busy.ask(Friend.wait(), timeout=None) for _ in range(3 * STEPS)]
        assert len(await round_of(await ring(system, 2))) == 2
        await system.stop_actor(busy)
        await asyncio.gather(*others, return_exceptions=True)

    System(on="local", settings=SOON).run(main)


def test_the_longest_cycle_is_found_and_a_longer_one_ends_by_its_deadline() -> None:
    async def main(system: System) -> None:
        assert len(await round_of(await ring(system, LONGEST))) == LONGEST
        assert await round_of(await ring(system, LONGEST + 1), 1.0) == "TimedOut"

    System(on="local", settings=SOON).run(main)


def test_nobody_looks_while_no_handler_waits_and_nothing_of_an_ended_ask_is_kept() -> None:
    async def main(system: System) -> None:
        deadlocks = system.host.deadlocks
        assert len(await round_of(await ring(system, 2))) == 2
        busy = await system.spawn(Friend)
        waiting = asyncio.ensure_future(busy.ask(Friend.wait(), timeout=None))  # the main function is no handler
        async with asyncio.timeout(PATIENCE):
            while deadlocks._look_due is not None or deadlocks._rest is not None:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.01)
        gc.collect()
        assert not [wait for wait in deadlocks._waits.values() if wait.future() is not None]
        assert not waiting.done()
        await system.stop_actor(busy)
        with pytest.raises(Stopped):
            await waiting

    System(on="local", settings=SOON).run(main)
