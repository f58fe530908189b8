"""What must hold of a soak's records, whoever was killed when: pure, so that tests can show that it can fail."""

import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Records:
    """What the clients and the counters wrote down, by the numbers of the requests."""

    asked: dict[int, str] = field(default_factory=dict[int, str])
    """How each ask ended: `ok`, or whether it ran by what its error said (`no`, `yes`, `maybe`); `` while it waits."""
    told: set[int] = field(default_factory=set[int])
    letters: Counter[str] = field(default_factory=Counter[str])
    """Dead letters of told requests at the clients' host, by reason."""
    lost_at_most: int = 0
    """The most that the killed hosts can have held, as `HostLost` said."""
    handled: Counter[int] = field(default_factory=Counter[int])

    def size(self) -> int:
        """Bytes that the numbers of requests take while the soak runs; whoever looks for a leak takes them off."""
        tables = sys.getsizeof(self.asked) + sys.getsizeof(self.told)
        return tables + sys.getsizeof(1) * (len(self.asked) + len(self.told))


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
    missing = sum(1 for number in records.told if not records.handled[number])
    explained = records.letters.total() + records.lost_at_most
    if missing > explained:
        wrong.append(f"{missing} told messages were not handled, and only {explained} are accounted for")
    return wrong
