"""What must hold of a soak's records, whoever was killed when: pure, so that tests can show that it can fail."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import linear_regression
from typing import NamedTuple

UNCERTAIN = "unknown"
"""The reason of a dead letter whose message may have arrived all the same: it may be handled, or given up there too."""

BEGUN = "cut"
"""The reason of a dead letter whose handler had begun."""

WINDOWS = 10
"""Looks at the memory that the second half of a soak must have, so that anything can be said about its slope."""

A_REQUEST = 20.0
"""Bytes by which a process may grow for each request in the second half: less than any object kept for it takes."""

A_BLOW = 128_000.0
"""Bytes by which it may grow for each blow besides: Ray keeps some of every process that it has started."""


class Loss(NamedTuple):
    """A host that was lost: who sat there, and which requests can have died with it."""

    seat: int
    since: int
    """The first request that can have waited there when the host was struck; those before were long done with."""
    until: int
    """The first request that was sent after the loss was known."""
    at_most: int
    """The most told messages that died there, as `HostLost` said."""


@dataclass(slots=True)
class Records:
    """What the clients and the counters wrote down, by the numbers of the requests, each of which was sent once."""

    asked: dict[int, str] = field(default_factory=dict[int, str])
    """How each ask ended: `ok`, or whether it ran by what its error said (`no`, `yes`, `maybe`); `` while it waits."""
    told: dict[int, int] = field(default_factory=dict[int, int])
    """To whose seat each was told."""
    letters: dict[int, list[str]] = field(default_factory=dict[int, list[str]])
    """Dead letters of told requests, on whatever host, by their reasons."""
    losses: list[Loss] = field(default_factory=list[Loss])
    handled: Counter[int] = field(default_factory=Counter[int])


def violations(records: Records, overdue: Iterable[int] = ()) -> list[str]:
    """Everything that is wrong, in words; empty if all is well. `overdue`: asks that outlived deadline and verdict."""
    wrong = [f"ask {number} outlived its deadline" for number in overdue]
    for number, count in records.handled.items():
        if count > 1:
            wrong.append(f"request {number} was handled {count} times")
        if number not in records.asked and number not in records.told:
            wrong.append(f"request {number} was handled, but nobody sent it")
    for number, outcome in records.asked.items():
        handled = records.handled[number]
        if outcome == "":
            wrong.append(f"ask {number} never ended")
        elif outcome == "no" and handled:
            wrong.append(f"ask {number} was handled, but its error says that it did not run")
        elif outcome in ("ok", "yes") and not handled:
            wrong.append(f"ask {number} ended as {outcome!r}, but nobody handled it")
    return [*wrong, *_of_letters(records), *_vanished(records)]


def _of_letters(records: Records) -> Iterable[str]:
    """Each told request is given up at most once, and not when it was handled, unless nobody can know that."""
    for number, reasons in records.letters.items():
        sure = [reason for reason in reasons if reason != UNCERTAIN]
        if len(sure) > 1 or len(reasons) - len(sure) > 1:
            yield f"request {number} was given up {len(reasons)} times: {', '.join(reasons)}"
        if records.handled[number] and sure and sure != [BEGUN]:
            yield f"request {number} was handled, and is a dead letter all the same: {', '.join(sure)}"


def _vanished(records: Records) -> Iterable[str]:
    """Each told request that was neither handled nor given up died with a host that can have had it, one by one."""
    losses = sorted(records.losses, key=lambda loss: loss.until)
    left = [loss.at_most for loss in losses]
    for number, seat in sorted(records.told.items()):
        if records.handled[number] or records.letters.get(number):
            continue
        for which, loss in enumerate(losses):  # the first that ends is the one that fewest others can name
            if left[which] and loss.seat == seat and loss.since <= number < loss.until:
                left[which] -= 1
                break
        else:
            yield f"request {number} vanished: not handled, no dead letter, and no host was lost that can have had it"


def growth(requests: Sequence[int], sizes: Sequence[float]) -> tuple[float, float] | None:
    """Bytes by which a process grew in the second half of its looks, by their slope, and by which it may have grown.

    There is a look after each blow; None if they are too few to say.
    """
    half = len(sizes) // 2
    later = requests[half:]
    if len(later) < WINDOWS:
        return None
    sent = later[-1] - later[0]
    return linear_regression(later, sizes[half:]).slope * sent, A_REQUEST * sent + A_BLOW * (len(later) - 1)


def too_much(who: str, found: tuple[float, float] | None) -> list[str]:
    """What is wrong with a growth, in words; empty if it is within the bound, or could not be judged."""
    if found is None or found[0] <= found[1]:
        return []
    return [f"{who} grew by {found[0] / 1e6:.1f} MB in the second half, and may by {found[1] / 1e6:.1f}"]
