"""`python -m tests.laws --seeds 100000`: play many seeds and judge each by the laws of `laws.py`."""

import sys
from collections.abc import Sequence

from actors.backends.simulation.faults import FaultPlan
from tests.laws.judging import Judged, judge
from tests.laws.laws import broken
from tests.laws.play import play


def violations(seed: int, faults: FaultPlan | None = None) -> Judged:
    """What a seed breaks."""
    journal, run = play(seed, faults)
    found = broken(journal)
    if run.error is not None:
        found.insert(0, f"the run: {type(run.error).__name__}: {run.error}")
    return Judged(found, run.faults, run.messages)


def main(arguments: Sequence[str]) -> int:
    """Run the program; returns its exit status."""
    return judge("tests.laws", __doc__, violations, arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
