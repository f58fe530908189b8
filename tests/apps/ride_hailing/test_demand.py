"""The generated day: as many requests in an hour as its share says, the same for the same seed."""

from collections import Counter

from apps.ride_hailing.city import City
from apps.ride_hailing.demand import Slice, generated
from apps.ride_hailing.hours import SHARES, hour_of
from apps.ride_hailing.pace import DAY, HOUR


def test_the_same_seed_makes_the_same_journeys():
    part = Slice(17 * HOUR, HOUR)
    assert generated(City.generate(1), part, 50, 1) == generated(City.generate(1), part, 50, 1)
    assert generated(City.generate(1), part, 50, 1) != generated(City.generate(1), part, 50, 2)


def test_journeys_lie_within_the_slice_in_the_order_of_their_times():
    part = Slice(17.75 * HOUR, 0.5 * HOUR)
    journeys = generated(City.generate(0), part, 500, 0)
    assert len({journey.trip for journey in journeys}) == 500
    assert [journey.at for journey in journeys] == sorted(journey.at for journey in journeys)
    assert all(journey.at in part for journey in journeys)


def test_an_hour_gets_its_share_of_a_whole_day():
    journeys = generated(City.generate(0), Slice(0.0, DAY), 40_000, 0)
    counts = Counter(hour_of(journey.at) for journey in journeys)
    for hour, share in enumerate(SHARES):
        assert abs(counts[hour] / 40_000 - share) < 0.004


def test_a_slice_may_pass_midnight():
    part = Slice(23.5 * HOUR, HOUR)
    hours = Counter(hour_of(journey.at) for journey in generated(City.generate(0), part, 300, 0))
    assert set(hours) == {23, 0}
