"""Whom a host tells that there is news, and who tells it on: every host is reached, and nobody tells more than log n.

The seats are a ring by their numbers. A host tells the next one round at or behind the distances 1, 2, 4, 8, ... from
its own seat, and so does each that is told. From wherever the news comes, it has been everywhere after about as many
steps as the number of seats has binary digits; so many connections a host has for this, whoever dies. That every host
tells all others was rejected: a death then made a connection between any two hosts, half a million for a thousand.

A host that is cut off, or has died without anybody knowing, is jumped over by the longer distances. News is only a hint
to look at the directory's table now; who misses it finds the same there with its next renewal.
"""

from bisect import bisect_left
from collections.abc import Iterable


def told_by(seat: int, others: Iterable[int]) -> list[int]:
    """The seats that the host on `seat` tells, nearest first, among those that somebody sits on."""
    ring = sorted(number for number in others if number != seat)
    if not ring:
        return []
    size = max(ring[-1], seat) + 1
    chosen: dict[int, None] = {}
    distance = 1
    while distance < size:
        place = bisect_left(ring, (seat + distance) % size)
        chosen[ring[place % len(ring)]] = None
        distance *= 2
    return list(chosen)
