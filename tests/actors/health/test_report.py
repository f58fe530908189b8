"""A system says how each of its hosts is, and names every trouble."""

import asyncio
import time

import pytest

from actors import Actor, Health, HostHealth, System, SystemClosed, call
from actors.directory import Table
from actors.health.report import examine, examine_all
from actors.membership.withheld import Withheld
from tests.actors.town import Town, in_town, until


class Idler(Actor):
    @call
    def doze(self, seconds: float) -> None:
        time.sleep(seconds)


def host(seat: int, **figures) -> HostHealth:
    every = {
        "epoch": 1,
        "actors": 0,
        "lag": 0.0,
        "dead_letters": 0,
        "abandoned_threads": 0,
        "draining": False,
        "table": (1, 1),
        "complete": True,
        "seats": (0, 1),
        "unreachable": (),
    }
    return HostHealth(seat=seat, **{**every, **figures})


def test_hosts_without_trouble_are_ready_also_while_one_of_them_drains():
    health = Health((host(0), host(1, draining=True, dead_letters=5, abandoned_threads=1)))
    assert health.ready
    assert health.problems == ()


@pytest.mark.parametrize(
    ("health", "problem"),
    [
        (Health((host(0),), stopping=True), "The system is being stopped."),
        (Health((host(0),), vacant=(1,)), "The host of seat 1 was lost, and nobody has taken the seat yet."),
        (
            Health((host(0),), withheld=(Withheld(1, 7, 38.2),)),
            "Seat 1 stays empty for 38 s more: 7 hosts have died on it in a row.",
        ),
        (Health((host(0, waiting={1: tuple("abcde")}),)), "Waiting for seat 1: a, b, c and 2 more."),
        (Health((host(0),), silent=(1,)), "The host on seat 1 did not answer within 1 s."),
        (Health((host(0, lag=2.5),)), "The loop of the host on seat 0 is late by 2.5 s."),
        (Health((host(0, complete=False),)), "The host on seat 0 waits for a directory that is being rebuilt."),
        (Health((host(0), host(1, unreachable=(2,)))), "The host on seat 1 cannot reach seat 2."),
    ],
)
def test_each_trouble_is_named_and_makes_the_system_unready(health, problem):
    assert health.problems == (problem,)
    assert not health.ready


def test_a_local_system_is_one_host():
    async def main(system):
        await system.spawn(Idler)
        health = await system.health()
        assert health.ready
        [host] = health.hosts
        assert (host.seat, host.actors, host.seats, host.draining) == (0, 1, (0,), False)
        assert 0 <= host.lag < 1

    system = System(on="local")
    with pytest.raises(SystemClosed):
        asyncio.run(system.health())
    system.run(main)
    with pytest.raises(SystemClosed):
        asyncio.run(system.health())


def test_the_blocking_form_has_it_too():
    with System(on="local").blocking() as system:
        assert system.health().ready


def test_a_loop_that_is_held_up_says_by_how_much():
    async def main(system):
        idler = await system.spawn(Idler)
        looking = asyncio.ensure_future(system.health())
        await asyncio.sleep(0)
        idler.tell(Idler.doze(1.2))
        assert "late by 1." in (await looking).problems[0]

    System(on="local").run(main)


def test_every_host_of_the_table_is_asked_and_a_silent_or_unreachable_one_is_named():
    async def main(town: Town) -> None:
        one, two, three = [await town.settle() for _ in range(3)]
        health = await examine_all(one.host, stopping=False)
        assert [it.seat for it in health.hosts] == [0, 1, 2]
        assert health.ready
        two.crash()
        await until(lambda: one.host.post.away() == [two.host.sitting])
        one.host.link_stats = lambda: ()
        health = await examine_all(one.host, stopping=False)
        assert health.silent == (1,)
        assert [it.seat for it in health.hosts] == [0, 2]
        await town.lose(two)
        assert (await examine_all(three.host, stopping=False)).ready

    in_town(main)


def test_a_table_that_is_being_rebuilt_is_seen():
    async def main(town: Town) -> None:
        one = await town.settle()
        one.host.new_table(Table((2, 0), (), complete=False))
        health = await examine(one.host)
        assert not health.complete
        assert health.seats == (0,)  # whom it does not name stays as it was known

    in_town(main)
