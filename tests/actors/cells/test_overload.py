"""Ten times the load that an actor can bear, by a clock of our own: waits stay short, signals get through."""

import asyncio

import pytest

from actors import Actor, MailboxOptions, Overloaded, Reason, Ref, Shedding, System, call
from tests.actors.clockwork import Clockwork, run

SERVICE = 0.01
TARGET = 0.1
INTERVAL = 0.5
FACTOR = 10


class Server(Actor):
    """Needs SERVICE seconds for each request."""

    mailbox = MailboxOptions(shedding=Shedding(TARGET, INTERVAL))

    def __init__(self) -> None:
        self.waits: list[tuple[float, float]] = []

    @call
    async def serve(self, asked_at: float) -> None:
        now = self.context.now()
        self.waits.append((now, now - asked_at))
        await asyncio.sleep(SERVICE)


class Load:
    """Asks or tells FACTOR times as often as the server can serve, for so many seconds."""

    def __init__(self, system: System, loop: Clockwork, server: Ref[Server]) -> None:
        self.host, self.loop, self.server = system.host, loop, server
        self.asks: list[asyncio.Future[None]] = []
        self.told = 0
        self.deepest = 0

    async def run(self, seconds: float) -> None:
        cell = self.host.cells[self.server.address.number]
        for number in range(int(seconds / SERVICE) * FACTOR):
            message = Server.serve(self.loop.time())
            if number % 2:
                self.asks.append(asyncio.ensure_future(self.server.ask(message)))
            else:
                self.told += 1
                self.server.tell(message)
            await asyncio.sleep(SERVICE / FACTOR)
            self.deepest = max(self.deepest, len(cell.mailbox))


def test_waits_settle_at_the_target_and_whatever_is_shed_is_accounted_for() -> None:
    async def main(system: System, loop: Clockwork) -> None:
        server = await system.spawn(Server)
        actor = system.host.cells[server.address.number].actor
        assert isinstance(actor, Server)
        begin, load = loop.time(), Load(system, loop, server)
        await load.run(6.0)
        while len(system.host.cells[server.address.number].mailbox):  # noqa: ASYNC110 - virtual time
            await asyncio.sleep(SERVICE)
        outcomes = await asyncio.gather(*load.asks, return_exceptions=True)
        settled = [wait for at, wait in actor.waits if at > begin + 2 * INTERVAL]
        assert max(settled) <= TARGET + 1e-6
        assert len(actor.waits) >= 0.99 * 6.0 / SERVICE  # it never stands idle
        assert load.deepest <= (INTERVAL + TARGET) / SERVICE * FACTOR
        shed = sum(isinstance(it, Overloaded) for it in outcomes)
        handled_asks = sum(it is None for it in outcomes)
        letters = system.host.dead_letters.counts
        assert shed + handled_asks == len(load.asks)
        assert letters[Reason.SHED] + len(actor.waits) - handled_asks == load.told
        assert set(letters) == {Reason.SHED}
        [host] = await system.stats()
        assert host.handled == len(actor.waits)

    run(main)


def test_a_load_that_can_be_borne_is_handled_whole_also_after_an_overload() -> None:
    async def main(system: System, loop: Clockwork) -> None:
        server = await system.spawn(Server)
        load = Load(system, loop, server)
        await load.run(2.0)
        while len(system.host.cells[server.address.number].mailbox):  # noqa: ASYNC110 - virtual time
            await asyncio.sleep(SERVICE)
        for _ in range(200):
            await asyncio.sleep(SERVICE)
            await server.ask(Server.serve(loop.time()))
        with pytest.raises(Overloaded):
            await asyncio.gather(*load.asks)

    run(main)


def test_a_stop_under_overload_takes_no_longer_than_the_handler_in_progress() -> None:
    async def main(system: System, loop: Clockwork) -> None:
        server = await system.spawn(Server)
        load = Load(system, loop, server)
        pressing = asyncio.ensure_future(load.run(5.0))
        await asyncio.sleep(2.0)
        before = loop.time()
        await system.stop_actor(server)
        assert loop.time() - before <= SERVICE + 1e-6
        pressing.cancel()
        await asyncio.gather(pressing, *load.asks, return_exceptions=True)

    run(main)
