"""Time moved by hand: timers, deadlines, backoff and sleeps come in order, at once, and only when the test says so."""

import asyncio
import threading
import time as real
from typing import Any

import pytest

from actors import Actor, Backoff, Message, Ref, Settings, Supervision, System, TimedOut, call, receive
from actors.testing import ManualTime, Probe, Stuck, run

WEEK = 7 * 24 * 3600.0


class Tick(Message):
    name: str
    at: float = 0.0


class Sleeper(Actor):
    def __init__(self, to: "Ref[Any]") -> None:
        self.to = to
        self.begin = self.context.now()

    @receive
    def tick(self, tick: Tick) -> None:
        self.to.tell(Tick(tick.name, round(self.context.now() - self.begin, 6)))

    @call
    def once(self, name: str, seconds: float) -> None:
        self.context.timers.once(name, seconds, Tick(name))

    @call
    def every(self, name: str, seconds: float) -> None:
        self.context.timers.fixed_rate(name, seconds, Tick(name))

    @call
    def each(self, name: str, seconds: float) -> None:
        self.context.timers.fixed_delay(name, seconds, Tick(name))

    @call
    async def sleep(self, name: str, seconds: float) -> float:
        await asyncio.sleep(seconds)
        self.tick(Tick(name))
        return seconds

    @call(blocking=True)
    def in_thread(self, go: threading.Event) -> None:
        go.wait()
        self.to.tell(Tick("thread"))

    @call
    async def to_thread(self, go: threading.Event) -> None:
        await asyncio.to_thread(go.wait)
        self.to.tell(Tick("to_thread"))


class Fragile(Actor):
    def __init__(self, to: "Ref[Any]") -> None:
        to.tell(Tick("born", self.context.now()))

    @call
    def fail(self) -> None:
        raise ValueError("on purpose")


def on_manual_time(main, **options):
    time = ManualTime(**options)

    async def whole(system: System) -> None:
        await main(system, time)

    run(whole, time=time)


def test_what_becomes_due_comes_in_order_and_nothing_comes_before():
    async def main(system: System, time: ManualTime) -> None:
        probe = Probe(system)
        sleeper = await system.spawn(Sleeper, probe.ref)
        sleeper.tell(Sleeper.once("third", 3))
        sleeper.tell(Sleeper.once("first", 1))
        sleeper.tell(Sleeper.once("second", 2))
        await probe.expect_no_message()
        await time.advance(0.999)
        await probe.expect_no_message()
        await time.advance(5)
        assert await probe.receive_many(3) == [Tick("first", 1), Tick("second", 2), Tick("third", 3)]
        await probe.expect_no_message()

    on_manual_time(main)


def test_repeating_timers_tick_as_often_as_they_should():
    async def main(system: System, time: ManualTime) -> None:
        probe = Probe(system)
        one, other = await system.spawn_many(Sleeper, [(probe.ref,)] * 2)
        one.tell(Sleeper.every("rate", 0.1))
        other.tell(Sleeper.each("delay", 0.1))
        await time.advance(100)
        ticks = await probe.receive_many(2000)
        assert [tick.name for tick in ticks].count("rate") == 1000
        assert ticks[-1].at == pytest.approx(100, abs=1e-4)
        await probe.expect_no_message()

    on_manual_time(main)


def test_a_week_takes_no_time():
    async def main(system: System, time: ManualTime) -> None:
        probe = Probe(system)
        sleeper = await system.spawn(Sleeper, probe.ref)
        asked = sleeper.ask(Sleeper.sleep("slept", WEEK), timeout=None)
        await probe.expect_no_message()
        before = time.now()
        await time.advance(WEEK)
        assert time.now() == pytest.approx(before + WEEK, abs=1e-6)
        assert await asked == WEEK
        await probe.expect(Tick("slept", WEEK))

    on_manual_time(main)


def test_a_deadline_of_an_ask_is_met():
    async def main(system: System, time: ManualTime) -> None:
        probe = Probe(system)
        asked = [asyncio.ensure_future(probe.ref.ask(Sleeper.once("", 1), timeout=seconds)) for seconds in (0.29, 30)]
        await probe.receive_many(2)
        await time.advance(0.28)
        assert not asked[0].done()
        await time.advance(0.03)
        assert [isinstance(it.exception(), TimedOut) for it in asked if it.done()] == [True]
        await time.advance(30)
        with pytest.raises(TimedOut):
            await asked[1]

    on_manual_time(main)


@pytest.mark.parametrize("start", [0.0, 0.123, 7.77])
def test_deadlines_at_any_time_are_met_in_order(start):
    async def main(system: System, time: ManualTime) -> None:
        probe, ended = Probe(system), []
        await time.advance(start)
        for number in range(1, 300):
            asked: Any = probe.ref.ask(Sleeper.once("", 1), timeout=number / 100)
            asked.add_done_callback(lambda it, number=number: ended.append((number, type(it.exception()))))
        await time.advance(4)
        assert ended == [(number, TimedOut) for number in range(1, 300)]

    on_manual_time(main)


def test_a_restart_waits_for_its_backoff():
    async def main(system: System, time: ManualTime) -> None:
        probe = Probe(system)
        fragile = await system.spawn(Fragile, probe.ref)
        born = (await probe.expect(Tick)).at
        for wait in (10, 20):
            fragile.tell(Fragile.fail())
            await time.advance(wait - 0.1)
            await probe.expect_no_message()
            await time.advance(0.2)
            assert (await probe.expect(Tick)).at == pytest.approx(born + wait, abs=1e-4)
            born = time.now()

    time = ManualTime()
    supervision = Supervision(backoff=Backoff(first=10, factor=2, jitter=0))
    run(lambda system: main(system, time), time=time, supervision=supervision)


def test_one_can_go_from_timer_to_timer():
    async def main(system: System, time: ManualTime) -> None:
        probe = Probe(system)
        sleeper = await system.spawn(Sleeper, probe.ref)
        sleeper.tell(Sleeper.once("far", 3600))
        assert await time.advance_to_next() == pytest.approx(3600)
        await probe.expect(Tick("far", 3600))
        with pytest.raises(Stuck, match="no timer"):
            await time.advance_to_next()
        with pytest.raises(ValueError, match="Time goes forward"):
            await time.advance(-1)

    on_manual_time(main)


def test_an_expectation_fails_at_once_when_nothing_more_can_come():
    async def main(system: System, time: ManualTime) -> None:
        probe = Probe(system)
        sleeper = await system.spawn(Sleeper, probe.ref)
        with pytest.raises(AssertionError, match="the actors are at rest.$"):
            await probe.expect(Tick, within=WEEK)
        sleeper.tell(Sleeper.once("soon", 5))
        with pytest.raises(AssertionError, match="at rest until 5 s from now"):
            await probe.expect(Tick, within=WEEK)
        with pytest.raises(RuntimeError, match="moved by hand"):
            await probe.expect_no_message(during=1)

    on_manual_time(main)


@pytest.mark.parametrize("verb", [Sleeper.in_thread, Sleeper.to_thread])
def test_what_runs_in_a_thread_is_waited_for(verb):
    async def main(system: System, time: ManualTime) -> None:
        probe, go = Probe(system), threading.Event()
        sleeper = await system.spawn(Sleeper, probe.ref)
        sleeper.tell(verb(go))
        threading.Timer(0.02, go.set).start()
        await probe.expect(Tick)

    on_manual_time(main)


def test_time_does_not_go_on_while_a_thread_is_at_work():
    async def main(system: System, time: ManualTime) -> None:
        probe, go = Probe(system), threading.Event()
        sleeper = await system.options(name="sleeper").spawn(Sleeper, probe.ref)
        sleeper.tell(Sleeper.in_thread(go))
        with pytest.raises(AssertionError, match="still at work: /sleeper, which handles Sleeper.in_thread"):
            await time.advance(1)
        go.set()
        await probe.expect(Tick)

    on_manual_time(main, patience=0.02)


def test_a_test_that_waits_for_a_time_it_does_not_move_fails_and_says_so():
    async def main(system: System, time: ManualTime) -> None:
        await asyncio.sleep(60)

    with pytest.raises(Stuck, match=r"The next timer is due in 60 s. Call `await time.advance"):
        on_manual_time(main, patience=0.02)


def test_closing_takes_no_real_time():
    async def main(system: System, time: ManualTime) -> None:
        sleeper = await system.spawn(Sleeper, Probe(system).ref)
        sleeper.tell(Sleeper.sleep("for ever", WEEK))
        await time.advance(1)

    begin = real.monotonic()
    on_manual_time(main)
    assert real.monotonic() - begin < Settings().stop_budget, "it was waited for"


def test_time_without_a_system_says_what_to_do():
    with pytest.raises(RuntimeError, match=r"Give it to `run\(main, time=time\)`"):
        asyncio.run(ManualTime().advance(1))
    with pytest.raises(ValueError, match="on 'local' only"):
        run(lambda _: asyncio.sleep(0), on="ray", time=ManualTime())
