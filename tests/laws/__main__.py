"""`python -m tests.laws --seeds 100000`: play many seeds and judge each; a seed that breaks a law is made short.

Every so many seeds a line on standard error says how far it is, and with which `--first` a run that is ended goes on.
"""

import argparse
import logging
import sys
import time

from actors.backends.simulation.faults import FaultPlan, plan_as_text, plan_from_text
from actors.testing.simulation import little_garbage
from tests.laws.laws import broken
from tests.laws.play import play

SHOWN = 5

STEP = 1000
"""Seeds between two lines that say how far it is."""


def violations(seed: int, faults: FaultPlan | None = None) -> tuple[list[str], FaultPlan, int]:
    """What a seed breaks, with which faults, and how many messages were handled."""
    journal, run = play(seed, faults)
    found = broken(journal)
    if run.error is not None:
        found.insert(0, f"the run: {type(run.error).__name__}: {run.error}")
    return found, run.faults, run.messages


def shortened(seed: int, faults: FaultPlan) -> FaultPlan:
    """As few of the faults as break a law."""
    kept = list(faults)
    for fault in faults:
        fewer = tuple(it for it in kept if it is not fault)
        if violations(seed, fewer)[0]:
            kept = list(fewer)
    return tuple(kept)


def main(arguments: list[str]) -> int:
    """Run the program; returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.laws", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--faults", default=None, metavar="JSON", help="these faults instead of each seed's own")
    options = parser.parse_args(arguments)
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)  # what the runtime says of planned failures
    try:
        return _judge(options.first, options.seeds, options.faults)
    finally:
        logging.disable(disabled)


def _judge(first: int, seeds: int, text: str | None) -> int:
    faults = None if text is None else plan_from_text(text)
    messages = count = wrong = 0
    began = time.process_time()
    with little_garbage() as collect:
        for seed in range(first, first + seeds):
            found, plan, handled = violations(seed, faults)
            messages, count = messages + handled, count + len(plan)
            if found:
                wrong += 1
                short = plan_as_text(shortened(seed, plan))
                print(f"Seed {seed} breaks a law: python -m tests.laws --seeds 1 --first {seed} --faults '{short}'")
                print(*(f"  {it}" for it in found[:SHOWN]), sep="\n", flush=True)
            collect(seed)
            if (done := seed + 1 - first) % STEP == 0:
                rate = done / (time.process_time() - began)
                told = f"{done} of {seeds} seeds, {count} faults, {wrong} broke a law, {rate:.0f} seeds/s of CPU"
                print(f"{told}; the rest: --first {seed + 1} --seeds {seeds - done}", file=sys.stderr, flush=True)
    seconds = time.process_time() - began
    print(
        f"{seeds} seeds, {count} faults, {messages / seeds:.0f} messages a seed: {wrong} broke a law. "
        f"{seeds / seconds:.0f} seeds/s on one core."
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
