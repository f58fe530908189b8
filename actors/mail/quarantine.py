"""Messages that made their actor fail too often, kept on its host until somebody decides (rule A39).

Bounded in number. A host that ends takes its quarantine with it. When there is no room, the one that has been there
longest is given up, as a dead letter.
"""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from actors.address import Address
from actors.mail.dead_letters import DeadLetters, Reason

if TYPE_CHECKING:
    from actors.mail.envelope import Asker
    from actors.ref import Ref
    from actors.supervising.signals import Failure

log = logging.getLogger("understudy.quarantine")

WORDS = 16 * 1024
"""Characters of a traceback that are kept, the last ones: of a long error its end says most."""


class Quarantined(msgspec.Struct, frozen=True):
    """One message in quarantine, described; the message itself stays where it is until it is asked for."""

    seat: int
    """The host that has it."""
    number: int
    """Which it is: no two of a system ever have the same."""
    target: Address
    actor: str
    """The actor's path, or its class and address."""
    message_type: str
    sender: "Ref[object] | None"
    attempts: int
    """How often it was run and failed."""
    error_type: str
    error_text: str
    traceback: str
    age: float
    """Seconds since it was put there."""


class Patient:
    """One message in quarantine, where it is kept."""

    __slots__ = ("entry", "message", "requeueing", "since")

    def __init__(self, entry: Quarantined, message: object, since: float) -> None:
        self.entry = entry
        self.message = message
        self.since = since
        self.requeueing: Asker | None = None
        """Who waits for the actor's mailbox to take it back."""


class Quarantine:
    """The quarantine of one host."""

    def __init__(self, seat: int, clock: Callable[[], float], dead_letters: DeadLetters, *, bound: int) -> None:
        self._seat = seat
        self._clock = clock
        self._dead_letters = dead_letters
        self._bound = bound
        self.patients: dict[int, Patient] = {}
        """By number, those that have been here longest first."""

    def add(
        self,
        number: int,
        message: object,
        target: Address,
        actor: str,
        sender: "Ref[object] | None",
        attempts: int,
        failure: "Failure",
    ) -> None:
        """Keep a message that has failed too often."""
        entry = Quarantined(
            self._seat,
            number,
            target,
            actor,
            type(message).__qualname__,
            sender,
            attempts,
            failure.type_name,
            failure.text[-WORDS:],
            failure.traceback[-WORDS:],
            0.0,
        )
        self.patients[number] = Patient(entry, message, self._clock())
        log.error(
            "%s: %s failed %d times and is in quarantine as number %d: %s",
            actor,
            entry.message_type,
            attempts,
            number,
            entry.error_type,
            extra={"actor": str(target), "message_type": entry.message_type, "attempts": attempts},
        )
        if len(self.patients) > self._bound:
            first = self.patients.pop(next(iter(self.patients)))
            self._dead_letters.add(first.message, first.entry.target, Reason.QUARANTINE_FULL, first.entry.sender)

    def entries(self) -> list[Quarantined]:
        """What is in quarantine, described; those that have been here longest first."""
        now = self._clock()
        return [msgspec.structs.replace(it.entry, age=now - it.since) for it in self.patients.values()]

    def drop(self, number: int) -> bool:
        """Let a message go for good; False if it is not here (any more)."""
        return self.patients.pop(number, None) is not None

    def __len__(self) -> int:
        return len(self.patients)
