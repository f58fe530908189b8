"""The soak's watchman sees an ending that is told twice, and its hosts write down what they give up."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from actors import Actor, NotRunning, Restart, System, call
from actors.testing import expect_dead_letters
from tests.laws.bugs import double_terminated
from tests.soak.blows import Blow, chosen
from tests.soak.cast import Counter, Watchman


class Clumsy(Actor):
    @call
    def fail(self) -> None:
        raise ValueError("planned")

    @call
    def life(self) -> int:
        return self.context.incarnation


async def endings(system: System) -> tuple[int, list[str], list[str]]:
    """The watchman's account of three actors that fail twice each, and are watched again each time."""
    watchman = await system.spawn(Watchman)
    many = [await system.options(restart=Restart.PERMANENT).spawn(Clumsy) for _ in range(3)]
    await watchman.ask(Watchman.watch(many))  # type: ignore[arg-type]
    for life in (2, 3):
        for clumsy in many:
            clumsy.tell(Clumsy.fail())
            while await clumsy.ask(Clumsy.life()) != life:
                pass
            heard = (await watchman.ask(Watchman.account()))[0]
            assert heard >= 1
    return await watchman.ask(Watchman.account())


@pytest.mark.parametrize(("bug", "doubled"), [(contextlib.nullcontext, 0), (double_terminated, 6)])
def test_an_ending_that_is_told_twice_is_seen_though_its_actor_is_watched_again_at_once(
    bug: Callable[[], Any], doubled: int
) -> None:
    with bug():
        heard, twice, owed = System(on="local").run(endings)
    assert heard == 6 + doubled
    assert len(twice) == doubled
    assert len(owed) == 3


def test_a_host_writes_down_the_requests_that_it_gives_up_also_those_before_anybody_told_it_to(tmp_path: Path) -> None:
    async def main(system: System) -> None:
        async with expect_dead_letters(system, count=2):
            early = await system.spawn(Clumsy)
            await system.stop_actor(early)
            early.tell(Counter.hit(1))  # type: ignore[arg-type]
            first, second = [await system.spawn(Counter, str(tmp_path)) for _ in range(2)]
            assert await second.ask(Counter.hit(7)) == 7
            await system.stop_actor(first)
            first.tell(Counter.hit(2))
            with pytest.raises(NotRunning):
                await first.ask(Counter.hit(3))

    System(on="local").run(main)
    [file] = tmp_path.glob("*.letters")
    assert file.read_text() == "1 not_running\n2 not_running\n"
    [file] = tmp_path.glob("*.handled")
    assert file.read_text() == "7\n"


def test_a_seed_chooses_the_same_blows_and_shares_are_kept() -> None:
    one, two = [[chosen(random, 0.1, 0.2) for _ in range(1000)] for random in (Random(4), Random(4))]
    assert one == two
    assert 70 < one.count(Blow.PAUSE) < 130
    assert 160 < one.count(Blow.DIRECTORY) < 240
    assert {chosen(Random(seed), 0.0, 0.0) for seed in range(100)} == {Blow.KILL}
