"""A host is lost and its seat is taken again: orphans end, children come back, and everybody hears once."""

import asyncio
import contextlib
import time
from typing import Any

from msgspec.structs import replace

from actors import Actor, Ref, Supervision, call, here, near
from actors.address import Address
from actors.directory import Directory, Seat
from actors.membership.seats import Heartbeat, Standing
from actors.supervising.signals import Spec, StartChild
from tests.actors.town import Keeper, Note, Town, actor, in_town, until

NOW = 100.0


def root(seat: int) -> Ref[Any]:
    """Something on this seat, for `near`."""
    return Ref(Address("town", seat, 0), None)


class Parent(Actor):
    """Has children where it is told to."""

    @call
    async def spawn(self, kind: Any, place: Ref[Any] | None, name: str, args: tuple[Any, ...] = ()) -> Ref[Any]:
        placement = near(place) if place is not None else here()
        return await self.context.options(placement=placement, name=name).spawn(kind, *args)


class Counter(Actor):
    """Counts from where it was told to begin."""

    def __init__(self, start: int) -> None:
        self.count = start

    @call
    def add(self, number: int) -> tuple[int, int]:
        self.count += number
        return self.count, self.context.incarnation


ENDS: list[str] = []
"""Names in the order in which their actors ended."""


class Mourned(Actor):
    """Says when it ends."""

    def __init__(self, name: str) -> None:
        self.name = name

    async def on_stop(self) -> None:
        ENDS.append(self.name)


class Stubborn(Actor):
    """Is at work and does not listen, until it is let go so that no task is left behind."""

    let_go = False

    @call
    async def work(self) -> None:
        while not self.let_go:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(0.005)


# ---- the directory --------------------------------------------------------------------------------------------------


def test_a_verdict_leaves_the_seat_vacant_until_an_appointed_host_has_registered_with_a_higher_epoch() -> None:
    directory = Directory(generation=7)
    sitting = directory.sit(NOW, "first")
    directory.register(NOW, Seat(*sitting, node="node"), {"ada": Address("s", 0, 1)}, ())
    for table in (directory.verdict(NOW, sitting), directory.verdict(NOW, sitting)):
        assert [(seat.sitting, seat.vacant) for seat in table.seats] == [(sitting, True)]
    assert directory.lookup(NOW, "ada") is None
    assert directory.renew(NOW, sitting, Heartbeat()).standing is Standing.ENDED
    assert [seat.vacant for seat in directory.register(NOW, Seat(*sitting), {}, ()).seats] == [True]
    second = directory.appoint(NOW, 0, "second")
    assert second == directory.appoint(NOW, 0, "second")
    assert second.seat == sitting.seat
    assert second.epoch > sitting.epoch
    assert [seat.vacant for seat in directory.table(NOW).seats] == [True]
    table = directory.register(NOW, Seat(*second), {}, ())
    assert [(seat.sitting, seat.vacant) for seat in table.seats] == [(second, False)]
    assert directory.verdict(NOW, sitting) == table


# ---- children of hosts that live ------------------------------------------------------------------------------------


def test_a_child_of_a_lost_host_starts_again_on_its_seat_from_its_first_arguments_and_its_ref_stays_good() -> None:
    async def main(town: Town) -> None:
        one, two = await town.settle(), await town.settle()
        counter = await one.spawn(Counter, 40, seat=two.host.seat, name="counter")
        assert await counter.ask(Counter.add(1)) == (41, 1)
        await town.kill(two)
        assert len(one.host.root.children) == 1
        three = await town.settle(seat=two.host.seat)
        assert three.host.sitting > two.host.sitting
        await until(lambda: counter.address.number in three.host.cells)
        assert await counter.ask(Counter.add(2)) == (42, 2)
        assert three.host.cells[counter.address.number].path == "/counter"
        assert not one.host.root.children.restarts.budget

    in_town(main)


def test_a_seat_that_is_lost_again_and_again_gives_each_time_the_next_incarnation() -> None:
    async def main(town: Town) -> None:
        town.bears_losses()
        one, two = await town.settle(), await town.settle()
        counter = await one.spawn(Counter, 0, seat=two.host.seat)
        for incarnation in range(2, 8):
            two = await town.replace(two)
            await until(lambda: counter.address.number in two.host.cells)  # noqa: B023
            assert await counter.ask(Counter.add(1)) == (1, incarnation)

    in_town(main)


def test_children_of_a_seat_that_is_given_up_for_good_while_it_is_vacant_have_ended() -> None:
    async def main(town: Town) -> None:
        one, two = await town.settle(), await town.settle()
        counter = await one.spawn(Counter, 0, seat=two.host.seat, name="counter")
        await town.kill(two)
        counter.tell(Note("waits"))
        asked = counter.ask(Counter.add(1))
        town.bury(two)
        assert len(one.host.root.children) == 0
        assert one.reasons() == ["unreachable"]
        error = (await asyncio.gather(asked, return_exceptions=True))[0]
        assert (type(error).__name__, error.ran) == ("Unreachable", "no")

    in_town(main)


def test_a_child_that_is_stopped_while_it_is_away_does_not_come_back() -> None:
    async def main(town: Town) -> None:
        one, two = await town.settle(), await town.settle()
        await one.spawn(Counter, 0, seat=two.host.seat, name="counter")
        await town.kill(two)
        report = await one.host.stop_actors()
        assert report.abandoned == ()
        three = await town.settle(seat=two.host.seat)
        await one.spawn(Counter, 0, seat=three.host.seat, name="counter")
        assert len(three.host.cells) == 1

    in_town(main)


def test_a_host_that_missed_the_vacancy_acts_on_the_loss_and_on_the_return_alike() -> None:
    async def main(town: Town) -> None:
        one, two = await town.settle(), await town.settle()
        counter = await one.spawn(Counter, 0, seat=two.host.seat)
        orphan = await two.spawn(Keeper, seat=one.host.seat)
        two.crash()
        town.directory.verdict(time.monotonic(), two.host.sitting)
        three = await town.settle(seat=two.host.seat)
        await until(lambda: counter.address.number in three.host.cells)
        await until(lambda: orphan.address.number not in one.host.cells)
        assert await counter.ask(Counter.add(1)) == (1, 2)

    in_town(main)


class Strict(Parent):
    """Bears one refusal and not a second."""

    supervision = Supervision(restarts=1, within=60.0)


def test_children_of_a_seat_that_is_withheld_are_charged_one_failure_each_time_together() -> None:
    async def main(town: Town) -> None:
        one, two = await town.settle(), await town.settle()
        strict = await one.spawn(Strict)
        for name in "abc":
            await strict.ask(Parent.spawn(Counter, root(two.host.seat), name, (0,)))
        two.crash()
        table = town.directory.verdict(time.monotonic(), two.host.sitting)
        one.host.new_table(table)
        await until(lambda: one.host.acknowledged == table.version)
        version, count = table.version
        cell = one.host.cells[strict.address.number]
        for change, withheld in enumerate((True, True, False, True), 1):
            assert not cell.failing
            seats = tuple(replace(seat, withheld=seat.vacant and withheld) for seat in table.seats)
            one.host.new_table(replace(table, version=(version, count + change), seats=seats))
        await until(lambda: cell.incarnation == 2)

    in_town(main)


# ---- orphans --------------------------------------------------------------------------------------------------------


def test_children_of_a_lost_parent_are_stopped_in_reverse_order_before_the_host_says_that_it_has_acted() -> None:
    async def main(town: Town) -> None:
        one, two = await town.settle(), await town.settle()
        parent = await one.spawn(Parent, seat=two.host.seat, name="parent")
        ours = root(one.host.seat)
        ENDS.clear()
        for name in "abc":
            await parent.ask(Parent.spawn(Mourned, ours, name, (name,)))
        nested = await parent.ask(Parent.spawn(Parent, ours, "nested"))
        await nested.ask(Parent.spawn(Mourned, None, "below", ("below",)))
        assert len(one.host.cells) == 5
        before = one.host.acknowledged
        two.crash()
        town.condemn(two)
        assert one.host.acknowledged == before
        await until(lambda: one.host.acknowledged == one.host.table.version)
        assert one.host.cells == {}
        assert ENDS == ["below", "c", "b", "a"]

    in_town(main)


def test_an_orphan_that_does_not_end_delays_the_acknowledgement_by_its_budget_and_no_more() -> None:
    async def main(town: Town) -> None:
        one, two = await town.settle(), await town.settle()
        stubborn = await two.spawn(Stubborn, seat=one.host.seat)
        one.ref(stubborn).tell(Stubborn.work())
        await until(lambda: one.host.cells[stubborn.address.number].alone)
        at_work = actor(one, stubborn)
        began = time.monotonic()
        two.crash()
        town.condemn(two)
        await until(lambda: one.host.acknowledged == one.host.table.version)
        settings = one.host.settings
        assert time.monotonic() - began >= settings.stop_budget + settings.cancel_grace
        assert one.host.cells == {}
        at_work.let_go = True
        await until(lambda: not one.host.work.abandoned_tasks)

    in_town(main)


def test_a_second_loss_is_acknowledged_only_after_its_own_orphans_have_ended() -> None:
    async def main(town: Town) -> None:
        one, two, three = await town.settle(), await town.settle(), await town.settle()
        stubborn = await three.spawn(Stubborn, seat=one.host.seat)
        one.ref(stubborn).tell(Stubborn.work())
        await until(lambda: one.host.cells[stubborn.address.number].alone)
        at_work = actor(one, stubborn)
        before = one.host.acknowledged
        three.crash()
        town.condemn(three)
        two.crash()
        town.condemn(two)
        assert one.host.acknowledged == before
        await until(lambda: one.host.acknowledged == one.host.table.version)
        at_work.let_go = True
        await until(lambda: not one.host.work.abandoned_tasks)

    in_town(main)


def test_a_child_is_gone_with_its_lost_parent_and_the_parent_comes_back_without_it() -> None:
    async def main(town: Town) -> None:
        one, two = await town.settle(), await town.settle()
        parent = await one.spawn(Parent, seat=two.host.seat, name="parent")
        child = await parent.ask(Parent.spawn(Keeper, root(one.host.seat), "child"))
        three = await town.replace(two)
        assert child.address.number not in one.host.cells
        await until(lambda: parent.address.number in three.host.cells)
        again = await parent.ask(Parent.spawn(Keeper, root(one.host.seat), "child"))
        assert again != child
        assert again.address.number in one.host.cells

    in_town(main)


def test_an_actor_that_the_last_words_of_a_lost_host_start_here_ends_with_the_verdict() -> None:
    async def main(town: Town) -> None:
        one, two = await town.settle(), await town.settle()
        await two.spawn(Keeper, seat=one.host.seat)
        await town.kill(two)
        late = Address("town", one.host.seat, two.host.next_number())
        one.host.received_signal(late.number, StartChild(late, 1, Spec(Keeper), two.host.root.address, ""))
        await until(lambda: one.host.cells == {})

    in_town(main)
