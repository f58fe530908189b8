"""A keeper of a detached system, two hosts, and a program that spawns; the ledger is in memory."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

from actors import Actor, Ref, Supervision, call
from actors.host import Host
from actors.membership.seats import Heirs
from actors.supervising.distant_root import DistantRoot
from actors.supervising.entry import Entry
from actors.supervising.kept_root import KeptRoot
from tests.actors.town import Resident, Town, in_town, until


class Book:
    """A ledger in memory, which as little as the real one ends with a keeper."""

    def __init__(self) -> None:
        self.lines: dict[int, Entry] = {}
        self.written: list[str | None] = []
        """Names, of whom there ever was an entry."""
        self.opened = threading.Event()
        self.opened.set()
        self.erasable = threading.Event()
        self.erasable.set()

    def write(self, entry: Entry) -> None:
        self.lines[entry.number] = entry
        self.written.append(entry.name)
        assert self.opened.wait(10)

    def erase(self, number: int) -> None:
        assert self.erasable.wait(10)
        self.lines.pop(number, None)

    def entries(self) -> list[Entry]:
        return list(self.lines.values())


class Page(Actor):
    """A top-level actor that says which incarnation it is."""

    def __init__(self, error: str = "") -> None:
        if error:
            raise LookupError(error)
        self.turns = 0

    @call
    def turn(self) -> tuple[int, int]:
        self.turns += 1
        return self.context.incarnation, self.turns

    @call
    def fail(self) -> None:
        raise ValueError("planned")

    @call
    def leave(self) -> None:
        self.context.stop()


class Court:
    """A keeper on seat 0, two hosts, and a program that spawns."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.book = Book()

    async def open(self) -> None:
        self.town.bears_losses()
        self.keeper = await self.crown()
        self.one, self.two = await self.town.settle(), await self.town.settle()
        self.program = await self.town.settle(
            heirs=Heirs.NOBODY, root=lambda host: DistantRoot(host, Supervision(), self.keeper.host.seat)
        )

    async def crown(self, seat: int | None = None) -> Resident:
        """A keeper, the first one or the next."""

        def make(host: Host) -> KeptRoot:
            root = KeptRoot(host, Supervision(restarts=3, within=600.0), self.book)
            root.kept.take_over(self.book.entries())
            return root

        return await self.town.settle(seat=seat, heirs=Heirs.KEEPER, root=make)

    async def lose_keeper(self) -> None:
        await self.town.kill(self.keeper)

    async def succeed(self) -> None:
        self.keeper = await self.crown(self.keeper.host.seat)

    async def spawn(self, on: Resident, name: str | None = None, **options: Any) -> "Ref[Page]":
        """By the program."""
        ref: Ref[Page] = await self.program.spawn(Page, seat=on.host.seat, name=name, **options)
        return ref

    async def written_down(self, where: Resident, name: str) -> "asyncio.Task[Ref[Page]]":
        """The spawn of one that is written down until `book.opened` is set, and does not start before."""
        self.book.opened.clear()
        spawning = asyncio.ensure_future(self.spawn(where, name))
        await until(lambda: self.book.lines)
        return spawning

    @property
    def table(self) -> dict[int, Any]:
        """The children of the root, by number."""
        return self.keeper.host.root.children.table


def at_court(main: Callable[[Court], Any]) -> None:
    async def whole(town: Town) -> None:
        court = Court(town)
        await court.open()
        await main(court)

    in_town(whole)
