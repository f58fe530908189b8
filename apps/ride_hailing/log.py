"""What riders, the dispatcher and drivers write down, each by their own clock and without seeing the others' logs.

An entry is a fact as its writer came to know it. The judge compares the three logs afterwards; no actor reads them.
"""

from dataclasses import dataclass

ASKED = "asked"
"""In a rider's log: the request was made."""

OPENED = "opened"
"""In the dispatcher's log: the request has arrived and its trip was started."""

CLAIMED = "claimed"
"""In a driver's log: the driver has committed to a trip and is telling it so."""

DONE = "done"
"""In a driver's log: the commitment ended with the rider at their destination."""

RELEASED = "released"
"""In a driver's log: the commitment ended before that."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a log: what happened to which trip, the how-manieth step of the trip it was, with which driver.

    `at` is in simulated seconds, on the writer's clock. `expires` is set where a driver claims: until when the offer
    held.
    """

    trip: str
    event: str
    seq: int
    at: float
    round: int = 0
    driver: str = ""
    spell: int = 0
    expires: float = 0.0
