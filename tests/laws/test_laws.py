"""The runtime keeps its laws over many seeds, and each of ten planted bugs breaks one within few of them."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.laws.__main__ import main, violations
from tests.laws.bugs import BUGS

SEEDS = 500
WITHIN = 10_000


def test_no_seed_breaks_a_law(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seeds", str(SEEDS)]) == 0, capsys.readouterr().out


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.__name__)
def test_a_planted_bug_is_found(bug: Callable[[], Any]) -> None:
    with bug():
        assert any(violations(seed)[0] for seed in range(WITHIN))


def test_a_seed_that_breaks_a_law_is_told_with_the_faults_it_takes(capsys: pytest.CaptureFixture[str]) -> None:
    bug = next(bug for bug in BUGS if bug.__name__ == "lost_message_on_reconnect")
    with bug():
        seed = next(seed for seed in range(WITHIN) if violations(seed)[0])
        assert main(["--seeds", "1", "--first", str(seed)]) == 1
        told = capsys.readouterr().out
        assert f"--first {seed} --faults" in told
        faults = told.partition("'")[2].partition("'")[0]
        assert main(["--seeds", "1", "--first", str(seed), "--faults", faults]) == 1
    assert main(["--seeds", "1", "--first", str(seed), "--faults", faults]) == 0
