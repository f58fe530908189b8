"""Dead letters as a test's business: exactly those that are expected, or none.

    async with expect_dead_letters(system, count=2, reason=Reason.STOPPED, of=Joined) as letters: ...

Both assertions take a `System` with `async with`, and its blocking form with `with`.
"""

import asyncio
import sys
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, cast, get_origin

from actors.blocking import BlockingSystem
from actors.testing.inbox import Inbox
from actors.testing.manual_time import ManualLoop
from actors.testing.probe import WITHIN
from actors.testing.rest import rest
from actors.testing.trial import AFTER, SystemUnderTest, describe, hear_dead_letters, simulated

if TYPE_CHECKING:
    from actors.mail.dead_letters import DeadLetter, Reason
    from actors.system import System


class ExpectedDeadLetters:
    """A block of a test in which dead letters are looked at. Its value is the list of those that fit, as they come."""

    def __init__(
        self,
        system: "System | BlockingSystem",
        count: int | None,
        reason: "Reason | None",
        of: Callable[..., object] | None,
        within: float,
    ) -> None:
        self._blocking = system if isinstance(system, BlockingSystem) else None
        self._system = cast("System", system.system) if isinstance(system, BlockingSystem) else system
        self._count = count
        self._reason = reason
        self._of = cast("type | None", get_origin(of) or of)
        self._within = within
        self._inbox: Inbox[DeadLetter] = Inbox()
        self._letters: list[DeadLetter] = []
        self._end: Callable[[], None] = _nothing

    # ---- async with -------------------------------------------------------------------------------------------------

    async def __aenter__(self) -> "list[DeadLetter]":
        self._end = hear_dead_letters(self._system, self._look_at)
        return self._letters

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if error is None:
                await self._check()
        finally:
            self._end()

    # ---- with -------------------------------------------------------------------------------------------------------

    def __enter__(self) -> "list[DeadLetter]":
        return self._waits().wait_for(self.__aenter__)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._waits().wait_for(lambda: self.__aexit__(kind, error, traceback))

    def _waits(self) -> BlockingSystem:
        if self._blocking is None:
            message = "This is the form for `System(...).blocking()`. Here, write `async with`."
            raise TypeError(message)
        return self._blocking

    # ---- looking ----------------------------------------------------------------------------------------------------

    def _look_at(self, letter: "DeadLetter") -> None:
        fits = self._reason in {None, letter.reason} and (self._of is None or isinstance(letter.message, self._of))
        if not fits:
            return
        self._letters.append(letter)
        self._inbox.add(letter)
        if self._count != 0 and isinstance(self._system, SystemUnderTest):
            unexpected = self._system.unexpected
            self._system.unexpected[:] = [it for it in unexpected if it is not letter]

    async def _check(self) -> None:
        wanted = 1 if self._count is None else self._count
        busy = await (self._rest(wanted) if simulated(self._system) is None else self._wait(wanted))
        came = len(self._letters)
        if came == self._count or (self._count is None and came):
            if busy and not wanted:
                message = f"It cannot be said that no dead letter comes: still at work are {', '.join(busy)}."
                raise AssertionError(message)
            return
        lines = "".join(f"\n  {describe(letter)}" for letter in self._letters)
        raise AssertionError(f"Expected {self._said()}, and there were {came or 'none'}{':' * bool(came)}{lines}")

    async def _wait(self, wanted: int) -> list[str]:
        """In a simulation it costs nothing to wait, and what is under way between hosts shows in none of them."""
        loop = asyncio.get_running_loop()
        await self._inbox.filled(wanted or sys.maxsize, loop.time() + self._within)
        if wanted and self._count is not None:
            await asyncio.sleep(AFTER)
        return []

    async def _rest(self, wanted: int) -> list[str]:
        """Until they have come, and then until the host is at rest; returns who is still at work."""
        host = self._system.host
        if not isinstance(host.loop, ManualLoop):
            await self._inbox.filled(wanted, host.loop.time() + self._within)
        return await rest(host, self._within if len(self._letters) < wanted or not wanted else 0.0)

    def _said(self) -> str:
        number = "at least one" if self._count is None else str(self._count) if self._count else "no"
        kind = f" of {self._of.__qualname__.rpartition('<locals>.')[2]}" if self._of is not None else ""
        reason = f" with reason {self._reason.value!r}" if self._reason is not None else ""
        return f"{number} dead letter{'s' * (self._count != 1 and self._count is not None)}{kind}{reason}"


def expect_dead_letters(
    system: "System | BlockingSystem",
    *,
    count: int | None = None,
    reason: "Reason | None" = None,
    of: Callable[..., object] | None = None,
    within: float = WITHIN,
) -> ExpectedDeadLetters:
    """Within the block come dead letters of this reason and message class: `count` of them, or for None one or more.

    Leaving the block waits for them, up to `within` seconds (of the real clock), then for the host to rest, and raises
    AssertionError for too few or too many. Only dead letters of this process' host are seen. In a simulation those of
    all hosts are, seconds are the world's, and if `count` is given, another second shows whether there are more.
    """
    return ExpectedDeadLetters(system, count, reason, of, within)


def no_dead_letters(
    system: "System | BlockingSystem",
    *,
    reason: "Reason | None" = None,
    of: Callable[..., object] | None = None,
    within: float = WITHIN,
) -> ExpectedDeadLetters:
    """Within the block comes no dead letter of this reason and message class; AssertionError names those that came.

    Leaving the block waits for the host to rest, up to `within` seconds; in a simulation, for `within` of its seconds.
    """
    return ExpectedDeadLetters(system, 0, reason, of, within)


def _nothing() -> None:
    """Before the block, nothing is to be ended."""
