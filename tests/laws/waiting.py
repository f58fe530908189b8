"""`python -m tests.laws.waiting --seeds 100000`: actors ask each other at random, and a court knows who truly waits.

The court stands outside all simulated processes: actors tell it what they await, at the moment they do. So it sees each
cycle when it closes, and judges (A43): each is found and ended, soon; nobody hears of a cycle that was none; and what
was withdrawn has never run.
"""

import argparse
import asyncio
import logging
import sys
import time
from random import Random

from actors import System, spread
from actors.backends.simulation.faults import NO_FAULTS, FaultPlan, random_faults
from actors.testing.simulation import little_garbage, run_once
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


def violations(seed: int) -> tuple[list[str], int, int]:
    """What a seed breaks; how many cycles there were, and how many messages."""
    faults: FaultPlan = NO_FAULTS
    if seed % 2:
        faults = random_faults(Random(seed), hosts=HOSTS, seconds=2.0, most=3, kinds=KINDS)
    court = Court(seed, soon=LATE if faults else SOON)
    courts.append(court)
    try:
        run = run_once(_main, seed, faults=faults, hosts=HOSTS)
    finally:
        courts.remove(court)
    court.close()
    if run.error is not None:
        court.wrong.insert(0, f"the run: {type(run.error).__name__}: {run.error}")
    return court.wrong, len(court.cycles), run.messages


def main(arguments: list[str]) -> int:
    """Run the program; returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.laws.waiting", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    options = parser.parse_args(arguments)
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        return _judge(options.first, options.seeds)
    finally:
        logging.disable(disabled)


def _judge(first: int, seeds: int) -> int:
    wrong = cycles = messages = 0
    began = time.process_time()
    with little_garbage() as collect:
        for seed in range(first, first + seeds):
            found, there, handled = violations(seed)
            cycles, messages = cycles + there, messages + handled
            if found:
                wrong += 1
                print(f"Seed {seed} breaks a law: python -m tests.laws.waiting --seeds 1 --first {seed}")
                print(*(f"  {it}" for it in found[:5]), sep="\n", flush=True)
            collect(seed)
    seconds = time.process_time() - began
    print(
        f"{seeds} seeds, {cycles} cycles, {messages / seeds:.0f} messages a seed: {wrong} broke a law. "
        f"{seeds / seconds:.0f} seeds/s on one core."
    )
    return 1 if wrong or not cycles else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
