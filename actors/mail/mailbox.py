"""A bounded queue of envelopes: first in, first out per priority, with a stated answer to "no room".

The common case, one priority and room left, is one deque and two short methods. Everything else (lanes, conflation,
overflow, waiting senders) is behind one flag, so that it costs nothing where it is not used.
"""

from collections import deque
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import chain
from typing import TYPE_CHECKING

from actors.mail.envelope import Envelope
from actors.mail.on_failure import OnFailure, Retry
from actors.mail.shedding import Shedding
from actors.mail.weights import Weights
from actors.messages.priority import Priority

if TYPE_CHECKING:
    from actors.address import Address

LANES = len(Priority)
"""Priorities, highest first (rule A35)."""

NORMAL = int(Priority.NORMAL)
"""The lane of messages that name no priority."""

AGEING = 16
"""A waiting lane is served at least once in this many takes (rule A35): a count, so that virtual time can test it."""


class Overflow(Enum):
    """What a full mailbox does with one message more."""

    REJECT = "reject"
    """Refuse it: `ask` hears MailboxFull, `send` waits, `tell` makes a dead letter."""
    DROP_NEWEST = "drop_newest"
    """Give up the new message, whatever the verb."""
    DROP_OLDEST = "drop_oldest"
    """Give up the message that has waited longest in the lowest lane, and take the new one."""


@dataclass(frozen=True, slots=True)
class MailboxOptions:
    """An actor class says `mailbox = MailboxOptions(bound=100, overflow=Overflow.DROP_OLDEST)`.

    `bound`: messages that may wait, None for the setting `mailbox_bound`. `byte_bound`: bytes that messages from other
    hosts may take while they wait, None for the setting `mailbox_byte_bound`; those up to 1 KiB are not counted.
    `stash`: messages that may be stashed, None for the setting `stash_bound`. Latest-per-key (conflation) is said where
    the message is handled: `conflate=`.

    `on_failure`: what becomes of a message that makes the actor fail. "drop": it is never run again. `retry(n)`: it is
    run up to n times more, before everything that came after it, and then put into quarantine (rule A39). `shedding`:
    under overload, what has waited too long is not handled any more: an ask hears `Overloaded`, anything else is a dead
    letter (rule A44).
    """

    bound: int | None = None
    overflow: Overflow = Overflow.REJECT
    stash: int | None = None
    on_failure: OnFailure = "drop"
    shedding: Shedding | None = None
    byte_bound: int | None = None

    def __post_init__(self) -> None:
        bounds = {"bound": self.bound, "byte_bound": self.byte_bound, "stash": self.stash}
        for name, bound in bounds.items():
            if bound is not None and bound < 1:
                message = f"MailboxOptions({name}={bound}): a bound is at least 1."
                raise ValueError(message)
        if self.on_failure != "drop" and not isinstance(self.on_failure, Retry):  # pyright: ignore[reportUnnecessaryIsInstance] - users pass anything
            message = f'MailboxOptions(on_failure={self.on_failure!r}): give "drop", or retry(3).'
            raise ValueError(message)


class Mailbox:
    """Envelopes that wait for one actor. Made empty: the deque comes with the first message."""

    # fmt: off
    __slots__ = (
        "_keyed", "_lanes", "_passed", "_policy", "_several", "_weights", "bound", "queue", "special", "waiting",
    )
    # fmt: on

    def __init__(self, bound: int, policy: Overflow = Overflow.REJECT, *, several: bool = False) -> None:
        self.bound = bound
        self.queue: deque[Envelope] | None = None
        self.special = several
        """True while the one deque is not the whole story: lanes, keys or waiting senders may exist."""
        self._several = several
        self.waiting: deque[Envelope] | None = None
        """Accepted by nobody yet: `send`s that wait for room, first come first served (rule A32)."""
        self._policy = policy
        self._lanes: list[deque[Envelope]] | None = None
        self._passed: list[int] | None = None
        self._keyed: dict[Hashable, Envelope] | None = None
        self._weights: Weights | None = None

    def __len__(self) -> int:
        if self._lanes is not None:
            return sum(map(len, self._lanes))
        return len(self.queue) if self.queue is not None else 0

    def put(self, envelope: Envelope) -> Envelope | None:
        """Queue the envelope; returns the one that lost its place for it, itself when refused, else None."""
        queue = self.queue
        if queue is None or self.special or len(queue) >= self.bound:
            return self._put_special(envelope)
        queue.append(envelope)
        return None

    def expect(self, size: int, bound: int) -> None:
        """The next message that is put has so many bytes, of which at most `bound` may wait (rule A33)."""
        if self._weights is None:
            self._weights = Weights(bound)
        self._weights.expected = size
        self.special = True

    def arrived(self) -> list[Envelope]:
        """The expected message has been put, or has not come: returns what lost its place for its bytes."""
        weights = self._weights
        if weights is None:
            return []
        evicted, weights.evicted = weights.evicted, []
        weights.expected, weights.refused = 0, None
        self._settle()
        return evicted

    def take(self) -> Envelope | None:
        """The next envelope: the highest lane first, but every waiting lane at least once in AGEING takes."""
        queue = self.queue
        if self.special:
            return self._take_special()
        if queue:
            return queue.popleft()
        return None

    def put_exempt(self, envelope: Envelope) -> None:
        """Queue at the tail of the ordinary lane, bound or not: Terminated, ticks, piped results (rules A24, A33)."""
        self._lane(NORMAL).append(envelope)

    def gather(self, sender: "Address") -> None:
        """Move what this sender has in the other lanes to the tail of the ordinary one, where its end is to be queued.

        So nothing of the dead is handled after its end (rule A24), and order within a lane is kept.
        """
        for level, lane in enumerate(self._lanes or ()):
            if level != NORMAL and lane:
                mine = [it for it in lane if it.sender is not None and it.sender.ref.address == sender]
                if mine:
                    kept = [it for it in lane if it.sender is None or it.sender.ref.address != sender]
                    lane.clear()
                    lane.extend(kept)
                    self._lane(NORMAL).extend(mine)

    def put_back(self, envelopes: list[Envelope]) -> None:
        """Queue at the front, in the given order, bound or not: what the mailbox had accepted before (rule A38)."""
        for envelope in reversed(envelopes):
            self._lane(level_of(envelope)).appendleft(envelope)

    def queued(self) -> Iterator[Envelope]:
        """All that wait to be taken, lane by lane."""
        return chain(*(self._lanes or (self.queue or (),)))

    def wait(self, envelope: Envelope) -> None:
        """Queue a `send` behind the other waiting ones; from now on the mailbox is full for all others (rule A32)."""
        weights = self._weights
        if weights is not None and weights.refused is not None and weights.refused[0] is envelope:
            weights.waiting[id(envelope)] = weights.refused[1]
        if self.waiting is None:
            self.waiting = deque()
        self.waiting.append(envelope)
        self.special = True

    def admit(self) -> None:
        """Accept waiting `send`s while there is room, first come first served; those given up meanwhile are dropped."""
        waiting, weights = self.waiting, self._weights
        while waiting:
            first = waiting[0]
            size = weights.waiting.get(id(first), 0) if weights is not None else 0
            accepted = first.accepted
            if accepted is not None and not accepted.ended:
                if len(self) >= self.bound or (weights is not None and not weights.fits(size)):
                    return
                self._enter(first)
                if weights is not None:
                    weights.add(first, size)
                first.accepted = None
                accepted.reply(None)
            if weights is not None:
                weights.waiting.pop(id(first), None)
            waiting.popleft()
        self.waiting = None
        self._settle()

    def clear(self) -> list[Envelope]:
        """Everything that waited, accepted first, in order; the mailbox is empty afterwards."""
        lanes = self._lanes if self._lanes is not None else [self.queue or ()]
        left = [envelope for lane in lanes for envelope in lane]
        left.extend(self.waiting or ())
        self.queue = self.waiting = self._lanes = self._passed = self._keyed = self._weights = None
        self._settle()
        return left

    def _put_special(self, envelope: Envelope) -> Envelope | None:
        weights = self._weights
        size = weights.next_size() if weights is not None else 0
        if self.waiting:
            self.admit()
        handler = envelope.handler
        if handler is not None and handler.conflate_key is not None and envelope.ask is None:
            key = (handler.message, handler.conflate_key(envelope.message))
            if self._keyed is None:
                self._keyed = {}
            earlier = self._keyed.get(key)
            if earlier is not None:
                earlier.replaced_by(envelope)
                self._renew(earlier, size)
                return None
            envelope.key = key
        if weights is not None and size and not self._make_room_for(size, weights):
            envelope.key = None
            weights.refused = (envelope, size)
            return envelope
        lost = self._make_room() if self.waiting or len(self) >= self.bound else None
        if lost is None and (self.waiting or len(self) >= self.bound):
            if weights is not None:
                weights.refused = (envelope, size)
            return envelope
        if envelope.key is not None and self._keyed is not None:
            self._keyed[envelope.key] = envelope
        self._enter(envelope)
        if weights is not None:
            weights.add(envelope, size)
        return lost

    def _make_room_for(self, size: int, weights: Weights) -> bool:
        """Give up heavy ones that have waited longest, where the policy says so, until there are bytes enough."""
        while not weights.fits(size):
            oldest = self._make_room(weights)
            if oldest is None:
                return False
            weights.evicted.append(oldest)
        return True

    def _make_room(self, among: Weights | None = None) -> Envelope | None:
        if self._policy is not Overflow.DROP_OLDEST:
            return None
        lanes = self._lanes if self._lanes is not None else [self._lane(NORMAL)]
        for lane in reversed(lanes):
            for index, envelope in enumerate(lane):
                if not envelope.exempt and (among is None or envelope in among):
                    del lane[index]
                    self._leave(envelope)
                    return envelope
        return None

    def _take_special(self) -> Envelope | None:
        lane = self._choose() if self._lanes is not None else self.queue
        if not lane:
            self._settle()
            return None
        envelope = lane.popleft()
        self._leave(envelope)
        if self.waiting:
            self.admit()
        return envelope

    def _choose(self) -> deque[Envelope] | None:
        lanes, passed = self._lanes, self._passed
        assert lanes is not None and passed is not None  # noqa: PT018 - made together
        waiting = [level for level in range(LANES) if lanes[level]]
        if not waiting:
            return None
        oldest = max(waiting, key=passed.__getitem__)
        # LANES less than AGEING, because that many levels can come of age in the same take
        chosen = oldest if passed[oldest] >= AGEING - LANES else waiting[0]
        for level in range(LANES):
            passed[level] = passed[level] + 1 if level != chosen and lanes[level] else 0
        return lanes[chosen]

    def _lane(self, level: int) -> deque[Envelope]:
        if self.queue is None:
            self.queue = deque()
        if self._lanes is None:
            if level == NORMAL:
                return self.queue
            self._lanes = [deque() if other != NORMAL else self.queue for other in range(LANES)]
            self._passed = [0] * LANES
        return self._lanes[level]

    def _enter(self, envelope: Envelope) -> None:
        """Queue what has found room."""
        self._lane(level_of(envelope)).append(envelope)

    def _renew(self, envelope: Envelope, size: int) -> None:
        """What waits in this envelope is another message from now on, of so many bytes if they count."""
        if self._weights is not None:
            self._weights.remove(envelope)
            self._weights.add(envelope, size)

    def _leave(self, envelope: Envelope) -> None:
        """It was taken, or has lost its place."""
        if envelope.key is not None and self._keyed is not None:
            self._keyed.pop(envelope.key, None)
            envelope.key = None
        if self._weights is not None and self._weights.remove(envelope):
            self._settle()

    def _settle(self) -> None:
        self.special = self._several or bool(self.waiting) or bool(self._weights)


def level_of(envelope: Envelope) -> int:
    """The lane in which an envelope waits."""
    return NORMAL if envelope.handler is None else envelope.handler.priority


class _Closed(Mailbox):
    """The mailbox of an actor that stops or has stopped: it takes nothing and holds nothing."""

    __slots__ = ()

    def put(self, envelope: Envelope) -> Envelope | None:
        return envelope

    def expect(self, size: int, bound: int) -> None:
        del size, bound

    def put_exempt(self, envelope: Envelope) -> None:
        del envelope

    def put_back(self, envelopes: list[Envelope]) -> None:
        del envelopes


CLOSED = _Closed(0)
"""One for all, since it never holds anything."""
