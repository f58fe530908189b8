"""What no actor library can beat: a deque with a call per message, and a future that is set by the next loop turn."""

import asyncio
from collections import deque
from time import perf_counter
from typing import Any


class BareLoop:
    """A queue, and a handler found by the message's class: an actor without a single feature."""

    def __init__(self) -> None:
        self._queue: deque[Any] = deque()
        self._count = 0
        self._handlers: dict[type, Any] = {}
        self.tell = self._queue.append

    def handle(self, message: object) -> None:
        """Count it."""
        self._count += 1

    async def flush(self) -> None:
        """Handle everything that waits."""
        queue, handlers, handler = self._queue, self._handlers, self.handle
        while queue:
            message = queue.popleft()
            handlers.get(message.__class__, handler)(message)


async def hops(count: int) -> float:
    """Await so many futures that the loop's next turn sets; returns the seconds."""
    loop = asyncio.get_running_loop()
    began = perf_counter()
    for number in range(count):
        future = loop.create_future()
        loop.call_soon(future.set_result, number)
        await future
    return perf_counter() - began
