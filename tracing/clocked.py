"""A logical clock that rides on spans and in headers, so that what came before what does not depend on hosts' clocks.

Which clock that is, `traced(clock=...)` says: any that gives 64-bit stamps, of which `patterns.clocks` has two. Stamps
travel with messages and not with replies: they order a trace from its root to its leaves.
"""

from collections.abc import Callable
from typing import Any, Protocol

from tracing import header as headers

STAMP = "actor.clock"
"""The attribute: 16 hexadecimal digits, which sort as the stamps do."""


class LogicalClock(Protocol):
    """Gives stamps that are 64-bit numbers; what came before has the smaller one."""

    def tick(self) -> int:
        """The stamp of an event here."""
        ...

    def observe(self, stamp: int, /) -> int:
        """The stamp of receiving what was sent with `stamp`. Raises ValueError for one that it does not believe."""
        ...


MakesClock = Callable[[Callable[[], float]], LogicalClock]
"""Makes the clock of one host, from its time of day in seconds since 1970. It travels to each host by pickle."""


class Stamps:
    """The stamps of one host's spans, if it has a clock."""

    def __init__(self, clock: LogicalClock | None) -> None:
        self._clock = clock
        self.refused = 0
        """Stamps that came with messages and made no sense, or were not believed."""

    def put(self, facts: dict[str, Any], received: bytes = b"") -> bytes:
        """Add the stamp of a span that starts now to its facts; returns the slot for the headers of what it sends.

        `received`: the header of the message that it is about.
        """
        clock = self._clock
        if clock is None:
            return b""
        came = headers.slot_of(received, headers.CLOCK) if received else b""
        try:
            stamp = clock.observe(int.from_bytes(came, "big")) if came else clock.tick()
        except ValueError:
            self.refused += 1
            stamp = clock.tick()
        facts[STAMP] = f"{stamp:016x}"
        return headers.slot(headers.CLOCK, stamp.to_bytes(8, "big"))
