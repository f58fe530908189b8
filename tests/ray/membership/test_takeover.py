"""A host is killed: a spare sits on its seat, and its actors answer again by the same refs, from the same arguments."""

import os
import signal
import time

from actors import dedicated
from tests.ray.membership.company import Player, answer, on_hosts, ready
from tests.ray.system.cast import Keeper, Worker
from tests.ray_stage import Stage


def test_actors_of_a_killed_host_answer_again_by_the_same_refs_from_their_original_arguments(stage: Stage) -> None:
    async def main(system: Stage) -> None:
        await ready(system)
        one, other = await on_hosts(system, "Ophelia", "Laertes")
        assert one.address.seat != other.address.seat
        assert await one.ask(Worker.add(5)) == 5
        part, pid, incarnation, total = await one.ask(Player.facts())
        assert (part, incarnation, total) == ("Ophelia", 1, 5)
        begun = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        found = await answer(one)
        print(f"first answer {time.monotonic() - begun:.3f} s after the kill")
        assert (found[0], found[2:]) == ("Ophelia", (2, 0))
        assert found[1] != pid
        seat = system.host.seats[one.address.seat]
        assert (seat.pid, seat.vacant) == (found[1], False)
        assert (await other.ask(Player.facts()))[2] == 1

    stage.run(main)


def test_a_watcher_elsewhere_hears_once_and_watches_the_successor(stage: Stage) -> None:
    async def main(system: Stage) -> None:
        await ready(system)
        one, other = await on_hosts(system, "Rosencrantz", "Guildenstern")
        keeper = await system.spawn(Keeper)
        while keeper.address.seat == one.address.seat:
            keeper = await system.spawn(Keeper)
        await keeper.ask(Keeper.watch_surely(one))
        os.kill((await one.ask(Player.facts()))[1], signal.SIGKILL)
        assert await keeper.ask(Keeper.until(1)) == ["host_lost"]
        await answer(one)
        await keeper.ask(Keeper.watch_surely(one))
        os.kill((await one.ask(Player.facts()))[1], signal.SIGKILL)
        assert await keeper.ask(Keeper.until(2)) == ["host_lost", "host_lost"]
        await answer(one)
        await answer(other)

    stage.run(main)


def test_a_host_that_was_made_for_one_actor_is_made_again_for_it(stage: Stage) -> None:
    async def main(system: Stage) -> None:
        special = await system.options(placement=dedicated(num_cpus=1)).spawn(Player, "Yorick")
        _, pid, _, _ = await special.ask(Player.facts())
        begun = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        part, new, incarnation, _ = await answer(special)
        print(f"first answer {time.monotonic() - begun:.3f} s after the kill")
        assert (part, incarnation) == ("Yorick", 2)
        assert new != pid
        seat = system.host.seats[special.address.seat]
        assert not seat.takes_anybody

    stage.run(main)


def test_two_hosts_that_die_at_once_are_both_replaced_though_there_is_one_spare(stage: Stage) -> None:
    async def main(system: Stage) -> None:
        await ready(system)
        players = await on_hosts(system, "Romeo", "Juliet")
        pids = [(await player.ask(Player.facts()))[1] for player in players]
        assert len(set(pids)) == 2
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        found = [await answer(player) for player in players]
        assert [(part, incarnation) for part, _, incarnation, _ in found] == [("Romeo", 2), ("Juliet", 2)]
        assert not set(pids) & {pid for _, pid, _, _ in found}

    stage.run(main)
