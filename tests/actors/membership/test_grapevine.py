"""News reaches every host, whoever has it first, in few steps and with few connections."""

from collections.abc import Collection

import pytest

from actors.membership.grapevine import told_by

SIZES = [*range(1, 35), 63, 64, 65, 100, 1000]


def steps(first: int, seats: list[int], silent: Collection[int] = ()) -> dict[int, int]:
    """After how many steps each seat has heard; the silent hear nothing and tell nothing."""
    heard, telling = {first: 0}, [first]
    while telling:
        told: list[int] = []
        for seat in telling:
            for other in told_by(seat, seats):
                if other not in heard and other not in silent:
                    heard[other] = heard[seat] + 1
                    told.append(other)
        telling = told
    return heard


@pytest.mark.parametrize("count", SIZES)
def test_news_of_any_host_reaches_all_others_within_as_many_steps_as_their_number_has_digits(count: int) -> None:
    seats = list(range(count))
    for first in {0, count // 3, count - 1}:
        heard = steps(first, seats)
        assert sorted(heard) == seats
        assert max(heard.values()) <= count.bit_length()


@pytest.mark.parametrize("count", SIZES)
def test_nobody_tells_more_than_the_logarithm(count: int) -> None:
    assert all(len(told_by(seat, range(count))) <= (count - 1).bit_length() for seat in range(count))


def test_seats_that_are_gone_leave_no_gap() -> None:
    seats = [number for number in range(200) if number % 3 and not 90 < number < 150]
    for first in seats:
        assert sorted(steps(first, seats)) == seats


@pytest.mark.parametrize("count", [5, 16, 33])
def test_whoever_hears_nothing_is_jumped_over(count: int) -> None:
    seats = list(range(count))
    for silent in seats:
        for first in seats:
            if first != silent:
                assert sorted(steps(first, seats, {silent})) == [seat for seat in seats if seat != silent]


def test_a_host_keeps_its_connections_when_others_come_to_the_end_of_the_ring_or_die_elsewhere() -> None:
    before = told_by(10, range(64))
    assert set(told_by(10, [number for number in range(64) if number != 40])) == set(before)
    assert set(before[:-1]) <= set(told_by(10, range(100)))


def test_who_is_alone_tells_nobody() -> None:
    assert told_by(3, [3]) == []
    assert told_by(3, []) == []
