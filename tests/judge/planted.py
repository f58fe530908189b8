"""Copies of the honest actors, each with one mistake that people make; the judge must refuse every one."""

from itertools import count

from actors import call
from tests.judge.cast import Collection, Held, Lock, Queue, Register, Resource, Semaphore


class LostUpdate(Register):
    """Two swaps run at once, and both find the value they wait for."""

    @call(interleaved=True)
    async def swap(self, key: str, old: str | None, new: str) -> bool:
        if self.values.get(key) != old:
            return self.done(False)
        await self.middle()
        self.values[key] = new
        return self.done(True)


class StaleRead(Register):
    """Now and then, a read is answered with the value before the last."""

    def __init__(self, pause: float = 0.0) -> None:
        super().__init__(pause)
        self.before: dict[str, str | None] = {}
        self.reads = count(1)

    @call
    async def write(self, key: str, value: str) -> None:
        await self.middle()
        self.before[key] = self.values.get(key)
        self.values[key] = value
        self.done(None)

    @call
    def read(self, key: str) -> str | None:
        values = self.before if next(self.reads) % 10 == 0 else self.values
        return self.done(values.get(key))


class LostWrite(Register):
    """Now and then, a write is confirmed and not done."""

    def __init__(self, pause: float = 0.0) -> None:
        super().__init__(pause)
        self.writes = count(1)

    @call
    async def write(self, key: str, value: str) -> None:
        await self.middle()
        if next(self.writes) % 10:
            self.values[key] = value
        self.done(None)


class DoubleGrant(Lock):
    """Looks whether the lock is free, and grants it a moment later."""

    @call(interleaved=True)
    async def acquire(self, key: str, owner: str, lease: float | None) -> int | None:
        if key in self.held:
            return self.done(None)
        await self.middle()
        token = self.next_token(key)
        self.held[key] = Held(owner, token, self.context.sender)
        return self.done(token)


class StaleToken(Lock):
    """Grants the same token again."""

    def next_token(self, key: str) -> int:
        self.last[key] = self.last.get(key, 0) + 1
        return (self.last[key] + 1) // 2


class ShortLease(Lock):
    """Takes the lock away before its lease is over."""

    def length(self, lease: float) -> float:
        return lease / 4


class TakesAll(Resource):
    """Looks at no token."""

    @call
    def use(self, key: str, token: int) -> bool:
        return self.done(True)


class OneTooMany(Semaphore):
    """Counts the permits, and gives one a moment later."""

    @call(interleaved=True)
    async def acquire(self, key: str, owner: str) -> bool:
        if self.left(key) <= 0:
            return self.done(False)
        await self.middle()
        self.holders.append((key, owner, None))
        return self.done(True)


class Leak(Semaphore):
    """Now and then, a permit that is given back is not free."""

    def __init__(self, pause: float = 0.0, limit: int = 2) -> None:
        super().__init__(pause, limit)
        self.releases = count(1)

    @call
    def release(self, key: str, owner: str) -> bool:
        for entry in self.holders:
            if entry[:2] == (key, owner):
                if next(self.releases) % 20:
                    self.holders.remove(entry)
                return self.done(True)
        return self.done(False)


class Reordered(Queue):
    """Now and then, an element goes to the front."""

    def __init__(self, pause: float = 0.0) -> None:
        super().__init__(pause)
        self.number = count(1)

    @call
    async def enqueue(self, key: str, value: str) -> None:
        await self.middle()
        if next(self.number) % 10:
            self.line(key).append(value)
        else:
            self.line(key).appendleft(value)
        self.done(None)


class LostElement(Reordered):
    """Now and then, an element is confirmed and gone."""

    @call
    async def enqueue(self, key: str, value: str) -> None:
        await self.middle()
        if next(self.number) % 10:
            self.line(key).append(value)
        self.done(None)


class Twice(Reordered):
    """Now and then, an element is given out and kept."""

    @call
    async def dequeue(self, key: str) -> str | None:
        await self.middle()
        line = self.line(key)
        if not line:
            return self.done(None)
        return self.done(line[0] if next(self.number) % 10 == 0 else line.popleft())


class LostMember(Collection):
    """Two additions at once, and the later one forgets the earlier."""

    @call(interleaved=True)
    async def add(self, key: str, value: int) -> bool:
        before = set(self.of(key))
        await self.middle()
        self.sets[key] = before | {value}
        return self.done(value not in before)


class Ghost(Collection):
    """Now and then, what was removed is still there."""

    def __init__(self, pause: float = 0.0) -> None:
        super().__init__(pause)
        self.number = count(1)

    @call
    async def remove(self, key: str, value: int) -> bool:
        there = value in self.of(key)
        if next(self.number) % 5:
            self.of(key).discard(value)
        return self.done(there)
