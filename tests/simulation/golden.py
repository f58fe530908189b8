"""`python -m tests.simulation.golden`: writes down the histories' hashes that any machine and Python must come to.

They change with whatever changes the order or the time of a single event in these runs; then write them down again,
and say in the commit why they changed.
"""

import json
import logging
import sys
from pathlib import Path

from actors.testing.simulation import CHAOS, run_once
from tests.laws.play import play
from tests.simulation import ledger

FILE = Path(__file__).with_name("golden.json")

SEEDS = range(10)
"""Of the laws, seeds 0 and 8 have faults that are longer than a lease."""


def computed() -> dict[str, list[str]]:
    """The hash of each seed, for a small application and for the players of the laws, with the faults of the seed."""
    logging.disable(logging.CRITICAL)  # what the runtime says of planned failures
    try:
        return {
            "ledger": [run_once(ledger.business, seed, faults=CHAOS.plan(seed, 3)).hash for seed in SEEDS],
            "laws": [play(seed)[1].hash for seed in SEEDS],
        }
    finally:
        logging.disable(logging.NOTSET)


def committed() -> dict[str, list[str]]:
    """What is written down."""
    found: dict[str, list[str]] = json.loads(FILE.read_text())
    return found


if __name__ == "__main__":
    if "--print" in sys.argv[1:]:
        print(json.dumps(computed()))
    else:
        FILE.write_text(json.dumps(computed(), indent=1) + "\n")
