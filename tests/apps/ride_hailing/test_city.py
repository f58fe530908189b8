"""The generated city: a grid on which distances are right and demand looks like Manhattan's."""

from itertools import pairwise
from random import Random
from statistics import median

from apps.ride_hailing.city import (
    STREETS,
    ZONES,
    City,
    Point,
    along,
    corner_in,
    crossing,
    distance,
    nearest_crossing,
    travel_seconds,
)
from apps.ride_hailing.hours import SHARES, SPEEDS, speed
from apps.ride_hailing.pace import HOUR


def test_the_same_seed_makes_the_same_city_and_another_seed_another():
    assert City.generate(3) == City.generate(3)
    assert City.generate(3) != City.generate(4)


def test_a_car_drives_along_avenues_and_streets():
    assert distance(crossing(0, 0), crossing(1, 2)) == 270.0 + 2 * 80.5


def test_a_trip_takes_as_long_as_the_hour_allows():
    start, end = crossing(0, 0), crossing(0, 100)
    assert travel_seconds(start, end, 18 * HOUR) == 8050 / (13.9 / 3.6)
    assert travel_seconds(start, end, 5 * HOUR) < travel_seconds(start, end, 18 * HOUR)
    assert speed(18 * HOUR) == speed(42 * HOUR), "the next day is like this one"


def test_a_car_on_its_way_is_at_the_distance_it_has_driven():
    start, end = Point(100.0, 50.0), Point(0.0, 250.0)
    assert along(start, end, 0.0) == start
    assert along(start, end, 1.0) == end
    assert along(start, end, 2.0) == end
    for tenth in range(11):
        place = along(start, end, tenth / 10)
        assert abs(distance(start, place) - 300 * tenth / 10) < 1e-9
        assert abs(distance(start, place) + distance(place, end) - 300) < 1e-9


def test_every_corner_lies_in_one_of_69_zones_and_is_its_own_nearest_crossing():
    rng = Random(1)
    for zone in range(1, ZONES + 1):
        corner = corner_in(zone, rng)
        assert nearest_crossing(corner) == corner
    assert ZONES == 69


def test_a_point_far_outside_comes_back_to_the_edge_of_the_grid():
    assert nearest_crossing(Point(-9000.0, 1e6)) == crossing(0, STREETS - 1)


def test_trips_are_as_long_as_the_recorded_ones():
    for seed in range(3):
        rng = Random(seed)
        city = City.generate(seed)
        lengths = [distance(*city.trip(rng)) for _ in range(3000)]
        assert 2000 < median(lengths) < 2600, "the recorded median is 2.27 km"
        assert min(lengths) > 0


def test_demand_peaks_in_midtown():
    city = City.generate(0)
    demand = [after - before for before, after in pairwise((0.0, *city.origins))]
    middle = sum(demand[3 * row + column] for row in range(5, 13) for column in range(3))
    assert middle > 0.5 * sum(demand)


def test_the_day_has_the_shares_and_speeds_that_were_measured():
    assert abs(sum(SHARES) - 1.0) < 1e-9
    assert (SHARES[4], SHARES[8], SHARES[18]) == (0.005, 0.048, 0.071)
    assert all(13.4 <= kmh <= 13.9 for kmh in SPEEDS[8:19])
    assert (SPEEDS[3], SPEEDS[4], SPEEDS[5]) == (22.6, 22.6, 24.1)
