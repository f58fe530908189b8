"""How long a supervisor waits for the end of a child on a host that cannot be reached: the child's budget (rule A41).

A host that can be reached keeps the budgets itself, and says so in its report. A host that is dead is proved so in
seconds. In between, a child that was told to end is given up after its budget: the report names it, and what it was
told waits on the link, so that it ends when its host is back.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

    from actors.host import Host
    from actors.supervising.child import Child


class Vigil:
    """The children of one table, on other hosts, that were told to end."""

    __slots__ = ("_abandon", "_awaited", "_host", "_timer")

    def __init__(self, host: "Host", abandon: "Callable[[Child], None]") -> None:
        self._host = host
        self._abandon = abandon
        self._awaited: list[tuple[float, Child, bool]] = []
        """When its time is up, who, and whether its host was out of reach when it was looked at last."""
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, child: "Child") -> None:
        """A child was told to end."""
        settings, budget = self._host.settings, child.spec.stop_budget
        patience = (settings.stop_budget if budget is None else budget) + settings.cancel_grace
        self._awaited.append((self._host.clock() + patience, child, False))
        self._arm()

    def _arm(self) -> None:
        if self._timer is None and self._awaited:
            # not for each child a look of its own: ten thousand that were told in one second are looked at together
            soonest = min(due for due, _, _ in self._awaited) - self._host.clock()
            seconds = max(soonest, self._host.settings.cancel_grace)
            self._timer = self._host.loop.call_later(seconds, self._look)

    def _look(self) -> None:
        """Give up those whose time is up and whose host is out of reach, now and at the last look: not for a hiccup."""
        self._timer = None
        now, awaited, self._awaited = self._host.clock(), self._awaited, []
        for due, child, was_away in awaited:
            if child.ended is None or child.ended.done():
                continue
            is_away = due <= now and self._host.is_away(child.address.seat)
            if is_away and was_away:
                self._abandon(child)
            else:
                self._awaited.append((due, child, is_away))
        self._arm()
