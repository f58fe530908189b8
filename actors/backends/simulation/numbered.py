"""Futures and tasks whose hash is their number, so that a set of them has the same order in every run of a world."""

import asyncio
from collections.abc import Coroutine
from typing import Any


class NumberedFuture(asyncio.Future[Any]):
    """`loop`: one that has a `world`."""

    def __init__(self, *, loop: Any) -> None:
        super().__init__(loop=loop)
        loop.world.serial = self.serial = loop.world.serial + 1

    def __hash__(self) -> int:
        return self.serial

    def __eq__(self, other: object) -> bool:
        return self is other


class NumberedTask(asyncio.Task[Any]):
    """As `NumberedFuture`."""

    def __init__(self, steps: Coroutine[Any, Any, Any], *, loop: Any, **options: Any) -> None:
        loop.world.serial = self.serial = loop.world.serial + 1  # first: the base puts it into a set
        super().__init__(steps, loop=loop, **options)
        loop.world.made(self)

    def __hash__(self) -> int:
        return self.serial

    def __eq__(self, other: object) -> bool:
        return self is other


def numbered_task(loop: Any, steps: Any, **options: Any) -> NumberedTask:
    """A task factory."""
    return NumberedTask(steps, loop=loop, **options)
