"""A host with more abandoned threads than it may have leaves its seat to a spare, which is no loss: rule A40."""

import asyncio
import threading

from actors import Actor, Ref, Settings, call, near
from tests.ray.membership.company import Player, answer, on_hosts, ready, until, until_gone
from tests.ray.system.cast import Keeper, Note
from tests.ray_stage import Stage

LIMIT = Settings().abandoned_limit


class Stuck(Actor):
    """Has a handler that never returns."""

    @call(blocking=True)
    def block(self, log: Ref[Keeper]) -> None:
        log.tell(Note("blocks"))
        threading.Event().wait()


def test_a_host_beyond_its_limit_of_abandoned_threads_leaves_its_seat_to_a_spare_without_a_charge(
    stage: Stage,
) -> None:
    async def main(system: Stage) -> None:
        await ready(system)
        one, other = await on_hosts(system, "Duncan", "Banquo")
        log = await system.options(placement=near(other)).spawn(Keeper)
        spawner = system.options(placement=near(one), stop_budget=0.05)
        stuck = [await spawner.spawn(Stuck) for _ in range(LIMIT + 1)]
        for each in stuck:
            each.tell(Stuck.block(log))
        await log.ask(Keeper.until(len(stuck)))
        seat = system.host.seats[one.address.seat]
        reports = await asyncio.gather(*(system.stop_actor(each) for each in stuck[:LIMIT]))
        assert all(len(report.abandoned) == 1 for report in reports)
        part, pid, incarnation, _ = await one.ask(Player.facts())  # it may have so many
        assert (part, pid, incarnation) == ("Duncan", seat.pid, 1)
        await system.stop_actor(stuck[LIMIT])
        await until_gone(pid)

        async def taken() -> bool:
            found = system.host.seats.get(seat.number)
            return found is not None and not found.vacant and found.pid != pid

        await until(taken)
        assert system.host.seats[seat.number].losses == seat.losses
        assert (await answer(one))[2] == 2
        assert (await other.ask(Player.facts()))[2] == 1

    stage.run(main)
