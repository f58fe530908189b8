"""Actors that many tests of the contract use: they record, hold others up, and fail when told."""

from collections import Counter as Tally
from typing import Any

from actors import (
    Actor,
    Directive,
    MailboxOptions,
    Message,
    Overflow,
    Reason,
    Ref,
    Reply,
    Supervision,
    System,
    Terminated,
    call,
    receive,
)


class Note(Message):
    """Something to tell."""

    text: object


class Recorder(Actor):
    """Keeps every message it is told, in order."""

    def __init__(self) -> None:
        self.seen: list[object] = []
        self.waiting: list[tuple[int, Reply[list[object]]]] = []

    @receive
    def note(self, note: Note) -> None:
        """Keep the text."""
        self._add(note.text)

    @receive
    def other(self, message: object) -> None:
        """Keep anything else as it is."""
        self._add(message)

    @call
    def until(self, count: int) -> list[object]:
        """All it has seen, once that is at least `count` messages."""
        if len(self.seen) >= count:
            return self.seen
        self.waiting.append((count, self.context.reply_later()))
        return []

    @call
    def watch(self, ref: Ref[Any]) -> None:
        """Watch an actor: its Terminated is recorded."""
        self.context.watch(ref)

    @call
    def unwatch(self, ref: Ref[Any]) -> bool:
        """Watch it no more."""
        return self.context.unwatch(ref)

    @receive
    def ended(self, event: Terminated) -> None:
        """Keep the end of a watched actor."""
        self._add(event)

    def _add(self, message: object) -> None:
        self.seen.append(message)
        for entry in [entry for entry in self.waiting if entry[0] <= len(self.seen)]:
            self.waiting.remove(entry)
            entry[1].reply(list(self.seen))


class Gate(Actor):
    """Holds up whoever asks to pass, until it is opened; says who has come."""

    def __init__(self) -> None:
        self.is_open = False
        self.held: list[Reply[None]] = []
        self.arrivals = 0
        self.waiting: list[tuple[int, Reply[int]]] = []

    @call
    def passed(self) -> None:
        """Answers once the gate is open."""
        self.arrivals += 1
        for entry in [entry for entry in self.waiting if entry[0] <= self.arrivals]:
            self.waiting.remove(entry)
            entry[1].reply(self.arrivals)
        if not self.is_open:
            self.held.append(self.context.reply_later())

    @call
    def reached(self, count: int) -> int:
        """Answers once so many have come."""
        if self.arrivals < count:
            self.waiting.append((count, self.context.reply_later()))
        return self.arrivals

    @call
    def open(self) -> None:
        """Let everybody pass from now on."""
        self.is_open = True
        for reply in self.held:
            reply.reply(None)
        self.held.clear()


class Worker(Actor):
    """Counts its life, and does what tests need done."""

    def __init__(self, log: "Ref[Recorder] | None" = None, name: str = "worker") -> None:
        self.log = log
        self.label = name
        self.total = 0

    def on_start(self) -> None:
        """Say so."""
        self._say("start")

    def on_stop(self) -> None:
        """Say so."""
        self._say("stop")

    @call
    def add(self, amount: int) -> int:
        """Add, and reply the sum."""
        self.total += amount
        return self.total

    @call
    def incarnation(self) -> int:
        """Which life this is."""
        return self.context.incarnation

    @call
    def fail(self, text: str = "planned") -> None:
        """Fail."""
        raise ValueError(text)

    @call
    async def hold(self, gate: Ref[Gate]) -> str:
        """Wait at the gate."""
        await gate.ask(Gate.passed(), timeout=None)
        return "held"

    @call
    async def say_then_fail(self, to: Ref[Recorder], count: int) -> None:
        """Tell so many notes, then fail."""
        for number in range(count):
            to.tell(Note(number))
        raise ValueError("planned")

    @call
    def finish(self) -> None:
        """Stop."""
        self.context.stop()

    @receive
    def note(self, note: Note) -> None:
        """Pass it on to the log."""
        self._say(note.text)

    def _say(self, text: object) -> None:
        if self.log is not None:
            self.log.tell(Note(f"{self.label} {text} {self.context.incarnation}"))


class Narrow(Worker):
    """A worker with room for two messages."""

    mailbox = MailboxOptions(bound=2)


class NarrowNewest(Worker):
    """Gives up the newest message where there is no room."""

    mailbox = MailboxOptions(bound=2, overflow=Overflow.DROP_NEWEST)


class NarrowOldest(Worker):
    """Gives up the oldest message where there is no room."""

    mailbox = MailboxOptions(bound=2, overflow=Overflow.DROP_OLDEST)


async def dead(system: System) -> Tally[Reason]:
    """Dead letters of all hosts, by reason."""
    tally: Tally[Reason] = Tally()
    for host in await system.stats():
        tally.update({Reason(name): count for name, count in host.dead_letters.items()})
    return tally


async def restarted(ref: Ref[Worker], incarnation: int) -> int:
    """Ask until the worker is in that incarnation: an ask that fails with the old one is no answer."""
    while (found := await ref.ask(Worker.incarnation())) < incarnation:
        pass
    return found


class Forgiven(Actor):
    """Its worker goes on as it is, whatever it does."""

    supervision = Supervision(decide=lambda error: Directive.RESUME)

    async def on_start(self) -> None:
        """Start the worker."""
        self.worker = await self.context.spawn(Worker)

    @call
    def get(self) -> Ref[Worker]:
        """The worker."""
        return self.worker
