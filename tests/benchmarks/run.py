"""What a row is given: things opened once per group, peers that may be missing, and the pace of the rounds."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any, TypeVar

from tests.benchmarks.rounds import NOISY, Contest, Measured, Pace, Sample, interleave, rate_of, spread, time_of
from tests.benchmarks.rows import Row

T = TypeVar("T")
Opener = Callable[[], AbstractAsyncContextManager[T]]

MICROSECONDS = 1e6
MILLISECONDS = 1e3


class Missing(Exception):
    """What a row needs is not here: a package, an interpreter, a backend. The text says so to the reader."""


class Opened:
    """What the rows of one group share: each thing is opened when it is first wanted, and closed with the group."""

    def __init__(self) -> None:
        self._stack = AsyncExitStack()
        self._things: dict[Any, Any] = {}

    async def use(self, opener: "Opener[T]") -> T:
        """The thing that the opener opens; the same for every row of the group. Raises what opening it raised."""
        if opener not in self._things:
            try:
                self._things[opener] = await self._stack.enter_async_context(opener())
            except Exception as error:
                self._things[opener] = error
        thing = self._things[opener]
        if isinstance(thing, Exception):
            raise thing
        return thing

    async def close(self) -> None:
        """Close everything, the latest first."""
        await self._stack.aclose()


class Run:
    """One row being measured."""

    def __init__(self, row: Row, opened: Opened, pace: Pace, *, quick: bool = False) -> None:
        self.row = row
        self.pace = pace
        self.quick = quick
        """Figures do not matter, only that everything works: use small numbers."""
        self.notes: list[str] = []
        """What the reader must know beside the figures; a row adds to it."""
        self._opened = opened

    async def use(self, opener: "Opener[T]") -> T:
        """Something that is open as long as the group is measured. Raises Missing."""
        return await self._opened.use(opener)

    async def peers(self, openers: "Mapping[str, Opener[T]]") -> "dict[str, T]":
        """The peers that are here, by name; of the others the notes tell. A peer that fails does not fail the row."""
        found: dict[str, T] = {}
        for name, opener in openers.items():
            try:
                found[name] = await self.use(opener)
            except Missing as missing:
                self.notes.append(f"{name}: {missing}")
            except Exception as error:
                self.notes.append(f"{name} did not start: {type(error).__name__}: {error}")
        return found

    async def rates(self, ours: Contest, peers: Mapping[str, Contest] | None = None) -> Measured:
        """Operations per second, interleaved."""
        samples = {name: await rate_of(peer, self.pace) for name, peer in (peers or {}).items()}
        return await self.figures(await rate_of(ours, self.pace), samples)

    async def times(
        self, ours: Contest, peers: Mapping[str, Contest] | None = None, per_second: float = MICROSECONDS
    ) -> Measured:
        """The time of one operation, interleaved."""
        samples = {name: await time_of(peer, self.pace, per_second) for name, peer in (peers or {}).items()}
        return await self.figures(await time_of(ours, self.pace, per_second), samples)

    async def figures(self, ours: Sample, peers: Mapping[str, Sample] | None = None) -> Measured:
        """Any figures, interleaved."""
        return await interleave(ours, peers or {}, self.pace, lambda measured: noise(self.row, measured) > NOISY)


def noise(row: Row, measured: Measured) -> float:
    """The largest spread: of our figures, and of the ratios, or the peer's figures, that the row is judged by."""
    judged = [
        measured.ratios(target.over) if target.over else measured.peers[target.peer]
        for target in row.targets
        if target.peer and target.peer in measured.peers
    ]
    return max(spread(figures) for figures in [measured.ours, *judged])


Opening = AsyncGenerator[T]
"""What a function under `@asynccontextmanager` returns that is used as an opener."""
