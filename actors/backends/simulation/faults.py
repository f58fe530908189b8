"""What can go wrong in a simulated world, as frozen values: a plan is a tuple of them, can be printed, and runs again.

A *place* is where a host process runs: 0 is the driver, 1 and on are the hosts, then the spares; DIRECTORY is the
directory, which can be cut off and lagged as they can, and has a crash of its own. A place that crashes may get a new
process later, a spare, which takes a vacant seat. Times are seconds since the system was opened.
"""

from collections.abc import Callable
from random import Random
from typing import get_args

import msgspec

DIRECTORY = -1
"""The place of the directory."""


class Fault(msgspec.Struct, frozen=True, tag=True):
    """Something goes wrong `at` this time."""

    at: float


class Crash(Fault, frozen=True):
    """The process at a place is killed; after `back_after` seconds there is a new one. None: never."""

    place: int
    back_after: float | None = None


class DirectoryCrash(Fault, frozen=True):
    """The directory dies; after `back_after` seconds there is a successor, which knows what the hosts report to it.

    Whoever asks meanwhile waits for the successor. What the network told the dead one of processes that ended is lost.
    """

    back_after: float = 1.0


class Pause(Fault, frozen=True):
    """The process at a place stands still for `seconds`, as SIGSTOP does, and then goes on as if nothing had been."""

    place: int
    seconds: float


class Slow(Fault, frozen=True):
    """Everything that the process at a place does takes `factor` times as long, for `seconds`."""

    place: int
    seconds: float
    factor: int = 1000


class Cut(Fault, frozen=True):
    """For `seconds` nothing gets from `one` group of places to the `other`, nor back unless `one_way`.

    What was on its way, or is sent meanwhile, waits in the network and comes later, as with TCP.
    """

    one: tuple[int, ...]
    other: tuple[int, ...]
    seconds: float
    one_way: bool = False


class Reset(Fault, frozen=True):
    """The connections between two places break; what was on its way is lost."""

    one: int
    other: int


class Lag(Fault, frozen=True):
    """For `seconds`, whatever goes between two places takes `extra` seconds longer."""

    one: int
    other: int
    seconds: float
    extra: float


class ClockStep(Fault, frozen=True):
    """The clock of a place jumps forward by `seconds`, as after a suspend."""

    place: int
    seconds: float


class ClockRate(Fault, frozen=True):
    """The clock of a place goes `rate` times as fast from now on."""

    place: int
    rate: float


FaultPlan = tuple[Fault, ...]
"""All that goes wrong in one run."""

NO_FAULTS: FaultPlan = ()


def plan_as_text(plan: FaultPlan) -> str:
    """A plan as one line of JSON."""
    return msgspec.json.encode(plan).decode()


AnyFault = Crash | DirectoryCrash | Pause | Slow | Cut | Reset | Lag | ClockStep | ClockRate

KINDS: tuple[type[Fault], ...] = get_args(AnyFault)
"""Every kind of fault."""

NAMES = ("reset", "pause", "slow", "lag", "cut", "crash", "directory")
"""Every kind that `random_faults` can choose."""


def plan_from_text(text: str) -> FaultPlan:
    """The plan of a line that `plan_as_text` made. Raises ValueError for any other."""
    return msgspec.json.decode(text, type=tuple[AnyFault, ...])


CHOSEN = ("reset", "reset", "pause", "slow", "lag", "cut", "crash")
"""What `random_faults` chooses from. The clocks differ in every run anyway."""


def random_faults(
    random: Random, *, hosts: int, seconds: float, most: int = 3, kinds: tuple[str, ...] = CHOSEN
) -> FaultPlan:
    """Up to `most` faults among this many hosts within these seconds; the driver never crashes.

    Raises ValueError for a kind that there is not.
    """
    if unknown := [it for it in kinds if it not in NAMES]:
        message = f"There is no kind of fault {unknown[0]!r} to choose. There are {', '.join(NAMES)}."
        raise ValueError(message)
    return tuple(
        _random_fault(random, random.choice(kinds), hosts, seconds)
        for _ in range(random.randint(0, most) if hosts else 0)
    )


OF_A_PLACE: dict[str, Callable[[float, int, float], Fault]] = {"crash": Crash, "pause": Pause, "slow": Slow}


def _random_fault(random: Random, kind: str, hosts: int, seconds: float) -> Fault:
    at = _milliseconds(random, seconds)
    place = random.randint(1, hosts)
    other = random.choice([it for it in range(hosts + 1) if it != place])
    lasts = _milliseconds(random, seconds / 2)
    if kind in OF_A_PLACE:
        return OF_A_PLACE[kind](at, place, lasts)
    if kind == "directory":
        return DirectoryCrash(at, lasts)
    if kind == "lag":
        return Lag(at, place, other, lasts, _milliseconds(random, seconds / 4))
    if kind == "cut":
        return Cut(at, (place,), (other,), lasts, random.random() < 0.3)  # noqa: PLR2004 - three in ten
    return Reset(at, place, other)


def _milliseconds(random: Random, most: float) -> float:
    return random.randint(0, max(1, int(most * 1000))) / 1000
