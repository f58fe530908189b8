"""A host that is about to leave is placed nothing on by anybody who has heard, and waits until it has nothing to do."""

import asyncio
import time
from types import SimpleNamespace
from typing import Any

import pytest

from actors import Actor, Reply, call
from actors.address import Sitting
from actors.operations.suspension import suspend
from actors.placement import anywhere, here
from actors.supervising.draining import _busy, drain
from tests.actors.town import Town, in_town, until


class Debtor(Actor):
    """Owes replies until it is told to pay."""

    def __init__(self) -> None:
        self.owed: list[Reply[None]] = []

    @call
    def owe(self) -> None:
        self.owed.append(self.context.reply_later())

    @call
    def pay(self) -> None:
        for reply in self.owed:
            reply.reply(None)


def test_nobody_places_anything_on_a_host_that_leaves_unless_there_is_no_other():
    async def main(town: Town) -> None:
        one, two, three = [await town.settle() for _ in range(3)]
        assert await drain(two.host, 5.0)
        for host in (one, two, three):
            assert two.host.seat not in {host.host.placing.now(anywhere()) for _ in range(50)}
        assert two.host.placing.now(here()) == two.host.seat
        await drain(one.host, 5.0)
        await drain(three.host, 5.0)
        assert {one.host.placing.now(anywhere()) for _ in range(50)} == {0, 1, 2}

    in_town(main)


def test_it_waits_for_whoever_owes_a_reply_and_not_longer_than_it_may():
    async def main(town: Town) -> None:
        one = await town.settle()
        debtor = await one.spawn(Debtor)
        owed = debtor.ask(Debtor.owe())
        await until(lambda: one.host.cells[debtor.address.number].in_hand)
        assert not await drain(one.host, 0.05)
        draining = asyncio.ensure_future(drain(one.host, 5.0))
        debtor.tell(Debtor.pay())
        assert await draining
        await owed

    in_town(main)


def test_a_host_that_does_not_answer_holds_nothing_up_and_one_that_has_left_is_forgotten():
    async def main(town: Town) -> None:
        one, two = await town.settle(), await town.settle()
        began = time.monotonic()
        two.crash()
        assert not await drain(one.host, 0.2)
        assert time.monotonic() - began < 5.0
        assert one.host.seating.leaving == {one.host.sitting}
        two.host.seating.leaving.add(Sitting(7, 700))
        two.host.new_table(town.directory.register(time.monotonic(), two.seat, {}, ()))
        assert two.host.seating.leaving == set()

    in_town(main)


def test_what_waits_for_a_suspended_actor_is_not_waited_for():
    async def main(town: Town) -> None:
        one = await town.settle()
        debtor = await one.spawn(Debtor)
        assert suspend(one.host.cells[debtor.address.number])
        debtor.tell(Debtor.pay())
        assert await drain(one.host, 5.0)

    in_town(main)


@pytest.mark.parametrize(
    ("idle", "suspended", "activities", "in_hand", "busy"),
    [
        (True, False, 0, 0, False),
        (False, False, 0, 0, True),
        (False, True, 0, 0, False),
        (True, False, 1, 0, True),
        (True, False, 0, 1, True),
        (False, True, 1, 0, True),
    ],
)
def test_an_actor_is_waited_for_while_it_has_to_do_or_owes_somebody(
    idle: bool, suspended: bool, activities: int, in_hand: int, busy: bool
):
    cell: Any = SimpleNamespace(idle=idle, suspended=suspended, activities=activities, in_hand=in_hand)
    assert _busy(cell) is busy
