"""Histories of small objects in simulated worlds with faults: the judge takes the honest ones, refuses planted bugs.

More seeds: `python -m tests.judge.simulated --seeds 100`.
"""

import pytest

from actors.backends.simulation.faults import Crash, Cut, Pause
from tests.judge.simulated import HONEST, LEAST, PLACES, judged, plan_of
from tests.judge.test_local import PLANTED

SEEDS = range(3)


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_object_is_taken_over_seeds_with_faults_in_their_middle(judge, tmp_path, name):
    verdicts = [judged(judge, tmp_path, name, seed) for seed in SEEDS]
    for verdict in verdicts:
        assert verdict.verdict == "ok", verdict
        assert verdict.counts.ok >= LEAST["ok"]
        assert verdict.counts.overlapping >= LEAST["overlapping"]
        assert verdict.counts.faults == len(plan_of(0)) == LEAST["faults"]
        assert verdict.counts.processes == len(PLACES)
    assert sum(verdict.counts.unknown for verdict in verdicts) >= len(verdicts)


@pytest.mark.parametrize(
    ("name", "actors"), PLANTED, ids=lambda it: it if isinstance(it, str) else "-".join(kind.__name__ for kind in it)
)
def test_a_planted_bug_is_refused_within_a_few_seeds(judge, tmp_path, name, actors):
    assert any(judged(judge, tmp_path, name, seed, actors).verdict == "illegal" for seed in range(10))


def test_a_host_is_killed_in_every_run_and_clients_wait_in_vain_in_every_run():
    for seed in range(100):
        plan = plan_of(seed)
        assert sum(isinstance(fault, Crash) for fault in plan) == 1
        assert sum(isinstance(fault, Cut | Pause) for fault in plan) == 2


def test_a_history_of_a_seed_is_the_same_in_every_run(judge, tmp_path):
    texts: list[list[str]] = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        judged(judge, tmp_path / name, "lock with leases", 7)
        texts.append([file.read_text() for file in sorted((tmp_path / name).rglob("*.jsonl"))])
    assert texts[0] == texts[1]
    assert len(texts[0]) == len(PLACES) + 1
