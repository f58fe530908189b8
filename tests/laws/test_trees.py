"""A supervised tree over several hosts is what was declared, whoever dies; a planted bug breaks a law."""

from collections.abc import Callable, Container, Generator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest

from actors.backends.simulation.faults import Crash, DirectoryCrash, Pause
from actors.membership.names import Names
from actors.reception.desk import Desk
from actors.supervising import restarts
from actors.supervising.children import Children
from actors.supervising.supervision import Strategy
from tests.laws.bugs import double_terminated, revenant_writes
from tests.laws.trees import main, plan_of, violations

SEEDS = 200
WITHIN = 1000


@contextmanager
def registered_for_ever() -> Generator[None]:
    """Who has ended is still found."""
    with patch.object(Desk, "ended", lambda self, number: None):
        yield


@contextmanager
def named_for_ever() -> Generator[None]:
    """A name stays with whoever had it first."""
    with patch.object(Names, "release", lambda self, name, address: None):
        yield


@contextmanager
def lost_for_ever() -> Generator[None]:
    """Nobody is started anew on a seat that was taken over."""
    with patch.object(Children, "seat_taken", lambda self, seat: None):
        yield


@contextmanager
def each_by_itself() -> Generator[None]:
    """Whoever depends on a sibling that failed goes on as it is."""

    def failed_alone(strategy: Strategy, children: Sequence[int], failed: Container[int]) -> Sequence[int]:
        return [it for it in children if it in failed]

    with patch.object(restarts, "affected", failed_alone):
        yield


BUGS = (each_by_itself, registered_for_ever, named_for_ever, lost_for_ever, double_terminated, revenant_writes)


def test_no_seed_breaks_a_law(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seeds", str(SEEDS)]) == 0, capsys.readouterr().out


def test_a_host_dies_in_more_than_a_fifth_of_the_seeds() -> None:
    assert sum(any(isinstance(it, Crash) for it in plan_of(seed)) for seed in range(SEEDS)) > SEEDS / 5


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.__name__)
def test_a_planted_bug_is_found(bug: Callable[[], Any]) -> None:
    with bug():
        assert any(violations(seed)[0] for seed in range(WITHIN))


@pytest.mark.parametrize("seed", [1128, 1440, 1584, 1800, 1944])
def test_a_first_start_that_comes_to_a_host_without_a_lease_waits_for_one(seed: int) -> None:
    assert any(isinstance(it, Pause) and it.seconds > 8 for it in plan_of(seed))
    assert violations(seed)[0] == []


@pytest.mark.parametrize("seed", [1211, 1301, 1568])
def test_a_host_that_knew_first_who_has_taken_a_seat_is_not_misled_by_a_successor_of_the_directory(seed: int) -> None:
    assert {Crash, DirectoryCrash} <= {type(it) for it in plan_of(seed)}
    assert violations(seed)[0] == []
