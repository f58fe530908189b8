"""Who waits in a simulated world that is given up: where the main function stands, and which handlers are at work."""

import inspect
import sys
from asyncio import Future
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from actors.host import Host

SHOWN = 10
"""Handlers that are named."""

RUNTIME = sys.stdlib_module_names | {"actors"}
"""Packages whose lines tell nobody where the main function waits."""


def who_waits(main: "Future[Any]", hosts: Iterable[Host]) -> str:
    """A line for each, under a title; or nothing."""
    found = [*_where(main), *_at_work(hosts)]
    if not found:
        return ""
    more = [f"and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
    return "".join(f"{line}\n  " for line in ["Who waits:", *found[:SHOWN], *more])[:-2]


def _where(main: "Future[Any]") -> Iterator[str]:
    """The innermost line of the application in which the main function waits."""
    steps = getattr(main, "get_coro", lambda: None)()
    last = None
    while inspect.iscoroutine(steps):
        frame = steps.cr_frame
        if frame is not None and str(frame.f_globals.get("__name__", "")).partition(".")[0] not in RUNTIME:
            last = frame
        steps = steps.cr_await
    if last is not None:
        file = Path(last.f_code.co_filename).name
        yield f"the main function, in {last.f_code.co_name} ({file}:{last.f_lineno})"


def _at_work(hosts: Iterable[Host]) -> Iterator[str]:
    for host in hosts:
        for cell in list(host.cells.values()):
            for activity in list(cell.activities or ()):
                if activity.envelope is not None:
                    message = type(activity.envelope.message).__qualname__
                    yield f"{cell.name} on seat {host.seat}, which handles {message}"
