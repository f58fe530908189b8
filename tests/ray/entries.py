"""Entries that the tests run in host processes."""

import asyncio
import time
from pathlib import Path
from typing import Any

from actors.backends.ray.hosts.host_life import ORPHANED, HostLife


async def obedient(payload: Any, life: HostLife) -> str:
    life.ready({"payload": payload})
    await life.stopping.wait()
    return f"drained for {life.reason}"


def write_at_once(path: Path, text: str) -> None:
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(text)
    unfinished.rename(path)


async def recording(path: str, life: HostLife) -> str:
    """Write down how it ends, whole or not at all, where the test can read it after the process is gone."""
    life.ready(None)
    await life.stopping.wait()
    await asyncio.to_thread(write_at_once, Path(path), life.reason)
    return "written"


async def failing(_: Any, life: HostLife) -> None:
    raise ValueError("the curtain is stuck")


async def never_ready(_: Any, life: HostLife) -> None:
    await asyncio.Event().wait()


async def short(_: Any, life: HostLife) -> str:
    life.ready(None)
    return "done"


async def orphaned(_: Any, life: HostLife) -> str:
    """Finds out by itself that its system is over."""
    life.ready(None)
    life.tell(ORPHANED, 1.0)
    await life.stopping.wait()
    return "left"


async def deaf(_: Any, life: HostLife) -> None:
    """Does not listen to being told to stop, and swallows being cancelled."""
    life.ready(None)
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            continue


async def slow(_: Any, life: HostLife) -> None:
    """Ends only when cancelled."""
    life.ready(None)
    await asyncio.Event().wait()


async def stuck(_: Any, life: HostLife) -> None:
    """Its loop hangs in a blocking call."""
    life.ready(None)
    await asyncio.to_thread(lambda: None)
    hang_in_a_blocking_call()


def hang_in_a_blocking_call() -> None:
    time.sleep(3600)
