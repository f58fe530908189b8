"""A traced program that is ended in some way while its actors work; it says when it has sent so many messages."""

import asyncio
import signal
import sys
from pathlib import Path

from actors import Actor, System, call
from tracing import traced


class Worker(Actor):
    """Works."""

    @call
    def work(self) -> None:
        """Nothing."""


async def main(system: System) -> None:
    """Send a hundred messages, and end as was said."""
    worker = await system.spawn(Worker)
    for _ in range(100):
        await worker.ask(Worker.work())
    print("sent", flush=True)
    if sys.argv[2] == "returns":
        return
    if sys.argv[2] == "raises":
        raise ValueError("planted")
    if sys.argv[2] == "exits":
        sys.exit(0)
    await asyncio.sleep(60.0)


signal.signal(signal.SIGINT, signal.default_int_handler)  # also where the tests run in the background
System(on="local", instrument=traced("program", folder=Path(sys.argv[1]))).run(main)
