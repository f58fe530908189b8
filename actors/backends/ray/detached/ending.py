"""A detached system is stopped by its keeper, whoever asks for it, and has ended when Ray lists nothing of it."""

import asyncio
import time
from collections.abc import Callable

from actors.backends.ray.detached import systems
from actors.errors import TimedOut
from actors.supervising.distant_root import DistantRoot
from actors.supervising.signals import StopReport

LAST = 15.0
"""Seconds that the keeper has to end itself and the directory once all hosts have stopped."""

LOOK = 0.05
"""Seconds between two looks at whether anything of the system is left."""


async def end(root: DistantRoot, system: str, namespace: str, by: str, over: Callable[[], bool]) -> StopReport:
    """Let the keeper stop the system for `by`; returns when nothing is left of it. See `DistantRoot.stop_system`.

    Raises the outcomes of an ask to the keeper; TimedOut if something is left long after that.
    """
    report = await root.stop_system(by, over)
    until = time.monotonic() + LAST
    while await asyncio.to_thread(systems.parts, system, namespace):
        if time.monotonic() > until:
            raise TimedOut(
                f"The system {system!r} was stopped, but Ray still lists a part of it after {LAST:g} s. "
                "Look at `ray list actors`, and end what is left."
            )
        await asyncio.sleep(LOOK)  # Ray has no call that ends when a name is free
    return report
