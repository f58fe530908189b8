"""`python -m tests.mutation [FILE ...]`: plant small mistakes one by one, and ask the quick tests about each.

It measures the tests, not the runtime: a survivor is a line that could be wrong without anybody noticing. A mutant that
makes the tests hang counts as seen. Some survivors are no mistakes at all; that is for a reader to say.
"""

import argparse
import os
import random
import sys
from collections import Counter
from pathlib import Path

from tests.mutation.mutants import Mutant, mutants
from tests.mutation.trial import Outcome, attempt

LINKS = ["tests/actors/links"]
WATCHES = [
    "tests/actors/cells/test_watches.py",
    "tests/contract/test_watching.py",
    "tests/contract/test_supervision.py",
    "tests/actors/post",
]
SUPERVISING = [
    "tests/actors/supervising",
    "tests/contract/test_supervision.py",
    "tests/contract/test_restarting.py",
    "tests/contract/test_stopping.py",
    "tests/contract/test_identity.py",
    "tests/actors/cells",
]
TESTS = {"actors/links": LINKS, "actors/cells/watches.py": WATCHES, "actors/supervising": SUPERVISING}
"""Which quick tests are asked about which part: of the contract those on `local`, and no crowds and no sweeps."""
QUICK = ["-k", "not ray and not thousand and not any_byte"]
ROOM = 4.0
"""How many times as long as without a mistake the tests may take, and on top of that some seconds to load."""
LOADING = 10.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, help="files or folders; default: links, watches, supervising")
    parser.add_argument("--sample", type=int, help="only so many mutants of each file, drawn at random")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--minutes", type=float, default=1e9, help="begin no further mutant after this time")
    given = parser.parse_args()
    os.nice(5)
    outcomes: Counter[Outcome] = Counter()
    left = given.minutes * 60
    for file in files_of(given.files or [Path(name) for name in TESTS]):
        tests = [*tests_of(file), *QUICK]
        found = list(mutants(file.read_text(encoding="utf-8")))
        if given.sample is not None and given.sample < len(found):
            found = random.Random(f"{given.seed} {file}").sample(found, given.sample)
        if found and left > 0:
            left -= examine(file, found, tests, left, outcomes)
    tried = sum(outcomes.values())
    print(f"\n{tried} mutants: " + ", ".join(f"{count} {name}" for name, count in outcomes.most_common()))
    if tried:
        print(f"seen: {100 * (tried - outcomes['survived']) / tried:.1f} %")
    return 0


def examine(file: Path, found: list[Mutant], tests: list[str], left: float, outcomes: Counter[Outcome]) -> float:
    """Try the mutants of one file; the seconds that took."""
    honest, spent = attempt(file, file.read_text(encoding="utf-8"), tests, 600)
    if honest != "survived":
        sys.exit(f"{' '.join(tests)} fails without any mistake in {file}.")
    patience = ROOM * spent + LOADING
    here: Counter[Outcome] = Counter()
    print(f"{file}: {len(found)} mutants, {spent:.1f} s each at most", flush=True)
    for mutant in sorted(found, key=lambda it: it.line):
        if spent > left:
            break
        outcome, took = attempt(file, mutant.source, tests, patience)
        spent += took
        here[outcome] += 1
        if outcome == "survived":
            print(f"  survived: {mutant}", flush=True)
    print(f"  {dict(here)}, {spent:.0f} s", flush=True)
    outcomes.update(here)
    return spent


def files_of(paths: list[Path]) -> list[Path]:
    return [file for path in paths for file in (sorted(path.glob("*.py")) if path.is_dir() else [path])]


def tests_of(file: Path) -> list[str]:
    for part, tests in TESTS.items():
        if file.is_relative_to(part):
            return tests
    sys.exit(f"No tests are known for {file}. Known parts: {', '.join(TESTS)}.")


if __name__ == "__main__":
    sys.exit(main())
