"""What a host that has died had sent is read to its end before anybody hears of its death (rule A24)."""

import asyncio
from collections.abc import Callable

from actors.address import Sitting

PATIENCE = 5.0
"""Seconds that a verdict waits for the end of the stream of a host that is said to be dead."""


class LastWords:
    """The deaths that are known and not told yet.

    The end of a stream comes at once when its process is gone; where it does not, it is waited for no longer than
    PATIENCE.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._awaited: dict[Sitting, tuple[Callable[[], None], asyncio.TimerHandle]] = {}

    def expect(self, sitting: Sitting, then: Callable[[], None]) -> None:
        """Call `then` when the sitting's stream has been read to its end, or after PATIENCE."""
        self._awaited[sitting] = (then, self._loop.call_later(PATIENCE, self.end, sitting))

    def end(self, sitting: Sitting) -> None:
        """Nothing more comes from it; nothing happens if nobody waits for that."""
        then, timer = self._awaited.pop(sitting, (None, None))
        if then is not None and timer is not None:
            timer.cancel()
            then()
