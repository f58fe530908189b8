"""What a death costs a host grows as log n; more hosts than here: `python -m tests.simulation.scale 1000`."""

import pytest

from tests.simulation.plot import Curve, drawn
from tests.simulation.scale import Size, measured, row

SIZES = (10, 50)

RENEWAL, VERDICT = 1.0, 8.0
"""Seconds, by the settings."""


@pytest.fixture(scope="module")
def sizes() -> list[Size]:
    return [measured(hosts) for hosts in SIZES]


def test_hosts_that_have_nothing_to_say_have_no_connections_and_renew_once_a_second(sizes: list[Size]) -> None:
    for size in sizes:
        assert size.before == 0
        assert 0.95 <= size.questions <= 1.3  # the driver and the spare ask too


def test_a_proved_death_is_known_everywhere_before_the_next_renewals_at_a_cost_of_log_n(sizes: list[Size]) -> None:
    for size in sizes:
        digits = size.hosts.bit_length()
        assert 0 < size.proved < RENEWAL / 2
        assert 1 <= size.asked <= 4
        assert 1 <= size.connected <= digits + 1
        assert 1 <= size.told <= 2 * digits
        assert size.most <= 3 * digits


def test_a_silent_death_is_known_everywhere_after_the_time_of_a_verdict(sizes: list[Size]) -> None:
    for size in sizes:
        assert VERDICT - RENEWAL - 0.1 < size.silent < VERDICT + RENEWAL


def test_only_who_takes_a_seat_hears_from_everybody(sizes: list[Size]) -> None:
    assert [size.heir for size in sizes] == [10, 50]


def test_the_table_and_the_drawing_have_every_figure(sizes: list[Size]) -> None:
    assert row(sizes[0]).count("|") == len(Size._fields) + 1
    picture = drawn("title", SIZES, [Curve("one", [1.0, 2.0]), Curve("other", [3.0, 300.0])])
    assert picture.count("<polyline") == 2
    assert "one: 2" in picture
    assert "other: 300" in picture
