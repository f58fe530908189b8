"""Ten times the load that an actor on another host can bear: memory stays flat, waits short, signals get through."""

import asyncio
import contextlib
import os
import time
from statistics import median

import psutil

from actors import Actor, AskError, MailboxOptions, Overloaded, Ref, Shedding, call, dedicated
from actors.mail.dead_letters import Reason
from tests.ray.system.cast import Keeper
from tests.ray_stage import Stage

SERVICE = 0.01
FACTOR = 10
SECONDS = 6.0
SIZE = 20_000
"""Bytes of a message, so that those which wait for an actor that does not shed would be seen in its process."""


class Server(Actor):
    """Needs SERVICE seconds for each request, and notes how long each has waited."""

    mailbox = MailboxOptions(shedding=Shedding(target=0.1, interval=0.5))

    def __init__(self) -> None:
        self.waits: list[float] = []

    @call
    async def serve(self, asked_at: float, filling: bytes) -> None:
        self.waits.append(time.monotonic() - asked_at)
        await asyncio.sleep(SERVICE)

    @call
    def waited(self) -> list[float]:
        return self.waits

    @call
    def pid(self) -> int:
        return os.getpid()


async def press(server: Ref[Server], seconds: float) -> list[str]:
    """Ask and tell in turn, FACTOR times as often as it can serve; the outcomes of the asks."""
    asks: list[asyncio.Future[str]] = []
    for _ in range(int(seconds / SERVICE)):
        for number in range(FACTOR):
            message = Server.serve(time.monotonic(), os.urandom(SIZE))
            if number % 2:
                asks.append(asyncio.ensure_future(outcome(server, message)))
            else:
                server.tell(message)
        await asyncio.sleep(SERVICE)
    return await asyncio.gather(*asks)


async def outcome(server: Ref[Server], message: object) -> str:
    try:
        await server.ask(message, timeout=30.0)
    except AskError as error:
        return type(error).__name__
    return "served"


def test_memory_stays_flat_what_is_served_has_not_waited_long_and_all_is_accounted_for(stage: Stage) -> None:
    async def main(system: Stage) -> None:
        server = await system.options(placement=dedicated()).spawn(Server)
        process = psutil.Process(await server.ask(Server.pid()))
        outcomes = await press(server, SECONDS / 3)
        served = len(await patiently(server))
        before = process.memory_info().rss
        outcomes += await press(server, SECONDS)
        grown = process.memory_info().rss - before
        waits = await patiently(server)
        pressed = int(SECONDS / SERVICE) * FACTOR
        print(f"{len(waits) - served} of {pressed} served, which had waited {median(waits[served:]):.3f} s (median)")
        print(f"the process has grown by {grown / 2**20:.1f} MiB, while {pressed * SIZE / 2**20:.0f} MiB came in")
        assert {"served", "Overloaded"} <= {*outcomes} <= {"served", "Overloaded", "MailboxFull"}
        assert grown < pressed * SIZE / 4
        assert median(waits[served:]) < SECONDS  # of a queue that only grew it would be SECONDS * FACTOR / 2
        letters = {it.seat: it.dead_letters for it in await system.stats()}
        there, on_the_way = letters[server.address.seat], letters[system.host.seat]
        shed = outcomes.count("Overloaded") + there[Reason.SHED.value]
        refused = outcomes.count("MailboxFull") + on_the_way.get(Reason.LINK_FULL.value, 0)  # by a link that was full
        assert len(waits) + shed + refused == int(SECONDS / 3 / SERVICE) * FACTOR + pressed
        assert there.keys() == {Reason.SHED.value}

    stage.run(main)


async def patiently(server: Ref[Server]) -> list[float]:
    """What it says, when it does not shed the question."""
    while True:
        try:
            return await server.ask(Server.waited(), timeout=30.0)
        except Overloaded as error:
            await asyncio.sleep(error.retry_after)


def test_a_stop_and_the_news_of_it_do_not_wait_for_what_is_in_the_mailbox(stage: Stage) -> None:
    async def main(system: Stage) -> None:
        server = await system.spawn(Server)
        keeper = await system.spawn(Keeper)
        await keeper.ask(Keeper.watch(server))
        pressing = asyncio.ensure_future(press(server, SECONDS))
        with contextlib.suppress(Overloaded):  # which it would not be if it had not begun
            while await server.ask(Server.waited(), timeout=30.0) == []:
                pass
        await system.stop_actor(server)
        assert await keeper.ask(Keeper.until(1)) == ["stopped"]
        assert not pressing.done()
        assert {*await pressing} <= {"served", "Overloaded", "MailboxFull", "Stopped", "NotRunning"}

    stage.run(main)
