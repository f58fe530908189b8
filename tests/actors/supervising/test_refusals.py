"""What a supervisor bears when a seat, on which too many hosts have died, is refused to its children."""

import asyncio

import pytest

from actors.errors import SeatRefused
from actors.membership.seats import Seat
from actors.supervising.signals import Spec
from tests.actors.supervising.owner import ELSEWHERE, THERE, Any1, Make


def test_a_refused_seat_is_one_failure_of_all_children_that_wait_for_it(owner_of: Make):
    owner = owner_of(restarts=2, within=10.0)
    for _ in range(5):
        owner.spawn(THERE)
    kept = owner.spawn(ELSEWHERE)
    owner.children.seat_lost(THERE, gone=False)
    for _ in range(2):
        owner.children.seat_refused(Seat(THERE, 1, refusals=1))
    assert not owner.errors
    owner.now += 60.0
    for _ in range(2):
        owner.children.seat_refused(Seat(THERE, 1, refusals=1))
    assert not owner.errors
    owner.children.seat_refused(Seat(THERE, 1, refusals=1))  # within the window: that is more than two
    assert [type(error) for error in owner.errors] == [SeatRefused]
    assert list(owner.children.table.values()) == [kept]


def test_a_seat_for_which_no_child_waits_is_nothing_to_a_supervisor(owner_of: Make):
    owner = owner_of(restarts=0)
    owner.spawn(THERE)
    owner.children.seat_refused(Seat(THERE, 1, refusals=9))
    assert not owner.errors


@pytest.mark.parametrize("refusals", [1, 2, 3])
def test_an_actor_bears_two_refusals_in_a_row_however_long_they_are_apart(owner_of: Make, refusals: int):
    owner = owner_of()
    lost = [owner.spawn(THERE) for _ in range(5)]
    owner.children.seat_lost(THERE, gone=False)
    owner.children.seat_refused(Seat(THERE, 1, refusals=refusals, deaths=8, backoff=40.0, withheld=True))
    if refusals < 3:
        assert not owner.errors
        assert len(owner.children) == 5
        return
    [error] = owner.errors
    assert str(error) == (
        f"Seat {THERE} stays empty for 40 s, because 8 hosts have died on it in a row; /owner/child 1 (Any1), "
        "/owner/child 2 (Any1), /owner/child 3 (Any1) and 2 more waited for it. One of the actors there may end its "
        "process."
    )
    assert {child.ended is not None for child in lost} == {True}
    assert not owner.children.table


def test_who_awaits_a_first_start_hears_of_the_first_refusal_and_all_of_them_are_charged_once(owner_of: Make):
    owner = owner_of(restarts=1)
    begun = [owner.children.start(Spec(Any1), None, THERE, number) for number in (10, 11)]

    async def main() -> None:
        waiting = asyncio.ensure_future(owner.children.started(begun, 60.0))
        await asyncio.sleep(0)
        owner.children.seat_lost(THERE, gone=False)
        owner.children.seat_refused(Seat(THERE, 1, refusals=1, deaths=6, backoff=10.0, withheld=True))
        with pytest.raises(SeatRefused, match="6 hosts have died on it in a row"):
            await waiting

    owner.host.loop.run_until_complete(main())
    assert not owner.errors
    assert not owner.children.table
