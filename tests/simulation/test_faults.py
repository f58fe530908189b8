"""What goes wrong in a simulated world, and what actors and their askers notice of it."""

import asyncio
from random import Random

import pytest

from actors import Actor, EndReason, Ref, System, Terminated, TimedOut, Unreachable, call, receive, spread
from actors.backends.simulation.faults import (
    DIRECTORY,
    KINDS,
    NAMES,
    ClockRate,
    ClockStep,
    Crash,
    Cut,
    DirectoryCrash,
    Fault,
    Lag,
    Pause,
    Reset,
    Slow,
    random_faults,
)
from actors.testing import explore
from tests.simulation import ledger


class Counter(Actor):
    """Counts, and says what its clock shows."""

    def __init__(self) -> None:
        self.count = 0
        self.ends: list[EndReason] = []

    @call
    def add(self) -> int:
        self.count += 1
        return self.count

    @call
    def now(self) -> float:
        return self.context.now()

    @call
    async def sleep(self, seconds: float) -> float:
        """How long that was."""
        before = self.context.now()
        await asyncio.sleep(seconds)
        return self.context.now() - before

    @call
    def watch(self, other: "Ref[Counter]") -> None:
        self.context.watch(other)

    @receive
    def ended(self, event: Terminated) -> None:
        self.ends.append(event.reason)

    @call
    def heard(self) -> list[EndReason]:
        return self.ends


async def at(system: System, place: int) -> Ref[Counter]:
    """A counter at this place."""
    while True:
        found = await system.options(placement=spread()).spawn(Counter)
        seat = system._backend.processes[place].host.seat
        if found.address.seat == seat:
            return found


async def true_time(system: System, waiting) -> float:
    """Seconds that this took in the world."""
    world = system._backend.world
    before = world.seconds
    await waiting
    return world.seconds - before


def simulate(main, **options) -> None:
    System(on="simulation", seed=5, hosts=2, **options).run(main)


def inject(system: System, fault) -> None:
    system._backend.inject(fault)


def test_a_crash_ends_asks_and_watches_and_a_new_process_takes_actors_again() -> None:
    async def main(system: System) -> None:
        one, other = await at(system, 1), await at(system, 2)
        await one.ask(Counter.watch(other))
        asked = asyncio.ensure_future(other.ask(Counter.sleep(100.0)))
        await asyncio.sleep(0.1)
        inject(system, Crash(0.0, 2, back_after=3.0))
        with pytest.raises(Unreachable) as caught:
            await asked
        assert caught.value.ran == "maybe"
        await asyncio.sleep(1.0)
        assert await one.ask(Counter.heard()) == [EndReason.HOST_LOST]
        await asyncio.sleep(5.0)
        assert await other.ask(Counter.add()) == 1  # its seat was taken, and it began anew there

    simulate(main)


def test_a_cut_holds_up_what_is_sent_and_nobody_dies() -> None:
    async def main(system: System) -> None:
        one, other = await at(system, 1), await at(system, 2)
        await one.ask(Counter.watch(other))
        inject(system, Cut(0.0, (0,), (2,), 4.0))
        await asyncio.sleep(0.1)
        assert await true_time(system, other.ask(Counter.add())) > 3.5
        assert await one.ask(Counter.heard()) == []
        assert await other.ask(Counter.add()) == 2

    simulate(main)


def test_a_cut_may_be_one_way() -> None:
    async def main(system: System) -> None:
        other = await at(system, 2)
        await other.ask(Counter.add())
        inject(system, Cut(0.0, (2,), (0,), 2.0, one_way=True))
        await asyncio.sleep(0.1)
        with pytest.raises(TimedOut):
            await other.ask(Counter.add(), timeout=1.0)
        await asyncio.sleep(5.0)
        assert await other.ask(Counter.add()) == 3  # the second one came, and its answer was late

    simulate(main)


def test_a_reset_connection_loses_and_repeats_nothing() -> None:
    async def main(system: System) -> None:
        other = await at(system, 2)
        for turn in range(200):
            other.tell(Counter.add())
            if turn % 20 == 0:
                inject(system, Reset(0.0001, 0, 2))
                await asyncio.sleep(0.0002)
        await asyncio.sleep(2.0)
        assert await other.ask(Counter.add()) == 201
        stats = await system.stats()
        assert sum(link.reconnects for host in stats for link in host.links) > 0

    simulate(main)


def test_a_paused_host_goes_on_as_if_nothing_had_been() -> None:
    async def main(system: System) -> None:
        other = await at(system, 2)
        inject(system, Pause(0.0, 2, 3.0))
        await asyncio.sleep(0.1)
        assert await true_time(system, other.ask(Counter.add())) > 2.5

    simulate(main)


def test_a_slow_host_and_a_slow_way_take_longer() -> None:
    async def main(system: System) -> None:
        other = await at(system, 2)
        usual = await true_time(system, other.ask(Counter.add()))
        inject(system, Slow(0.0, 2, 5.0, factor=10_000))
        await asyncio.sleep(0.1)
        assert await true_time(system, other.ask(Counter.add())) > 2 * usual
        await asyncio.sleep(6.0)
        inject(system, Lag(0.0, 0, 2, 5.0, extra=0.5))
        await asyncio.sleep(0.1)
        assert await true_time(system, other.ask(Counter.add())) > 1.0

    simulate(main)


def test_clocks_jump_and_go_wrong() -> None:
    async def main(system: System) -> None:
        other = await at(system, 2)
        before = await other.ask(Counter.now())
        inject(system, ClockStep(0.0, 2, 3.0))
        await asyncio.sleep(1.0)
        assert 4 < await other.ask(Counter.now(), timeout=None) - before < 5
        inject(system, ClockRate(0.0, 2, 2.0))
        await asyncio.sleep(0.1)
        assert 4.9 < await true_time(system, other.ask(Counter.sleep(10.0), timeout=None)) < 5.1

    simulate(main)


def test_a_host_that_was_stopped_for_too_long_is_dead_and_ends_when_it_hears_of_it() -> None:
    async def main(system: System) -> None:
        other = await at(system, 2)
        before = system._backend.processes[2]
        inject(system, Pause(0.0, 2, 12.0))
        await asyncio.sleep(0.1)
        with pytest.raises(Unreachable):
            await other.ask(Counter.add())
        await asyncio.sleep(15.0)
        assert system._backend.processes[2] is not before
        assert before.machine.dead
        assert await other.ask(Counter.add()) == 1

    simulate(main)


def test_without_the_directory_actors_still_talk_and_names_wait() -> None:
    async def main(system: System) -> None:
        other = await at(system, 2)
        inject(system, Cut(0.0, (0, 1, 2), (DIRECTORY,), 4.5))
        await asyncio.sleep(0.1)
        assert await true_time(system, other.ask(Counter.add())) < 1.0
        assert await true_time(system, system.lookup("nobody")) > 3.0

    simulate(main)


def test_the_driver_cannot_crash() -> None:
    with pytest.raises(ValueError, match="driver"):
        System(on="simulation", faults=(Crash(1.0, 0),))


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (Crash(0.1, 99), "no place 99. The places of this system are 0 .the driver. to 3 .hosts, then spares.."),
        (Pause(0.1, 4, 5.0), "no place 4"),
        (Cut(0.1, (7,), (8,), 5.0), "no place 7.* and DIRECTORY"),
        (Cut(0.1, (), (1,), 5.0), "two different groups"),
        (Lag(0.1, 1, 1, 5.0, 0.1), "two different groups"),
        (Crash(0.1, DIRECTORY), "DirectoryCrash"),
        (Pause(0.1, DIRECTORY, 20.0), "It can be cut off"),
        (Reset(0.1, 1, DIRECTORY), "It can be cut off"),
        (ClockStep(0.1, -2, 1.0), "no place -2"),
    ],
)
def test_a_fault_that_can_hit_nobody_is_refused_with_the_places_that_exist(fault: Fault, why: str) -> None:
    async def nothing(system: System) -> None:
        raise AssertionError

    async def later(system: System) -> None:
        inject(system, fault)

    with pytest.raises(ValueError, match=why):
        simulate(nothing, faults=(fault,))
    with pytest.raises(ValueError, match=why):
        simulate(later)
    with pytest.raises(ValueError, match=why):  # and is no failure of the seed
        explore(nothing, faults=(fault,), hosts=2)


def test_a_kind_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match="'earthquake'.*There are reset, pause"):
        random_faults(Random(1), hosts=3, seconds=1.0, kinds=("earthquake",))


def test_a_directory_that_dies_has_a_successor_who_learns_from_the_hosts_who_is_there() -> None:
    async def main(system: System) -> None:
        one, other = await at(system, 1), await at(system, 2)
        named = await system.options(name="ada").spawn(Counter)
        inject(system, DirectoryCrash(0.0, back_after=2.0))
        await asyncio.sleep(0.1)
        assert await true_time(system, other.ask(Counter.add())) < 1.0
        assert await true_time(system, system.lookup("ada")) > 1.5
        assert await system.lookup("ada") == named
        hall = system._backend.hall
        assert hall.directory.generation == 2
        await asyncio.sleep(20.0)
        assert [await it.ask(Counter.add()) for it in (one, other)] == [1, 2]
        inject(system, Crash(0.0, 2))
        await asyncio.sleep(5.0)
        assert await other.ask(Counter.add()) == 1  # the spare had reported to the successor as well

    simulate(main)


def test_a_host_that_dies_while_there_is_no_directory_is_found_missing_by_the_successor() -> None:
    async def main(system: System) -> None:
        one, other = await at(system, 1), await at(system, 2)
        await one.ask(Counter.watch(other))
        inject(system, DirectoryCrash(0.0, back_after=1.0))
        inject(system, Crash(0.5, 2))
        await asyncio.sleep(5.0)
        assert await one.ask(Counter.heard()) == []
        await asyncio.sleep(20.0)
        assert await one.ask(Counter.heard()) == [EndReason.HOST_LOST]

    simulate(main)


def test_a_system_closes_though_its_directory_is_away() -> None:
    async def main(system: System) -> None:
        await at(system, 1)
        inject(system, DirectoryCrash(0.0, back_after=1000.0))
        await asyncio.sleep(1.0)

    simulate(main)


def test_every_kind_of_fault_can_be_in_a_plan_and_the_plan_is_part_of_the_history() -> None:
    plan = (
        Crash(0.05, 1, 0.2), Pause(0.01, 2, 0.1), Slow(0.02, 3, 0.1), Cut(0.06, (2,), (3,), 0.3),
        Reset(0.03, 0, 3), Lag(0.01, 0, 2, 0.3, 0.05), ClockStep(0.04, 2, 10.0), ClockRate(0.02, 3, 1.01),
        DirectoryCrash(0.08, 0.2),
    )  # fmt: skip
    assert {type(fault) for fault in plan} == set(KINDS)
    assert ledger.run(2, plan) == ledger.run(2, plan)
    assert ledger.run(2, plan)[0] != ledger.run(2)[0]


def test_every_ask_ends_whatever_goes_wrong() -> None:
    for seed in range(30):
        plan = random_faults(Random(seed), hosts=3, seconds=1.0, most=4, kinds=NAMES)
        assert len(ledger.run(seed, plan)[1]) == 12, (seed, plan)
