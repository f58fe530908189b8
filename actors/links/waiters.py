"""Coroutines that wait for something to change, and look again when it may have."""

import asyncio


class Waiters:
    """`wake` wakes all that wait at that moment; each checks for itself whether it may go on."""

    __slots__ = ("_futures", "_loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._futures: dict[asyncio.Future[None], None] = {}  # a set would wake in another order in each process

    async def wait(self) -> None:
        """Until the next `wake`."""
        future: asyncio.Future[None] = self._loop.create_future()
        self._futures[future] = None
        try:
            await future
        finally:
            self._futures.pop(future, None)

    def wake(self) -> None:
        """Called from the loop's thread."""
        futures, self._futures = self._futures, {}
        for future in futures:
            if not future.done():
                future.set_result(None)
