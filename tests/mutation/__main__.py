"""`python -m tests.mutation [FILE ...]`: plant small mistakes one by one, and ask the quick tests about each.

It measures the tests, not the runtime: a survivor is a line that could be wrong without anybody noticing. A mutant that
makes the tests hang counts as seen. Some survivors are no mistakes at all; that is for a reader to say.
"""

import argparse
import os
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tests.mutation.mutants import Mutant, mutants
from tests.mutation.trial import Outcome, attempt

LINKS = ["tests/actors/links"]
WATCHES = [
    "tests/actors/cells/test_watches.py",
    "tests/contract/test_watching.py",
    "tests/contract/test_linking.py",
    "tests/contract/test_supervision.py",
    "tests/actors/post",
]
SUPERVISING = [
    "tests/actors/supervising",
    "tests/contract/test_supervision.py",
    "tests/contract/test_restarting.py",
    "tests/contract/test_strategies.py",
    "tests/contract/test_restart_types.py",
    "tests/contract/test_stopping.py",
    "tests/contract/test_identity.py",
    "tests/contract/test_poison.py",
    "tests/contract/test_quarantine.py",
    "tests/actors/cells",
]
DIRECTORY = [
    "tests/actors/test_directory.py",
    "tests/actors/membership",
    "tests/actors/test_takeover.py",
    "tests/actors/test_lost_hosts.py",
    "tests/actors/test_leased_host.py",
]
SEATING = ["tests/actors/test_seating.py", "tests/actors/test_takeover.py", "tests/actors/test_leased_host.py"]
DEADLOCKS = ["tests/actors/post/test_deadlocks.py", "tests/contract/test_deadlocks.py"]
TESTS = {
    "actors/links": LINKS,
    "actors/cells/watches.py": WATCHES,
    "actors/supervising": SUPERVISING,
    "actors/membership": ["tests/actors/membership", *DIRECTORY],
    "actors/directory.py": DIRECTORY,
    "actors/seating.py": SEATING,
    "actors/post/deadlocks.py": DEADLOCKS,
}
"""Which quick tests are asked about which part: of the contract those on `local`, and no crowds and no sweeps."""
QUICK = ["-k", "not ray and not simulation and not thousand and not any_byte and not during_a_restart"]
BUSY = 2.0
"""How many times as much of a processor as without a mistake the tests may take; that hardly depends on the load."""
ROOM = 6.0
"""How many times as long they may take by the clock, which depends on the load."""
LOADING = 10.0
"""Seconds on top of that."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One mutant to try."""

    part: str
    file: Path
    mutant: Mutant


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, help="files or folders; default: all parts that have tests")
    parser.add_argument("--sample", type=int, help="only so many mutants of each file, drawn at random")
    parser.add_argument("--seed", type=int, default=0, help="of the sample and the order")
    parser.add_argument("--minutes", type=float, default=1e9, help="begin no further mutant after this time")
    given = parser.parse_args()
    os.nice(5)
    end = time.monotonic() + given.minutes * 60
    plans = [
        Plan(part_of(file), file, mutant)
        for file in files_of(given.files or [Path(name) for name in TESTS])
        for mutant in drawn(file, given.sample, given.seed)
    ]
    # In no order of files, so that what was tried when the time is over is a fair sample too.
    random.Random(given.seed).shuffle(plans)
    bounds: dict[str, tuple[float, float]] = {}
    outcomes: dict[str, Counter[Outcome]] = {}
    for plan in plans:
        if time.monotonic() > end:
            break
        if plan.part not in bounds:
            bounds[plan.part] = bounds_of(plan)
        outcome = tried(plan, bounds[plan.part])
        outcomes.setdefault(plan.part, Counter())[outcome] += 1
        if outcome != "killed":
            print(f"  {outcome}: {plan.file}: {plan.mutant}", flush=True)
    print(f"\n{sum(found.total() for found in outcomes.values())} of {len(plans)} mutants tried")
    for part, found in sorted(outcomes.items()):
        seen = 100 * (found.total() - found["survived"]) / found.total()
        print(f"{part}: {seen:.1f} % seen; " + ", ".join(f"{count} {name}" for name, count in found.most_common()))
    return 0


def tried(plan: Plan, bounds: tuple[float, float]) -> Outcome:
    """Whether the tests see it: first those of the file alone, where it has some, for they take a second."""
    own = Path("tests") / plan.file.parent / f"test_{plan.file.name}"
    if own.exists():
        outcome = attempt(plan.file, plan.mutant.source, [str(own), *QUICK], *bounds)[0]
        if outcome != "survived":
            return outcome
    return attempt(plan.file, plan.mutant.source, tests_of(plan.part), *bounds)[0]


def drawn(file: Path, sample: int | None, seed: int) -> list[Mutant]:
    found = list(mutants(file.read_text(encoding="utf-8")))
    return found if sample is None or sample >= len(found) else random.Random(f"{seed} {file}").sample(found, sample)


def bounds_of(plan: Plan) -> tuple[float, float]:
    """Seconds by the clock and of a processor that the tests of this part may take."""
    tests = tests_of(plan.part)
    before = os.times()
    honest = plan.file.read_text(encoding="utf-8")
    outcome, took = attempt(plan.file, honest, tests, 600.0, 600.0)
    if outcome != "survived":  # once more, for a busy machine
        outcome, took = attempt(plan.file, honest, tests, 600.0, 600.0)
    if outcome != "survived":
        sys.exit(f"{' '.join(tests)} fails without any mistake.")
    after = os.times()
    busy = after.children_user + after.children_system - before.children_user - before.children_system
    print(f"{plan.part}: {took:.1f} s without a mistake, {busy:.1f} s of them busy", flush=True)
    return ROOM * took + LOADING, BUSY * busy + 2.0


def files_of(paths: list[Path]) -> list[Path]:
    return [file for path in paths for file in (sorted(path.glob("*.py")) if path.is_dir() else [path])]


def part_of(file: Path) -> str:
    for part in TESTS:
        if file.is_relative_to(part):
            return part
    sys.exit(f"No tests are known for {file}. Known parts: {', '.join(TESTS)}.")


def tests_of(part: str) -> list[str]:
    return [*TESTS[part], *QUICK]


if __name__ == "__main__":
    sys.exit(main())
