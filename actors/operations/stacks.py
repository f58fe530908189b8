"""What the threads of this process and the tasks of one loop are doing, as text; also while the loop hangs.

Called from any thread. Of a task that waits, the whole chain of coroutines is shown down to what it waits for, where
asyncio itself shows the outermost alone.
"""

import asyncio
import sys
import threading
import traceback
from collections.abc import Mapping
from types import FrameType
from typing import Any

MOST_TASKS = 200
"""Tasks whose stacks are shown; of a host with many waiting handlers the first ones say enough."""


def stacks_of(
    loop: asyncio.AbstractEventLoop | None, names: Mapping["asyncio.Future[Any]", str] | None = None
) -> dict[str, str]:
    """The stacks of every thread, and of the tasks of a loop, by name; `names` has better names for some tasks."""
    threads = {thread.ident: thread.name for thread in threading.enumerate()}
    found: dict[str, str] = {}
    for ident, frame in sys._current_frames().items():  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  documented
        _put(found, f"thread {threads.get(ident, ident)}", "".join(traceback.format_stack(frame)))
    if loop is None:
        return found
    tasks = sorted(asyncio.all_tasks(loop), key=lambda task: task.get_name())
    for task in tasks[:MOST_TASKS]:
        name = (names or {}).get(task)
        _put(found, f"task {name or task.get_name()}", _waits(task))
    if len(tasks) > MOST_TASKS:
        found["more tasks"] = f"{len(tasks) - MOST_TASKS} tasks are not shown.\n"
    return found


def _put(found: dict[str, str], name: str, stack: str) -> None:
    number = 1
    key = name
    while key in found:
        number += 1
        key = f"{name} ({number})"
    found[key] = stack


def _waits(task: "asyncio.Task[Any]") -> str:
    lines: list[str] = []
    steps: Any = task.get_coro()
    while steps is not None:
        frame: FrameType | None = getattr(steps, "cr_frame", None) or getattr(steps, "gi_frame", None)
        if frame is None:
            break
        lines += traceback.format_stack(frame, 1)
        steps = getattr(steps, "cr_await", None) or getattr(steps, "gi_yieldfrom", None)
    return "".join(lines)
