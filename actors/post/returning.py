"""Holds what comes for actors that may be on their way back to a seat that was taken over, until they are back or not.

The new host knows none of the actors that lived on its seat: their parents on other hosts do. So it keeps, in order and
within bounds, what is sent to an actor that it does not know, as long as the host that had spawned it lives and has not
said that it has sent its children (`Restored`). What is left then has nobody. There is no other limit: that host may be
cut off from this one, or rest without a lease, and whoever asks has a deadline of his own.
"""

import logging
from collections.abc import Callable, Iterable

from actors.address import Sitting, epoch_in

log = logging.getLogger("understudy.post")

MAILBOXES = 10
"""What is held for all actors together is bounded by so many mailboxes, and so are the ends that are remembered."""

ANY_KEEPER = 0
"""Stands for the epoch of a keeper that may be still to come; no sitting has it. Its actors have anybody's numbers."""


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
        self._due: set[int] = set()
        """The epochs of those that are still waited for."""

    def hold(self, number: int, again: Callable[[], None], refuse: Callable[[], None]) -> bool:
        """Keep what is for an actor that may come: `again` is called when it has, or will not; `refuse` without room.

        False for an actor that certainly does not come; then nothing was done.
        """
        if number in self._ended or not self._may_come(number):
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
        if len(self._ended) < MAILBOXES * self._bound and self._may_come(number):
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

    def _may_come(self, number: int) -> bool:
        epoch = epoch_in(number)
        if self._waits_for is None or ANY_KEEPER in self._due:
            return epoch < self._epoch or epoch in self._due
        return epoch in self._due

    def _look(self) -> None:
        if self._waits_for is None:
            return
        self._due = {host.epoch for host in self._waits_for - self._restored}
        if not self._due:
            self._over()
            return
        for number in [number for number in self._held if not self._may_come(number)]:
            self.came(number)


def _call(again: Callable[[], None]) -> None:
    try:
        again()
    except Exception:
        log.exception("A message that was held for its actor could not be handed over.")
