"""A program on the first of several nodes, which answers one line of JSON for each line it reads.

    python -m tests.ray.partition_driver ADDRESS NODE_ADDRESS LOG ISOLATION

It has an actor on another node that acts ten times a second, by the log: a file outside of all processes. Commands:
`facts` (process and incarnation), `states` (of hosts by seat), anything else to stop. A host without a lease ends after
ISOLATION seconds.
"""

import asyncio
import contextlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from actors import Actor, AskError, Ref, Settings, System, call, near
from actors.address import Address


class Clockwork(Actor):
    """Writes a line for each tick: when, who, in which incarnation."""

    def __init__(self, log: str) -> None:
        self.log = log

    def on_start(self) -> None:
        self.context.timers.fixed_rate("tick", 0.1, Clockwork.tick())

    @call
    def tick(self) -> None:
        with Path(self.log).open("a", encoding="utf-8") as log:
            log.write(f"{time.clock_gettime(time.CLOCK_BOOTTIME)} {os.getpid()} {self.context.incarnation}\n")

    @call
    def facts(self) -> tuple[int, int]:
        return os.getpid(), self.context.incarnation


async def main(system: System, log: str) -> None:
    seat = next(seat.number for seat in system.host.table.seats if seat.node != system.host.node)
    root = system.host.ref_to(Address(system.host.system, seat, 0))  # `on_node` would keep the seat on its node
    actor = await system.options(placement=near(root)).spawn(Clockwork, log)
    while len((await system.host.directory.table()).spares) < 2:  # noqa: ASYNC110 - other processes start them
        await asyncio.sleep(0.05)
    say(seat=actor.address.seat)
    while True:
        word = (await asyncio.to_thread(sys.stdin.readline)).strip()
        if word == "facts":
            say(facts=await answer(actor))
        elif word == "states":
            say(states={member.seat: member.state.value for member in await system.members()})
        else:
            return


async def answer(actor: Ref[Clockwork]) -> tuple[int, int]:
    """Ask until there is an answer: a request that was on its way to a host that is lost ends with its host."""
    while True:
        with contextlib.suppress(AskError):
            return await actor.ask(Clockwork.facts(), timeout=60.0)


def say(**facts: Any) -> None:
    print(json.dumps(facts), flush=True)


if __name__ == "__main__":
    address, node_address, log, isolation = sys.argv[1:]
    settings = Settings(hosts=2, spares=2, isolation=float(isolation), log_level="CRITICAL")
    system = System(on="ray", settings=settings, address=address, node_address=node_address)
    system.run(lambda system: main(system, log))
