"""How often children may be restarted: a count of causes in a sliding window (rule A10).

One incarnation of a supervisor has one budget for all its children. A root is no actor, and nothing falls with it, so
there each top-level actor has a budget of its own: the failures of one never stop another (rule A13).
"""

from collections import deque
from collections.abc import Hashable


class RestartBudget:
    """Restarts left to one incarnation of a supervisor, or to one top-level actor; the window is empty at its start."""

    __slots__ = ("_causes", "_spent", "restarts", "within")
    shared = True
    """Whether all children of a supervisor are charged to it."""

    def __init__(self, restarts: int, within: float) -> None:
        self.restarts = restarts
        self.within = within
        self._spent: deque[tuple[float, Hashable]] = deque()
        self._causes: set[Hashable] = set()

    def spend(self, now: float, cause: Hashable = None) -> bool:
        """Take one restart at time `now` (seconds, never decreasing); False when the window already held the limit.

        A cause that is in the window already has been paid for. None is a cause of its own.
        """
        spent = self._spent
        while spent and (spent[0][0] <= now - self.within or len(spent) > self.restarts + 1):
            self._causes.discard(spent.popleft()[1])
        if cause is None or cause not in self._causes:
            spent.append((now, cause))
            if cause is not None:
                self._causes.add(cause)
        return len(spent) <= self.restarts

    def of(self, child: int) -> "RestartBudget":
        """What the child of this number is charged to."""
        del child
        return self

    def gone(self, child: int) -> None:
        """The child of this number has ended; what it has spent stays spent."""


class OwnBudgets:
    """A budget for each child of a root: made when it is charged for the first time, and gone with it."""

    __slots__ = ("_budgets", "restarts", "within")
    shared = False
    """None is charged for another."""

    def __init__(self, restarts: int, within: float) -> None:
        self.restarts = restarts
        self.within = within
        self._budgets: dict[int, RestartBudget] = {}

    def __len__(self) -> int:
        return len(self._budgets)

    def of(self, child: int) -> RestartBudget:
        """What the child of this number is charged to."""
        budget = self._budgets.get(child)
        if budget is None:
            budget = self._budgets[child] = RestartBudget(self.restarts, self.within)
        return budget

    def gone(self, child: int) -> None:
        """The child of this number has ended, and its budget with it."""
        self._budgets.pop(child, None)
