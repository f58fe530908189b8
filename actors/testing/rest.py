"""When a host has come to rest: nothing will happen until time passes or somebody outside acts.

At rest: no cell is ready, no signal waits, and every handler in progress waits for the answer to an ask or, on a clock
that is moved by hand, for the time. A handler that waits for anything else (a socket, a thread, the real clock) is at
work, because what it waits for comes without anybody in the test doing anything.
"""

# The one file of the test kit that looks inside a host. A live system never asks whether it is at rest, so the host
# keeps no account that would answer.
# ruff: noqa: SLF001
# pyright: reportPrivateUsage=false

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from threading import Timer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from actors.cells.cell import Cell
    from actors.host import Host

ROUNDS = 8
"""Turns of the loop in a row that must find nothing to do. More than one, because a callback may call for another."""

MOST_ROUNDS = 200_000
"""Turns of the loop, some seconds, after which a host that always has something to do is said to never rest."""

PAUSE = 0.002
"""Seconds between two looks while something outside is at work."""


async def rest(host: "Host", within: float) -> list[str]:
    """Wait until the host is at rest, without sleeping; returns nothing, or who is still at work.

    `within`: seconds of the real clock, about, to wait for sockets, threads and the real clock.
    """
    calm, waited = 0, 0.0
    for _ in range(MOST_ROUNDS):
        await asyncio.sleep(0)
        outside = [] if _ready(host) else _outside(host)
        if outside is None or _ready(host):
            calm = 0
            continue
        calm += 1
        if calm < ROUNDS:
            continue
        if not outside or waited >= within:
            return outside
        await _pause(host.loop)
        calm, waited = 0, waited + PAUSE
    return ["actors that send messages without end"]


def _ready(host: "Host") -> bool:
    """Whether anything is to be done at once. Loops of asyncio tell all of it; of others only the host does."""
    return bool(host._ready or host._signals or getattr(host.loop, "_ready", ()))


def _outside(host: "Host") -> list[str] | None:
    """Who waits for something outside; None if any task is about to go on."""
    asks = {ask.future for ask in host.asks.waiting()}
    by_hand = hasattr(host.loop, "in_threads")
    found: list[str] = []
    for who, task, in_thread in _tasks(host):
        if task.done():
            continue
        state = _state(task, asks)
        if state == "runs":
            return None
        if in_thread or (state == "outside" and not by_hand):
            found.append(who)
    found += ["a call in a thread"] * getattr(host.loop, "in_threads", 0)
    return found


def _tasks(host: "Host") -> Iterator[tuple[str, "asyncio.Future[Any]", bool]]:
    """The tasks of the host's actors and of the host itself, with a name, and whether it waits for a thread."""
    for cell in list(host.cells.values()):
        for activity in list(cell.activities or ()):
            if activity.task is not None:
                handler = activity.envelope.handler if activity.envelope is not None else None
                yield _name(cell, activity.envelope), activity.task, handler is not None and handler.blocking
        for task in list(cell.tasks or ()):
            yield f"a task of {cell.name}", task, False
    for task in list(host.work._system):
        yield "the runtime itself", task, False


def _name(cell: "Cell", envelope: Any) -> str:
    return cell.name if envelope is None else f"{cell.name}, which handles {type(envelope.message).__qualname__}"


def _state(future: "asyncio.Future[Any]", asks: "set[asyncio.Future[object]]") -> str:
    """What a task does: "runs", or waits for something "outside" or "inside", as far as futures tell."""
    if future.done():
        return "runs"
    if future in asks:
        return "inside"
    if hasattr(future, "_fut_waiter"):  # a task; its stack is found in the same way when it is printed
        waits_for: asyncio.Future[Any] | None = getattr(future, "_fut_waiter", None)
        return "runs" if waits_for is None else _state(waits_for, asks)
    children: list[asyncio.Future[Any]] = getattr(future, "_children", [])  # what `gather` waits for
    gathered = [_state(it, asks) for it in children if not it.done()]
    if not gathered:
        return "outside"
    return next((state for state in ("runs", "outside") if state in gathered), "inside")


async def _pause(loop: asyncio.AbstractEventLoop) -> None:
    """Let real time pass, also where the loop's own time stands still."""
    over = loop.create_future()

    def end() -> None:
        with suppress(RuntimeError):  # the loop was closed meanwhile
            loop.call_soon_threadsafe(lambda: over.done() or over.set_result(None))

    Timer(PAUSE, end).start()
    await over
