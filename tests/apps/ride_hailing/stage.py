"""One actor of the company on a local system, with probes in place of everybody it speaks to."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from actors import Actor, Message, Ref, System, call, receive
from apps.ride_hailing.city import Point
from apps.ride_hailing.demand import Journey
from apps.ride_hailing.pace import HOUR, Pace
from apps.ride_hailing.rules import Rules

M = TypeVar("M", bound=Message)

EVENING = 18 * HOUR
RULES = Rules(Pace(600.0), again=0.03, declines=0.0, shortest_offer=0.05, shortest_report=0.02, silence=0.2)
JOURNEY = Journey("t1", EVENING, Point(0.0, 0.0), Point(0.0, 805.0), ride_seconds=60.0)
PATIENCE = 10.0
"""Real seconds to wait for a message that must come."""


class Ear(Actor):
    """Puts whatever it is told where the test finds it."""

    def __init__(self, heard: "asyncio.Queue[Message]") -> None:
        self._heard = heard

    @receive
    def hear(self, message: object) -> None:
        assert isinstance(message, Message)
        self._heard.put_nowait(message)

    @call
    def fence(self) -> None:
        """Answered after everything that was told before."""


class Probe:
    """Somebody the actor under test speaks to."""

    def __init__(self, heard: "asyncio.Queue[Message]", ref: Ref[Ear]) -> None:
        self._heard = heard
        self.ref = ref

    @classmethod
    async def spawn(cls, system: System) -> "Probe":
        heard = asyncio.Queue[Message]()
        return cls(heard, await system.spawn(Ear, heard))

    async def expect(self, kind: type[M], such: Callable[[M], bool] = lambda _: True) -> M:
        """The next message of this class that is such; whatever comes before it is passed over."""
        async with asyncio.timeout(PATIENCE):
            while True:
                message = await self._heard.get()
                if isinstance(message, kind) and such(message):
                    return message

    async def said(self) -> list[Message]:
        """Everything said so far and not yet looked at."""
        await self.ref.ask(Ear.fence())
        return [self._heard.get_nowait() for _ in range(self._heard.qsize())]


def played(scene: Callable[[System], Awaitable[Any]]) -> None:
    """Play a scene on a local system."""

    async def run(system: System) -> None:
        await scene(system)

    System(on="local").run(run)
