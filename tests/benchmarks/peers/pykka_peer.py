"""Pykka in this process, at its fastest: plain messages to `on_receive`, no proxies; its actor has a thread."""

from contextlib import asynccontextmanager
from time import perf_counter
from typing import Any

from tests.benchmarks.run import Missing, Opening


class PykkaActor:
    """A Pykka actor that counts."""

    def __init__(self, kind: Any) -> None:
        self._kind = kind
        self._ref = kind.start()
        self.tell = self._ref.tell
        self.stop = self._ref.stop

    async def flush(self) -> None:
        """Wait until everything is handled."""
        self._ref.ask("total")

    async def asks(self, count: int) -> float:
        """Ask so many times, one after the other; returns the seconds."""
        ask = self._ref.ask
        began = perf_counter()
        for number in range(count):
            ask(number)
        return perf_counter() - began

    async def spawns(self, count: int) -> float:
        """Start so many actors; returns the seconds, in which stopping them is not counted."""
        began = perf_counter()
        refs = [self._kind.start() for _ in range(count)]
        took = perf_counter() - began
        for ref in refs:
            ref.stop()
        return took


@asynccontextmanager
async def pykka_actor() -> Opening[PykkaActor]:
    """A Pykka actor that counts."""
    try:
        import pykka
    except ImportError:
        raise Missing("not installed.") from None

    class Counter(pykka.ThreadingActor):
        def __init__(self) -> None:
            super().__init__()
            self.count = 0

        def on_receive(self, message: Any) -> Any:
            self.count += 1
            return message

    actor = PykkaActor(Counter)
    try:
        yield actor
    finally:
        actor.stop()
