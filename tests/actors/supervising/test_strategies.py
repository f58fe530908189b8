"""The rules of restart types, strategies, significant children and budgets with causes, as tables."""

from collections.abc import Hashable

import pytest

from actors import Restart, Shutdown, Strategy
from actors.supervising.budget import RestartBudget
from actors.supervising.strategies import affected, batches, comes_back, shuts_down


@pytest.mark.parametrize(
    ("restart", "normal", "again"),
    [
        (Restart.PERMANENT, True, True),
        (Restart.PERMANENT, False, True),
        (Restart.TRANSIENT, True, False),
        (Restart.TRANSIENT, False, True),
        (Restart.TEMPORARY, True, False),
        (Restart.TEMPORARY, False, False),
    ],
)
def test_the_restart_type_says_after_which_ends_a_child_comes_back(restart, normal, again):
    assert comes_back(restart, normal=normal) is again


@pytest.mark.parametrize(
    ("strategy", "failed", "concerned"),
    [
        (Strategy.ONE_FOR_ONE, {3}, [3]),
        (Strategy.ONE_FOR_ONE, {2, 4}, [2, 4]),
        (Strategy.ONE_FOR_ALL, {3}, [1, 2, 3, 4]),
        (Strategy.ONE_FOR_ALL, {1, 4}, [1, 2, 3, 4]),
        (Strategy.REST_FOR_ONE, {1}, [1, 2, 3, 4]),
        (Strategy.REST_FOR_ONE, {3}, [3, 4]),
        (Strategy.REST_FOR_ONE, {2, 4}, [2, 3, 4]),
        (Strategy.REST_FOR_ONE, {4}, [4]),
        (Strategy.ONE_FOR_ALL, set(), []),
        (Strategy.REST_FOR_ONE, {9}, []),
    ],
)
def test_the_strategy_says_who_is_restarted_with_whom(strategy, failed, concerned):
    assert list(affected(strategy, [1, 2, 3, 4], failed)) == concerned


@pytest.mark.parametrize(
    ("children", "groups"),
    [
        ([], []),
        ([(1, True), (2, True)], [[1], [2]]),
        ([(1, False), (2, False)], [[1, 2]]),
        ([(1, True), (2, False), (3, False), (4, True), (5, False)], [[1], [2, 3], [4], [5]]),
    ],
)
def test_named_children_go_one_by_one_and_runs_of_unnamed_ones_together(children, groups):
    assert batches(children) == groups


@pytest.mark.parametrize(
    ("shutdown", "left", "ends"),
    [
        (Shutdown.NEVER, 0, False),
        (Shutdown.ANY_SIGNIFICANT, 3, True),
        (Shutdown.ANY_SIGNIFICANT, 0, True),
        (Shutdown.ALL_SIGNIFICANT, 1, False),
        (Shutdown.ALL_SIGNIFICANT, 0, True),
    ],
)
def test_a_supervisor_shuts_down_with_the_first_or_the_last_significant_child(shutdown, left, ends):
    assert shuts_down(shutdown, left) is ends


@pytest.mark.parametrize(
    ("restarts", "spent", "granted"),
    [
        (1, [(0.0, "a"), (0.1, "a"), (0.2, "a")], [True, True, True]),
        (1, [(0.0, "a"), (0.1, "b"), (0.2, "a")], [True, False, False]),
        (1, [(0.0, "a"), (0.1, "b"), (0.2, "b")], [True, False, False]),
        (1, [(0.0, "a"), (5.0, "a"), (5.1, "b")], [True, True, False]),
        (1, [(0.0, "a"), (4.9, "b"), (5.0, "c")], [True, False, False]),
        (1, [(0.0, "a"), (4.9, "a"), (5.0, "b"), (9.9, "b"), (10.0, "c")], [True, True, True, True, True]),
        (1, [(0.0, None), (0.1, None)], [True, False]),
        (0, [(0.0, "a"), (0.1, "a")], [False, False]),
    ],
)
def test_a_cause_is_charged_once_while_it_is_in_the_window(
    restarts: int, spent: list[tuple[float, Hashable]], granted: list[bool]
):
    budget = RestartBudget(restarts, 5.0)
    assert [budget.spend(now, cause) for now, cause in spent] == granted


def test_a_budget_that_is_spent_again_and_again_does_not_grow():
    budget = RestartBudget(3, 1000.0)
    for number in range(10_000):
        budget.spend(float(number) / 100, number)
    assert len(budget._spent) <= 5
    assert len(budget._causes) <= 5
