"""How often one incarnation of a supervisor may restart children: a count of causes in a sliding window (rule A10)."""

from collections import deque
from collections.abc import Hashable


class RestartBudget:
    """Restarts left to one incarnation of a supervisor; the window is empty at its start."""

    __slots__ = ("_causes", "_spent", "restarts", "within")

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
