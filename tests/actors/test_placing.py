"""A spawn finds a seat: at once, or when somebody sits again where everybody was lost."""

import asyncio
import time

import pytest
from msgspec.structs import replace

from actors import Settings, Unplaceable
from actors.cells.spawner import Spawner
from actors.membership.seats import Ties
from actors.placement import anywhere, on_node
from tests.actors.town import Keeper, Note, Town, actor, in_town, until


def test_a_spawn_waits_while_the_only_seat_that_would_do_is_vacant() -> None:
    async def main(town: Town) -> None:
        driver = await town.settle(takes_anybody=False)
        dead = await town.settle()
        await town.kill(dead)
        with pytest.raises(Unplaceable):
            driver.host.placing.now(anywhere())
        seat = asyncio.ensure_future(driver.host.placing.seat(anywhere()))
        heir = await town.replace(dead)
        assert await seat == heir.host.seat
        keeper = await driver.spawn(Keeper, seat=heir.host.seat)
        keeper.tell(Note(1))
        await until(lambda: actor(heir, keeper).seen == [1])

    in_town(main)


def test_where_nobody_comes_back_in_time_it_is_an_error() -> None:
    async def main(town: Town) -> None:
        driver = await town.settle(takes_anybody=False, settings=Settings(spawn_timeout=0.05))
        await town.kill(await town.settle())
        with pytest.raises(Unplaceable, match="no host"):
            await driver.host.placing.seat(anywhere())

    in_town(main)


def test_a_spawn_waits_while_the_directory_has_not_heard_of_every_host() -> None:
    async def main(town: Town) -> None:
        driver = await town.settle(takes_anybody=False)
        rebuilt = town.directory.table(time.monotonic())
        driver.host.new_table(replace(rebuilt, version=(1, 10**6), complete=False))
        seat = asyncio.ensure_future(driver.host.placing.seat(anywhere()))
        other = await town.settle(known=False)
        assert not seat.done()
        driver.host.new_table(replace(town.directory.table(time.monotonic()), version=(1, 10**6 + 1)))
        assert await seat == other.host.seat

    in_town(main)


def test_a_host_knows_where_the_actors_that_came_to_it_were_to_live() -> None:
    async def main(town: Town) -> None:
        one, two = await town.settle(), await town.settle()
        await one.spawn(Keeper, seat=two.host.seat)
        assert not two.host.ties
        for resident in (one, two):
            assert not resident.host.ties
        spawner = Spawner(two.host, two.host.root.children, name=None, placement=on_node(zone="a"), stop_budget=None)
        table = town.directory.table(time.monotonic())
        labelled = [replace(seat, labels={"zone": "a"} if seat.number == one.host.seat else {}) for seat in table.seats]
        two.host.seating.news(replace(table, version=(1, 10**6), seats=tuple(labelled)))
        await spawner.spawn(Keeper)
        assert one.host.ties == Ties(labels={"zone": "a"})

    in_town(main)
