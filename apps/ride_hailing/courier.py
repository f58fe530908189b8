"""Told until acknowledged: at-least-once on top of messages that are sent at most once.

A message waits here under a key until its receiver acknowledges that key; meanwhile it is told again at intervals, in
the trace of the message that it was first told for. The
receiver must therefore recognise what it has had before. What need not arrive (a position, an offer) is told once
and does not pass through here.
"""

from collections.abc import Hashable
from typing import Any

from actors import Actor, Message, Ref, call

TIMER = "retell"


class Courier(Actor):
    """An actor that insists: messages given to `insist` are told again after one to two times `again` seconds."""

    def __init__(self, again: float) -> None:
        self._again = again
        self._open: dict[Hashable, tuple[Ref[Any], Message, bytes]] = {}
        self._fresh: set[Hashable] = set()
        """Told since the last tick: too early to tell again."""

    def insist(self, key: Hashable, ref: Ref[Any], message: Message) -> None:
        """Tell the message now and again until `acknowledged(key)`; replaces what was open under the key."""
        ref.tell(message)
        if not self._open:
            self.context.timers.fixed_delay(TIMER, self._again, Courier.retell())
        self._open[key] = (ref, message, self.context.telemetry.header)
        self._fresh.add(key)

    def acknowledged(self, key: Hashable) -> None:
        """The message has arrived, or need not arrive any more."""
        if self._open.pop(key, None) is not None and not self._open:
            self.context.timers.cancel(TIMER)

    @call
    def retell(self) -> None:
        """A tick: tell again what has been open for a whole interval."""
        for key, (ref, message, header) in self._open.items():
            if key not in self._fresh:
                with self.context.telemetry.continuing(header, "tell again"):
                    ref.tell(message)
        self._fresh.clear()
