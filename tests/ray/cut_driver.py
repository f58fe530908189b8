"""A program on one of several nodes, with an actor on each of some; it answers one line of JSON for each it reads.

    python -m tests.ray.cut_driver JSON

The JSON: `address` and `node_address` (of the cluster, and of the node it runs on), `folder` for the logs, `settings`,
`nodes` (names of the nodes that get an actor). Each actor acts ten times a second, by its log, and asks its peer, the
actor on the next of these nodes, as often: what it heard stands in the log too, a file outside of all processes.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

from ray._private import worker

from actors import Actor, AskError, Ref, Settings, System, UnderstudyError, call, near, on_node
from actors.address import Address
from actors.backends.ray.cluster.placement import living_nodes
from actors.backends.ray.hosts.host_actors import look_at_hosts
from actors.backends.ray.hosts.host_processes import HostProcesses
from actors.backends.ray.system_name import namespace_and_name

PAUSE = 0.05
"""Seconds between two looks at the directory's table, which changes by what other processes do."""

PREEMPTION = 2
"""Ray's DRAIN_NODE_REASON_PREEMPTION."""


class Clockwork(Actor):
    """Writes a line for each tick: when, who, in which incarnation; and one for each outcome of asking its peer."""

    def __init__(self, log: str) -> None:
        self.log = log
        self.peer: Ref[Clockwork] | None = None
        self.waits = False

    def on_start(self) -> None:
        self.context.timers.fixed_rate("tick", 0.1, Clockwork.tick())

    @call
    def meet(self, peer: "Ref[Clockwork]") -> None:
        self.peer = peer

    @call
    def tick(self) -> None:
        self.write("ticked")
        if self.peer is not None and not self.waits:
            self.waits = True
            self.context.pipe(self.hear(self.peer), Clockwork.heard)

    @call
    def heard(self, word: str) -> None:
        self.waits = False
        self.write(word)

    async def hear(self, peer: "Ref[Clockwork]") -> str:
        try:
            await peer.ask(Clockwork.facts())
        except AskError as error:
            return f"{type(error).__name__}-{error.ran}"
        return "answered"

    @call
    async def work(self, number: int) -> None:
        await asyncio.sleep(0.02)
        self.write(f"worked-{number}")

    @call
    def facts(self) -> tuple[int, int]:
        return os.getpid(), self.context.incarnation

    @call
    def hold(self) -> None:
        self.held = self.context.reply_later()
        self.write("held")

    def write(self, word: str) -> None:
        with Path(self.log).open("a", encoding="utf-8") as log:
            log.write(f"{time.clock_gettime(time.CLOCK_BOOTTIME)} {os.getpid()} {self.context.incarnation} {word}\n")


async def main(system: System, plan: dict[str, Any]) -> None:
    actors = await place(system, plan)
    say(
        seats={name: ref.address.seat for name, ref in actors.items()},
        pids={seat.number: seat.pid for seat in system.host.table.seats},
    )
    held: asyncio.Future[tuple[str, float]] | None = None
    while True:
        word, *rest = ((await asyncio.to_thread(sys.stdin.readline)).split()) or ["stop"]
        if word == "ask":
            ref, seconds = actors[rest[0]], float(rest[1])
            say(heard=await outcome(partial(ref.ask, Clockwork.facts(), timeout=seconds)))
        elif word == "hold":
            held = asyncio.ensure_future(timed(actors[rest[0]]))
            say(holds=rest[0])
        elif word == "held" and held is not None:
            say(heard=await held)
        elif word == "verbs":
            say(**await verbs(system, next(iter(actors.values()))))
        elif word == "load":
            for number in range(int(rest[1])):
                actors[rest[0]].tell(Clockwork.work(number))
            say(told=int(rest[1]))
        elif word == "spares":
            say(spares=await spares(system, int(rest[0])))
        elif word == "dismiss":
            say(dismissed=await dismiss(system, rest[0]))
        elif word == "called":
            say(called=await called(system))
        elif word == "drain":
            node = system.host.seats[actors[rest[0]].address.seat].node
            say(accepted=await asyncio.to_thread(drain, node, float(rest[1])))
        elif word == "states":
            say(states={member.seat: member.state.value for member in await system.members()})
        else:
            return


def drain(node: str, seconds: float) -> bool:
    """As the autoscaler does when a node is about to be taken away; whether Ray has accepted it."""
    deadline = int(1000 * (time.time() + seconds))
    accepted, _ = worker.global_worker.gcs_client.drain_node(node, PREEMPTION, "a test", deadline)
    return bool(accepted)


async def place(system: System, plan: dict[str, Any]) -> dict[str, Ref[Clockwork]]:
    names = await node_ids()
    actors: dict[str, Ref[Clockwork]] = {}
    for name in plan["nodes"]:
        log = str(Path(plan["folder"]) / name)
        there = [seat.number for seat in system.host.seating.taken if seat.node == names[name] and seat.takes_anybody]
        # `on_node` makes a host where there is none, and keeps its seat on that node
        roots = [system.host.ref_to(Address(system.host.system, seat, 0)) for seat in there]
        placement = near(roots[0]) if roots else on_node(names[name])
        actors[name] = await system.options(placement=placement).spawn(Clockwork, log)
    refs = list(actors.values())
    for ref, peer in zip(refs, refs[1:] + refs[:1], strict=True):
        await ref.ask(Clockwork.meet(peer))
    return actors


async def node_ids() -> dict[str, str]:
    """Ray's ids of the nodes, by the resources that they have; one of those is the name of a node."""
    return {name: node.node_id for node in await asyncio.to_thread(living_nodes) for name in node.resources}


async def spares(system: System, count: int) -> dict[str, int]:
    """The processes that stand by, once there are so many: name and id of each."""
    while True:
        found = (await system.host.directory.table()).spares
        reports, _ = await look_at_hosts(*namespace_and_name(system.host.system))
        pids = {report.name: report.pid for report in reports}
        if len(found) >= count and all(spare.name in pids for spare in found):  # one that is late has not said its own
            return {spare.name: pids[spare.name] for spare in found}
        await asyncio.sleep(PAUSE)


async def dismiss(system: System, name: str) -> int:
    """End the host on a node in order, as at the end of the system, so that nobody takes its seat; its seat."""
    node = (await node_ids())[name]
    seat = next(seat for seat in system.host.table.seats if seat.node == node and seat.takes_anybody)
    processes: HostProcesses = system._backend._fleet.processes
    await asyncio.to_thread(processes.stop, 5.0, [it for it in processes.alive() if it.name == seat.host])
    return seat.number


async def called(system: System) -> str:
    """The name of the process that is called to a vacant seat, once one is."""
    while True:
        for seat in (await system.host.directory.table()).seats:
            if seat.vacant and seat.host:
                return seat.host
        await asyncio.sleep(PAUSE)


async def verbs(system: System, ref: Ref[Clockwork]) -> dict[str, str]:
    """What each verb of the system says."""
    return {
        "ask": await outcome(lambda: ref.ask(Clockwork.facts())),
        "send": await outcome(lambda: ref.send(Clockwork.facts())),
        "spawn": await outcome(lambda: system.spawn(Clockwork, "")),
        "stats": await outcome(system.stats),
        "members": await outcome(system.members),
        "health": await outcome(system.health),
    }


async def timed(ref: Ref[Clockwork]) -> tuple[str, float]:
    """How an ask ends whose reply is promised and never comes, and when."""
    try:
        await ref.ask(Clockwork.hold(), timeout=60.0)
    except AskError as error:
        return f"{type(error).__name__}-{error.ran}", time.clock_gettime(time.CLOCK_BOOTTIME)
    return "answered", 0.0


async def outcome(verb: Callable[[], Awaitable[Any]]) -> str:
    try:
        return str(await verb())
    except UnderstudyError as error:
        return f"{type(error).__name__}: {error}"


def say(**facts: Any) -> None:
    print(json.dumps(facts), flush=True)


if __name__ == "__main__":
    plan = json.loads(sys.argv[1])
    settings = Settings(**plan["settings"])
    system = System(on="ray", settings=settings, address=plan["address"], node_address=plan["node_address"])
    system.run(lambda system: main(system, plan))
