"""A host stays awake for a moment after traffic, because waking a process that sleeps takes longer than a message does.

Between two asks that follow each other both processes would go to sleep in the kernel, and be woken twice per ask: with
bare sockets on two cores of a virtual machine that was 46 of 53 µs. So after traffic the loop looks for more instead of
waiting for it, for some tens of microseconds. It learns: each time that nothing came, twice as many occasions are let
pass before it stays awake again, so that a host whose traffic is sparse sleeps like any other.
"""

import asyncio
from collections.abc import Callable
from contextvars import Context

MOST_PASSED = 255
"""Occasions that are let pass, at most, after it was in vain again and again."""


class Alertness:
    """Of one host; told of all that its connections read and write. `seconds` of 0: it always sleeps."""

    __slots__ = ("_awake", "_clock", "_context", "_loop", "_passed", "_seconds", "_to_pass", "_until", "_useful")

    def __init__(self, loop: asyncio.AbstractEventLoop, clock: Callable[[], float], seconds: float) -> None:
        self._loop = loop
        self._clock = clock
        self._seconds = seconds
        self._context = Context()  # not that of the actor whose message was the occasion
        self._awake = False
        self._useful = False
        self._until = 0.0
        self._to_pass = 0
        """Occasions to let pass after the next time that it is in vain."""
        self._passed = 0
        """Occasions still to be let pass."""

    def traffic(self, *, came: bool) -> None:
        """Something was read (`came`) or written; stay awake for what may follow."""
        if self._awake:
            self._useful = self._useful or came
            self._until = self._clock() + self._seconds
        elif self._passed:
            self._passed -= 1
        elif self._seconds:
            self._awake = True
            self._useful = False
            self._until = self._clock() + self._seconds
            self._loop.call_soon(self._look, context=self._context)

    def _look(self) -> None:
        """One turn of the loop, in which it asks the kernel what has come and does not wait for it."""
        if self._clock() < self._until and not self._loop.is_closed():
            self._loop.call_soon(self._look, context=self._context)
            return
        self._awake = False
        self._to_pass = 0 if self._useful else min(2 * self._to_pass + 1, MOST_PASSED)
        self._passed = self._to_pass
