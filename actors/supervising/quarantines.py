"""The quarantines of all hosts of a system, reached by requests to their roots: list, requeue, drop (rule A39)."""

import asyncio
import logging
from typing import TYPE_CHECKING, Any, cast

from actors.address import Address
from actors.errors import NotRunning
from actors.mail.envelope import Asker, Envelope
from actors.mail.quarantine import Patient, Quarantined
from actors.messages.message import Request

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from actors.host import Host

log = logging.getLogger("understudy.quarantine")


PATIENCE = 5.0
"""Seconds that a host has to describe its quarantine; one that does not answer is left out of the list."""


class ListQuarantine(Request[list[Quarantined]]):
    """Asks a host what it has in quarantine."""


class LookAtMessage(Request[list[object]]):
    """Asks a host for a message itself; the reply is empty if it is not there (any more)."""

    number: int


class Requeue(Request[bool]):
    """Asks a host to put a message into its actor's mailbox again; False if it is not there (any more)."""

    number: int
    patience: float
    """Seconds that it may wait for room: of an asker elsewhere it is not heard that he has given up."""
    by: str
    """Who wants it so, for the log."""


class Drop(Request[bool]):
    """Asks a host to let a message go; False if it is not there (any more)."""

    number: int
    by: str
    """Who wants it so, for the log."""


QuarantineRequest = ListQuarantine | LookAtMessage | Requeue | Drop


class Quarantines:
    """What `system.quarantine` is: messages that made their actors fail too often, on every host, and what to do.

    What is done is logged on the host concerned, with `by`.
    """

    __slots__ = ("_by", "_host")

    def __init__(self, host: "Host", by: str) -> None:
        self._host = host
        self._by = by

    async def list(self) -> list[Quarantined]:
        """What is in quarantine, by seat, those that have been there longest first. A host that is silent is left out.

        Descriptions only: the messages stay where they are, and are never logged.
        """
        seats = [self._host.seat, *(it.number for it in self._host.table.seats if it.number != self._host.seat)]
        asked = [self._ask(seat, ListQuarantine(), PATIENCE) for seat in seats]
        found = await asyncio.gather(*asked, return_exceptions=True)
        for seat, one in zip(seats, found, strict=True):
            if isinstance(one, BaseException):
                log.warning("The quarantine of seat %d is left out: %s: %s", seat, type(one).__name__, one)
        return [it for one in found if not isinstance(one, BaseException) for it in cast("list[Quarantined]", one)]

    async def message(self, entry: Quarantined) -> object:
        """The message itself, fetched from its host. Raises LookupError if it is not in quarantine any more."""
        found = await self._ask(entry.seat, LookAtMessage(entry.number), None)
        if not found:
            text = f"Number {entry.number} is not in quarantine (any more): it was requeued, dropped or pushed out."
            raise LookupError(text)
        return found[0]

    async def requeue(self, entry: Quarantined, *, timeout: float | None = None) -> bool:
        """Put the message into its actor's mailbox again, as a new one from its first sender; whoever asked has heard.

        Returns when the mailbox has accepted it, and waits for room as `send` does; False if it is not in quarantine
        (any more). Raises NotRunning if the actor has ended, MailboxFull, TimedOut, Unreachable; then it stays there.
        `timeout` in seconds, by default the setting `ask_timeout`.
        """
        seconds = self._host.settings.ask_timeout if timeout is None else timeout
        return bool(await self._ask(entry.seat, Requeue(entry.number, seconds, self._by), seconds))

    async def drop(self, entry: Quarantined) -> bool:
        """Let the message go for good; False if it was not in quarantine (any more). Raises Unreachable, TimedOut."""
        return bool(await self._ask(entry.seat, Drop(entry.number, self._by), None))

    def _ask(self, seat: int, request: Any, timeout: float | None) -> "Awaitable[Any]":
        host = self._host
        seconds = host.settings.ask_timeout if timeout is None else timeout
        address = Address(host.system, seat, host.root.address.number)
        if seat != host.seat:
            return host.delivery.ask_afar(host.ref_to(address), request, seconds)
        ask = host.asks.open(address, host.clock() + seconds)
        answer(host, request, ask)
        return ask.future


def answer(host: "Host", request: QuarantineRequest, asker: Asker) -> None:
    """Do what is asked of this host's quarantine."""
    quarantine = host.quarantine
    match request:
        case ListQuarantine():
            asker.reply(quarantine.entries())
        case LookAtMessage(number):
            patient = quarantine.patients.get(number)
            asker.reply([patient.message] if patient is not None else [])
        case Requeue():
            _requeue(host, request, asker)
        case Drop(number, by):
            patient = quarantine.patients.get(number)
            if patient is not None:
                _log(patient, "dropped", by)
            asker.reply(quarantine.drop(number))


def _log(patient: Patient, what: str, by: str) -> None:
    it = patient.entry
    fields = {"target": str(it.target), "message_type": it.message_type}
    log.warning("%s, number %d, of %s was %s by %s.", it.message_type, it.number, it.actor, what, by, extra=fields)


def _requeue(host: "Host", request: Requeue, asker: Asker) -> None:
    patient = host.quarantine.patients.get(request.number)
    if patient is None or (patient.requeueing is not None and not patient.requeueing.ended):
        asker.reply(False)  # noqa: FBT003 - the reply is the bool
        return
    target, sender = patient.entry.target, patient.entry.sender
    waiting = _Requeueing(host, patient, asker, request)
    patient.requeueing = waiting
    cell = host.cell_at(target)
    if cell is None:
        text = f"{patient.entry.actor} has ended, so nobody can take its message. Send it to another, or drop it."
        waiting.fail(NotRunning(text))
        return
    handler = cell.blueprint.table.find(patient.message.__class__)
    cell.accept_send(Envelope(patient.message, handler, sender, accepted=waiting))


class _Requeueing:
    """Waits until the mailbox has taken a message back; only then it leaves the quarantine."""

    __slots__ = ("_asker", "_by", "_clock", "_patient", "_quarantine", "_until")

    def __init__(self, host: "Host", patient: Patient, asker: Asker, request: Requeue) -> None:
        self._quarantine = host.quarantine
        self._clock = host.clock
        self._patient = patient
        self._asker = asker
        self._by = request.by
        self._until = host.clock() + request.patience

    @property
    def ended(self) -> bool:
        """Whether nobody waits any more, or it was dropped meanwhile: then it must not be taken."""
        given_up = self._asker.ended or self._clock() >= self._until
        return given_up or self._patient.entry.number not in self._quarantine.patients

    def reply(self, value: object, /) -> None:
        """It was taken."""
        del value
        _log(self._patient, "requeued", self._by)
        self._quarantine.drop(self._patient.entry.number)
        self._asker.reply(True)  # noqa: FBT003 - the reply is the bool

    def fail(self, error: BaseException, /) -> None:
        """It was not."""
        self._patient.requeueing = None
        self._asker.fail(error)
