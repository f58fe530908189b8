"""`python -m tests.laws.waiting --seeds 100000`: actors ask each other at random, and a court knows who truly waits.

The court stands outside all simulated processes: actors tell it what they await, at the moment they do. So it sees each
cycle when it closes, and judges (A43): each is found and ended, soon; nobody hears of a cycle that was none; and what
was withdrawn has never run.
"""

import asyncio
import sys
from collections.abc import Sequence
from random import Random

from actors import System, spread
from actors.backends.simulation.faults import NO_FAULTS, FaultPlan, random_faults
from actors.testing.simulation import run_once
from tests.laws.judging import Judged, judge
from tests.laws.waiters import ENDLESS, Court, Player, courts

HOSTS = 3
PLAYERS = 6
ASKS = 8
DEPTH = 5
PATIENCE = 120.0
KINDS = ("reset", "reset", "pause", "slow", "lag", "cut")

SOON = 1.0
"""Seconds in which a cycle is found where nothing goes wrong."""

LATE = 15.0
"""Seconds in which it is found where something does."""


async def _main(system: System) -> None:
    court = courts[-1]
    random = Random(court.seed)
    court.now = asyncio.get_running_loop().time
    names = [f"/{number}" for number in range(PLAYERS)]
    spawners = [system.options(name=name[1:], placement=spread()) for name in names]
    players = [(name, await spawner.spawn(Player, name)) for name, spawner in zip(names, spawners, strict=True)]
    for _, ref in players:
        await ref.ask(Player.meet(players))
    asks: list[asyncio.Future[None]] = []
    for _ in range(ASKS):
        asks.append(
            asyncio.ensure_future(random.choice(players)[1].ask(Player.play(court.key(), DEPTH), timeout=ENDLESS))
        )
        await asyncio.sleep(random.random() * 0.2)
    _, waiting = await asyncio.wait(asks, timeout=PATIENCE)
    if waiting:
        court.wrong.append(f"{len(waiting)} asks have no outcome")


def violations(seed: int, faults: FaultPlan | None = None) -> Judged:
    """What a seed breaks; every other seed has faults."""
    if faults is None:
        faults = random_faults(Random(seed), hosts=HOSTS, seconds=2.0, most=3, kinds=KINDS) if seed % 2 else NO_FAULTS
    court = Court(seed, soon=LATE if faults else SOON)
    courts.append(court)
    try:
        run = run_once(_main, seed, faults=faults, hosts=HOSTS)
    finally:
        courts.remove(court)
    court.close()
    if run.error is not None:
        court.wrong.insert(0, f"the run: {type(run.error).__name__}: {run.error}")
    return Judged(court.wrong, faults, run.messages, len(court.cycles))


def main(arguments: Sequence[str]) -> int:
    """Run the program; returns its exit status."""
    return judge("tests.laws.waiting", __doc__, violations, arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
