"""How a thread waits for what a system's loop does: never for ever, and never the loop's own thread."""

import asyncio
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from typing import TypeVar

from actors.errors import SystemClosed
from actors.mail.activity import running

T = TypeVar("T")

LOOK_AROUND = 1.0
"""Seconds after which a waiting thread looks whether the loop it waits for still exists."""


def result(future: Future[T], loop: asyncio.AbstractEventLoop) -> T:
    """What the future brings; an interrupt cancels it. SystemClosed if the loop ends before it."""
    try:
        return outcome_of(future, loop.is_closed)
    except CancelledError:
        _ = running.get().cell  # a handler whose actor stopped hears so
        raise closed() from None
    except BaseException:
        future.cancel()
        raise


def outcome_of(future: Future[T], gone: Callable[[], bool]) -> T:
    """Wait in steps: a lost loop ends nobody's wait, and on Windows an interrupt is seen between two steps only."""
    while True:
        try:
            future.exception(LOOK_AROUND)
            break
        except TimeoutError:
            if gone() and not future.done():
                raise closed() from None
    return future.result()


def own_loop() -> RuntimeError:
    """The error of a wait that could never end."""
    return RuntimeError(
        "This thread runs the system's own loop, so it must not wait for it. Await the verb of the ref or the system "
        "instead, or mark the handler `blocking=True`."
    )


def closed() -> SystemClosed:
    """The error of a wait that the end of the system cut short."""
    return SystemClosed("The system was closed before this had ended. Make a new System(...).")
