"""The index of available drivers: the nearest are the nearest, and everybody is in one cell."""

from hypothesis import given
from hypothesis import strategies as st

from apps.ride_hailing.cells import CellIndex
from apps.ride_hailing.city import Point, distance

POINTS = st.builds(Point, st.floats(-2000, 5000), st.floats(-2000, 18_000))


@given(st.lists(POINTS, max_size=40), POINTS, st.integers(1, 8), st.floats(0, 9000))
def test_the_nearest_are_those_a_full_search_finds(places, point, count, within):
    index = CellIndex()
    for number, place in enumerate(places):
        index.put(f"d{number}", place)
    everybody = sorted((distance(point, place), f"d{number}") for number, place in enumerate(places))
    assert index.nearest(point, count, within) == [pair for pair in everybody if pair[0] <= within][:count]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.one_of(st.none(), POINTS)), max_size=40))
def test_a_driver_is_where_the_last_report_said_and_nowhere_else(reports):
    index, last = CellIndex(), {}
    for driver, place in reports:
        if place is None:
            index.remove(driver)
            last.pop(driver, None)
        else:
            index.put(driver, place)
            last[driver] = place
    assert len(index) == len(last)
    found = index.nearest(Point(1000.0, 8000.0), 10, 1e5)
    assert {driver for _, driver in found} == set(last)
    assert all(driver in index for driver in last)
