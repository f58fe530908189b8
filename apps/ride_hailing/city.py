"""A generated Manhattan: a grid of avenues and streets, cut into zones, with busy and quiet ones.

No data file is needed. The figures are those of the Commissioners' Plan: about twenty streets to the mile (80.5 m), and
avenues some 270 m apart. Twelve avenues and 207 streets make 2,484 crossings on 3.0 by 16.6 km, in 69 zones of 4 by 9
crossings: as many zones as the taxi commission counts in Manhattan.

On such a grid the shortest way between two points is the sum of the two legs (L1), so a distance costs two subtractions
and needs no table. One-way streets would add about one block and are left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import exp
from random import Random
from typing import NamedTuple

from apps.ride_hailing.hours import speed

AVENUES, STREETS = 12, 207
AVENUE_GAP, STREET_GAP = 270.0, 80.5
"""Metres between two avenues, and between two streets."""

ZONE_COLUMNS, ZONE_ROWS = 3, 23
ZONES = ZONE_COLUMNS * ZONE_ROWS

MIDTOWN, SPREAD = 0.40, 0.19
"""Where along the island demand peaks, and how widely it spreads: fractions of its length."""

REACH = 2300.0
"""Metres over which the wish to go somewhere falls by e; gives the median trip of 2.3 km of the TLC sample."""


LONGEST = 8000.0
"""Metres: no longer trip is generated. It takes 35 minutes at 13.9 km/h, and every run waits for its last trip."""


class Point(NamedTuple):
    """A place: metres across the island (from the westernmost avenue) and along it (from its southern tip)."""

    x: float
    y: float


def distance(start: Point, end: Point) -> float:
    """Metres a car drives from `start` to `end` along avenues and streets."""
    return abs(start.x - end.x) + abs(start.y - end.y)


def travel_seconds(start: Point, end: Point, at: float) -> float:
    """Simulated seconds a car needs from `start` to `end` when it sets off at simulated time `at`."""
    return distance(start, end) / speed(at)


def along(start: Point, end: Point, fraction: float) -> Point:
    """Where a car is that has driven `fraction` of the way: first along the avenue, then across."""
    driven = distance(start, end) * min(1.0, max(0.0, fraction))
    up = end.y - start.y
    if driven <= abs(up):
        return Point(start.x, start.y + (driven if up > 0 else -driven))
    rest = driven - abs(up)
    return Point(start.x + (rest if end.x > start.x else -rest), end.y)


def crossing(avenue: int, street: int) -> Point:
    """The corner of an avenue (0 to 11) and a street (0 to 206)."""
    return Point(avenue * AVENUE_GAP, street * STREET_GAP)


def nearest_crossing(point: Point) -> Point:
    """The corner of the grid nearest to a point, which may lie far outside it."""
    avenue = min(AVENUES - 1, max(0, round(point.x / AVENUE_GAP)))
    street = min(STREETS - 1, max(0, round(point.y / STREET_GAP)))
    return crossing(avenue, street)


def corner_in(zone: int, rng: Random) -> Point:
    """A corner, chosen by `rng`, in zone number `zone` (1 to 69, counted across and then up the island)."""
    row, column = divmod(zone - 1, ZONE_COLUMNS)
    wide, high = AVENUES // ZONE_COLUMNS, STREETS // ZONE_ROWS
    return crossing(column * wide + rng.randrange(wide), row * high + rng.randrange(high))


@dataclass(frozen=True, slots=True)
class City:
    """Which zones trips begin in and lead to. The same seed makes the same city."""

    origins: tuple[float, ...]
    """Running totals of the zones' demand."""

    destinations: tuple[tuple[float, ...], ...]
    """For each zone of origin, running totals of the wish to go to each zone."""

    @classmethod
    def generate(cls, seed: int) -> "City":
        """The city of a seed: demand peaks in midtown, and every zone has a popularity of its own."""
        rng = Random(f"city {seed}")
        demand = [_middle(zone) * rng.lognormvariate(0.0, 0.5) for zone in range(1, ZONES + 1)]
        centres = [_centre(zone) for zone in range(1, ZONES + 1)]
        wishes = [_wishes(demand, centres, start) for start in centres]
        return cls(tuple(accumulate(demand)), tuple(tuple(accumulate(row)) for row in wishes))

    def trip(self, rng: Random) -> tuple[Point, Point]:
        """Where a trip begins and where it leads: two different corners, at most LONGEST apart."""
        zones = range(1, ZONES + 1)
        origin = rng.choices(zones, cum_weights=self.origins)[0]
        pickup = dropoff = corner_in(origin, rng)
        while dropoff == pickup or distance(pickup, dropoff) > LONGEST:
            dropoff = corner_in(rng.choices(zones, cum_weights=self.destinations[origin - 1])[0], rng)
        return pickup, dropoff

    def corner(self, rng: Random) -> Point:
        """A corner where a car may wait: where demand is high, more often."""
        return corner_in(rng.choices(range(1, ZONES + 1), cum_weights=self.origins)[0], rng)


def _centre(zone: int) -> Point:
    row, column = divmod(zone - 1, ZONE_COLUMNS)
    wide, high = AVENUES * AVENUE_GAP / ZONE_COLUMNS, STREETS * STREET_GAP / ZONE_ROWS
    return Point((column + 0.5) * wide, (row + 0.5) * high)


def _middle(zone: int) -> float:
    row, _ = divmod(zone - 1, ZONE_COLUMNS)
    away = ((row + 0.5) / ZONE_ROWS - MIDTOWN) / SPREAD
    return exp(-away * away / 2)


def _wishes(demand: Sequence[float], centres: Sequence[Point], start: Point) -> list[float]:
    return [weight * exp(-distance(start, end) / REACH) for weight, end in zip(demand, centres, strict=True)]
