"""Timers that send a message to their own actor: keyed, dead with the incarnation, late by any pause but never early.

Each key has one slot in the mailbox: a tick that is due while the last one still waits is not queued again but counted,
and so are the ticks a pause swallowed. The handler reads the count as `self.context.missed` (rule A47).
"""

from collections.abc import Hashable
from math import inf
from typing import TYPE_CHECKING, Literal

from actors.errors import Fenced
from actors.mail.envelope import Envelope

if TYPE_CHECKING:
    import asyncio

    from actors.cells.cell import Cell

Kind = Literal["once", "delay", "rate", "idle"]


class Timer:
    """One running timer of one cell."""

    __slots__ = ("cell", "delay", "due", "handle", "key", "kind", "message", "missed", "seconds", "waiting")

    def __init__(
        self, cell: "Cell", key: Hashable, kind: Kind, seconds: float, message: object, *, continues: bool
    ) -> None:
        self.cell = cell
        self.key = key
        self.kind: Kind = kind
        self.seconds = seconds
        self.message = message
        self.delay = seconds if continues else None
        self.missed = 0
        self.waiting: Envelope | None = None
        self.due = cell.host.clock() + seconds
        self.handle: asyncio.TimerHandle = self._armed()

    def _armed(self) -> "asyncio.TimerHandle":
        host = self.cell.host
        return host.loop.call_later(max(0.0, self.due - host.clock()), self._fire)

    def _fire(self) -> None:
        now = self.cell.host.clock()
        if now < self.due:  # the loop's clock may be coarser than the host's: late is allowed, early is not
            self.handle = self._armed()
            return
        if self.kind == "idle" and (quiet_until := self._quiet_until(now)) > now:
            self.due = quiet_until
            self.handle = self._armed()
            return
        self._tick(int((now - self.due) / self.seconds) if self.kind == "rate" else 0)
        if self.kind == "once":
            return
        self.due = now + self.seconds if self.kind != "rate" else self.due + self.seconds * self._passed(now)
        self.handle = self._armed()

    def _quiet_until(self, now: float) -> float:
        """When the actor will have had no message for long enough, if none comes; a busy one has one in hand."""
        return (self.cell.active_at if self.cell.idle else now) + self.seconds

    def _passed(self, now: float) -> int:
        return int((now - self.due) / self.seconds) + 1

    def _tick(self, swallowed: int) -> None:
        if self.waiting is not None:
            self.waiting.missed += 1 + swallowed
            return
        cell = self.cell
        # a deadline of infinity sends the envelope through the cell's check of deadlines, which asks `taken`
        self.waiting = Envelope(
            self.message,
            cell.blueprint.table.find(self.message.__class__),
            cell,
            deadline=inf,
            exempt=True,
            missed=swallowed,
            tick=self,
        )
        cell.accept_exempt(self.waiting)

    def holds(self, envelope: Envelope) -> None:
        """An instrument has put the tick into an envelope of its own."""
        self.waiting = envelope

    def taken(self) -> bool:
        """Free the slot, for the waiting tick has its turn now; False when the timer was cancelled meanwhile."""
        self.waiting = None
        timers = self.cell.timers
        alive = timers.has(self)
        if alive and self.kind == "once":
            timers.cancel(self.key)
        return alive


class Timers:
    """The timers of one incarnation of one actor: `self.context.timers`."""

    __slots__ = ("_cell", "_ended", "_timers")

    def __init__(self, cell: "Cell") -> None:
        self._cell = cell
        self._timers: dict[Hashable, Timer] = {}
        self._ended = False

    def once(self, key: Hashable, seconds: float, message: object, *, continues: bool = False) -> None:
        """Send `message` to this actor once, in `seconds`. A timer of the same key is replaced.

        continues: it goes on with what is being handled now. Where messages are followed by an instrument, this one is
        then part of the same trace, wait and all, instead of beginning a trace of its own.
        """
        self._start(key, "once", seconds, message, continues=continues)

    def fixed_delay(self, key: Hashable, seconds: float, message: object) -> None:
        """Send `message` every `seconds`, counted from the last tick. A timer of the same key is replaced."""
        self._start(key, "delay", seconds, message)

    def fixed_rate(self, key: Hashable, seconds: float, message: object) -> None:
        """Send `message` every `seconds` on average; ticks that were missed are one tick with a count."""
        self._start(key, "rate", seconds, message)

    def idle(self, key: Hashable, seconds: float, message: object) -> None:
        """Send `message` whenever no other has come for `seconds`: what `receive_timeout` is made of."""
        self._start(key, "idle", seconds, message)

    def cancel(self, key: Hashable) -> bool:
        """End the timer; not even a tick that waits in the mailbox is handled. False when no such timer runs."""
        timer = self._timers.pop(key, None)
        if timer is None:
            return False
        timer.handle.cancel()
        timer.waiting = None  # the two hold each other, and the collector does not look into envelopes
        return True

    def cancel_all(self) -> None:
        """End every timer of this incarnation, which can start no other any more."""
        self._ended = True
        for key in list(self._timers):
            self.cancel(key)

    def has(self, timer: Timer) -> bool:
        """Whether this very timer runs, or its last tick waits."""
        return self._timers.get(timer.key) is timer

    def __contains__(self, key: Hashable) -> bool:
        return key in self._timers

    def __len__(self) -> int:
        return len(self._timers)

    def _start(self, key: Hashable, kind: Kind, seconds: float, message: object, *, continues: bool = False) -> None:
        if self._ended:
            raise Fenced(f"{self._cell.name}: this incarnation has ended; it cannot start timers any more.")
        if seconds <= 0 and kind != "once":
            text = f"A repeating timer needs a positive number of seconds, not {seconds}."
            raise ValueError(text)
        self._cell.handler_for(message)
        self.cancel(key)
        self._timers[key] = Timer(self._cell, key, kind, max(0.0, seconds), message, continues=continues)
