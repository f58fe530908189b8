"""The budget of a seat: so many losses in a time are made good at once, then it waits, longer each time."""

from actors.membership.seat_budget import SeatBudget


def test_losses_within_the_window_spend_the_budget_and_older_ones_do_not_count() -> None:
    budget = SeatBudget(losses=2, within=60.0)
    assert [budget.lose(at) for at in (0.0, 30.0, 61.0, 91.0)] == [0.0, 0.0, 0.0, 0.0]
    assert budget.lose(100.0) == 10.0


def test_the_wait_doubles_up_to_a_minute_while_losses_go_on_and_is_no_quiet_time() -> None:
    budget = SeatBudget(losses=1, within=60.0)
    now, waits = 0.0, []
    budget.lose(now)
    for _ in range(5):
        waits.append(budget.lose(now))
        now += waits[-1] + 1.0
    assert waits == [10.0, 20.0, 40.0, 60.0, 60.0]


def test_after_a_quiet_time_the_budget_is_full_and_the_wait_short_again() -> None:
    budget = SeatBudget(losses=1, within=60.0)
    assert [budget.lose(0.0), budget.lose(1.0), budget.lose(12.0)] == [0.0, 10.0, 20.0]
    assert [budget.lose(200.0), budget.lose(201.0)] == [0.0, 10.0]


def test_a_seat_without_a_budget_waits_each_time() -> None:
    assert SeatBudget(losses=0, within=60.0).lose(5.0) == 10.0


def test_a_budget_can_be_spent_at_once() -> None:
    budget = SeatBudget(losses=5, within=60.0)
    assert budget.spend(0.0) == 10.0
    assert budget.lose(11.0) == 20.0


def test_deaths_and_refusals_are_counted_in_a_row_until_the_seat_has_held_for_a_window() -> None:
    budget = SeatBudget(losses=1, within=60.0)
    counts = []
    for at in (0.0, 1.0, 12.0, 91.0):
        budget.lose(at)
        counts.append((budget.deaths(at), budget.refusals(at)))
    assert counts == [(1, 0), (2, 1), (3, 2), (4, 3)]
    assert (budget.deaths(190.9), budget.refusals(190.9)) == (4, 3)
    assert (budget.deaths(191.0), budget.refusals(191.0)) == (0, 0)
    budget.lose(192.0)
    assert (budget.deaths(192.0), budget.refusals(192.0)) == (1, 0)


def test_what_another_has_counted_is_gone_on_from_and_never_counts_less() -> None:
    budget = SeatBudget(losses=1, within=60.0)
    budget.recall(0.0, losses=2, deaths=7, refusals=3)
    budget.recall(0.0, losses=1, deaths=2, refusals=1)
    assert (budget.deaths(0.0), budget.refusals(0.0)) == (7, 3)
    budget.lose(1.0)
    assert (budget.deaths(1.0), budget.refusals(1.0)) == (8, 4)


def test_a_seat_for_which_nobody_can_be_found_is_not_refused_because_of_deaths() -> None:
    budget = SeatBudget(losses=5, within=60.0)
    budget.spend(0.0)
    assert (budget.deaths(0.0), budget.refusals(0.0)) == (0, 0)
