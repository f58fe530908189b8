"""Timers: keyed, never early, one tick for many missed ones (A47); what waits for a time, by a clock of our own."""

import gc

import pytest

from actors import Actor, Backoff, Message, ReceiveTimeout, Supervision, System, TimedOut, call, receive
from actors.cells.timers import Timer
from tests.actors.clockwork import Clockwork, run
from tests.contract.cast import Gate


class Tick(Message):
    """A timer's message."""

    key: str


class Timed(Actor):
    """Notes when its ticks come, and how many were missed."""

    def __init__(self) -> None:
        self.ticks: list[tuple[str, float, int]] = []

    @call
    def once(self, key: str, seconds: float) -> None:
        self.context.timers.once(key, seconds, Tick(key))

    @call
    def rate(self, key: str, seconds: float) -> None:
        self.context.timers.fixed_rate(key, seconds, Tick(key))

    @call
    def delay(self, key: str, seconds: float) -> None:
        self.context.timers.fixed_delay(key, seconds, Tick(key))

    @call
    def cancel(self, key: str) -> bool:
        return self.context.timers.cancel(key)

    @call
    def unknown(self) -> None:
        self.context.timers.once("x", 1.0, 5)

    @call
    def running(self) -> int:
        return len(self.context.timers)

    @call
    def quiet(self, seconds: float) -> None:
        self.context.receive_timeout(seconds)

    @call
    async def busy(self, gate: "object") -> None:
        await gate.ask(Gate.passed(), timeout=None)  # type: ignore[attr-defined]

    @receive
    def tick(self, tick: Tick) -> None:
        self.ticks.append((tick.key, round(self.context.now() - 1000.0, 6), self.context.missed))

    @receive
    def nothing(self, event: ReceiveTimeout) -> None:
        self.ticks.append(("quiet", round(self.context.now() - 1000.0, 6), 0))

    @call
    def look(self) -> list[tuple[str, float, int]]:
        return list(self.ticks)

    @call
    def fail(self) -> None:
        raise ValueError("planned")


async def passed(loop: Clockwork, seconds: float) -> None:
    """Until that much time is over, by the loop's clock."""
    future = loop.create_future()
    loop.call_later(seconds, future.set_result, None)
    await future


def test_each_kind_of_timer_comes_at_its_times_and_never_early() -> None:
    async def main(system: System, loop: Clockwork) -> None:
        timed = await system.spawn(Timed)
        await timed.ask(Timed.once("once", 5.0))
        await timed.ask(Timed.rate("rate", 2.0))
        await passed(loop, 7.0)
        found = await timed.ask(Timed.look())
        assert [it[0] for it in found] == ["rate", "rate", "once", "rate"]
        for (_, at, missed), due in zip(found, (2.0, 4.0, 5.0, 6.0), strict=True):
            assert due <= at < due + 0.01
            assert missed == 0
        assert await timed.ask(Timed.running()) == 1

    run(main)


def test_a_pause_of_thirty_seconds_is_one_tick_that_counts_the_missed_ones() -> None:
    async def main(system: System, loop: Clockwork) -> None:
        timed = await system.spawn(Timed)
        await timed.ask(Timed.rate("rate", 1.0))
        loop.pause(30.0)
        await passed(loop, 1.5)
        found = await timed.ask(Timed.look())
        assert (found[0][1], found[0][2]) == (30.0, 29)
        assert [missed for _, _, missed in found[1:]] == [0]

    run(main)


def test_ticks_of_a_busy_actor_share_one_place_in_its_mailbox() -> None:
    async def main(system: System, loop: Clockwork) -> None:
        gate, timed = await system.spawn(Gate), await system.spawn(Timed)
        await timed.ask(Timed.rate("rate", 1.0))
        timed.tell(Timed.busy(gate))
        await passed(loop, 10.5)
        [stats] = await system.stats()
        assert stats.depth == 1
        await gate.ask(Gate.open())
        found = await timed.ask(Timed.look())
        assert [(key, missed) for key, _, missed in found] == [("rate", 9)]

    run(main)


def test_a_fixed_delay_counts_from_the_last_tick() -> None:
    async def main(system: System, loop: Clockwork) -> None:
        timed = await system.spawn(Timed)
        await timed.ask(Timed.delay("delay", 2.0))
        loop.pause(3.0)
        await passed(loop, 2.5)
        assert [(round(at, 3), missed) for _, at, missed in await timed.ask(Timed.look())] == [(3.0, 0), (5.0, 0)]

    run(main)


def test_a_timer_of_the_same_key_replaces_the_first_and_a_cancelled_one_is_silent() -> None:
    async def main(system: System, loop: Clockwork) -> None:
        gate, timed = await system.spawn(Gate), await system.spawn(Timed)
        await timed.ask(Timed.once("a", 1.0))
        await timed.ask(Timed.once("a", 3.0))
        assert await timed.ask(Timed.running()) == 1
        await passed(loop, 2.0)
        assert await timed.ask(Timed.look()) == []
        timed.tell(Timed.busy(gate))
        cancelling = timed.ask(Timed.cancel("a"))  # waits behind the gate, and its tick behind it
        await passed(loop, 2.0)
        await gate.ask(Gate.open())
        assert await cancelling is True
        assert await timed.ask(Timed.look()) == []
        assert await timed.ask(Timed.cancel("a")) is False

    run(main)


def test_an_actor_that_ends_while_a_tick_waits_leaves_nothing_in_memory() -> None:
    async def main(system: System, loop: Clockwork) -> None:
        timed, gate = await system.options(stop_budget=0.0).spawn(Timed), await system.spawn(Gate)
        await timed.ask(Timed.rate("a", 1.0))
        timed.tell(Timed.busy(gate))
        await passed(loop, 3.5)
        assert len(system.host.cells[timed.address.number].mailbox) == 1
        await system.stop_actor(timed)
        gc.collect()
        assert [it for it in gc.get_objects() if isinstance(it, Timer) and it.cell.address == timed.address] == []

    run(main)


def test_a_tick_that_waited_for_interleaved_handlers_is_handled_once() -> None:
    async def main(system: System, loop: Clockwork) -> None:
        gate, reader = await system.spawn(Gate), await system.spawn(Reader)
        await reader.ask(Reader.once())
        reader.tell(Reader.read(gate))
        await passed(loop, 2.0)
        await gate.ask(Gate.open())
        assert await reader.ask(Reader.count()) == 1

    run(main)


class Reader(Actor):
    def __init__(self) -> None:
        self.ticks = 0

    @call
    def once(self) -> None:
        self.context.timers.once("t", 1.0, Tick("t"))

    @call(interleaved=True)
    async def read(self, gate: "object") -> None:
        await gate.ask(Gate.passed(), timeout=None)  # type: ignore[attr-defined]

    @receive
    def tick(self, tick: Tick) -> None:
        self.ticks += 1

    @call
    def count(self) -> int:
        return self.ticks


def test_a_message_that_nobody_handles_is_refused_when_the_timer_is_started() -> None:
    async def main(system: System, loop: Clockwork) -> None:
        timed = await system.spawn(Timed)
        with pytest.raises(Exception, match="no handler for int"):
            await timed.ask(Timed.unknown())
        with pytest.raises(Exception, match="positive number of seconds"):
            await timed.ask(Timed.rate("x", 0.0))

    run(main)


def test_a_receive_timeout_counts_from_the_last_message_and_not_while_one_is_handled() -> None:
    async def main(system: System, loop: Clockwork) -> None:
        gate, timed = await system.spawn(Gate), await system.spawn(Timed)
        await timed.ask(Timed.quiet(10.0))
        await passed(loop, 6.0)
        await timed.ask(Timed.running())
        await passed(loop, 6.0)
        assert await timed.ask(Timed.look()) == []  # 12 s, but never 10 without a message
        await passed(loop, 25.0)
        assert [it[0] for it in await timed.ask(Timed.look())] == ["quiet", "quiet"]
        timed.tell(Timed.busy(gate))
        await passed(loop, 60.0)
        await gate.ask(Gate.open())
        assert len(await timed.ask(Timed.look())) == 2

    run(main)


def test_an_ask_ends_at_its_deadline_and_never_early() -> None:
    async def main(system: System, loop: Clockwork) -> None:
        gate = await system.spawn(Gate)
        for seconds in (0.001, 0.5, 30.0):
            began = loop.time()
            with pytest.raises(TimedOut):
                await gate.ask(Gate.passed(), timeout=seconds)
            assert seconds <= loop.time() - began <= seconds + 0.021
        began = loop.time()
        with pytest.raises(TimedOut):
            await gate.ask(Gate.passed())  # the setting
        assert 30.0 <= loop.time() - began <= 30.021

    run(main)


def test_a_restart_waits_longer_after_each_failure_and_the_first_wait_again_after_a_quiet_time() -> None:
    async def main(system: System, loop: Clockwork) -> None:
        boss = await system.spawn(Boss)
        timed = await boss.ask(Boss.get())
        waits = []
        for rest in (0.0, 0.0, 0.0, 200.0):
            await passed(loop, rest)
            began = loop.time()
            timed.tell(Timed.fail())
            await timed.ask(Timed.look())
            waits.append(round(loop.time() - began, 1))
        assert waits == [1.0, 2.0, 4.0, 1.0]

    run(main)


class Boss(Actor):
    supervision = Supervision(backoff=Backoff(first=1.0, jitter=0.0))

    async def on_start(self) -> None:
        self.timed = await self.context.spawn(Timed)

    @call
    def get(self) -> object:
        return self.timed
