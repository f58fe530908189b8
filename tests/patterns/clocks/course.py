"""Courses of events on several processes, and which event came before which: by the definition, not by a clock."""

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

PROCESSES = 4


@dataclass(frozen=True)
class Happened:
    """One event: on which process, and which message's sending it received, if it received one."""

    process: int
    received: int | None = None


def courses(longest: int = 40) -> st.SearchStrategy[list[Happened]]:
    """Any events of a few processes, each receiving any earlier one as a message, in any order, or none."""
    steps = st.lists(
        st.tuples(st.integers(0, PROCESSES - 1), st.none() | st.integers(0, longest)), min_size=1, max_size=longest
    )
    return steps.map(
        lambda found: [
            Happened(process, received if received is not None and received < number else None)
            for number, (process, received) in enumerate(found)
        ]
    )


def befores(course: list[Happened]) -> list[set[int]]:
    """For each event, those that came before it: earlier ones of its process, the one it received, and theirs."""
    found: list[set[int]] = []
    latest: dict[int, int] = {}
    for number, event in enumerate(course):
        direct = {it for it in (latest.get(event.process), event.received) if it is not None}
        found.append(direct.union(*(found[it] for it in direct)))
        latest[event.process] = number
    return found


def stamped(course: list[Happened], clocks: list[Any]) -> list[Any]:
    """The stamps of the events, each by the clock of its process."""
    stamps: list[Any] = []
    for event in course:
        clock = clocks[event.process]
        stamps.append(clock.tick() if event.received is None else clock.observe(stamps[event.received]))
    return stamps
