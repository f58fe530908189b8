"""Who wants to go where, and when: the journeys of a slice of a generated day.

A journey is the plan of one request. It is made before the run, so that the judge knows what was asked for without
asking the actors.
"""

from bisect import bisect_left
from dataclasses import dataclass
from itertools import accumulate, pairwise
from random import Random

from apps.ride_hailing.city import City, Point
from apps.ride_hailing.hours import share
from apps.ride_hailing.pace import DAY, HOUR, clock_face


@dataclass(frozen=True, slots=True)
class Journey:
    """One request: trip id, the simulated time it is asked for, from where, to where.

    `ride_seconds` is how long the ride takes once the rider is in, in simulated seconds, where that was recorded; None
    means that the car drives at the speed of the hour.
    """

    trip: str
    at: float
    pickup: Point
    dropoff: Point
    ride_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of the day: it begins `start` seconds after midnight and lasts `seconds`. It may pass midnight."""

    start: float
    seconds: float

    @property
    def end(self) -> float:
        """Seconds after midnight when it is over; beyond a day when it passes midnight."""
        return self.start + self.seconds

    def __contains__(self, at: float) -> bool:
        return self.start <= at < self.end

    def __str__(self) -> str:
        end = "24:00" if self.end == DAY else clock_face(self.end)
        return f"{clock_face(self.start)} to {end}"


def generated(city: City, part: Slice, count: int, seed: int) -> list[Journey]:
    """`count` journeys in a part of the day, in the order of their times. The same arguments give the same journeys.

    Within the part, an hour gets as many of them as its share of the day's trips says.
    """
    rng = Random(f"demand {seed}")
    times = sorted(_times(part, count, rng))
    return [Journey(f"trip-{number:05d}", at, *city.trip(rng)) for number, at in enumerate(times, start=1)]


def _times(part: Slice, count: int, rng: Random) -> list[float]:
    edges = _edges(part)
    weights = [share(start) * (end - start) for start, end in pairwise(edges)]
    totals = list(accumulate(weights))
    times: list[float] = []
    for _ in range(count):
        drawn = rng.random() * totals[-1]
        piece = min(bisect_left(totals, drawn), len(weights) - 1)
        before = totals[piece] - weights[piece]
        times.append(edges[piece] + (drawn - before) / weights[piece] * (edges[piece + 1] - edges[piece]))
    return times


def _edges(part: Slice) -> list[float]:
    first = int(part.start // HOUR) + 1
    last = int(part.end // HOUR)
    inside = [hour * HOUR for hour in range(first, last + 1) if part.start < hour * HOUR < part.end]
    return [part.start, *inside, part.end]
