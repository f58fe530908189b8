"""A host is stopped for a while: shorter than a verdict nothing happens, longer and it can never act again."""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.membership.seats import HostState
from tests.ray.membership.company import Player, answer, on_hosts, ready, until, until_gone, until_state
from tests.ray.system.cast import Keeper, Note, Worker
from tests.ray_stage import Stage
from tests.standstill import stop


@pytest.fixture
def stopped() -> Iterator[list[int]]:
    """Processes that a test stops; they go on afterwards, whatever happens."""
    pids: list[int] = []
    yield pids
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def test_one_that_was_stopped_past_its_verdict_in_the_middle_of_a_handler_cannot_act_and_exits(
    stage: Stage, stopped: list[int]
) -> None:
    async def main(system: Stage) -> None:
        await ready(system)
        keeper = await system.spawn(Keeper)
        player = await system.spawn(Player, "the ghost")
        while player.address.seat == keeper.address.seat:
            player = await system.spawn(Player, "the ghost")
        _, pid, _, _ = await player.ask(Player.facts())
        stopped.append(pid)
        player.tell(Player.stop_and_tell(keeper, "remember me"))
        player.tell(Player.hang_for(0.0))
        part, new, incarnation, _ = await answer(player)
        assert (part, incarnation) == ("the ghost", 2)
        assert new != pid
        os.kill(pid, signal.SIGCONT)
        await until_gone(pid)
        keeper.tell(Note("the rest is silence"))
        assert await keeper.ask(Keeper.until(1)) == ["the rest is silence"]
        assert (await answer(player))[1:3] == (new, 2)

    stage.run(main)


def test_one_that_was_stopped_for_less_goes_on_as_it_was(stage: Stage, stopped: list[int]) -> None:
    async def main(system: Stage) -> None:
        await ready(system)
        (player,) = await on_hosts(system, "Horatio")
        assert await player.ask(Worker.add(3)) == 3
        _, pid, _, _ = await player.ask(Player.facts())
        stopped.append(pid)
        stop(pid)
        await until_state(system, player.address.seat, HostState.UNREACHABLE)
        os.kill(pid, signal.SIGCONT)
        await until_state(system, player.address.seat, HostState.UP)
        assert await player.ask(Player.facts()) == ("Horatio", pid, 1, 3)

    stage.run(main)


def test_a_loop_that_hangs_is_named_and_not_taken_for_dead(stage: Stage, tmp_path: Path) -> None:
    async def main(system: Stage) -> None:
        await ready(system)
        player = await system.options(name="Hamlet").spawn(Player, "Hamlet")
        _, pid, _, _ = await player.ask(Player.facts())
        seen = tmp_path / "seen"
        hanging = player.ask(Player.hang_until(str(seen)))

        async def named() -> bool:
            found = {it.seat: it for it in await system.members()}[player.address.seat]
            return (found.state, found.stalled) == (HostState.STALLED, "/Hamlet")

        await until(named)
        seen.touch()
        await hanging
        await until_state(system, player.address.seat, HostState.UP)
        assert (await player.ask(Player.facts()))[1:3] == (pid, 1)

    stage.run(main)


def test_a_loop_that_hangs_for_too_long_ends_its_process_and_the_seat_is_taken_over(stage: Stage) -> None:
    async def main(system: Stage) -> None:
        await ready(system)
        (player,) = await on_hosts(system, "Fortinbras")
        _, pid, _, _ = await player.ask(Player.facts())
        player.tell(Player.hang_for(3600.0))
        part, new, incarnation, _ = await answer(player)
        assert (part, incarnation) == ("Fortinbras", 2)
        assert new != pid

    stage.run(main)
