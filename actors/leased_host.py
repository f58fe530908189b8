"""A host that acts only while its lease lasts, so that nothing acts twice: rule A16.

While the lease has run out, no handler begins and no signal is served, messages and ticks wait in their mailboxes, and
the links let no record leave. Handlers in progress go on as far as they need none of that. The lease is looked at
before each cell's turn and before each flush; what happens between the look and the act is fenced by epochs (rule A20).

With `without_head = "continue"` the first lease never runs out: the host acts on while nobody can tell it whether it
may, and so two may act for one seat (rule A19).
"""

from collections.abc import Callable
from math import inf
from typing import Any

from msgspec.structs import replace

from actors.host import CELLS_PER_TURN, Host
from actors.settings import CONTINUE
from actors.supervising.signals import StartChild


class LeasedHost(Host):
    """Has no lease before the first call of `leased`. The host's clock must go on while the machine is suspended."""

    def __init__(self, **parts: Any) -> None:
        self.lease_until = -inf
        """In seconds on the host's clock. A thread may set it, and then sees to it that `leased` is called."""
        self.suspended = False
        """Whether a turn was due that had to wait for the lease."""
        self.resumed: Callable[[], None] = _nothing
        """Called when there is a lease again: what was withheld may leave."""
        super().__init__(**parts)

    def may_act(self) -> bool:
        """Whether the lease lasts."""
        return self.clock() < self.lease_until

    def leased(self, until: float) -> None:
        """The lease has been renewed; go on if it had run out. Called on the host's loop."""
        unfenced = self.settings.without_head == CONTINUE
        self.lease_until = inf if unfenced else max(until, self.lease_until)
        if self.may_act():
            self.resumed()
            if self.suspended:
                self.suspended = False
                self._ask_for_turn()

    def _start_for_another(self, signal: StartChild) -> None:
        """A first start is served as it comes, for messages are behind it; without a lease it only takes those."""
        if self.may_act():
            super()._start_for_another(signal)
            return
        super()._start_for_another(replace(signal, waits=True))
        if signal.child.number in self.cells:
            self.received_signal(signal.child.number, signal)

    def _turn(self) -> None:
        """As of any host, with a look at the lease before each cell; it is repeated so that others need not look."""
        now = self.clock()
        if now >= self.lease_until:
            self.suspended = True  # it counts as awake meanwhile, so that nobody asks for a turn
            return
        waited = now - self._asked_at
        stats = self.stats
        stats.turns += 1
        stats.waited += waited
        stats.longest = max(stats.longest, waited)
        if self._signals:
            self._serve_signals()
        ready = self._ready
        try:
            for _ in range(min(CELLS_PER_TURN, len(ready))):
                cell = ready.popleft()
                variables = cell.variables
                if variables is None:
                    variables = cell.variables = self._variables.copy()
                variables.run(cell.turn)
                if self.clock() >= self.lease_until:
                    break
                if self._signals:
                    self._serve_signals()
        finally:
            if ready or self._signals:
                self._ask_for_turn()
            else:
                self._awake = False


def _nothing() -> None:
    """Nothing was withheld."""
