"""What a program of a detached system spawns is written down, starts once, and leaves nothing when it does not."""

import asyncio
import time

import pytest

from actors import Failed, NameTaken, SpawnFailed, StopReport
from actors.address import Address
from actors.supervising.entry import Entry, Hire
from actors.supervising.signals import Spec
from tests.actors.supervising.court import Court, Page, at_court
from tests.actors.town import until


def test_what_a_program_spawns_is_written_down_and_lives_and_is_erased_when_it_ends():
    async def main(court: Court) -> None:
        page = await court.spawn(court.one, "ann")
        assert [entry.name for entry in court.book.entries()] == ["ann"]
        assert await page.ask(Page.turn()) == (1, 1)
        with pytest.raises(NameTaken):
            await court.spawn(court.two, "ann")
        assert court.book.written == ["ann"]  # else the next keeper might find two of one name
        report = await court.program.host.root.children.dismiss(page.address)
        assert report.stopped == 1
        assert court.book.entries() == []
        await court.spawn(court.two, "ann")

    at_court(main)


def test_a_start_that_fails_reaches_the_program_with_its_cause_and_leaves_no_entry():
    async def main(court: Court) -> None:
        with pytest.raises(SpawnFailed, match="no such page") as failed:
            await court.program.spawn(Page, "no such page", seat=court.one.host.seat, name="ann")
        assert isinstance(failed.value.__cause__, LookupError)
        await until(lambda: not court.book.lines)
        await court.spawn(court.one, "ann")

    at_court(main)


def test_a_spawn_that_is_cancelled_leaves_nothing():
    async def main(court: Court) -> None:
        spawning = await court.written_down(court.one, "ann")
        spawning.cancel()
        court.book.opened.set()
        await until(lambda: not court.book.lines and not court.one.host.cells)

    at_court(main)


def test_one_that_is_stopped_while_it_is_written_down_never_starts_and_the_stop_waits_for_that():
    async def main(court: Court) -> None:
        spawning = await court.written_down(court.one, "ann")
        [entry] = court.book.entries()
        root, programs = court.keeper.host.root, court.program.host.root.children
        stopping = asyncio.ensure_future(programs.dismiss(Address("town", entry.seat, entry.number)))
        await until(lambda: root._unwanted)
        await programs.dismiss(Address("town", entry.seat, entry.number + 1))  # of nobody: answered at once
        assert not stopping.done()
        assert court.book.lines
        court.book.opened.set()
        with pytest.raises(SpawnFailed, match="stopped before it had started"):
            await spawning
        assert await stopping == StopReport()
        assert not court.book.lines
        assert not court.one.host.cells
        assert [*root._hiring, *root._unwanted, *root._reserved] == []
        await court.spawn(court.two, "ann")

    at_court(main)


class Endless(Page):
    """One whose start never finishes."""

    async def on_start(self) -> None:
        await asyncio.get_running_loop().create_future()


def test_one_that_is_stopped_while_it_starts_ends_then_and_there():
    async def main(court: Court) -> None:
        spawning = asyncio.ensure_future(court.program.spawn(Endless, seat=court.one.host.seat))
        await until(lambda: court.one.host.cells)
        [entry] = court.book.entries()
        stopping = court.program.host.root.children.dismiss(Address("town", entry.seat, entry.number))
        async with asyncio.timeout(5.0):  # half of what a start may take
            await stopping
        with pytest.raises(SpawnFailed):
            await spawning

    at_court(main)


def entries(court: Court, *names: str) -> tuple[Entry, ...]:
    host = court.program.host
    return tuple(Entry(host.next_number(), court.one.host.seat, Spec(Page), name) for name in names)


def test_several_with_names_start_at_once_and_only_once():
    async def main(court: Court) -> None:
        hired = entries(court, "ann", "bob")
        for _ in range(2):  # as of a program that does not know whether it was heard
            await court.program.host.root.ask(Hire(hired), 10.0)
        assert [entry.name for entry in court.book.entries()] == ["ann", "bob"]
        assert len(court.one.host.cells) == 2
        for entry in hired:
            assert court.town.directory.lookup(time.monotonic(), entry.name).number == entry.number

    at_court(main)


def test_of_several_none_starts_when_one_name_is_taken_and_the_other_names_stay_free():
    async def main(court: Court) -> None:
        await court.spawn(court.one, "bob")
        with pytest.raises(Failed) as failed:
            await court.program.host.root.ask(Hire(entries(court, "ann", "bob")), 10.0)
        assert isinstance(failed.value.__cause__, NameTaken)
        assert [entry.name for entry in court.book.entries()] == ["bob"]
        await court.spawn(court.two, "ann")

    at_court(main)


def test_a_name_that_another_root_has_leaves_no_entry():
    async def main(court: Court) -> None:
        driver = await court.town.settle()
        await driver.spawn(Page, name="ann")
        with pytest.raises(NameTaken):
            await court.spawn(court.one, "ann")
        assert court.book.written == ["ann"]
        assert not court.book.lines
        assert not court.table

    at_court(main)


def test_a_name_is_taken_as_soon_as_its_actor_is_being_written_down():
    async def main(court: Court) -> None:
        spawning = await court.written_down(court.one, "ann")
        with pytest.raises(NameTaken):
            await court.spawn(court.two, "ann")
        court.book.opened.set()
        assert await (await spawning).ask(Page.turn()) == (1, 1)

    at_court(main)
