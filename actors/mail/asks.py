"""Asks that wait for their reply: the first outcome wins, every later one is a dead letter, and each ask has an end.

Deadlines are kept in buckets, TICKS to a second, because one timer per ask costs more than the ask itself; a deadline
is met late by at most one tick, never early.
"""

import asyncio
from collections.abc import Callable
from heapq import heappop, heappush
from typing import TYPE_CHECKING, cast

import msgspec

from actors.address import Address
from actors.encoding.copying import copied
from actors.errors import AskError, Failed, TimedOut, Unsendable
from actors.mail.dead_letters import DeadLetters, Reason
from actors.mail.envelope import Asker

if TYPE_CHECKING:
    from actors.cells.streams import Incoming

TICKS = 100
"""A second has so many; a deadline is met at the tick after it."""

SWEEP = 256
"""Whenever so many asks without a deadline wait, those are forgotten that nobody awaits any more."""


class Ask(msgspec.Struct, eq=False):
    """One ask of this host: a future, and the deadline that ends it at the latest. A struct: quickly made."""

    asks: "Asks"
    future: "asyncio.Future[object]"
    target: Address
    deadline: float | None
    bucket: "dict[Ask, None] | None" = None
    number: int = 0
    """Its key in the table of asks that other hosts answer; 0 while only this host may answer."""

    @property
    def ended(self) -> bool:
        """Whether it has its outcome, or was cancelled by whoever awaited it."""
        return self.future.done()

    def reply(self, value: object, /) -> None:
        """End with a reply; too late, and the reply is a dead letter."""
        future = self.future
        if future.done():
            self.asks.late(value, self.target)
        else:
            future.set_result(value)
        bucket = self.bucket
        if bucket is not None and not self.number:  # by far the most: an ask with a deadline that stayed on this host
            bucket.pop(self, None)
            self.bucket = None
        else:
            self.forget()

    def fail(self, error: BaseException, /) -> None:
        """End with an outcome other than a reply; too late, and nothing happens, for nothing was lost."""
        if not self.future.done():
            self.future.set_exception(error)
        self.forget()

    def forget(self) -> None:
        """Leave the tables of those that wait."""
        if self.bucket is not None:
            self.bucket.pop(self, None)
            self.bucket = None
        if self.number:
            self.asks.remote.pop(self.number, None)


class Relay:
    """An ask of another host that this one sent on: the answer comes here and goes back the way the ask came."""

    __slots__ = ("asker", "asks", "number", "target")
    bucket = None
    """It has no deadline of its own: the first asker's ends it there."""

    def __init__(self, asks: "Asks", asker: Asker, target: Address) -> None:
        self.asks = asks
        self.asker = asker
        self.target = target
        self.number = 0

    @property
    def ended(self) -> bool:
        """Whether it has its outcome."""
        return self.asker.ended

    def reply(self, value: object, /) -> None:
        """Pass the reply on."""
        self.asks.remote.pop(self.number, None)
        self.asker.reply(value)

    def fail(self, error: BaseException, /) -> None:
        """Pass the outcome on."""
        self.asks.remote.pop(self.number, None)
        self.asker.fail(error)

    def arrived(self, item: object) -> None:
        """Pass an item of a stream on to its reader on this host."""
        cast("Incoming", self.asker).arrived(item)


class CopyingAsk(Ask, eq=False):
    """An ask whose reply is copied, as if it came from another host (rule A27)."""

    def reply(self, value: object, /) -> None:
        """End with a copy of a reply; one that cannot be copied fails the ask, for it could not have travelled."""
        try:
            value = copied(value)
        except Unsendable as error:
            failed = Failed(
                f"{self.target} replied with what cannot be sent: {error}", type_name="Unsendable", text=str(error)
            )
            failed.__cause__ = error
            self.fail(failed)
        else:
            super().reply(value)


class Asks:
    """All asks of one host that have no outcome yet."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        clock: Callable[[], float],
        dead_letters: DeadLetters,
        *,
        copying: bool = False,
    ) -> None:
        self._kind = CopyingAsk if copying else Ask
        self._loop = loop
        self._clock = clock
        self._dead_letters = dead_letters
        self._buckets: dict[int, dict[Ask, None]] = {}
        self._latest: dict[Ask, None] = {}
        self._latest_from = self._latest_to = 0.0
        self._endless: dict[Ask, None] = {}
        """Those without a deadline."""
        self._ticks: list[int] = []
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0
        self._number = 0
        self.remote: dict[int, Ask | Relay] = {}
        """Asks that went to other hosts, by the number their reply will name."""
        self.opened: Callable[[], None] = _nothing
        """Called when an ask is opened: for the first one after `tell_of_next`, and sometimes for others."""

    def open(self, target: Address, deadline: float | None) -> Ask:
        """A new ask that ends at `deadline` (seconds on the host's clock), or never for None."""
        ask = self._kind(self, self._loop.create_future(), target, deadline)
        if deadline is None:
            bucket = self._without_end()
        else:
            # asks that follow each other mostly share a bucket, and comparing is cheaper than computing which
            bucket = self._latest if self._latest_from <= deadline < self._latest_to else self._bucket(deadline)
        bucket[ask] = None
        ask.bucket = bucket
        return ask

    def waiting(self) -> list[Ask]:
        """Every ask that waits, except those that are sent on for others."""
        found = [ask for bucket in self._buckets.values() for ask in bucket]
        found.extend(self._endless)
        return found

    def tell_of_next(self) -> None:
        """Call `opened` for the next ask."""
        self._latest_to = 0.0  # so that it looks for its bucket

    def __len__(self) -> int:
        """Asks that wait, and those that are sent on for others."""
        relayed = sum(1 for ask in self.remote.values() if ask.bucket is None)
        return sum(map(len, self._buckets.values())) + len(self._endless) + relayed

    def relay(self, asker: Asker, target: Address) -> Relay:
        """Stand between an asker that is no ask of this host, or a stream's reader, and an actor of another host."""
        return Relay(self, asker, target)

    def number(self, ask: Ask | Relay) -> int:
        """Give the ask a number by which another host can answer it."""
        if not ask.number:
            self._number += 1
            ask.number = self._number
            self.remote[ask.number] = ask
        return ask.number

    def late(self, value: object, target: Address) -> None:
        """Record a reply that came after the outcome."""
        self._dead_letters.add(value, target, Reason.LATE)

    def fail_all(self, error: Callable[[Ask | Relay], AskError]) -> None:
        """End every ask that waits, for the host closes."""
        for ask in self.waiting():
            ask.fail(error(ask))
        for ask in list(self.remote.values()):
            ask.fail(error(ask))
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def fail_for_seat(self, seat: int, error: Callable[[Ask | Relay], AskError]) -> None:
        """End every ask whose actor lives on a seat that was lost."""
        for ask in [ask for ask in self.remote.values() if ask.target.seat == seat]:
            ask.fail(error(ask))

    def _without_end(self) -> dict[Ask, None]:
        self.opened()
        if self._endless and len(self._endless) % SWEEP == 0:
            for ask in [ask for ask in self._endless if ask.ended]:
                ask.forget()
        return self._endless

    def _bucket(self, deadline: float) -> dict[Ask, None]:
        self.opened()
        tick = int(deadline * TICKS) + 1
        bucket = self._buckets.get(tick)
        if bucket is None:
            bucket = self._buckets[tick] = {}
            heappush(self._ticks, tick)
            if self._timer is None or tick < self._due:
                self._arm(tick)
        self._latest, self._latest_from, self._latest_to = bucket, (tick - 1) / TICKS, tick / TICKS
        return bucket

    def _arm(self, tick: int) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._due = tick
        self._timer = self._loop.call_later(max(0.0, tick / TICKS - self._clock()), self._expire)

    def _expire(self) -> None:
        self._timer = None
        self._latest_to = 0.0  # it may be among those that end now
        ticks, now = self._ticks, int(self._clock() * TICKS)
        while ticks and (ticks[0] <= now or not self._buckets[ticks[0]]):
            for ask in list(self._buckets.pop(heappop(ticks))):
                ask.bucket = None
                ask.fail(TimedOut(f"{ask.target} did not answer before the deadline; it may have run the request."))
        if ticks:
            self._arm(ticks[0])


def _nothing() -> None:
    """Nobody wants to know."""
