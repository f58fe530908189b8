"""What is left of a run when it is over: three logs, where everybody lived, and how much was said."""

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from apps.ride_hailing.log import Entry


class Home(NamedTuple):
    """The host an actor lives on: the machine's name, the process, and the seat in the system."""

    machine: str
    process: int
    seat: int

    @classmethod
    def on(cls, seat: int) -> "Home":
        """The home of who asks, on this seat."""
        return cls(platform.node(), os.getpid(), seat)

    def __str__(self) -> str:
        return f"{self.machine} pid {self.process}"


@dataclass(frozen=True, slots=True)
class Evidence:
    """For the judge and the summary. What belongs to a rider is kept by trip id, what belongs to a driver by name."""

    riders: Mapping[str, tuple[Entry, ...]]
    dispatcher: tuple[Entry, ...]
    drivers: Mapping[str, tuple[Entry, ...]]
    homes: Mapping[str, Home]
    program: tuple[str, int]
    """The machine and the process of the program itself."""
    seconds: float
    """Real seconds from the beginning of the day to its end."""
    messages: int
    """Messages handled in that time, on all hosts."""
    unheard: tuple[str, ...] = ()
    """Participants who did not hand out their logs."""
