"""When a supervisor gives up what waits for a seat on which too many hosts have died (rule A9). Pure.

Refusals come a minute apart, and what fails by them fails more slowly still: a sliding window of some seconds never
holds two of them. So they are counted without one.
"""

from typing import TYPE_CHECKING

from actors.errors import SeatRefused
from actors.membership.withheld import died, named
from actors.supervising.budget import RestartBudget

if TYPE_CHECKING:
    from collections.abc import Sequence

    from actors.membership.seats import Seat

BORNE = 2
"""Refusals in a row that an actor bears for its children; and failures of one child that came of refusals."""

MEMORY = 86_400.0
"""Seconds for which a child's failures that came of refusals are remembered; deep trees fail hours apart."""


class Refusals:
    """What one incarnation of a supervisor bears. `patience`: refusals of a seat in a row."""

    __slots__ = ("_failures", "_patience")

    def __init__(self, patience: int = BORNE) -> None:
        self._patience = patience
        self._failures: dict[int, RestartBudget] = {}
        """Of each child that has failed because a seat below it was refused."""

    def bears(self, seat: "Seat") -> bool:
        """Whether those that wait for this seat, which is refused, go on waiting."""
        return seat.refusals <= self._patience

    def bears_failure(self, child: int, error: BaseException, now: float) -> bool:
        """Whether a child that failed with this may start again, as far as refusals are concerned."""
        if not isinstance(error, SeatRefused):
            return True
        return self._failures.setdefault(child, RestartBudget(BORNE, MEMORY)).spend(now)

    def forget(self, child: int) -> None:
        """A child has ended for good."""
        self._failures.pop(child, None)


def refusal(seat: "Seat", waiting: "Sequence[str]") -> SeatRefused:
    """The failure of those that wait, which are named."""
    text = (
        f"Seat {seat.number} stays empty for {seat.backoff:g} s, because {died(seat.deaths)} on it in a row; "
        f"{named(waiting)} waited for it. One of the actors there may end its process."
    )
    return SeatRefused(text)
