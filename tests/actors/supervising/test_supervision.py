"""The rules of supervision as tables: budgets in a sliding window (A10), backoff, directives."""

import asyncio
import math
from collections.abc import AsyncIterator, Iterator
from functools import partial
from typing import Any

import pytest

from actors import Backoff, Directive, Supervision
from actors.supervising.budget import OwnBudgets, RestartBudget
from actors.supervising.root import check
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


def planned(error: BaseException) -> Directive:
    raise error


@pytest.mark.parametrize("error", [LookupError, asyncio.CancelledError, SystemExit, GeneratorExit])
def test_a_decider_that_raises_says_escalate_and_is_named(
    error: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    assert directive_for(Supervision(decide=planned), error("planned")) is Directive.ESCALATE
    assert f"test_supervision.planned raised over {error.__name__}" in caplog.text


def test_an_interrupt_from_the_keyboard_goes_through_a_decider() -> None:
    with pytest.raises(KeyboardInterrupt):
        directive_for(Supervision(decide=planned), KeyboardInterrupt())


async def late() -> Directive:
    return Directive.RESUME


@pytest.mark.parametrize("answer", [lambda: None, lambda: "resume", late])
def test_a_decider_that_answers_nonsense_says_escalate_and_its_answer_is_told(
    answer: Any, caplog: pytest.LogCaptureFixture
) -> None:
    given: list[Any] = []

    def nonsense(_: BaseException) -> Any:
        given.append(answer())
        return given[0]

    assert directive_for(Supervision(decide=nonsense), ValueError()) is Directive.ESCALATE
    assert f"nonsense answered {given[0]!r} to ValueError" in caplog.text


def test_a_decider_without_a_name_is_told_as_what_it_is(caplog: pytest.LogCaptureFixture) -> None:
    directive_for(Supervision(decide=partial(lambda given, _: given, None)), ValueError())  # type: ignore[arg-type]
    assert "The decider functools.partial(" in caplog.text


async def waits(error: BaseException) -> Directive:
    return Directive.RESTART


def writes(error: BaseException) -> Iterator[Directive]:
    yield Directive.RESTART


async def streams(error: BaseException) -> AsyncIterator[Directive]:
    yield Directive.RESTART


class Waits:
    async def __call__(self, error: BaseException) -> Directive:
        return Directive.RESTART


class Decides:
    def __call__(self, error: BaseException) -> Directive:
        return Directive.STOP


@pytest.mark.parametrize("decide", [waits, writes, streams, Waits(), partial(waits), Waits().__call__])
def test_a_decider_that_would_wait_is_refused(decide: Any) -> None:
    with pytest.raises(TypeError, match="Make it an ordinary `def`"):
        Supervision(decide=decide)


def test_a_decider_may_be_whatever_can_be_called() -> None:
    assert directive_for(Supervision(decide=Decides()), ValueError()) is Directive.STOP


@pytest.mark.parametrize(
    ("wrong", "error", "why"),
    [
        ({"restarts": -1}, ValueError, "a whole number, 0 or more"),
        ({"restarts": "3"}, TypeError, "a whole number, 0 or more"),
        ({"restarts": 2.5}, TypeError, "a whole number, 0 or more"),
        ({"restarts": True}, TypeError, "a whole number, 0 or more"),
        ({"within": 0}, ValueError, "seconds, more than 0"),
        ({"within": math.nan}, ValueError, "seconds, more than 0"),
        ({"within": "1"}, TypeError, "seconds, more than 0"),
        ({"within": True}, TypeError, "seconds, more than 0"),
        ({"strategy": "x"}, TypeError, "give a Strategy: Strategy.ONE_FOR_ONE, "),
        ({"shutdown": "x"}, TypeError, "give a Shutdown: Shutdown.NEVER, "),
        ({"backoff": 1.0}, TypeError, "give a Backoff"),
        ({"decide": "x"}, TypeError, "give a function that takes the error"),
    ],
)
def test_what_is_no_supervision_is_refused_where_it_is_written(wrong: Any, error: type[Exception], why: str) -> None:
    (name, value), *_ = wrong.items()
    with pytest.raises(error, match=why) as raised:
        Supervision(**wrong)
    assert str(raised.value).startswith(f"Supervision({name}={value!r})")


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"first": -1}, ValueError),
        ({"first": math.inf}, ValueError),
        ({"first": "1"}, TypeError),
        ({"factor": 0.5}, ValueError),
        ({"factor": 1001}, ValueError),
        ({"most": -0.1}, ValueError),
        ({"most": math.nan}, ValueError),
        ({"jitter": 1.1}, ValueError),
        ({"jitter": -0.1}, ValueError),
        ({"reset_after": -1}, ValueError),
        ({"reset_after": None}, TypeError),
    ],
)
def test_what_is_no_backoff_is_refused_where_it_is_written(wrong: Any, error: type[Exception]) -> None:
    (name, value), *_ = wrong.items()
    with pytest.raises(error, match="give") as raised:
        Backoff(**wrong)
    assert str(raised.value).startswith(f"Backoff({name}={value!r})")


def test_the_limits_of_a_backoff_are_allowed_and_the_longest_wait_is_finite() -> None:
    Backoff(first=0, factor=1, most=0, jitter=0, reset_after=0)
    endless = Backoff(first=1e100, factor=1000, most=math.inf, jitter=1, reset_after=math.inf)
    assert endless.delay(10_000, 1.0) < math.inf


@pytest.mark.parametrize("within", [1e-9, math.inf])
def test_a_window_may_be_as_short_or_long_as_you_like(within: float) -> None:
    supervision = Supervision(restarts=0, within=within)
    assert not RestartBudget(supervision.restarts, supervision.within).spend(0.0)


def test_a_system_is_given_a_supervision() -> None:
    with pytest.raises(TypeError, match="give a Supervision"):
        check({"restarts": 3})  # type: ignore[arg-type]
