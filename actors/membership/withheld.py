"""How people are told of a seat that stays empty for a while, because too many hosts have died on it (rule A9)."""

from collections.abc import Sequence

import msgspec

NAMED = 3
"""Actors that are named where many wait."""


class Withheld(msgspec.Struct, frozen=True):
    """A seat that stays empty for a while, because too many hosts have died on it (rule A9)."""

    seat: int
    deaths: int
    """Hosts that have died on it in a row."""
    left: float
    """Seconds that it still stays empty."""

    def __str__(self) -> str:
        return f"Seat {self.seat} stays empty for {self.left:.0f} s more: {died(self.deaths)} on it in a row."


def died(hosts: int) -> str:
    """So many hosts have died."""
    return f"{hosts} hosts have died" if hosts != 1 else "a host has died"


def named(labels: Sequence[str]) -> str:
    """The first few, and how many there are besides."""
    more = len(labels) - NAMED
    return ", ".join(labels[:NAMED]) + (f" and {more} more" if more > 0 else "")
