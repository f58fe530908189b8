"""Order (A25), acceptance (A32), overflow per verb and policy (A33), conflation (A34), priorities (A35)."""

import asyncio
import itertools
from typing import Any

import pytest

from actors import (
    Actor,
    MailboxFull,
    MailboxOptions,
    NotHandled,
    NotRunning,
    Overflow,
    Priority,
    Reason,
    Ref,
    System,
    TimedOut,
    call,
)
from tests.contract.cast import Gate, dead


class Taker(Actor):
    """Is held up at the gate, then takes what is in its mailbox."""

    mailbox = MailboxOptions(bound=2)

    def __init__(self) -> None:
        self.taken: list[object] = []

    @call
    async def hold(self, gate: Ref[Gate]) -> None:
        await gate.ask(Gate.passed(), timeout=None)

    @call
    def take(self, item: object) -> object:
        self.taken.append(item)
        return item

    @call(priority=Priority.URGENT)
    def fail(self) -> None:
        raise ValueError("planned")

    @call
    def all(self) -> list[object]:
        return self.taken

    @call(conflate="key")
    def place(self, key: str, value: int) -> None:
        self.taken.append((key, value))

    @call
    async def send_to_self(self) -> str:
        for number in range(3):
            try:
                await self.context.ref.send(Taker.take(number))
            except MailboxFull:
                return f"full at {number}"
        return "room"


class Newest(Taker):
    mailbox = MailboxOptions(bound=2, overflow=Overflow.DROP_NEWEST)


class Oldest(Taker):
    mailbox = MailboxOptions(bound=2, overflow=Overflow.DROP_OLDEST)


class Roomy(Taker):
    mailbox = MailboxOptions(bound=100_000)


async def held_up(system: System, kind: type[Taker]) -> tuple[Ref[Gate], Ref[Taker], "asyncio.Future[Any]"]:
    gate, taker = await system.spawn(Gate), await system.spawn(kind)
    holding = asyncio.ensure_future(taker.ask(Taker.hold(gate), timeout=None))
    await gate.ask(Gate.reached(1))
    return gate, taker, holding


async def released(system: System, gate: Ref[Gate], taker: Ref[Taker], holding: "asyncio.Future[Any]") -> list[object]:
    await gate.ask(Gate.open())
    await holding
    while sum(host.depth for host in await system.stats()):  # noqa: ASYNC110 - all there is to see from outside
        await asyncio.sleep(0)
    return list(await taker.ask(Taker.all()))


@pytest.mark.parametrize(("kind", "kept"), [(Taker, [0, 1]), (Newest, [0, 1]), (Oldest, [1, 2])])
def test_tell_without_room_never_raises_and_the_loser_is_a_dead_letter(
    system: System, kind: type[Taker], kept: list[int]
) -> None:
    async def main(system: System) -> None:
        gate, taker, holding = await held_up(system, kind)
        for number in range(3):
            taker.tell(Taker.take(number))
        assert (await dead(system))[Reason.MAILBOX_FULL] == 1
        assert await released(system, gate, taker, holding) == kept

    system.run(main)


@pytest.mark.parametrize(("kind", "loser"), [(Taker, 2), (Newest, 2), (Oldest, 0)])
def test_ask_without_room_or_evicted_hears_mailbox_full(system: System, kind: type[Taker], loser: int) -> None:
    async def main(system: System) -> None:
        gate, taker, holding = await held_up(system, kind)
        asks = [asyncio.ensure_future(taker.ask(Taker.take(number))) for number in range(3)]
        with pytest.raises(MailboxFull):
            await asks[loser]
        await released(system, gate, taker, holding)
        assert [await it for number, it in enumerate(asks) if number != loser] == [it for it in range(3) if it != loser]
        assert (await dead(system))[Reason.MAILBOX_FULL] == 0  # whoever asked has heard

    system.run(main)


def test_send_waits_for_room_under_reject_first_come_first_served(system: System) -> None:
    async def main(system: System) -> None:
        gate, taker, holding = await held_up(system, Taker)
        sends = [asyncio.ensure_future(taker.send(Taker.take(number))) for number in range(5)]
        await asyncio.gather(*sends[:2])
        taker.tell(Taker.take("overtaking"))  # while anyone waits, the mailbox is full for all others
        with pytest.raises(MailboxFull):
            await taker.ask(Taker.take("overtaking"))
        assert [it.done() for it in sends] == [True, True, False, False, False]
        await gate.ask(Gate.open())
        await asyncio.gather(*sends, holding)
        await taker.send(Taker.take("last"))
        seen: list[object] = []
        while "last" not in seen:
            seen = list(await taker.ask(Taker.all()))
        assert seen == [0, 1, 2, 3, 4, "last"]
        assert (await dead(system))[Reason.MAILBOX_FULL] == 1

    system.run(main)


@pytest.mark.parametrize(("kind", "kept"), [(Newest, [0, 1]), (Oldest, [1, 2])])
def test_send_under_the_dropping_policies_does_not_wait(system: System, kind: type[Taker], kept: list[int]) -> None:
    async def main(system: System) -> None:
        gate, taker, holding = await held_up(system, kind)
        for number in range(2):
            await taker.send(Taker.take(number))
        if kind is Newest:
            with pytest.raises(MailboxFull):
                await taker.send(Taker.take(2))
        else:
            await taker.send(Taker.take(2))
        assert await released(system, gate, taker, holding) == kept

    system.run(main)


def test_a_waiting_send_that_is_cancelled_or_timed_out_is_never_seen(system: System) -> None:
    async def main(system: System) -> None:
        gate, taker, holding = await held_up(system, Taker)
        for number in range(2):
            await taker.send(Taker.take(number))
        waiting = asyncio.ensure_future(taker.send(Taker.take("cancelled")))
        await asyncio.sleep(0)
        with pytest.raises(TimedOut):
            await taker.send(Taker.take("timed out"), timeout=0.01)
        after = asyncio.ensure_future(taker.send(Taker.take("after")))
        waiting.cancel()
        await asyncio.wait([waiting])
        with pytest.raises(MailboxFull):  # so the mailbox has heard of the cancelling, which was sent before
            await taker.ask(Taker.all())
        await gate.ask(Gate.open())
        await after
        await holding
        assert await taker.ask(Taker.all()) == [0, 1, "after"]

    system.run(main)


def test_a_waiting_send_hears_not_running_when_the_actor_stops(system: System) -> None:
    async def main(system: System) -> None:
        _, taker, holding = await held_up(system, Taker)
        sends = [asyncio.ensure_future(taker.send(Taker.take(number))) for number in range(3)]
        await asyncio.gather(*sends[:2])
        holding.cancel()
        stopping = asyncio.ensure_future(system.stop_actor(taker))
        with pytest.raises(NotRunning):
            await sends[2]
        with pytest.raises(NotRunning):
            await taker.send(Taker.take(9))
        stopping.cancel()  # it goes on all the same

    system.run(main)


def test_send_to_oneself_without_room_raises(system: System) -> None:
    async def main(system: System) -> None:
        taker = await system.spawn(Taker)
        assert await taker.ask(Taker.send_to_self()) == "full at 2"

    system.run(main)


def test_what_one_sender_sends_is_handled_in_order_whatever_the_verb(system: System) -> None:
    async def main(system: System) -> None:
        taker = await system.spawn(Roomy)
        waits: list[Any] = []
        for number in range(1000):
            match number % 3:
                case 0:
                    taker.tell(Taker.take(number))
                case 1:
                    waits.append(taker.ask(Taker.take(number)))
                case _:
                    waits.append(asyncio.ensure_future(_sent(taker, number)))
                    await asyncio.sleep(0)
        await asyncio.gather(*waits)
        assert await taker.ask(Taker.all()) == list(range(1000))

    system.run(main)


async def _sent(taker: Ref[Taker], number: int) -> None:
    await taker.send(Taker.take(number))


def test_what_is_missing_in_the_order_is_in_the_dead_letters(system: System) -> None:
    async def main(system: System) -> None:
        taker = await system.spawn(Oldest)
        for number in range(100):
            taker.tell(Taker.take(number))
            if number % 12 == 0:
                taker.tell(Taker.fail())
            if number % 10 == 0:
                await taker.ask(Taker.all())
        seen = await taker.ask(Taker.all())
        assert list(seen) == sorted(seen)  # type: ignore[type-var]
        stats = await system.stats()
        told = 100 + 9 + 11
        assert sum(host.handled for host in stats) + (await dead(system))[Reason.MAILBOX_FULL] == told

    system.run(main)


def test_a_newer_message_of_a_key_takes_the_place_of_the_waiting_one(system: System) -> None:
    async def main(system: System) -> None:
        gate, taker, holding = await held_up(system, Roomy)
        for value in range(10):
            for key in "abc":
                taker.tell(Taker.place(key, value))
            taker.tell(Taker.take(value))
        seen = await released(system, gate, taker, holding)
        assert seen == [("a", 9), ("b", 9), ("c", 9), *range(10)]
        taker.tell(Taker.place("a", 10))  # the key is free again
        assert (await taker.ask(Taker.all()))[-1] == ("a", 10)
        assert sum((await dead(system)).values()) == 0

    system.run(main)


def test_an_ask_is_not_conflated_and_send_refuses_to(system: System) -> None:
    async def main(system: System) -> None:
        gate, taker, holding = await held_up(system, Roomy)
        taker.tell(Taker.place("a", 1))
        asked = asyncio.ensure_future(taker.ask(Taker.place("a", 2)))
        taker.tell(Taker.place("a", 3))
        with pytest.raises((TypeError, NotHandled), match="Use tell"):
            await taker.send(Taker.place("a", 4))
        assert await released(system, gate, taker, holding) == [("a", 3), ("a", 2)]
        await asked

    system.run(main)


class Levels(Actor):
    """One handler for each level."""

    mailbox = MailboxOptions(bound=100_000)

    def __init__(self) -> None:
        self.order: list[str] = []

    @call
    async def hold(self, gate: Ref[Gate]) -> None:
        await gate.ask(Gate.passed(), timeout=None)

    @call(priority=Priority.URGENT)
    def urgent(self) -> None:
        self.order.append("urgent")

    @call(priority=Priority.HIGH)
    def high(self) -> None:
        self.order.append("high")

    @call
    def normal(self) -> None:
        self.order.append("normal")

    @call(priority=Priority.LOW)
    def low(self) -> None:
        self.order.append("low")

    @call(priority=Priority.LOW)
    def all(self) -> list[str]:
        return self.order


def test_higher_levels_go_first_and_a_waiting_level_is_served_once_in_sixteen(system: System) -> None:
    async def main(system: System) -> None:
        gate, levels = await system.spawn(Gate), await system.spawn(Levels)
        holding = asyncio.ensure_future(levels.ask(Levels.hold(gate), timeout=None))
        await gate.ask(Gate.reached(1))
        for _ in range(500):
            for message in (Levels.low(), Levels.normal(), Levels.high(), Levels.urgent()):
                levels.tell(message)
        await gate.ask(Gate.open())
        await holding
        order = await levels.ask(Levels.all())
        assert order[:8] == ["urgent"] * 8
        for level in ("high", "normal", "low"):
            last = max(position for position, it in enumerate(order) if it == level)
            gaps = [position for position, it in enumerate(order[: last + 1]) if it == level]
            assert gaps[0] <= 16
            assert max(b - a for a, b in itertools.pairwise(gaps)) <= 16

    system.run(main)


def test_a_busy_actor_does_not_keep_the_others_waiting(system: System) -> None:
    async def main(system: System) -> None:
        busy, other = await system.spawn(Roomy), await system.spawn(Roomy)
        for number in range(5_000):
            busy.tell(Taker.take(number))
        await other.ask(Taker.take(1))
        assert len(await busy.ask(Taker.all())) == 5_000

    system.run(main)
