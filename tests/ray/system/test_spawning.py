"""Spawning across hosts: starts that fail, hang or are cancelled; hosts made for one actor; names raced for."""

import asyncio
import os
from typing import Any

import pytest

from actors import NameTaken, Ref, SpawnFailed, Unplaceable, dedicated, near, on_node
from tests.ray.system.cast import Bad, Keeper, Parent, Slow, Tracked, Worker
from tests.ray_stage import Stage


async def apart(system: Stage) -> tuple[Ref[Keeper], Ref[Parent], Ref[Worker]]:
    """A keeper, a parent, and a worker that lives on another host than the parent."""
    keeper = await system.spawn(Keeper)
    parent, worker = await system.spawn(Parent, keeper), await system.spawn(Worker)
    assert parent.address.seat != worker.address.seat
    return keeper, parent, worker


async def gone(system: Stage, ref: Ref[Any]) -> None:
    """Wait until the host of an actor has left the table."""
    async with asyncio.timeout(10):
        while ref.address.seat in system.host.seats:  # noqa: ASYNC110 - a table tells nobody
            await asyncio.sleep(0.01)


def test_a_start_that_fails_on_another_host_reaches_the_spawner_and_leaves_no_orphan(stage: Stage) -> None:
    async def main(system: Stage) -> None:
        _, parent, worker = await apart(system)
        actors = sum(host.actors for host in await system.stats())
        with pytest.raises(Exception, match="no start"):
            await parent.ask(Parent.bear(Bad, near(worker)))
        assert await parent.ask(Parent.children()) == 0
        with pytest.raises(SpawnFailed, match="no start"):
            await system.options(placement=near(worker)).spawn(Bad)
        assert sum(host.actors for host in await system.stats()) == actors

    stage.run(main)


def test_a_start_that_is_cancelled_on_another_host_leaves_no_orphan(stage: Stage) -> None:
    async def main(system: Stage) -> None:
        keeper, parent, worker = await apart(system)
        actors = sum(host.actors for host in await system.stats())
        await parent.ask(Parent.bear_and_give_up(Slow, near(worker)))
        async with asyncio.timeout(30):
            while await parent.ask(Parent.children()):  # its child is still told to stop
                pass
        spawning = asyncio.ensure_future(system.options(placement=near(worker)).spawn(Slow, keeper))
        await keeper.ask(Keeper.until(2))
        spawning.cancel()
        with pytest.raises(asyncio.CancelledError):
            await spawning
        async with asyncio.timeout(30):
            while sum(host.actors for host in await system.stats()) != actors:
                pass

    stage.run(main)


def test_an_actor_restarts_in_place_on_another_host_and_its_ref_stays_good(stage: Stage) -> None:
    async def main(system: Stage) -> None:
        worker = await system.spawn(Worker)
        pid = await worker.ask(Worker.pid())
        await worker.ask(Worker.add(5))
        worker.tell(Worker.fail())
        assert await worker.ask(Worker.incarnation()) == 2
        assert await worker.ask(Worker.add(1)) == 1
        assert await worker.ask(Worker.pid()) == pid

    stage.run(main)


def test_a_parent_on_one_host_stops_its_child_on_another_and_the_watcher_hears(stage: Stage) -> None:
    async def main(system: Stage) -> None:
        keeper, parent, worker = await apart(system)
        child = await parent.ask(Parent.bear(Tracked, near(worker), (keeper,)))
        await keeper.ask(Keeper.watch_surely(child))
        await system.stop_actor(parent)
        assert sorted(await keeper.ask(Keeper.until(2))) == ["parent_ended", "stopped"]

    stage.run(main)


def test_a_hundred_spawns_of_one_name_from_three_hosts_have_one_winner(stage: Stage) -> None:
    async def main(system: Stage) -> None:
        workers = [await system.spawn(Worker) for _ in range(3)]
        assert len({worker.address.seat for worker in workers}) == 3
        for round_ in range(3):
            name = f"raced {round_}"
            found = await asyncio.gather(*(worker.ask(Worker.race(name, 34)) for worker in workers))
            winners = [it for one in found for it in one if isinstance(it, Ref)]
            losers = [it for one in found for it in one if not isinstance(it, Ref)]
            assert len(winners) == 1
            assert losers == ["NameTaken"] * 101
            assert await system.lookup(name) == winners[0]
            with pytest.raises(NameTaken):
                await system.options(name=name).spawn(Worker)
            for worker in workers:
                await worker.ask(Worker.end_raced(name))
            async with asyncio.timeout(10):
                while await system.lookup(name) is not None:
                    pass

    stage.run(main)


def test_a_spawn_that_is_cancelled_while_it_claims_its_name_does_not_keep_it(stage: Stage) -> None:
    async def main(system: Stage) -> None:
        for turns in range(20):
            spawning = asyncio.ensure_future(system.options(name="often").spawn(Worker))
            for _ in range(turns):
                await asyncio.sleep(0)
            spawning.cancel()
            with pytest.raises(asyncio.CancelledError):
                await spawning
        async with asyncio.timeout(10):
            while await system.lookup("often") is not None:
                pass
        await system.options(name="often").spawn(Worker)

    stage.run(main)


def test_a_dedicated_host_is_a_process_of_its_own_and_ends_with_its_actor(stage: Stage) -> None:
    async def main(system: Stage) -> None:
        known = set(system.host.seats)
        worker = await system.options(placement=dedicated(num_cpus=1)).spawn(Worker)
        assert worker.address.seat not in known
        pid = await worker.ask(Worker.pid())
        others = [await system.spawn(Worker) for _ in range(6)]
        assert worker.address.seat not in {other.address.seat for other in others}
        worker.tell(Worker.fail())
        assert await worker.ask(Worker.incarnation()) == 2  # a restart is no end
        await system.stop_actor(worker)
        await gone(system, worker)
        async with asyncio.timeout(10):
            while _lives(pid):  # noqa: ASYNC110 - its parent is Ray
                await asyncio.sleep(0.01)
        await system.options(placement=dedicated(num_cpus=2)).spawn(Worker)  # all of its CPUs are free again

    stage.run(main)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_dedicated_host_that_gets_no_actor_ends(stage: Stage) -> None:
    async def main(system: Stage) -> None:
        known = set(system.host.seats)
        with pytest.raises(SpawnFailed, match="no start"):
            await system.options(placement=dedicated()).spawn(Bad)
        async with asyncio.timeout(10):
            while set(system.host.seats) - known:  # noqa: ASYNC110 - a table tells nobody
                await asyncio.sleep(0.01)

    stage.run(main)


def test_an_actor_on_a_host_has_the_driver_make_a_dedicated_host_for_its_child(stage: Stage) -> None:
    async def main(system: Stage) -> None:
        keeper = await system.spawn(Keeper)
        parent = await system.spawn(Parent, keeper)
        child = await parent.ask(Parent.bear_dedicated(1))
        assert child.address.seat not in (0, parent.address.seat, keeper.address.seat)
        assert await child.ask(Worker.add(1)) == 1
        with pytest.raises(Exception, match="64 CPU"):
            await parent.ask(Parent.bear_dedicated(64))

    stage.run(main)


def test_a_node_is_found_by_its_labels_and_an_unknown_one_is_named(stage: Stage) -> None:
    async def main(system: Stage) -> None:
        worker = await system.options(placement=on_node(zone="east")).spawn(Worker)
        assert await worker.ask(Worker.add(1)) == 1
        with pytest.raises(Unplaceable, match="zone=west"):
            await system.options(placement=on_node(zone="west")).spawn(Worker)

    stage.run(main)


def test_the_figures_of_all_hosts_are_had_from_any_place(stage: Stage) -> None:
    async def main(system: Stage) -> None:
        workers = [await system.spawn(Worker) for _ in range(3)]
        for worker in workers:
            await worker.ask(Worker.add(1))
        found = {host.seat: host for host in await system.stats()}
        while set(found) != {
            seat.number for seat in system.host.table.seats
        }:  # a host of an earlier test may be leaving
            found = {host.seat: host for host in await system.stats()}
        for worker in workers:
            figures = found[worker.address.seat]
            assert figures.actors >= 1
            assert figures.handled >= 1
            assert any(link.seat == 0 and link.state == "up" for link in figures.links)

    stage.run(main)
