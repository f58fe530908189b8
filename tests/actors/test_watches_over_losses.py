"""Watches and ends match one to one whatever hosts are killed, and whenever: judged from a log that nobody can kill."""

import asyncio
import contextlib
from random import Random
from typing import Any

import pytest

from actors import Actor, Backoff, EndReason, NotRunning, Ref, Request, Supervision, Terminated, call, receive
from actors.address import Address
from actors.supervising.children import Children
from tests.actors.town import Note, Resident, Town, in_town, until

Entry = tuple[str, Address, int, Address, int]
"""What happened, the watcher and its incarnation, the watched and its incarnation where that is known."""

LOG: list[Entry] = []


class Ping(Request[None]):
    """Asks for an answer."""


class Target(Actor):
    """Fails and stops when it is told to, and says which incarnation speaks."""

    @receive
    def ping(self, ping: Ping) -> None:
        """Answer when all that was told before has been handled."""

    @call
    def fail(self) -> None:
        raise ValueError("planned")

    @call
    def stop(self) -> None:
        self.context.stop()

    @call
    def speak(self, to: Ref[Any]) -> None:
        to.tell(Note((self.context.ref, self.context.incarnation)))


class Watcher(Actor):
    """Writes down what it watches and what it hears."""

    @receive
    def ping(self, ping: Ping) -> None:
        """Answer when all that was told before has been handled."""

    def __init__(self) -> None:
        self.watched: set[Address] = set()

    @call
    def watch(self, ref: Ref[Any]) -> None:
        if ref.address not in self.watched:
            self.watched.add(ref.address)
            self._log("watch", ref)
            self.context.watch(ref)

    @call
    def unwatch(self, ref: Ref[Any]) -> None:
        if self.context.unwatch(ref):
            self.watched.discard(ref.address)
            self._log("unwatch", ref)

    @call
    def fail(self) -> None:
        raise ValueError("planned")

    @receive
    def note(self, note: Note) -> None:
        ref, incarnation = note.text
        self._log("note", ref, incarnation)

    @receive
    def ended(self, event: Terminated) -> None:
        self.watched.discard(event.ref.address)
        self._log("ended", event.ref, event.incarnation)

    def _log(self, what: str, ref: Ref[Any], incarnation: int = 0) -> None:
        LOG.append((what, self.context.ref.address, self.context.incarnation, ref.address, incarnation))


class Play:
    """A town with watchers and targets on two hosts that may be killed, all children of a third."""

    def __init__(self, town: Town, seed: int, *, watchers_fail: bool = False) -> None:
        self.town = town
        self.watchers_fail = watchers_fail
        """A successor hears of an end that waits in the mailbox when a watcher restarts, which the log cannot judge."""
        self.random = Random(seed)
        self.hosts: list[Resident] = []
        self.watchers: list[Ref[Any]] = []
        self.targets: list[Ref[Any]] = []

    async def begin(self) -> None:
        LOG.clear()
        self.town.bears_losses()
        self.one = await self.town.settle()
        root = self.one.host.root
        root.children = Children(root, Supervision(restarts=10_000, backoff=Backoff(first=0.001, most=0.01)))
        self.hosts = [await self.town.settle(), await self.town.settle()]
        for host in self.hosts:
            for _ in range(3):
                self.watchers.append(await self.one.spawn(Watcher, seat=host.host.seat))
                self.targets.append(await self.one.spawn(Target, seat=host.host.seat))

    async def step(self) -> None:
        """One thing happens."""
        random = self.random
        watcher, target = random.choice(self.watchers), random.choice(self.targets)
        deed = random.choices(
            ["watch", "unwatch", "speak", "fail", "fail watcher", "stop", "kill", "kill both", "wait"],
            [30, 6, 10, 5, 2, 1, 2, 1, 20],
        )[0]
        match deed:
            case "watch":
                watcher.tell(Watcher.watch(target))
            case "unwatch":
                watcher.tell(Watcher.unwatch(target))
            case "speak":
                target.tell(Target.speak(watcher))
            case "fail":
                target.tell(Target.fail())
            case "fail watcher":
                if self.watchers_fail:
                    watcher.tell(Watcher.fail())
            case "stop":
                target.tell(Target.stop())
            case "kill":
                await self.kill([random.randrange(2)])
            case "kill both":
                await self.kill([0, 1])
            case _:
                await asyncio.sleep(random.random() * 0.005)

    async def end(self) -> None:
        """Wait until everything that was told has been handled, and everything that follows from it has happened."""
        while True:
            count = len(LOG)
            for ref in (*self.watchers, *self.targets):
                with contextlib.suppress(NotRunning):
                    await ref.ask(Ping())
            await until(self.is_quiet)
            if len(LOG) == count:
                return

    async def kill(self, numbers: list[int]) -> None:
        dead = [self.hosts[number] for number in numbers]
        if any(host.crashed for host in dead):
            return
        await self.town.kill(*dead)
        for _ in range(self.random.randrange(3)):
            await self.step()
        for number, host in zip(numbers, dead, strict=True):
            self.hosts[number] = await self.town.settle(seat=host.host.seat)

    def cell(self, ref: Ref[Any]) -> Any:
        for host in (self.one, *self.hosts):
            if not host.crashed and ref.address.number in host.host.cells:
                return host.host.cells[ref.address.number]
        return None

    def tables(self) -> tuple[set[Any], set[Any]]:
        """Who watches whom, as the watchers' hosts have it, and as the watched ones' have it."""
        mine, theirs = set[Any](), set[Any]()
        for host in (self.one, *self.hosts):
            for cell in host.host.cells.values():
                if cell._watches is not None:
                    mine |= {(cell.address, watched, number) for watched, number in cell._watches._watched.items()}
                    theirs |= {(watcher, cell.address, number) for watcher, number in cell._watches._watchers}
        return mine, theirs

    def open_in_log(self) -> set[tuple[Address, Address]]:
        """The watches of living watchers' incarnations that have neither ended nor been taken back."""
        living = {(ref.address, self.cell(ref).incarnation) for ref in self.watchers if self.cell(ref) is not None}
        found: dict[tuple[Address, int, Address], int] = {}
        for what, watcher, incarnation, watched, _ in LOG:
            if what != "note":
                key = (watcher, incarnation, watched)
                found[key] = found.get(key, 0) + (1 if what == "watch" else -1)
                assert found[key] in (0, 1), f"{what} of {key} for the second time"
        return {(watcher, watched) for (watcher, nth, watched), n in found.items() if n and (watcher, nth) in living}

    def is_quiet(self) -> bool:
        """Whether everybody is back and nothing is on its way."""
        children = self.one.host.root.children.table.values()
        everybody = all(not child.away and self.cell(self.one.host.ref_to(child.address)) for child in children)
        mine, theirs = self.tables()
        settled = all(
            host.host.returning is None and not host.host._signals and not host.host._ready
            for host in (self.one, *self.hosts)
        )
        judged = self.watchers_fail or {it[:2] for it in mine} == self.open_in_log()
        return everybody and settled and mine == theirs and judged


@pytest.mark.parametrize("seed", range(12))
def test_watches_and_ends_match_one_to_one(seed: int) -> None:
    async def main(town: Town) -> None:
        play = Play(town, seed, watchers_fail=seed % 3 == 0)
        await play.begin()
        for _ in range(200):
            await play.step()
        await play.end()
        assert sum(what == "ended" for what, *_ in LOG) > 5
        last: dict[tuple[Address, int, Address], int] = {}
        for what, watcher, incarnation, watched, nth in LOG:
            key = (watcher, incarnation, watched)
            if what == "note":
                assert nth >= last.get(key, 0)
                last[key] = nth
            elif what == "ended" and nth:
                last[key] = nth + 1  # nothing of that incarnation comes after its end

    in_town(main)


def test_hosts_of_watchers_and_of_the_watched_that_die_at_once_leave_nothing_in_any_table() -> None:
    async def main(town: Town) -> None:
        play = Play(town, 0)
        await play.begin()
        for _ in range(20):
            for watcher in play.watchers:
                for target in play.targets:
                    watcher.tell(Watcher.watch(target))
            await asyncio.sleep(play.random.random() * 0.01)
            await play.kill([0, 1])
        await play.end()
        await play.one.host.root.children.stop_all(EndReason.STOPPED)
        assert play.tables() == (set(), set())

    in_town(main)
