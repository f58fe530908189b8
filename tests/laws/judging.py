"""A program that judges many seeds: one that breaks a law is told, with as few faults as it takes and how to play it.

Every so many seeds a line on standard error says how far it is, and with which `--first` a run that is ended goes on.
"""

import argparse
import logging
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

from actors.backends.simulation.faults import FaultPlan, plan_as_text, plan_from_text
from actors.testing.simulation import little_garbage

SHOWN = 5

STEP = 1000
"""Seeds between two lines that say how far it is."""


class Judged(NamedTuple):
    """One seed."""

    broken: list[str]
    """What it breaks, in words."""
    faults: FaultPlan
    messages: int
    """That were handled."""
    cycles: int | None = None
    """Of asks; None where these are not judged."""


Violations = Callable[[int, FaultPlan | None], Judged]
"""Plays a seed, with these faults instead of its own if there are any, and judges it."""


def judge(module: str, about: str | None, violations: Violations, arguments: Sequence[str]) -> int:
    """Run the program `python -m module`; the status is 1 if a seed breaks a law, or none has what is judged."""
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=about)
    parser.add_argument("--seeds", type=int, default=1000, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--faults", default=None, metavar="JSON", help="these faults instead of each seed's own")
    options = parser.parse_args(arguments)
    faults = None if options.faults is None else plan_from_text(options.faults)
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)  # what the runtime says of planned failures
    try:
        return _judged(module, violations, range(options.first, options.first + options.seeds), faults)
    finally:
        logging.disable(disabled)


def shortened(violations: Violations, seed: int, faults: FaultPlan) -> FaultPlan:
    """As few of the faults as break a law."""
    kept = list(faults)
    for fault in faults:
        fewer = tuple(it for it in kept if it is not fault)
        if violations(seed, fewer).broken:
            kept = list(fewer)
    return tuple(kept)


def _judged(module: str, violations: Violations, seeds: range, faults: FaultPlan | None) -> int:
    total: Counter[str] = Counter()
    began = time.process_time()
    with little_garbage() as collect:
        for seed in seeds:
            judged = violations(seed, faults)
            total += Counter(
                seeds=1,
                faults=len(judged.faults),
                messages=judged.messages,
                cycles=judged.cycles or 0,
                idle=judged.cycles == 0,
                wrong=bool(judged.broken),
            )
            if judged.broken:
                short = plan_as_text(shortened(violations, seed, judged.faults))
                print(f"Seed {seed} breaks a law: python -m {module} --seeds 1 --first {seed} --faults '{short}'")
                print(*(f"  {it}" for it in judged.broken[:SHOWN]), sep="\n", flush=True)
            collect(seed)
            if total["seeds"] % STEP == 0:
                rest = f"the rest: --first {seed + 1} --seeds {seeds.stop - seed - 1}"
                print(f"{_told(total, began)}; {rest}", file=sys.stderr, flush=True)
    print(f"{_told(total, began)}.")
    return 1 if total["wrong"] or total["idle"] == total["seeds"] else 0


def _told(total: Counter[str], began: float) -> str:
    count, rate = total["seeds"], total["seeds"] / (time.process_time() - began)
    cycles = f", {total['cycles']} cycles" if total["cycles"] else ""
    return (
        f"{count} seeds, {total['faults']} faults{cycles}, {total['messages'] / count:.0f} messages a seed: "
        f"{total['wrong']} broke a law; {rate:.0f} seeds/s of one core"
    )
