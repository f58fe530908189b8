"""An actor for tests: what the actors under test send to `probe.ref`, the test expects, one message after the other.

Every expectation takes the next messages in the order in which they came and fails with an AssertionError that says
what came instead. `within` is in seconds of the system's clock; on a time moved by hand nothing is waited for: an
expectation fails as soon as nothing more can come without `advance`.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar, cast, get_origin, overload

from actors.cells.spawner import Spawner
from actors.cells.terminated import Terminated
from actors.host import Host
from actors.placement import Placement, here
from actors.ref import Ref
from actors.testing.inbox import Letter, Received, Stand
from actors.testing.manual_time import ManualLoop
from actors.testing.rest import rest

A = TypeVar("A")
M = TypeVar("M")

WITHIN = 3.0
"""Seconds to wait for a message unless the test says otherwise."""


AT_WORK = 5.0
"""Seconds that handlers may be at work before it cannot be said that they are silent."""


class Opened(Protocol):
    """What a probe needs of a system."""

    @property
    def host(self) -> Host:
        """The host of this process."""
        ...

    def options(
        self, *, name: str | None = None, placement: Placement | None = None, stop_budget: float | None = None
    ) -> Spawner:
        """A spawner."""
        ...


class Probe(Generic[A]):
    """Receives whatever it is sent: `probe = Probe(system)`, or `Probe(system, Account)` to stand for an Account.

    It lives on the host of the test, on every backend, and ends with the system.
    """

    @overload
    def __init__(self: "Probe[Any]", system: Opened) -> None: ...
    @overload
    def __init__(self, system: Opened, stands_for: Callable[..., A]) -> None: ...
    def __init__(self, system: Opened, stands_for: Callable[..., A] | None = None) -> None:
        self._host = system.host
        self._inbox = Received()
        self._last: Letter | None = None
        spawner = system.options(placement=here())
        self.ref: Ref[A] = cast("Ref[A]", spawner.spawn_nowait(Stand, self._inbox))
        """Give it to the actors under test."""
        self._name = f"The probe for {stands_for.__name__}" if stands_for is not None else "The probe"

    # ---- expecting --------------------------------------------------------------------------------------------------

    @overload
    async def expect(self, expected: Callable[..., M], *, within: float = WITHIN) -> M: ...
    @overload
    async def expect(self, expected: M, *, within: float = WITHIN) -> M: ...
    async def expect(self, expected: Any, *, within: float = WITHIN) -> Any:
        """The next message, which must be of this class (`Joined`, `Account.deposit`) or equal this value."""
        message = await self._next(_said(expected), self._until(within))
        if not _fits(message, expected):
            raise AssertionError(f"{self._name} expected {_said(expected)}, and got {message!r}.")
        return message

    async def expect_all(self, *expected: object, within: float = WITHIN) -> list[Any]:
        """As many messages as are named, in any order, each fitting one; returned in the order named."""
        wanted, until = "all of " + ", ".join(map(_said, expected)), self._until(within)
        found: dict[int, object] = {}
        while len(found) < len(expected):
            message = await self._next(wanted, until)
            place = next((i for i, it in enumerate(expected) if i not in found and _fits(message, it)), None)
            if place is None:
                raise AssertionError(f"{self._name} expected {wanted}, and got {message!r}.")
            found[place] = message
        return [found[place] for place in range(len(expected))]

    async def receive(self, *, within: float = WITHIN) -> Any:
        """The next message, whatever it is."""
        return await self._next("a message", self._until(within))

    async def receive_many(self, count: int, *, within: float = WITHIN) -> list[Any]:
        """The next `count` messages; `within` is for all of them together."""
        until = self._until(within)
        return [await self._next(f"{count} messages", until) for _ in range(count)]

    async def fish(self, predicate: Callable[[Any], bool], *, within: float = WITHIN) -> Any:
        """The next message for which the predicate holds; those before it are dropped."""
        until = self._until(within)
        while True:
            message = await self._next("a message that the predicate takes", until)
            if predicate(message):
                return message

    async def expect_no_message(self, *, during: float | None = None) -> None:
        """Nothing has come, and nothing will until time passes or the test acts; does not sleep to know it.

        Waits until the system is at rest: no message waits for an actor, and no handler runs, in a thread or waiting
        for anything but an answer, or a time moved by hand. Fails, naming them, if handlers are at work for 5 s.

        Other hosts cannot be seen to be at rest. With them, or to let the real clock run, give `during` in seconds.
        """
        if during is not None:
            if isinstance(self._host.loop, ManualLoop):
                raise RuntimeError("Time is moved by hand here: `await time.advance(...)`, then expect no message.")
            await self._inbox.filled(1, self._until(during))
        elif self._host.post is not None:
            raise RuntimeError("Other hosts may be at work. Say how long to wait: expect_no_message(during=seconds).")
        elif (busy := await rest(self._host, AT_WORK)) and not self._inbox.items:
            raise AssertionError(f"{self._name} cannot say that no message comes: still at work are {', '.join(busy)}.")
        if self._inbox.items:
            raise AssertionError(f"{self._name} expected no message, and got {self._inbox.items[0].message!r}.")

    # ---- watching ---------------------------------------------------------------------------------------------------

    def watch(self, ref: Ref[Any]) -> None:
        """Get a `Terminated` when the actor's present incarnation ends. See `Context.watch`."""
        self._inbox.context.watch(ref)

    def unwatch(self, ref: Ref[Any]) -> bool:
        """End a watch. See `Context.unwatch`."""
        return self._inbox.context.unwatch(ref)

    async def expect_terminated(self, ref: Ref[Any], *, within: float = WITHIN) -> Terminated:
        """The next message, which must say that the watched actor has ended."""
        message = await self._next(f"Terminated of {ref}", self._until(within))
        if not isinstance(message, Terminated) or message.ref != ref:
            raise AssertionError(f"{self._name} expected Terminated of {ref}, and got {message!r}.")
        return message

    # ---- answering --------------------------------------------------------------------------------------------------

    @property
    def sender(self) -> Ref[Any] | None:
        """Who sent the message that was expected last, as far as is known."""
        return self._looked_at().sender

    def reply(self, value: object) -> None:
        """Answer the request that was expected last; nothing happens if it was told, or answered before."""
        self._looked_at().reply.reply(value)

    def fail(self, error: BaseException) -> None:
        """Let the request that was expected last fail: its asker hears Failed, caused by the error."""
        self._looked_at().reply.fail(error)

    # ---- waiting ----------------------------------------------------------------------------------------------------

    def _until(self, within: float) -> float:
        return self._host.loop.time() + within

    async def _next(self, wanted: str, until: float) -> object:
        inbox, loop = self._inbox, self._host.loop
        if isinstance(loop, ManualLoop):
            if not inbox.items and await rest(self._host, WITHIN):
                await asyncio.sleep(0)
            came = bool(inbox.items)
            why = "at rest" if (due := loop.next_due()) is None else f"at rest until {due - loop.time():g} s from now"
        else:
            came, why = await inbox.filled(1, until), "silent"
        if not came:
            raise AssertionError(f"{self._name} expected {wanted}, and nothing more came: the actors are {why}.")
        self._last = inbox.items.popleft()
        return self._last.message

    def _looked_at(self) -> Letter:
        if self._last is None:
            raise RuntimeError("The probe has given no message yet. Expect one first.")
        return self._last


def _fits(message: object, expected: object) -> bool:
    kind = get_origin(expected) or expected
    return isinstance(message, kind) if isinstance(kind, type) else message == expected


def _said(expected: object) -> str:
    kind = get_origin(expected) or expected
    return kind.__qualname__.rpartition("<locals>.")[2] if isinstance(kind, type) else repr(expected)
