"""Actors that wait for each other's answers are found, on whatever hosts, and nobody else is taken for one (A43)."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from actors import Actor, AskError, Deadlock, MailboxOptions, Ref, Settings, System, TimedOut, blocking, call
from tests.contract.cast import Gate

PATIENCE = 20.0
SHORT = 0.5
"""Seconds for what only a deadline ends: time enough to be found several times over."""


async def asked(ref: "Ref[Philosopher]", request: Any, timeout: float | None = None) -> object:
    """The answer, or the names of the cycle, or the name of another outcome."""
    try:
        return await ref.ask(request, timeout=timeout)
    except Deadlock as error:
        return error.cycle if error.ran == "no" else ()
    except AskError as error:
        return type(error).__name__


class Philosopher(Actor):
    """Asks the next one, in every way there is."""

    def __init__(self) -> None:
        self.next: Ref[Philosopher] | None = None
        self.served = 0

    @property
    def neighbour(self) -> "Ref[Philosopher]":
        assert self.next is not None
        return self.next

    @call
    def sit_beside(self, other: "Ref[Philosopher]") -> None:
        self.next = other

    @call
    def serve(self) -> str:
        self.served += 1
        return "served"

    @call
    def servings(self) -> int:
        return self.served

    @call
    async def pass_on(self, times: int, timeout: float | None) -> object:
        """Let the next one pass on, and the last one's neighbour serve."""
        return await asked(
            self.neighbour, Philosopher.pass_on(times - 1, timeout) if times else Philosopher.serve(), timeout
        )

    @call(blocking=True)
    def pass_on_in_a_thread(self) -> object:
        try:
            return blocking(self.context).ask(self.neighbour, Philosopher.pass_on(0, None), timeout=None)
        except Deadlock as error:
            return error.cycle

    @call
    async def pass_on_in_a_group(self, timeout: float) -> object:
        asks = [self.neighbour.ask(Philosopher.pass_on(0, timeout), timeout=timeout)]
        found = (await asyncio.gather(*asks, return_exceptions=True))[0]
        return type(found).__name__ if isinstance(found, Exception) else found

    @call
    async def pass_on_in_a_task(self, timeout: float) -> object:
        return await asyncio.ensure_future(asked(self.neighbour, Philosopher.pass_on(0, timeout), timeout))

    @call(interleaved=True)
    async def pass_on_beside_others(self) -> object:
        return await asked(self.neighbour, Philosopher.pass_on_to_be_looked_at())

    @call
    async def pass_on_to_be_looked_at(self) -> object:
        await asyncio.sleep(0.3)
        return await asked(self.neighbour, Philosopher.look())

    @call(interleaved=True)
    async def look(self) -> str:
        return "looked"

    @call
    async def ask_itself(self) -> object:
        return await asked(self.context.ref, Philosopher.serve())

    @call
    async def ask_itself_later(self) -> str:
        self.context.pipe(self.context.ref.ask(Philosopher.serve()), lambda _: Philosopher.serve())
        await asyncio.sleep(0.3)
        return "well"

    @call
    async def ask_for_a_promise(self, timeout: float) -> object:
        return await asked(self.neighbour, Philosopher.promise_beside(timeout), timeout)

    @call
    async def promise_beside(self, timeout: float) -> object:
        reply = self.context.reply_later()

        async def keep() -> None:
            await asyncio.sleep(0.3)
            reply.reply("kept")

        keeping = asyncio.ensure_future(keep())
        await asked(self.neighbour, Philosopher.serve(), timeout)
        await keeping
        return None

    @call
    async def send_twice(self) -> object:
        """The first finds room, the second waits for it."""
        try:
            for _ in range(2):
                await self.neighbour.send(Philosopher.serve(), timeout=SHORT)
        except TimedOut:
            return "timed out"
        return "sent"

    @call
    async def wait_for_one_who_sends(self) -> object:
        return await asked(self.neighbour, Philosopher.send_twice())

    @call
    async def wait_for(self, gate: Ref[Gate]) -> str:
        await gate.ask(Gate.passed(), timeout=None)
        return "through"

    @call
    async def pass_on_to(self, gate: Ref[Gate], times: int) -> object:
        request = Philosopher.pass_on_to(gate, times - 1) if times else Philosopher.wait_for(gate)
        return await asked(self.neighbour, request)


class Narrow(Philosopher):
    """Has room for one request."""

    mailbox = MailboxOptions(bound=1)


async def table(system: System, count: int, kind: Any = Philosopher) -> list[Ref[Philosopher]]:
    """So many around a table, each of whom asks the next one."""
    refs = [await system.spawn(kind) for _ in range(count)]
    await seat(refs)
    return refs


async def seat(refs: Sequence[Ref[Philosopher]]) -> None:
    for ref, other in zip(refs, [*refs[1:], refs[0]], strict=True):
        await ref.ask(Philosopher.sit_beside(other))


def names(refs: Sequence[Ref[Philosopher]]) -> set[str]:
    return {f"Philosopher {ref.address}" for ref in refs}


@pytest.mark.parametrize("count", [2, 3, 5])
def test_a_cycle_ends_by_one_ask_that_names_all_in_it_and_whose_request_never_runs(system, count):
    async def main(system: System) -> None:
        refs = await table(system, count)
        async with asyncio.timeout(PATIENCE):
            found = await refs[0].ask(Philosopher.pass_on(count - 1, None), timeout=None)
        assert isinstance(found, tuple)
        assert set(found) == names(refs)
        assert len(found) == count
        assert [await ref.ask(Philosopher.servings()) for ref in refs] == [0] * count

    system.run(main)


def test_the_actors_of_a_cycle_go_on_afterwards(system):
    async def main(system: System) -> None:
        refs = await table(system, 3)
        for _ in range(2):
            async with asyncio.timeout(PATIENCE):
                assert set(await refs[0].ask(Philosopher.pass_on(2, None), timeout=None)) == names(refs)
        assert await refs[0].ask(Philosopher.pass_on(1, None)) == "served"

    system.run(main)


def test_two_cycles_at_once_are_both_found_and_a_chain_that_leads_into_one_goes_on(system):
    async def main(system: System) -> None:
        one, other = await table(system, 2), await table(system, 3)
        outsider = await system.spawn(Philosopher)
        await outsider.ask(Philosopher.sit_beside(one[0]))
        async with asyncio.timeout(PATIENCE):
            asks = [refs[0].ask(Philosopher.pass_on(len(refs) - 1, None), timeout=None) for refs in (one, other)]
            served = outsider.ask(Philosopher.pass_on(0, None), timeout=None)
            assert [set(await it) for it in asks] == [names(one), names(other)]
            assert await served == "served"

    system.run(main)


def test_who_awaits_an_ask_to_itself_hears_at_once(system):
    async def main(system: System) -> None:
        ref = await system.spawn(Philosopher)
        async with asyncio.timeout(PATIENCE):
            assert await ref.ask(Philosopher.ask_itself(), timeout=None) == tuple(names([ref]))
        assert await ref.ask(Philosopher.servings()) == 0

    system.run(main)


def test_an_ask_to_itself_that_its_handler_does_not_await_is_answered(system):
    async def main(system: System) -> None:
        ref = await system.spawn(Philosopher)
        assert await ref.ask(Philosopher.ask_itself_later()) == "well"
        async with asyncio.timeout(PATIENCE):
            while await ref.ask(Philosopher.servings()) < 2:  # the piped result, and what it is made into
                pass

    system.run(main)


def test_a_blocking_handler_that_asks_makes_an_edge(system):
    async def main(system: System) -> None:
        refs = await table(system, 2)
        # hours, for the time of a simulated world flies while a thread is slow to call
        found = await refs[0].ask(Philosopher.pass_on_in_a_thread(), timeout=10_000.0)
        assert set(found) == names(refs)

    system.run(main)


def test_a_slow_chain_is_no_cycle(system):
    async def main(system: System) -> None:
        refs, gate = await table(system, 5), await system.spawn(Gate)
        waiting = asyncio.ensure_future(refs[0].ask(Philosopher.pass_on_to(gate, 2), timeout=None))
        await asyncio.sleep(SHORT)
        assert not waiting.done()
        await gate.ask(Gate.open())
        assert await waiting == "through"

    system.run(main)


@pytest.mark.parametrize("way", [Philosopher.pass_on_in_a_group, Philosopher.pass_on_in_a_task])
def test_what_a_handler_awaits_beside_or_around_an_ask_makes_no_edge_and_ends_by_its_deadline(system, way):
    async def main(system: System) -> None:
        refs = await table(system, 2)
        async with asyncio.timeout(PATIENCE):
            assert await asked(refs[0], way(SHORT)) == "TimedOut"

    system.run(main)


def test_an_interleaved_handler_makes_no_edge(system):
    async def main(system: System) -> None:
        refs = await table(system, 2)
        async with asyncio.timeout(PATIENCE):
            assert await refs[0].ask(Philosopher.pass_on_beside_others(), timeout=None) == "looked"

    system.run(main)


def test_a_promised_reply_makes_no_edge_for_it_may_come_from_elsewhere(system):
    async def main(system: System) -> None:
        refs = await table(system, 2)
        async with asyncio.timeout(PATIENCE):
            assert await refs[0].ask(Philosopher.ask_for_a_promise(None), timeout=None) == "kept"

    system.run(main)


def test_a_send_that_waits_for_room_makes_no_edge(system):
    async def main(system: System) -> None:
        refs = await table(system, 2, Narrow)
        async with asyncio.timeout(PATIENCE):
            assert await refs[0].ask(Philosopher.wait_for_one_who_sends(), timeout=None) == "timed out"

    system.run(main)


def test_with_the_setting_zero_nothing_is_looked_for():
    async def main(system: System) -> None:
        refs = await table(system, 2)
        with pytest.raises(TimedOut):
            await refs[0].ask(Philosopher.pass_on(1, SHORT), timeout=SHORT)

    System(on="simulation", settings=Settings(deadlock_after=0.0)).run(main)
