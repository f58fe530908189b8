"""The rules of supervision as tables: budgets in a sliding window (A10), backoff, directives."""

import pytest

from actors import Backoff, Directive, Supervision
from actors.supervising.budget import OwnBudgets, RestartBudget
from actors.supervising.supervision import directive_for


@pytest.mark.parametrize(
    ("restarts", "within", "at", "granted"),
    [
        (0, 5.0, [0.0], [False]),
        (2, 5.0, [0.0, 1.0, 2.0], [True, True, False]),
        (2, 5.0, [0.0, 1.0, 5.0], [True, True, True]),
        (2, 5.0, [0.0, 1.0, 4.9, 5.0, 10.1], [True, True, False, False, True]),
        (1, 1.0, [0.0, 2.0, 4.0, 4.5], [True, True, True, False]),
    ],
)
def test_a_budget_counts_within_its_window(restarts: int, within: float, at: list[float], granted: list[bool]) -> None:
    budget = RestartBudget(restarts, within)
    assert [budget.spend(now) for now in at] == granted


def test_own_budgets_are_made_when_they_are_charged_and_gone_with_their_child() -> None:
    budgets = OwnBudgets(1, 5.0)
    assert [budgets.of(child).spend(0.0) for child in (7, 8, 7)] == [True, True, False]
    assert len(budgets) == 2
    budgets.gone(7)
    budgets.gone(9)  # it never failed
    assert len(budgets) == 1
    assert budgets.of(7).spend(0.0)


def test_levels_multiply() -> None:
    """Ten in ten: an upper level of ten restarts sees one failure for each spent budget below."""
    upper, failures = RestartBudget(10, 1000.0), 0
    for now in range(1000):
        lower = RestartBudget(10, 1000.0)
        while lower.spend(float(now)):
            failures += 1
        failures += 1
        if not upper.spend(float(now)):
            break
    assert failures == 11 * 11


def test_the_wait_before_a_restart_grows_to_its_most_and_is_spread() -> None:
    backoff = Backoff(first=1.0, factor=2.0, most=10.0, jitter=0.5)
    assert [backoff.delay(number, 0.5) for number in (1, 2, 3, 4, 5, 10_000)] == [1.0, 2.0, 4.0, 8.0, 10.0, 10.0]
    assert (backoff.delay(1, 0.0), backoff.delay(1, 1.0)) == (0.5, 1.5)
    assert Backoff().delay(5, 0.9) == 0.0


def test_a_decider_that_raises_or_answers_nonsense_says_escalate(caplog: pytest.LogCaptureFixture) -> None:
    def raises(error: BaseException) -> Directive:
        raise LookupError

    assert directive_for(Supervision(decide=raises), ValueError()) is Directive.ESCALATE
    assert directive_for(Supervision(decide=lambda _: None), ValueError()) is Directive.ESCALATE  # type: ignore[arg-type, return-value]
    assert "decider" in caplog.text


@pytest.mark.parametrize("wrong", [{"restarts": -1}, {"within": 0.0}])
def test_impossible_budgets_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="give restarts >= 0 and within > 0"):
        Supervision(**wrong)  # type: ignore[arg-type]
