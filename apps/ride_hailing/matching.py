"""Which driver is proposed to which search, for all searches that wait at the same tick.

Waiting a little and deciding for the batch beats taking the nearest driver for each request as it comes: a driver goes
to where they are worth most. The rule here is the simple one, cheapest pair first; it needs no solver. Against the
optimal assignment it loses some per cent when drivers are scarce.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from apps.ride_hailing.city import Point

Nearest = Callable[[Point], Iterable[tuple[float, str]]]
"""The drivers near a point, with what each would cost (seconds or metres)."""


@dataclass(frozen=True, slots=True)
class Search:
    """A trip that looks for a driver: which one, from where, and who need not be asked again."""

    trip: str
    pickup: Point
    declined: Collection[str] = ()


def match(searches: Iterable[Search], nearest: Nearest) -> list[tuple[Search, str]]:
    """Pairs of search and driver, cheapest pair first; every search and every driver at most once."""
    pairs = [
        (cost, order, search, driver)
        for order, search in enumerate(searches)
        for cost, driver in nearest(search.pickup)
        if driver not in search.declined
    ]
    pairs.sort(key=lambda pair: (pair[0], pair[1], pair[3]))
    matched: list[tuple[Search, str]] = []
    taken: set[str] = set()
    served: set[str] = set()
    for _, _, search, driver in pairs:
        if search.trip not in served and driver not in taken:
            served.add(search.trip)
            taken.add(driver)
            matched.append((search, driver))
    return matched
