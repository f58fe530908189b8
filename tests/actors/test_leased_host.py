"""Without a lease nothing begins: messages, ticks and signals wait, and go on in order when it is renewed."""

import asyncio
from collections.abc import Callable, Coroutine
from random import Random
from typing import Any

from actors import Actor, Settings, call
from actors.address import Sitting
from actors.backends.local import LocalDirectory
from actors.cells.spawner import Spawner
from actors.directory import Directory, Seat
from actors.leased_host import LeasedHost
from actors.placement import here
from actors.supervising.signals import EndReason
from tests.actors.town import until


class Clock:
    """Seconds that a test lets pass, and what was done meanwhile."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.entries: list[str] = []

    def __call__(self) -> float:
        return self.now


class Diary(Actor):
    """Writes down what it does."""

    def __init__(self, clock: Clock) -> None:
        self.entries = clock.entries
        self.clock = clock

    @call
    def note(self, what: str) -> str:
        self.entries.append(what)
        return what

    @call
    def take_long(self, seconds: float) -> None:
        self.clock.now += seconds
        self.entries.append("done at last")

    @call
    def tick_every(self, seconds: float) -> None:
        self.context.timers.fixed_rate("tick", seconds, Diary.tick())

    @call
    def tick(self) -> None:
        self.entries.append(f"tick, {self.context.missed} missed")
        self.context.timers.cancel("tick")

    def on_stop(self) -> None:
        self.entries.append("stopped")


class Home:
    """A host with a lease, and its actors."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.clock = Clock()
        self.entries = self.clock.entries
        directory = Directory(generation=1)
        sitting: Sitting = directory.sit(0.0, "home")
        self.host = LeasedHost(
            system="home",
            sitting=sitting,
            loop=asyncio.get_running_loop(),
            clock=self.clock,
            random=Random(1),
            settings=settings or Settings(),
            directory=LocalDirectory(directory),
        )
        self.host.new_table(directory.register(0.0, Seat(sitting.seat, sitting.epoch), {}, ()))

    async def diary(self) -> Any:
        spawner = Spawner(self.host, self.host.root.children, name=None, placement=here(), stop_budget=None)
        return await spawner.spawn(Diary, self.clock)

    def lease(self, seconds: float = 5.0) -> None:
        self.host.leased(self.clock.now + seconds)


async def settle() -> None:
    """Until the loop has done everything that was due."""
    for _ in range(20):
        await asyncio.sleep(0)


def at_home(main: Callable[[Home], Coroutine[Any, Any, None]], settings: Settings | None = None) -> None:
    async def whole() -> None:
        home = Home(settings)
        home.lease()
        await main(home)
        home.lease(1000.0)
        await home.host.stop_cells(EndReason.STOPPED)
        await home.host.close()

    asyncio.run(whole())


def test_while_the_lease_lasts_messages_are_handled() -> None:
    async def main(home: Home) -> None:
        diary = await home.diary()
        home.clock.now += 4.9
        assert await diary.ask(Diary.note("in time")) == "in time"

    at_home(main)


def test_when_the_lease_has_run_out_messages_wait_and_are_handled_in_order_once_it_is_renewed() -> None:
    async def main(home: Home) -> None:
        diary = await home.diary()
        home.clock.now += 5.0
        for number in range(3):
            diary.tell(Diary.note(str(number)))
        await settle()
        assert home.entries == []
        assert home.host.suspended
        home.lease()
        await settle()
        assert home.entries == ["0", "1", "2"]
        assert not home.host.suspended

    at_home(main)


def test_a_host_that_never_had_a_lease_does_nothing() -> None:
    async def main(home: Home) -> None:
        diary = await home.diary()
        home.host.lease_until = float("-inf")
        diary.tell(Diary.note("too early"))
        await settle()
        assert home.entries == []

    at_home(main)


def test_a_handler_that_was_stopped_past_the_lease_is_the_last_thing_that_happens() -> None:
    async def main(home: Home) -> None:
        one, other = await home.diary(), await home.diary()
        one.tell(Diary.take_long(20.0))
        other.tell(Diary.note("must wait"))
        await settle()
        assert home.entries == ["done at last"]
        home.lease()
        await settle()
        assert home.entries == ["done at last", "must wait"]

    at_home(main)


def test_a_stop_waits_too() -> None:
    async def main(home: Home) -> None:
        diary = await home.diary()
        child = next(iter(home.host.root.children.table.values()))
        home.clock.now += 6.0
        stopping = asyncio.ensure_future(home.host.root.children.stop(child, EndReason.STOPPED))
        await settle()
        assert home.entries == []
        home.lease()
        await stopping
        assert home.entries == ["stopped"]
        assert diary.address.number not in home.host.cells

    at_home(main)


def test_ticks_that_fall_into_the_time_without_a_lease_are_one_tick_with_a_count() -> None:
    async def main(home: Home) -> None:
        diary = await home.diary()
        await diary.ask(Diary.tick_every(0.001))
        timer = home.host.cells[diary.address.number].timers._timers["tick"]
        home.clock.now += 6.0
        await until(lambda: timer.waiting is not None)
        missed = timer.waiting.missed
        assert missed > 5000
        await settle()
        assert home.entries == []
        home.lease()
        await settle()
        assert home.entries == [f"tick, {missed} missed"]

    at_home(main)


def test_whoever_withheld_something_hears_when_there_is_a_lease_again() -> None:
    async def main(home: Home) -> None:
        calls: list[bool] = []
        home.host.resumed = lambda: calls.append(home.host.may_act())
        home.clock.now += 6.0
        assert not home.host.may_act()
        home.host.leased(home.clock.now - 1.0)
        assert calls == []
        home.lease()
        assert calls == [True]

    at_home(main)


def test_a_lease_that_was_renewed_twice_ends_with_the_later_one() -> None:
    async def main(home: Home) -> None:
        home.lease(5.0)
        home.lease(2.0)
        home.clock.now += 4.0
        assert home.host.may_act()

    at_home(main)


def test_a_host_that_continues_without_the_head_acts_on_after_its_lease() -> None:
    async def main(home: Home) -> None:
        diary = await home.diary()
        home.clock.now += 1_000_000.0
        assert await diary.ask(Diary.note("all the same")) == "all the same"
        assert not home.host.suspended

    at_home(main, Settings(without_head="continue"))
