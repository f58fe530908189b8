"""How many seeds of an application a core plays in a second, with faults: many hosts, virtual time, real code.

What is counted is this process' time of the processor, so that what else the machine does costs less. No module is
imported again between two seeds; everything else is new: hosts, links with their handshakes, directory, actors.
"""

import asyncio
import logging

from actors import Actor, AskError, Ref, SpawnFailed, Supervision, System, call, spread
from actors.testing import Chaos, explore
from actors.testing.simulation import CHAOS, Exploration, Main
from tests.benchmarks.rounds import Measured
from tests.benchmarks.rows import at_least, row
from tests.benchmarks.run import Run
from tests.simulation import ledger

SEEDS = 100
"""Played in a round, always the same: some seeds cost ten times as much as others."""

ORDERS = 8


class Clerk(Actor):
    """Fails at every fifth order."""

    def __init__(self) -> None:
        self.orders = 0

    @call
    def take(self, number: int) -> int:
        """Take one order."""
        self.orders += 1
        if self.orders % 5 == 0:
            raise ValueError("planned")
        return number


class Shop(Actor):
    """Two clerks, on hosts of their own."""

    supervision = Supervision(restarts=100)

    def __init__(self) -> None:
        self._clerks: list[Ref[Clerk]] = []

    async def on_start(self) -> None:
        """Hire them."""
        self._clerks = [await self.context.options(placement=spread()).spawn(Clerk) for _ in range(2)]

    @call(interleaved=True)
    async def order(self, number: int) -> int:
        """Let one of them take it."""
        return await self._clerks[number % 2].ask(Clerk.take(number), timeout=0.2)


async def shop(system: System) -> None:
    """Some orders, a few at a time; those that go wrong are lost."""
    while True:
        try:
            opened = await system.options(placement=spread()).spawn(Shop)
            break
        except (SpawnFailed, AskError):
            await asyncio.sleep(0.05)
    for first in range(0, ORDERS, 2):
        await asyncio.sleep(0.02)
        asked = (opened.ask(Shop.order(number), timeout=0.3) for number in (first, first + 1))
        for outcome in await asyncio.gather(*asked, return_exceptions=True):
            if isinstance(outcome, BaseException) and not isinstance(outcome, AskError):
                raise outcome


async def played(run: Run, main: Main[None], chaos: Chaos) -> Measured:
    """Seeds per second of the processor."""
    seeds = range(5 if run.quick else SEEDS)
    last: list[Exploration] = []

    async def sample() -> float:
        # Worlds have loops of their own, and a thread has one at most.
        last[:] = [await asyncio.to_thread(explore, main, seeds, chaos=chaos)]
        return len(seeds) / last[0].seconds

    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)  # what the runtime says of planned failures
    try:
        measured = await run.figures(sample)
    finally:
        logging.disable(disabled)
    count, each = len(seeds), last[0]
    run.notes.append(
        f"a seed: {each.messages / count:.0f} messages handled, {each.faults / count:.1f} faults, "
        f"{each.simulated / count:.2f} simulated seconds, 3 hosts, a spare and the driver"
    )
    return measured


@row("simulation.seeds", unit="/s", what="seeds of a small supervised application with faults", targets=[at_least(200)])
async def seeds(run: Run) -> Measured:
    """A shop with two clerks, who fail now and then."""
    return await played(run, shop, Chaos(seconds=0.1))


@row("simulation.accounts", unit="/s", what="seeds of accounts that pay each other for seconds, with faults")
async def accounts(run: Run) -> Measured:
    """Three accounts on three hosts; what is cut off is waited for."""
    return await played(run, ledger.business, CHAOS)  # type: ignore[arg-type]
