"""What one host has done and how busy it is, in numbers that cost next to nothing to keep.

Counters are kept per turn, not per message.
"""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from actors.cells.cell import Cell


class LinkStats(msgspec.Struct, frozen=True):
    """One link as seen from one end."""

    seat: int
    state: str
    records_out: int
    records_in: int
    bytes_out: int
    bytes_in: int
    unacked_bytes: int
    reconnects: int
    round_trip: float | None
    """Seconds."""


class HostStats(msgspec.Struct, frozen=True):
    """One host at one moment."""

    seat: int
    actors: int
    depth: int
    """Messages that wait in mailboxes."""
    deepest: int
    """Messages that wait in the fullest mailbox."""
    handled: int
    """Messages whose handling has begun."""
    restarts: int
    asks_waiting: int
    dead_letters: dict[str, int]
    """By reason."""
    wait_mean: float
    """Mean seconds between the waking of an idle actor and its turn, sampled once per turn of the host."""
    wait_max: float
    """Longest such wait since the last look: what the loop was late, because something kept it busy."""
    abandoned_threads: int
    quarantined: int
    """Messages in quarantine (rule A39)."""
    hosts_lost: int = 0
    """Other hosts whose loss this one has heard of."""
    died_at_most: int = 0
    """Messages from here that died inside them, at most."""
    links: tuple[LinkStats, ...] = ()


class Stats:
    """The counters of one host."""

    def __init__(self) -> None:
        self.handled_by_ended = 0
        self.restarts = 0
        self.turns = 0
        self.waited = 0.0
        """Seconds between asking the loop for a turn and having it, over all turns."""
        self.longest = 0.0
        """The longest of those since the last look."""

    def look(self, cells: "Collection[Cell]") -> dict[str, Any]:
        """The figures that depend on the cells, and the waits, whose maximum begins anew. Looks at every cell."""
        depths = [len(cell.mailbox) for cell in cells]
        longest, self.longest = self.longest, 0.0
        return {
            "actors": len(cells),
            "depth": sum(depths),
            "deepest": max(depths, default=0),
            "handled": self.handled_by_ended + sum(cell.handled for cell in cells),
            "restarts": self.restarts,
            "wait_mean": self.waited / self.turns if self.turns else 0.0,
            "wait_max": longest,
        }
