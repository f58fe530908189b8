"""A host is killed: a spare sits on its seat, and its actors answer again by the same refs, from the same arguments."""

import os
import signal
import time

from actors import Actor, Ref, Strategy, Supervision, call, dedicated, here, spread
from tests.ray.membership.company import Player, answer, on_hosts, ready, until
from tests.ray.system.cast import Keeper, Note, Worker
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


class Twin(Player):
    """A player that can be linked to another."""

    @call
    async def join(self, twin: Ref[Player]) -> None:
        self.context.link(twin)
        await twin.ask(Player.facts())  # behind the link, so the other host knows of it


def test_who_is_linked_to_an_actor_of_a_killed_host_fails_and_both_start_again(stage: Stage) -> None:
    async def main(system: Stage) -> None:
        await ready(system)
        viola, sebastian = await system.spawn(Twin, "Viola"), await system.spawn(Twin, "Sebastian")
        assert viola.address.seat != sebastian.address.seat
        await viola.ask(Twin.join(sebastian))
        (_, stays, _, _), (_, dies, _, _) = [await ref.ask(Player.facts()) for ref in (viola, sebastian)]
        os.kill(dies, signal.SIGKILL)
        assert (await answer(sebastian))[2] == 2

        async def again() -> bool:
            return (await answer(viola))[1:3] == (stays, 2)

        await until(again)

    stage.run(main)


class Director(Actor):
    """All its players begin again when one of them fails; they live on two hosts."""

    supervision = Supervision(strategy=Strategy.ONE_FOR_ALL)

    def __init__(self, log: Ref[Keeper]) -> None:
        self.log = log

    @call
    async def cast(self) -> list[Ref["Prompted"]]:
        scattered = self.context.options(placement=spread())
        return [await scattered.spawn(Prompted, part, self.log) for part in ("Romeo", "Juliet")]

    @call
    def present(self) -> int:
        return len(self.context.children)


class Prompted(Player):
    """Says when it starts."""

    def on_start(self) -> None:
        assert self.log is not None
        self.log.tell(Note((self.part, self.context.incarnation)))


def test_a_host_that_is_killed_in_the_middle_of_a_round_is_waited_for_and_all_start_in_order(stage: Stage) -> None:
    async def main(system: Stage) -> None:
        await ready(system)
        keeper = await system.options(placement=here()).spawn(Keeper)
        director = await system.options(placement=here()).spawn(Director, keeper)
        romeo, juliet = await director.ask(Director.cast())
        assert romeo.address.seat != juliet.address.seat
        await keeper.ask(Keeper.until(2))
        dies = (await juliet.ask(Player.facts()))[1]
        juliet.tell(Prompted.hang())  # so that the round waits for it to stop
        await keeper.ask(Keeper.until(3))
        await keeper.ask(Keeper.watch_surely(romeo))
        romeo.tell(Prompted.fail())
        await keeper.ask(Keeper.until(4))
        assert await director.ask(Director.present()) == 2  # it has heard of the failure, and begun the round
        os.kill(dies, signal.SIGKILL)
        seen = await keeper.ask(Keeper.until(6))
        assert seen == [("Romeo", 1), ("Juliet", 1), "hanging", "failed", ("Romeo", 2), ("Juliet", 2)]
        assert [(await answer(ref))[2] for ref in (romeo, juliet)] == [2, 2]

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
