"""Supervised counters, whose hosts are killed; what they do is written where no kill reaches it."""

import os
from collections import Counter as Tally
from pathlib import Path
from typing import Any

from actors import Actor, MailboxOptions, Ref, Supervision, Terminated, call, receive, spread


class Counter(Actor):
    """Counts requests. Each is written down before anything else is done, so that a killed process has told of it."""

    def __init__(self, folder: str) -> None:
        path = Path(folder) / f"{os.getpid()}.handled"
        self._journal = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

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
    """Watches counters, each again when it has ended, and counts the endings that he was owed and those he was not."""

    mailbox = MailboxOptions(bound=1_000_000)

    def __init__(self) -> None:
        self._owed: Tally[Ref[Any]] = Tally()
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
        if not self._owed.pop(event.ref, 0):
            self._doubled.append(f"{event.ref} {event.reason.value}")
        elif event.reason.value in ("host_lost", "failed") and not self._leaving:
            self.watch([event.ref])  # its next incarnation, if there is to be one

    @call
    def leave(self) -> None:
        """Watch nobody any more who ends from now on."""
        self._leaving = True

    @call
    def account(self) -> tuple[int, list[str], list[str]]:
        """How many endings were heard, those that nobody was owed, and who is watched still."""
        return self._heard, self._doubled, [str(ref) for ref in self._owed]
