"""Where an actor is found: a system, one of its seats, and a number that is never used twice.

Three numbers do three jobs (rule A2). The *address* lasts from spawn to the final stop. The *incarnation* counts the
starts of one address. The *epoch* counts the sittings of all seats of a system: a host process sits on a seat, and
each sitting has an epoch that no other sitting ever had. An address holds neither host, process nor socket, so a
spare that takes over a dead host's seat keeps every ref valid (rule A1).
"""

from typing import NamedTuple

COUNTER_BITS = 32
"""Spawns that one sitting can make: 2**32, so one number holds the spawner's epoch and its counter."""

EPOCH_COUNTER_BITS = 20
"""Sittings that one generation of the directory can hand out: 2**20."""


class Address(NamedTuple):
    """An actor's place. `number` is unique in the whole system, because it begins with the spawner's epoch."""

    system: str
    seat: int
    number: int

    def __str__(self) -> str:
        return f"{self.system}/{self.seat}/{spelled(self.number)}"


def spelled(number: int) -> str:
    """An actor's number as people read it: its spawner's epoch, and the count of that sitting's spawns."""
    return f"{number >> COUNTER_BITS}.{number & (2**COUNTER_BITS - 1)}"


class Sitting(NamedTuple):
    """One life of a host: the seat it sits on, and the epoch of this sitting."""

    seat: int
    epoch: int

    def __str__(self) -> str:
        return f"seat {self.seat}, epoch {self.epoch >> EPOCH_COUNTER_BITS}.{self.epoch & (2**EPOCH_COUNTER_BITS - 1)}"


def epoch_of(generation: int, counter: int) -> int:
    """The epoch of a generation's sitting number `counter`; a later generation outranks all earlier ones (rule A17)."""
    if not 0 < counter < 2**EPOCH_COUNTER_BITS:
        message = (
            f"A directory generation hands out at most {2**EPOCH_COUNTER_BITS - 1} sittings; restart the directory."
        )
        raise OverflowError(message)
    return generation << EPOCH_COUNTER_BITS | counter


def first_number(epoch: int) -> int:
    """The number before the first actor that a sitting with this epoch spawns."""
    return epoch << COUNTER_BITS


def epoch_in(number: int) -> int:
    """The epoch of the sitting that made this number: an actor's parent's, at its spawn; a watch's watcher's."""
    return number >> COUNTER_BITS
