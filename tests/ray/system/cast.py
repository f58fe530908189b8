"""Actors and messages of these tests. In a module, so that killed processes and Ray's tasks can import them."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from typing import Any

import numpy as np

from actors import Actor, MailboxOptions, Message, Overflow, Ref, Reply, Terminated, call, receive
from actors.cells.spawner import Spawner
from actors.placement import Placement, dedicated, here
from actors.supervising.signals import EndReason


class Note(Message, eq=False):
    text: Any


class Keeper(Actor):
    """Keeps what it is told, and says so when there is enough."""

    mailbox = MailboxOptions(bound=1_000_000)

    def __init__(self) -> None:
        self.seen: list[Any] = []
        self.waiting: list[tuple[int, Reply[list[Any]]]] = []

    @receive
    def note(self, note: Note) -> None:
        self._add(note.text)

    @receive
    def ended(self, event: Terminated) -> None:
        self._add(f"{event.reason.value}")

    @call
    def watch(self, ref: Ref[Any]) -> None:
        self.context.watch(ref)

    @call
    async def watch_surely(self, ref: Ref[Any]) -> None:
        """Watch, and make sure that the other host knows."""
        self.context.watch(ref)
        await ref.ask(Worker.pid())

    @call
    def until(self, count: int) -> list[Any]:
        if len(self.seen) >= count:
            return self.seen
        self.waiting.append((count, self.context.reply_later()))
        return []

    def _add(self, what: Any) -> None:
        self.seen.append(what)
        for entry in [entry for entry in self.waiting if entry[0] <= len(self.seen)]:
            self.waiting.remove(entry)
            entry[1].reply(list(self.seen))

    @call
    def look(self) -> list[tuple[Any, ...]]:
        """What it has seen of arrays: size, whether they can be written, the last element."""
        return [
            (it.nbytes, bool(it.flags.writeable), int(it.reshape(-1)[-1])) if isinstance(it, np.ndarray) else (it,)
            for it in self.seen
        ]


class Worker(Actor):
    """Does what tests need."""

    def __init__(self, log: "Ref[Keeper] | None" = None) -> None:
        self.log = log
        self.total = 0

    @call
    def pid(self) -> int:
        return os.getpid()

    @call
    def seat(self) -> int:
        return self.context.ref.address.seat

    @call
    def incarnation(self) -> int:
        return self.context.incarnation

    @call
    def add(self, amount: int) -> int:
        self.total += amount
        return self.total

    @call
    def echo(self, value: Any) -> Any:
        return value

    @call
    def fail(self) -> None:
        raise ValueError("planned")

    @call
    async def hang(self) -> None:
        if self.log is not None:
            self.log.tell(Note("hanging"))
        await asyncio.Event().wait()

    @call
    def die(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    @call
    def freeze(self) -> None:
        """Stop the process in the middle of this handler."""
        os.kill(os.getpid(), signal.SIGSTOP)

    @call
    def note(self, text: str) -> None:
        assert self.log is not None
        self.log.tell(Note(text))

    @call
    def tell_many(self, to: Ref[Any], first: int, count: int) -> None:
        for number in range(first, first + count):
            to.tell(Note(number))

    @call
    async def tell_then_die(self, to: Ref[Any], count: int) -> None:
        """Tell so many notes, let the link take them, and be killed."""
        for number in range(count):
            to.tell(Note(number))
        await to.send(Note("done"))
        os.kill(os.getpid(), signal.SIGKILL)

    @call
    async def flow(self, count: int) -> AsyncIterator[int]:
        try:
            for number in range(count):
                yield number
        finally:
            if self.log is not None:
                self.log.tell(Note("the flow has ended"))

    @call
    async def count_known_hosts(self) -> int:
        return len(self.context._cell.host.table.seats)

    @call
    async def race(self, name: str, count: int) -> list[Any]:
        """Spawn top-level actors of one name from this host; the outcomes."""
        host = self.context._cell.host
        spawner = Spawner(host, host.root.children, name=name, placement=here(), stop_budget=None)
        found = await asyncio.gather(*(spawner.spawn(Worker) for _ in range(count)), return_exceptions=True)
        return [it if isinstance(it, Ref) else type(it).__name__ for it in found]

    @call
    async def end_raced(self, name: str) -> None:
        children = self.context._cell.host.root.children
        for child in list(children.table.values()):
            if child.name == name:
                await children.stop(child, EndReason.STOPPED)

    @call
    def held_bytes(self) -> int:
        return self.context._cell.host.post._payloads._store.held

    @call
    def puts(self) -> int:
        return self.context._cell.host.post._payloads._store._number

    @call
    def clients(self) -> list[int]:
        """The epochs of peers that are no hosts."""
        return [sitting.epoch for sitting in self.context._cell.host.post._by_sitting if sitting.seat < 0]

    @call
    def streaming(self) -> int:
        return sum(len(peer.streaming) for peer in self.context._cell.host.post._by_sitting.values())


class Parent(Actor):
    """Has one child, elsewhere."""

    def __init__(self, log: Ref[Keeper]) -> None:
        self.log = log

    @call
    async def bear(self, kind: Any, placement: Placement, arguments: tuple[Any, ...] = ()) -> Any:
        return await self.context.options(placement=placement).spawn(kind, *arguments)

    @call
    async def bear_and_give_up(self, kind: Any, placement: Placement) -> None:
        """Cancel a spawn when its start has begun, by the log."""
        spawning = asyncio.ensure_future(self.context.options(placement=placement).spawn(kind, self.log))
        await self.log.ask(Keeper.until(1))
        spawning.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await spawning

    @call
    async def bear_dedicated(self, num_cpus: float) -> Any:
        return await self.context.options(placement=dedicated(num_cpus=num_cpus)).spawn(Worker)

    @call
    def children(self) -> int:
        return len(self.context.children)


class Slow(Actor):
    """Never finishes its start."""

    def __init__(self, log: Ref[Keeper]) -> None:
        self.log = log

    async def on_start(self) -> None:
        self.log.tell(Note("starting"))
        await asyncio.Event().wait()


class Bad(Actor):
    """Cannot start."""

    async def on_start(self) -> None:
        raise LookupError("no start")


class Tracked(Worker):
    """Says when it stops."""

    def on_stop(self) -> None:
        if self.log is not None:
            self.log.tell(Note("stopped"))


class Narrow(Actor):
    """Has room for two messages, and waits at a gate."""

    mailbox = MailboxOptions(bound=2)

    def __init__(self) -> None:
        self.seen: list[Any] = []
        self.gate = asyncio.Event()

    @call
    async def wait(self) -> None:
        await self.gate.wait()

    @receive
    def note(self, note: Note) -> None:
        self.seen.append(note.text)

    @call
    def all(self) -> list[Any]:
        return self.seen


class NarrowOldest(Narrow):
    mailbox = MailboxOptions(bound=2, overflow=Overflow.DROP_OLDEST)
