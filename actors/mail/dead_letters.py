"""Whatever a living host gives up becomes a dead letter here, with its reason: counted, heard, logged now and then.

Subscribers are called in the order in which they subscribed, on the host's loop; one that raises is dropped and logged.
Message bodies are never logged (rule A28).
"""

import logging
from collections import Counter, deque
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from actors.address import Address
from actors.logs import RateLimited

if TYPE_CHECKING:
    from actors.ref import Ref


class Reason(StrEnum):
    """Why a message was given up."""

    NOT_RUNNING = "not_running"
    """No actor has the address any more."""
    STOPPED = "stopped"
    """It waited in the mailbox or the stash of an actor that stopped."""
    MAILBOX_FULL = "mailbox_full"
    """The mailbox refused it, or gave its place to a newer one."""
    NOT_HANDLED = "not_handled"
    """The actor has no handler for it."""
    EXPIRED = "expired"
    """Its deadline passed before its turn."""
    SHED = "shed"
    """It had waited too long in an overloaded mailbox that sheds."""
    LATE = "late"
    """A reply to an ask that had ended already."""
    LINK_FULL = "link_full"
    """The buffer towards the other host was full; it never left."""
    UNREACHABLE = "unreachable"
    """It never left this host, because the other one could not be reached."""
    UNKNOWN = "unknown"
    """It left, and the link ended before the other host confirmed it: it may have arrived."""
    UNDECODABLE = "undecodable"
    """It arrived and could not be decoded here."""
    PAYLOAD_LOST = "payload_lost"
    """Its large payload was lost with the host that had sent it."""
    CUT = "cut"
    """Its handler had begun and was cut short by a failure beside it, a restart or a stop."""
    QUARANTINE_FULL = "quarantine_full"
    """It made its actor fail too often, and its place in quarantine was needed for another."""


class DeadLetter(msgspec.Struct, frozen=True):
    """A message that was given up: what, to whom, from whom (None for code outside actors), and why."""

    message: object
    target: Address
    sender: "Ref[object] | None"
    reason: Reason


Subscriber = Callable[[DeadLetter], None]


class DeadLetters:
    """The dead letters of one host."""

    def __init__(self, clock: Callable[[], float], *, kept: int, logged_per_second: float) -> None:
        self.counts: Counter[Reason] = Counter()
        self.recent: deque[DeadLetter] = deque(maxlen=kept)
        self._subscribers: list[Subscriber] = []
        self._log = RateLimited(logging.getLogger("understudy.dead_letters"), clock, per_second=logged_per_second)

    def add(self, message: object, target: Address, reason: Reason, sender: "Ref[object] | None" = None) -> None:
        """Record one message that was given up."""
        self.counts[reason] += 1
        letter = DeadLetter(message, target, sender, reason)
        self.recent.append(letter)
        for subscriber in tuple(self._subscribers):
            try:
                subscriber(letter)
            except Exception:
                self._subscribers.remove(subscriber)
                logging.getLogger("understudy.dead_letters").exception(
                    "A subscriber of dead letters raised and was dropped."
                )
        self._log.warning(
            "dead letter: %s to %s: %s",
            type(message).__qualname__,
            target,
            reason.value,
            extra={"reason": reason.value, "target": str(target), "message_type": type(message).__qualname__},
        )

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Call `subscriber` with every dead letter from now on; returns the function that ends it."""
        self._subscribers.append(subscriber)

        def unsubscribe() -> None:
            if subscriber in self._subscribers:
                self._subscribers.remove(subscriber)

        return unsubscribe
