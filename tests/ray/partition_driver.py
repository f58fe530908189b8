"""A program on the first of several nodes, which answers one line of JSON for each line it reads.

    python -m tests.ray.partition_driver ADDRESS NODE_ADDRESS FOLDER SETTINGS

It has a clockwork, a supervisor and an asker on another node; the supervisor's child and the asker's oracle live on a
host of the first. FOLDER has their logs. Commands: `facts` (process and life of the clockwork), `states` (of hosts by
seat), anything else to stop. SETTINGS is JSON: those that are not as by default.
"""

import asyncio
import contextlib
import json
import sys
from typing import Any

from actors import AskError, Ref, Settings, System, near
from actors.address import Address
from tests.ray.family import Asker, Clockwork, Oracle, Supervisor

HOSTS = 2
PAUSE = 0.05
"""Seconds between two looks at what other processes do."""


async def main(system: System, folder: str) -> None:
    seats = [seat for seat in system.host.table.seats if seat.number != system.host.seat]
    here, there = [  # of their roots: `on_node` would keep the seat on its node
        near(system.host.ref_to(Address(system.host.system, seat.number, 0)))
        for seat in sorted(seats, key=lambda seat: seat.node != system.host.node)
    ]
    oracle = await system.options(placement=here).spawn(Oracle, folder)
    actor = await system.options(placement=there).spawn(Clockwork, folder)
    await system.options(placement=there).spawn(Supervisor, folder, here)
    await system.options(placement=there).spawn(Asker, folder, oracle)
    while len((await system.host.directory.table()).spares) < HOSTS:  # noqa: ASYNC110 - other processes start them
        await asyncio.sleep(PAUSE)
    say(seat=actor.address.seat)
    while True:
        word = (await asyncio.to_thread(sys.stdin.readline)).strip()
        if word == "facts":
            say(facts=await answer(actor))
        elif word == "states":
            say(states={member.seat: member.state.value for member in await system.members()})
        else:
            return


async def answer(actor: Ref[Clockwork]) -> tuple[int, str]:
    """Ask until there is an answer: a request that was on its way to a host that is lost ends with its host."""
    while True:
        with contextlib.suppress(AskError):
            return await actor.ask(Clockwork.facts(), timeout=60.0)


def say(**facts: Any) -> None:
    print(json.dumps(facts), flush=True)


if __name__ == "__main__":
    address, node_address, folder, given = sys.argv[1:]
    settings = Settings(hosts=HOSTS, spares=HOSTS, log_level="CRITICAL", **json.loads(given))
    system = System(on="ray", settings=settings, address=address, node_address=node_address)
    system.run(lambda system: main(system, folder))
