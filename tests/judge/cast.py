"""The objects whose histories are judged: small, honest actors. In a module, so that every host can import them.

Handlers await in their middle wherever that is where a mistake would show: one message at a time, also across `await`.
"""

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import uuid4

from actors import Actor, Ref, Reply, Terminated, call, receive

V = TypeVar("V")


class Counted(Actor):
    """Says when it has done so many operations, so that a test need not guess how long that takes."""

    def __init__(self, pause: float = 0.0) -> None:
        self.pause = pause
        """Seconds in the middle of an operation; long enough that clients wait for each other."""
        self.life = uuid4().hex
        self._done = 0
        self._waiting: list[tuple[int, Reply[int]]] = []

    @call
    def began(self) -> str:
        """Which life this is. What a successor on another host has is not what this one had."""
        return self.life

    @call
    def more(self, count: int) -> int:
        """Reply when so many operations more are done than now."""
        self._waiting.append((self._done + count, self.context.reply_later()))
        return 0

    async def middle(self) -> None:
        """Let others come between, if anybody lets them."""
        await asyncio.sleep(self.pause)

    def done(self, result: V) -> V:
        """Count, and give the result on."""
        self._done += 1
        for entry in [entry for entry in self._waiting if entry[0] <= self._done]:
            self._waiting.remove(entry)
            entry[1].reply(self._done)
        return result


class Register(Counted):
    def __init__(self, pause: float = 0.0) -> None:
        super().__init__(pause)
        self.values: dict[str, str] = {}

    def mine(self, key: str) -> bool:
        """Whether the key is one of this life; if not, the asker hears Failed: nobody knows what the dead one did."""
        life, has_life, _ = key.partition(":")
        if has_life and life != self.life:
            self.context.reply_later().fail(LookupError("this was a register of another life"))
            return False
        return True

    @call
    def read(self, key: str) -> str | None:
        return self.done(self.values.get(key)) if self.mine(key) else None

    @call
    async def write(self, key: str, value: str) -> None:
        if self.mine(key):
            await self.middle()
            self.values[key] = value
            self.done(None)

    @call
    async def swap(self, key: str, old: str | None, new: str) -> bool:
        if not self.mine(key) or self.values.get(key) != old:
            return self.done(False)
        await self.middle()
        self.values[key] = new
        return self.done(True)


@dataclass
class Held:
    owner: str
    token: int
    ref: Ref[Any] | None


class Lock(Counted):
    """Grants with fencing tokens. A lock is free again when its owner releases it or ends, or its lease is over."""

    def __init__(self, pause: float = 0.0) -> None:
        super().__init__(pause)
        self.held: dict[str, Held] = {}
        self.last: dict[str, int] = {}
        self.freed: set[str] = set()
        self.asked: dict[str, Reply[None]] = {}

    @call
    async def acquire(self, key: str, owner: str, lease: float | None) -> int | None:
        if key in self.held:
            return self.done(None)
        await self.middle()
        token = self.next_token(key)
        self.held[key] = Held(owner, token, self.context.sender)
        if self.context.sender is not None:
            self.context.watch(self.context.sender)
        if lease is not None:
            self.context.timers.once(key, self.length(lease), Lock.expire(key, token))
        return self.done(token)

    def next_token(self, key: str) -> int:
        self.last[key] = self.last.get(key, 0) + 1
        return self.last[key]

    def length(self, lease: float) -> float:
        return lease

    @call
    def release(self, key: str, owner: str, token: int) -> bool:
        held = self.held.get(key)
        if held is None or (held.owner, held.token) != (owner, token):
            return self.done(False)
        self.free(key, held)
        return self.done(True)

    @call
    def expire(self, key: str, token: int) -> None:
        held = self.held.get(key)
        if held is not None and held.token == token:
            self.free(key, held)
            self.taken_from(held.owner)

    @receive
    def ended(self, event: Terminated) -> None:
        for key, held in list(self.held.items()):
            if held.ref == event.ref:
                self.free(key, held)
                self.taken_from(held.owner)

    def free(self, key: str, held: Held) -> None:
        del self.held[key]
        self.context.timers.cancel(key)

    def taken_from(self, owner: str) -> None:
        self.freed.add(owner)
        if owner in self.asked:
            self.asked.pop(owner).reply(None)

    @call
    def until_taken_from(self, owner: str) -> None:
        """Reply when a lock was freed that this owner has not released."""
        if owner not in self.freed:
            self.asked[owner] = self.context.reply_later()


class Resource(Counted):
    """What a lock guards: refuses a token that is lower than one it has seen."""

    def __init__(self, pause: float = 0.0) -> None:
        super().__init__(pause)
        self.seen: dict[str, int] = {}

    @call
    def use(self, key: str, token: int) -> bool:
        if token < self.seen.get(key, 0):
            return self.done(False)
        self.seen[key] = token
        return self.done(True)


class Semaphore(Counted):
    """Permits for a number of owners; those of an owner that ends are free."""

    def __init__(self, pause: float = 0.0, limit: int = 2) -> None:
        super().__init__(pause)
        self.limit = limit
        self.holders: list[tuple[str, str, Ref[Any] | None]] = []
        self.waiting_for: dict[str, Reply[None]] = {}
        self.lost: set[str] = set()

    def left(self, key: str) -> int:
        return self.limit - sum(1 for held, _, _ in self.holders if held == key)

    @call
    async def acquire(self, key: str, owner: str) -> bool:
        if self.left(key) <= 0:
            return self.done(False)
        await self.middle()
        self.holders.append((key, owner, self.context.sender))
        if self.context.sender is not None:
            self.context.watch(self.context.sender)
        return self.done(True)

    @call
    def release(self, key: str, owner: str) -> bool:
        for entry in self.holders:
            if entry[:2] == (key, owner):
                self.holders.remove(entry)
                return self.done(True)
        return self.done(False)

    @receive
    def ended(self, event: Terminated) -> None:
        lost = {owner for _, owner, ref in self.holders if ref == event.ref}
        self.holders = [entry for entry in self.holders if entry[2] != event.ref]
        self.lost |= lost
        for owner in lost & set(self.waiting_for):
            self.waiting_for.pop(owner).reply(None)

    @call
    def until_taken_from(self, owner: str) -> None:
        """Reply when permits were freed that this owner has not released."""
        if owner not in self.lost:
            self.waiting_for[owner] = self.context.reply_later()


class Queue(Counted):
    def __init__(self, pause: float = 0.0) -> None:
        super().__init__(pause)
        self.lines: dict[str, deque[str]] = {}

    def line(self, key: str) -> deque[str]:
        return self.lines.setdefault(key, deque())

    @call
    async def enqueue(self, key: str, value: str) -> None:
        await self.middle()
        self.line(key).append(value)
        self.done(None)

    @call
    async def dequeue(self, key: str) -> str | None:
        await self.middle()
        return self.done(self.line(key).popleft() if self.line(key) else None)


class Collection(Counted):
    def __init__(self, pause: float = 0.0) -> None:
        super().__init__(pause)
        self.sets: dict[str, set[int]] = {}

    def of(self, key: str) -> set[int]:
        return self.sets.setdefault(key, set())

    @call
    async def add(self, key: str, value: int) -> bool:
        new = value not in self.of(key)
        await self.middle()
        self.of(key).add(value)
        return self.done(new)

    @call
    async def remove(self, key: str, value: int) -> bool:
        there = value in self.of(key)
        await self.middle()
        self.of(key).discard(value)
        return self.done(there)

    @call
    def contains(self, key: str, value: int) -> bool:
        return self.done(value in self.of(key))

    @call
    def members(self, key: str) -> list[int]:
        return self.done(sorted(self.of(key)))
