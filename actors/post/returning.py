"""Holds what comes for actors that may be on their way back to a seat that was taken over, until they are back or not.

The new host knows none of the actors that lived on its seat: their parents on other hosts do. So it keeps, in order and
within bounds, what is sent to numbers that it does not know and that are older than itself, until every other host has
said that it has sent its children (`Restored`), or RETURNING seconds have passed. What then is left has nobody.
"""

import logging
from collections.abc import Callable, Iterable

from actors.address import Sitting, epoch_in

log = logging.getLogger("understudy.post")

RETURNING = 8.0
"""Seconds that a host which does not say what it has is waited for: the time of a verdict on it (rule A16)."""

MAILBOXES = 10
"""What is held for all actors together is bounded by so many mailboxes."""


class Returning:
    """What one new host holds. `over` is called once, when nobody is waited for any more."""

    def __init__(self, epoch: int, bound: int, over: Callable[[], None]) -> None:
        self._epoch = epoch
        self._bound = bound
        self._over = over
        self._held: dict[int, list[Callable[[], None]]] = {}
        self._count = 0
        self._ended: set[int] = set()
        self._waits_for: set[Sitting] | None = None
        self._restored: set[Sitting] = set()

    def hold(self, number: int, again: Callable[[], None], refuse: Callable[[], None]) -> bool:
        """Keep what is for an actor that may come: `again` is called when it has, or will not; `refuse` without room.

        False for an actor that certainly does not come; then nothing was done.
        """
        if epoch_in(number) >= self._epoch or number in self._ended:
            return False
        held = self._held.setdefault(number, [])
        if len(held) >= self._bound or self._count >= MAILBOXES * self._bound:
            refuse()
        else:
            held.append(again)
            self._count += 1
        return True

    def came(self, number: int) -> None:
        """The actor is back: it gets what was held, before anything that comes after this."""
        held = self._held.pop(number, ())
        self._count -= len(held)
        for again in held:
            _call(again)

    def ended(self, number: int) -> None:
        """An actor of this host has ended, so it is not on its way."""
        self._ended.add(number)

    def wait_for(self, hosts: Iterable[Sitting]) -> None:
        """These hosts had, or may have had, children here. The first list counts: later hosts never had."""
        if self._waits_for is None:
            self._waits_for = set(hosts)
            self._look()

    def restored(self, host: Sitting) -> None:
        """A host has sent what it had, or has ended."""
        self._restored.add(host)
        self._look()

    def release(self) -> None:
        """Nobody comes any more: everything that is held has its turn, and finds nobody."""
        while self._held:
            self.came(next(iter(self._held)))

    def _look(self) -> None:
        if self._waits_for is not None and self._waits_for <= self._restored:
            self._over()


def _call(again: Callable[[], None]) -> None:
    try:
        again()
    except Exception:
        log.exception("A message that was held for its actor could not be handed over.")
