"""One child as its supervisor sees it: what it was started from, which incarnation lives, and who waits for it."""

from typing import TYPE_CHECKING

from actors.address import Address
from actors.supervising.signals import Cause, Spec, StopReport
from actors.supervising.supervision import Backoff

if TYPE_CHECKING:
    import asyncio


class Child:
    """An entry in a supervisor's table."""

    __slots__ = (
        "address", "away", "ended", "failed_at", "failures", "incarnation", "leaving", "name", "running", "spec",
        "started",
    )  # fmt: skip

    def __init__(self, address: Address, spec: Spec, name: str | None) -> None:
        self.address = address
        self.spec = spec
        self.name = name
        self.incarnation = 1
        self.running = False
        """Whether its first start has succeeded."""
        self.away = False
        """Whether its host was lost, and it waits for somebody to take the seat."""
        self.leaving = False
        """Whether it ends for good because of a failure of its own."""
        self.failures = 0
        self.failed_at = 0.0
        self.started: asyncio.Future[None] | None = None
        """Who awaits the first start."""
        self.ended: asyncio.Future[StopReport] | None = None
        """Who awaits the end; set once the child was told to stop."""

    @property
    def number(self) -> int:
        """Its number, which is the key of the table."""
        return self.address.number

    @property
    def cause(self) -> Cause:
        """What a failure of the present incarnation begins with, where it does not say otherwise."""
        return Cause(self.address, self.incarnation)

    @property
    def is_awaited(self) -> bool:
        """Whether somebody waits for its first start, which has not succeeded yet."""
        return self.started is not None and not self.running

    def delay(self, backoff: Backoff, now: float, chance: float) -> float:
        """Seconds before the restart after a failure at `now`."""
        if now - self.failed_at > backoff.reset_after:
            self.failures = 0
        self.failures += 1
        self.failed_at = now
        return backoff.delay(self.failures, chance)
