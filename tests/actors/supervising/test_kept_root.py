"""The root of a detached system outlives its keeper: nothing ends with it, and the next one knows what has happened."""

import asyncio
import time
from types import SimpleNamespace
from typing import Any

import pytest

from actors import Failed, NotRunning, SpawnFailed, StopReport
from actors.address import Address, Sitting
from actors.supervising.entry import StopSystem
from actors.supervising.kept_root import KeptRoot
from actors.supervising.root import NUMBER, LookAtHost
from actors.supervising.signals import Restored, SystemOver
from tests.actors.supervising.court import Court, Page, at_court
from tests.actors.town import until


def test_no_incarnation_ends_with_a_keeper():
    async def main(court: Court) -> None:
        pages = [await court.spawn(court.one, "ann"), await court.spawn(court.two)]
        assert [await page.ask(Page.turn()) for page in pages] == [(1, 1), (1, 1)]
        await court.lose_keeper()
        assert [await page.ask(Page.turn()) for page in pages] == [(1, 2), (1, 2)]
        await court.succeed()
        await until(lambda: all(child.running and not child.away for child in court.table.values()))
        assert [await page.ask(Page.turn()) for page in pages] == [(1, 3), (1, 3)]
        assert court.town.directory.lookup(time.monotonic(), "ann") == pages[0].address
        assert court.keeper.host.root.children.names() == {"ann": pages[0].address}

    at_court(main)


def test_one_that_failed_without_a_keeper_is_started_by_the_next():
    async def main(court: Court) -> None:
        page = await court.spawn(court.one)
        await court.lose_keeper()
        with pytest.raises(Failed, match="planned"):
            await page.ask(Page.fail())
        waits = asyncio.ensure_future(page.ask(Page.turn()))
        await court.succeed()
        assert await waits == (2, 1)
        with pytest.raises(Failed, match="planned"):
            await page.ask(Page.fail())
        assert await page.ask(Page.turn()) == (3, 1)

    at_court(main)


def test_the_next_keeper_knows_which_incarnation_lives_and_hears_of_its_failures():
    async def main(court: Court) -> None:
        page = await court.spawn(court.one)
        page.tell(Page.fail())
        assert await page.ask(Page.turn()) == (2, 1)
        await court.lose_keeper()
        await court.succeed()
        await until(lambda: all(not child.away for child in court.table.values()))
        page.tell(Page.fail())
        assert await page.ask(Page.turn()) == (3, 1)

    at_court(main)


def test_each_top_level_actor_has_a_budget_of_its_own_and_ends_alone_when_it_is_spent():
    async def main(court: Court) -> None:
        ann, bob = await court.spawn(court.one, "ann"), await court.spawn(court.one, "bob")
        for restarts in range(3):
            for page in ann, bob:
                page.tell(Page.fail())
                assert await page.ask(Page.turn()) == (restarts + 2, 1)
        ann.tell(Page.fail())
        await until(lambda: len(court.book.lines) == 1)
        with pytest.raises(NotRunning):
            await ann.ask(Page.turn())
        assert await bob.ask(Page.turn()) == (4, 2)

    at_court(main)


def test_a_keeper_answers_what_any_host_is_asked():
    async def main(court: Court) -> None:
        host = court.program.host
        keeper = host.ref_to(Address("town", court.keeper.host.seat, NUMBER))
        stats = await host.delivery.ask_afar(keeper, LookAtHost(), 10.0)
        assert stats.actors == 0

    at_court(main)


def test_one_that_ended_without_a_keeper_does_not_come_back_and_its_host_may_forget_it():
    async def main(court: Court) -> None:
        page = await court.spawn(court.one, "ann")
        await court.lose_keeper()
        await page.ask(Page.leave())
        await until(lambda: not court.one.host.cells)
        await court.succeed()
        await until(lambda: not court.book.lines and not court.table)
        await until(lambda: not court.one.host.seating.reports._ends)
        with pytest.raises(NotRunning):
            await page.ask(Page.turn())
        await court.spawn(court.two, "ann")

    at_court(main)


def test_the_end_of_one_of_whom_nothing_was_written_is_noted_so_that_its_host_may_forget_it():
    async def main(court: Court) -> None:
        page = await court.spawn(court.one)
        await court.lose_keeper()
        await page.ask(Page.leave())
        await until(lambda: not court.one.host.cells)
        assert court.one.host.seating.reports._ends
        court.book.lines.clear()
        await court.succeed()
        await until(lambda: not court.one.host.seating.reports._ends)

    at_court(main)


def test_an_end_is_noted_only_when_its_entry_is_erased_so_that_no_keeper_starts_it_again():
    async def main(court: Court) -> None:
        page = await court.spawn(court.one)
        court.book.erasable.clear()
        await page.ask(Page.leave())
        await until(lambda: not court.table)
        await court.spawn(court.one)  # what the keeper had said to this host before has come there as well
        assert list(court.one.host.seating.reports._ends) == [page.address.number]
        court.book.erasable.set()
        await until(lambda: not court.one.host.seating.reports._ends)
        assert page.address.number not in court.book.lines

    at_court(main)


@pytest.mark.parametrize("first", ["host", "keeper"])
def test_one_whose_host_was_lost_without_a_keeper_is_started_on_its_seat_whoever_comes_back_first(first: str):
    async def main(court: Court) -> None:
        lost, stays = await court.spawn(court.one), await court.spawn(court.two)
        await stays.ask(Page.turn())
        await court.town.kill(court.keeper, court.one)
        waits = asyncio.ensure_future(lost.ask(Page.turn()))
        seat = court.one.host.seat
        if first == "host":
            heir = await court.town.settle(seat=seat)
            await until(lambda: heir.host.returning is not None and heir.host.returning._held)
            await court.succeed()
        else:
            await court.succeed()
            await court.town.settle(seat=seat)
        incarnation, turns = await waits
        assert incarnation > 1
        assert turns == 1
        assert await stays.ask(Page.turn()) == (1, 2)

    at_court(main)


def test_a_spawn_is_asked_for_again_when_the_keeper_dies_over_it_and_gives_one_actor():
    async def main(court: Court) -> None:
        spawning = await court.written_down(court.one, "ann")
        await court.lose_keeper()
        court.book.opened.set()
        await court.succeed()
        page = await spawning
        assert (await page.ask(Page.turn()))[1] == 1
        assert len(court.one.host.cells) == len(court.table) == len(court.book.lines) == 1

    at_court(main)


def test_one_of_whom_nothing_was_written_is_stopped_by_the_next_keeper():
    async def main(court: Court) -> None:
        page = await court.spawn(court.one)
        await court.lose_keeper()
        court.book.lines.clear()
        await court.succeed()
        await until(lambda: not court.one.host.cells)
        with pytest.raises(NotRunning):
            await page.ask(Page.turn())

    at_court(main)


def test_what_lives_in_a_program_ends_with_it_and_its_entry_too():
    async def main(court: Court) -> None:
        page = await court.spawn(court.program)
        assert page.address.seat == court.program.host.seat
        assert len(court.book.lines) == 1
        await court.town.lose(court.program)
        await until(lambda: not court.book.lines and not court.table)

    at_court(main)


def test_an_ordinary_roots_actors_are_orphans_as_ever():
    async def main(court: Court) -> None:
        driver = await court.town.settle()
        child = await driver.spawn(Page, seat=court.one.host.seat)
        kept = await court.spawn(court.one)
        await court.town.kill(driver)
        await until(lambda: child.address.number not in court.one.host.cells)
        assert await kept.ask(Page.turn()) == (1, 1)
        assert Address("town", 0, 0) == court.one.host.seating.kept_root

    at_court(main)


def test_whoever_asks_for_the_end_of_the_system_hears_of_it_and_nothing_is_started_meanwhile():
    async def main(court: Court) -> None:
        root = court.keeper.host.root
        stopping = asyncio.ensure_future(court.program.host.root.stop_system("a test", lambda: False))
        await until(root.stopping.is_set)
        with pytest.raises(SpawnFailed, match="being stopped"):
            await court.spawn(court.one)
        assert not stopping.done()
        root.say_over(StopReport(3))
        assert await stopping == StopReport(3)

    at_court(main)


def test_a_host_need_hold_nothing_any_more_only_when_the_lost_actors_have_been_started_there():
    told: list[Any] = []
    root: Any = object.__new__(KeptRoot)
    root.kept = SimpleNamespace(seat_taken=lambda seat: told.append(f"start those of {seat}"))
    root.host = SimpleNamespace(system="s", sitting=Sitting(0, 3), signal=lambda to, signal: told.append((to, signal)))
    root._has_told_everything(Sitting(2, 9))
    assert told == ["start those of 2", (Address("s", 2, NUMBER), Restored(Sitting(0, 3)))]


def test_whoever_stops_the_system_is_named_in_the_log(caplog: pytest.LogCaptureFixture):
    root: Any = object.__new__(KeptRoot)
    root._stoppers, root.stopping = [], asyncio.Event()
    root.take(StopSystem("ann on desk, process 7"), SimpleNamespace())
    assert root.stopping.is_set()
    assert caplog.messages == ["The system is stopped by ann on desk, process 7."]


def test_the_end_of_the_system_is_told_to_all_who_asked_for_it_and_to_every_other_host():
    told: list[tuple[Address, Any]] = []
    replies: list[StopReport] = []
    root: Any = object.__new__(KeptRoot)
    root._stoppers = [SimpleNamespace(reply=replies.append)] * 2
    taken = [SimpleNamespace(number=seat) for seat in (0, 1, 2)]
    root.host = SimpleNamespace(
        system="s", seat=1, seating=SimpleNamespace(taken=taken), signal=lambda to, signal: told.append((to, signal))
    )
    root.say_over(StopReport(3))
    assert replies == [StopReport(3)] * 2
    assert told == [(Address("s", seat, NUMBER), SystemOver()) for seat in (0, 2)]
