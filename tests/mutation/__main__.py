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
from tests.mutation.trial import Outcome, Trials

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
"""Which quick tests are loaded for which part: of the contract those on `local`, and no crowds and no sweeps."""
QUICK = ["-k", "not ray and not simulation and not thousand and not any_byte and not during_a_restart"]


@dataclass(frozen=True, slots=True)
class Plan:
    """One mutant to try."""

    part: str
    file: Path
    mutant: Mutant


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("files", nargs="*", help="files, folders, or FILE:LINE; default: all parts that have tests")
    parser.add_argument("--sample", type=int, help="only so many mutants of each file, drawn at random")
    parser.add_argument("--seed", type=int, default=0, help="of the sample and the order")
    parser.add_argument("--minutes", type=float, default=1e9, help="begin no further mutant after this time")
    given = parser.parse_args()
    os.nice(5)
    end = time.monotonic() + given.minutes * 60
    plans = [
        Plan(part_of(file), file, mutant)
        for name in given.files or TESTS
        for file, line in files_of(name)
        for mutant in drawn(file, line, given.sample, given.seed)
    ]
    # In no order of files, so that what was tried when the time is over is a fair sample too.
    random.Random(given.seed).shuffle(plans)
    tests = dict.fromkeys(test for part in TESTS for test in TESTS[part] if part in {plan.part for plan in plans})
    began = time.monotonic()

    def judge(trials: Trials) -> None:
        print(f"{len(trials.visits)} tests without a mistake took {time.monotonic() - began:.0f} s", flush=True)
        try_all(plans, trials, end)

    Trials(sorted({plan.file for plan in plans}), judge).run([*tests, *QUICK])
    return 0


def try_all(plans: list[Plan], trials: Trials, end: float) -> None:
    """One after the other until the end; what was not seen is said at once, and rates at the end."""
    outcomes: dict[str, Counter[Outcome]] = {}
    for number, plan in enumerate(plans, 1):
        if time.monotonic() > end:
            break
        verdict = trials.attempt(plan.file, plan.mutant)
        outcomes.setdefault(plan.part, Counter())[verdict.outcome] += 1
        if verdict.outcome != "killed":
            by = verdict.test or f"{verdict.reach_it} tests get there"
            print(f"{number:5} {verdict.outcome}: {plan.file}: {plan.mutant}  ({by})", flush=True)
    print(f"\n{sum(found.total() for found in outcomes.values())} of {len(plans)} mutants tried")
    for part, found in sorted(outcomes.items()):
        seen = 100 * (found["killed"] + found["timed out"]) / found.total()
        print(f"{part}: {seen:.1f} % seen; " + ", ".join(f"{count} {name}" for name, count in found.most_common()))


def drawn(file: Path, line: int | None, sample: int | None, seed: int) -> list[Mutant]:
    found = [it for it in mutants(file.read_text(encoding="utf-8")) if line in {None, it.line}]
    return found if sample is None or sample >= len(found) else random.Random(f"{seed} {file}").sample(found, sample)


def files_of(name: str) -> list[tuple[Path, int | None]]:
    """The files that a word of the command line names, and which line of it."""
    name, _, line = name.partition(":")
    path = Path(name)
    return [(file, int(line) if line else None) for file in (sorted(path.glob("*.py")) if path.is_dir() else [path])]


def part_of(file: Path) -> str:
    for part in TESTS:
        if file.is_relative_to(part):
            return part
    sys.exit(f"No tests are known for {file}. Known parts: {', '.join(TESTS)}.")


if __name__ == "__main__":
    sys.exit(main())
