"""A mailbox that knows since when each message waits, and sheds at its turn what has waited too long (rule A44)."""

from collections.abc import Callable

from actors.mail.envelope import SHED, Envelope
from actors.mail.mailbox import LANES, Mailbox, Overflow, level_of
from actors.mail.shedding import Judge, Shedding


class SheddingMailbox(Mailbox):
    """What needs no room, and what was put back (the stash, what is tried again), has no such time and is not shed."""

    __slots__ = ("_clock", "_judges", "_since", "_taken_since")

    def __init__(self, bound: int, policy: Overflow, shedding: Shedding, clock: Callable[[], float]) -> None:
        super().__init__(bound, policy, several=True)  # so that nobody takes from the queue without being judged
        self._clock = clock
        self._judges = [Judge(shedding) for _ in range(LANES)]
        self._since: dict[int, float] = {}
        """By the identity of the envelope, which is in the mailbox for as long as it is in here."""
        self._taken_since: float | None = None

    def clear(self) -> list[Envelope]:
        """Everything that waited, accepted first, in order; the mailbox is empty afterwards."""
        self._since.clear()
        return super().clear()

    def _enter(self, envelope: Envelope) -> None:
        super()._enter(envelope)
        self._since[id(envelope)] = self._clock()

    def _renew(self, envelope: Envelope, size: int) -> None:
        """A newer message has taken the place of a conflated one: it has not waited yet."""
        super()._renew(envelope, size)
        self._since[id(envelope)] = self._clock()

    def _leave(self, envelope: Envelope) -> None:
        super()._leave(envelope)
        self._taken_since = self._since.pop(id(envelope), None)

    def _take_special(self) -> Envelope | None:
        envelope = super()._take_special()
        if envelope is not None and self._taken_since is not None:
            now = self._clock()
            if self._judges[level_of(envelope)].too_long(now - self._taken_since, now):
                envelope.deadline = SHED
        return envelope
