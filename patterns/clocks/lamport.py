"""Lamport's clock: counts events, and never falls behind a stamp that it has seen (1978).

If an event came before another, its stamp is smaller. The reverse does not hold: a smaller stamp may be chance.
"""

from patterns.clocks.errors import BadStamp

MOST = 2**63
"""Stamps are smaller than this, so that eight bytes hold one."""


class LamportClock:
    """The clock of one process. Not for several threads at once."""

    __slots__ = ("now",)

    def __init__(self, now: int = 0) -> None:
        self.now = now
        """The stamp given last."""

    def tick(self) -> int:
        """The stamp of an event here: of something that happens, or of a message that is sent."""
        self.now += 1
        return self.now

    def observe(self, stamp: int) -> int:
        """The stamp of receiving a message that was sent with `stamp`: later than that, and than all before it here.

        Raises BadStamp for what is no stamp.
        """
        if type(stamp) is not int or not 0 <= stamp < MOST:
            message = f"{stamp!r} is no stamp of a Lamport clock: those are whole numbers from 0 to 2**63 - 1."
            raise BadStamp(message)
        self.now = max(self.now, stamp) + 1
        return self.now
