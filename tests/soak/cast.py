"""Supervised counters, whose hosts are killed; what they do is written where no kill reaches it."""

import os
from collections import Counter as Tally
from pathlib import Path
from typing import TYPE_CHECKING, Any

from actors import Actor, DeadLetter, MailboxOptions, Ref, Supervision, Terminated, call, receive, spread

if TYPE_CHECKING:
    from actors.host import Host

WRITE = os.O_WRONLY | os.O_APPEND | os.O_CREAT


def keep_letters(host: "Host", folder: Path) -> None:
    """Let a host write down the requests that it gives up, and first those that it has given up already."""
    try:
        file = os.open(folder / f"{os.getpid()}.{host.sitting.epoch}.letters", WRITE | os.O_EXCL, 0o600)
    except FileExistsError:  # another counter of this host has done so
        return

    def write(letter: DeadLetter) -> None:
        number = getattr(letter.message, "request", None)
        if number is not None:
            os.write(file, f"{number} {letter.reason.value}\n".encode())

    for letter in tuple(host.dead_letters.recent):
        write(letter)
    host.dead_letters.subscribe(write)


class Counter(Actor):
    """Counts requests. Each is written down before anything else is done, so that a killed process has told of it."""

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)
        self._journal = os.open(self._folder / f"{os.getpid()}.handled", WRITE, 0o600)

    def on_start(self) -> None:
        keep_letters(self.context._cell.host, self._folder)  # pyright: ignore[reportPrivateUsage]

    async def on_stop(self) -> None:
        os.close(self._journal)

    @call
    def hit(self, request: int) -> int:
        """Handle a request; the reply says which."""
        os.write(self._journal, b"%d\n" % request)
        return request


class Branch(Actor):
    """A supervisor with counters on all hosts, its own among them."""

    supervision = Supervision(restarts=3, within=5.0)

    def __init__(self, folder: str, size: int) -> None:
        self._folder = folder
        self._size = size
        self._members: list[Ref[Counter]] = []

    async def on_start(self) -> None:
        spawner = self.context.options(placement=spread())
        self._members = await spawner.spawn_many(Counter, [(self._folder,)] * self._size)

    @call
    def members(self) -> list[Ref[Counter]]:
        """The counters of this incarnation."""
        return self._members


class Watchman(Actor):
    """Watches counters, each again when it has ended, and judges the endings that it hears by their watches.

    An ending is the end of its watch, so no watch on that actor stands when it comes: if one does, it was told twice.
    """

    mailbox = MailboxOptions(bound=1_000_000)

    def __init__(self) -> None:
        self._owed: Tally[Ref[Any]] = Tally()
        self._incarnations: set[tuple[Ref[Any], int]] = set()
        self._heard = 0
        self._doubled: list[str] = []
        self._leaving = False

    @call
    def watch(self, refs: list[Ref[Counter]]) -> None:
        """Watch these, unless they are watched already."""
        for ref in refs:
            if not self._owed[ref]:
                self._owed[ref] = 1
                self.context.watch(ref)

    @receive
    def ended(self, event: Terminated) -> None:
        self._heard += 1
        ref, incarnation = event.ref, event.incarnation
        stands = self.context.unwatch(ref)
        if not self._owed.pop(ref, 0) or stands or (ref, incarnation) in self._incarnations:
            self._doubled.append(f"{ref} {incarnation} {event.reason.value}")
        if incarnation:  # it is 0 where it is not known
            self._incarnations.add((ref, incarnation))
        if event.reason.value in ("host_lost", "failed") and not self._leaving:
            self.watch([ref])  # its next incarnation, if there is to be one

    @call
    def leave(self) -> None:
        """Watch nobody any more who ends from now on."""
        self._leaving = True

    @call
    def account(self) -> tuple[int, list[str], list[str]]:
        """How many endings were heard, those that nobody was owed, and who is watched still."""
        return self._heard, self._doubled, [str(ref) for ref in self._owed]
