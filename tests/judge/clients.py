"""The clients whose histories are judged: each is an actor that does one random operation after the other.

A client records what it does in a file of its own, so that it may be killed or stopped at any moment.
"""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from actors import Actor, AskError, Ref, Reply, call
from actors.testing import Client, History
from tests.judge.cast import Collection, Lock, Queue, Register, Resource, Semaphore


def shared_clock() -> Callable[[], int]:
    """The nanoseconds that all hosts share: the machine's, or those of the simulated world in which this runs."""
    world: Any = getattr(asyncio.get_running_loop(), "world", None)
    return time.monotonic_ns if world is None else lambda: world.now


class Task(msgspec.Struct, frozen=True):
    """What one client is to do."""

    folder: str
    process: str
    targets: list[Any]
    """The object, and what goes with it."""
    keys: list[str]
    rounds: int = 1_000_000
    """How often, unless it is told to finish before."""
    timeout: float = 20.0
    rest: float = 0.0
    """The most seconds between two operations."""
    fresh: float | None = None
    """Seconds after which all go on with fresh keys; a long history with an unknown end may be too hard to judge."""
    lease: float | None = None
    mishap: str = ""
    """What the client does to its own process once it holds something: "kill", "stop", or nothing."""


class Work(Actor):
    """A client; subclasses say what a step is."""

    client: Client
    history: History
    task: Task
    random: Random

    def __init__(self) -> None:
        self.finished = False
        self.errors = 0
        self.number = 0
        self._waiting: list[Reply[int]] = []

    @call(interleaved=True)
    async def work(self, task: Task) -> int:
        """Do it; the number of steps."""
        self.task, self.random = task, Random(task.process)
        clock = shared_clock()
        with History(Path(task.folder) / f"{task.process}.jsonl", clock=clock) as self.history:
            self.client = self.history.client(task.process)
            for self.number in range(task.rounds):
                if self.finished:
                    break
                try:
                    key = self.random.choice(task.keys)
                    await self.step(key if task.fresh is None else f"{key}{clock() // int(task.fresh * 1e9)}")
                except AskError:
                    self.errors += 1
                    while self._waiting:
                        self._waiting.pop().reply(self.errors)
                await asyncio.sleep(self.random.uniform(0, task.rest))
        return self.number

    @call(interleaved=True)
    def finish(self) -> None:
        self.finished = True

    @call(interleaved=True)
    def until_error(self) -> int:
        """Reply at the next operation without an answer."""
        self._waiting.append(self.context.reply_later())
        return 0

    @call(interleaved=True)
    def pid(self) -> int:
        return os.getpid()

    async def step(self, key: str) -> None:
        raise NotImplementedError

    async def ask(self, request: Any, to: int = 0) -> Any:
        target: Ref[Any] = self.task.targets[to]
        return await self.client.ask(target, request, timeout=self.task.timeout)

    def value(self) -> str:
        """One that nobody else writes."""
        return f"{self.task.process}-{self.number}"

    def have_a_mishap(self) -> None:
        """In the middle of a handler, holding what it holds. Only once, and not at the very beginning."""
        if self.number < 10:
            return
        if self.task.mishap == "kill":
            self.history.fault("kill", lost=[self.task.process])
            os.kill(os.getpid(), signal.SIGKILL)
        if self.task.mishap == "stop":
            self.task = msgspec.structs.replace(self.task, mishap="")
            self.history.fault("stop")
            # To this very thread: one that is sent to the process lets it go on for a moment, enough to release.
            signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)


class RegisterWork(Work):
    async def step(self, key: str) -> None:
        to = self.random.randrange(len(self.task.targets))
        if len(self.task.targets) > 1:
            key = self.task.keys[to]
        kind = self.random.random()
        if kind < 0.4:
            await self.ask(Register.write(key, self.value()), to)
            return
        seen = await self.ask(Register.read(key), to)
        if kind < 0.7:
            await self.ask(Register.swap(key, seen, self.value()), to)


class LockWork(Work):
    def __init__(self) -> None:
        super().__init__()
        self.old: dict[str, int] = {}

    async def step(self, key: str) -> None:
        if key in self.old and self.random.random() < 0.3:
            await self.ask(Resource.use(key, self.old[key]), 1)
        me, lease = self.task.process, None if self.task.mishap == "kill" else self.task.lease
        token = await self.ask(Lock.acquire(key, me, lease))
        if token is None:
            return
        self.have_a_mishap()
        with suppress(AskError):
            await self.ask(Resource.use(key, token), 1)
        if self.task.lease is not None and self.random.random() < 0.2:
            await asyncio.sleep(self.task.lease * 1.1)
        for _ in range(5):  # what is not released stays held
            with suppress(AskError):
                await self.ask(Lock.release(key, me, token))
                break
        self.old[key] = token


class SemaphoreWork(Work):
    async def step(self, key: str) -> None:
        me = self.task.process
        try:
            held = await self.ask(Semaphore.acquire(key, me))
        except AskError:
            held = True  # or not: a release does no harm
        if held:
            self.have_a_mishap()
            await asyncio.sleep(self.random.uniform(0, self.task.rest))
        if held or self.random.random() < 0.1:
            await self.ask(Semaphore.release(key, me))


class QueueWork(Work):
    async def step(self, key: str) -> None:
        if self.random.random() < 0.5:
            await self.ask(Queue.enqueue(key, self.value()))
        else:
            await self.ask(Queue.dequeue(key))


class CollectionWork(Work):
    async def step(self, key: str) -> None:
        value = self.random.randrange(6)
        kind = self.random.choice([Collection.add, Collection.add, Collection.remove, Collection.contains])
        await self.ask(Collection.members(key) if self.random.random() < 0.1 else kind(key, value))
