"""Whatever a living host gives up becomes a dead letter here, with its reason: counted, heard, logged now and then.

Subscribers are called in the order in which they subscribed, on the host's loop; one that raises is dropped and logged.
Message bodies are never logged (rule A28). What died inside another host is no letter: it is told as at most so many.
"""

import logging
from collections import Counter, deque
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

import msgspec

from actors.address import Address
from actors.logs import RateLimited
from actors.messages.sensitive import redacted

if TYPE_CHECKING:
    from actors.ref import Ref


Event = TypeVar("Event")


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


class HostLost(msgspec.Struct, frozen=True):
    """A host was lost, and with it at most so many messages that this one had told or sent to its actors.

    It counts what had been confirmed on the way and was not known to be done with; requests that were asked are not
    among them, for their askers hear. Messages that were not confirmed are dead letters `unknown` or `unreachable`.
    """

    seat: int
    epoch: int
    at_most: int


Subscriber = Callable[[DeadLetter], None]


class DeadLetters:
    """The dead letters of one host."""

    def __init__(self, clock: Callable[[], float], *, kept: int, logged_per_second: float) -> None:
        self.counts: Counter[Reason] = Counter()
        self.recent: deque[DeadLetter] = deque(maxlen=kept)
        self._subscribers: list[Subscriber] = []
        self.hosts_lost = 0
        self.died_at_most = 0
        """Messages that died inside lost hosts, at most."""
        self._mourners: list[Callable[[HostLost], None]] = []
        self._log = RateLimited(logging.getLogger("understudy.dead_letters"), clock, per_second=logged_per_second)

    def add(self, message: object, target: Address, reason: Reason, sender: "Ref[object] | None" = None) -> None:
        """Record one message that was given up."""
        self.counts[reason] += 1
        letter = DeadLetter(redacted(message), target, sender, reason)
        self.recent.append(letter)
        _call_all(self._subscribers, letter)
        self._log.warning(
            "dead letter: %s to %s: %s",
            type(message).__qualname__,
            target,
            reason.value,
            extra={"reason": reason.value, "target": str(target), "message_type": type(message).__qualname__},
        )

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Call `subscriber` with every dead letter from now on; returns the function that ends it."""
        return _subscribed(self._subscribers, subscriber)

    def host_lost(self, event: HostLost) -> None:
        """Record a host that was lost."""
        self.hosts_lost += 1
        self.died_at_most += event.at_most
        _call_all(self._mourners, event)
        logging.getLogger("understudy.dead_letters").error(
            "The host on seat %d was lost, and at most %d messages from here with it.",
            event.seat,
            event.at_most,
            extra={"seat": event.seat, "epoch": event.epoch, "at_most": event.at_most},
        )

    def on_host_lost(self, subscriber: Callable[[HostLost], None]) -> Callable[[], None]:
        """Call `subscriber` for every host that is lost from now on; returns the function that ends it."""
        return _subscribed(self._mourners, subscriber)


def _call_all(subscribers: list[Callable[[Event], None]], event: Event) -> None:
    for subscriber in tuple(subscribers):
        try:
            subscriber(event)
        except Exception:
            subscribers.remove(subscriber)
            logging.getLogger("understudy.dead_letters").exception(
                "A subscriber of dead letters raised and was dropped."
            )


def _subscribed(subscribers: list[Callable[[Event], None]], subscriber: Callable[[Event], None]) -> Callable[[], None]:
    subscribers.append(subscriber)

    def unsubscribe() -> None:
        if subscriber in subscribers:
            subscribers.remove(subscriber)

    return unsubscribe
