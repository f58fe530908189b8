"""The runtime keeps its laws over many seeds, and each of ten planted bugs breaks one within few of them."""

from collections.abc import Callable
from typing import Any

import pytest

from actors.backends.simulation.faults import DIRECTORY, ClockRate, Cut, FaultPlan
from tests.laws.__main__ import main, violations
from tests.laws.bugs import BUGS
from tests.laws.laws import broken
from tests.laws.play import HOSTS, play

SEEDS = 500
WITHIN = 10_000


def test_no_seed_breaks_a_law(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seeds", str(SEEDS)]) == 0, capsys.readouterr().out


def cut_off(seed: int, rate: float) -> FaultPlan:
    """One host's clock goes at another rate, and for longer than a verdict takes it hears from nobody."""
    place = 1 + seed % HOSTS
    everybody = tuple(it for it in (DIRECTORY, *range(HOSTS + 2)) if it != place)
    return (ClockRate(0.1, place, rate), Cut(0.2, (place,), everybody, 16.0))


@pytest.mark.parametrize("rate", [0.9, 1.1])
def test_nobody_acts_twice_while_the_rates_of_clocks_differ_by_a_tenth(rate: float) -> None:
    for seed in range(15):
        journal, run = play(seed, cut_off(seed, rate))
        assert run.error is None
        assert broken(journal) == []
        assert any(life.epoch > min(it.epoch for it in journal.started) + HOSTS for life in journal.started)


def test_that_a_clock_is_far_too_slow_is_seen_by_the_law() -> None:
    for seed in range(5):
        assert any("no_life_acts_after_its_successor" in it for it in violations(seed, cut_off(seed, 0.4))[0])


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
