"""A round stops all concerned in reverse order and then starts them in order, whatever happens in its middle (A11)."""

from random import Random

import pytest

from actors.supervising.rounds import Place, Round

STOP, START = Place.STOPPING, Place.STARTING
NOBODY = (None, [])


def begun(batches: list[list[int]], away: set[int] | None = None) -> Round:
    plan = Round()
    plan.cover(batches, away or set())
    return plan


def halted(plan: Round) -> Round:
    """Everybody has stopped."""
    while (due := plan.due())[0] is STOP:
        for number in due[1]:
            plan.stopped(number)
    assert due[0] is START
    return plan


def test_all_stop_in_reverse_order_and_start_in_order():
    plan = begun([[1], [2, 3], [4]])
    for expected in ([4], [2, 3], [1]):
        assert plan.due() == (STOP, expected)
        assert plan.due() == NOBODY
        for number in expected:
            plan.stopped(number)
    for expected in ([1], [2, 3], [4]):
        assert plan.due() == (START, expected)
        assert plan.due() == NOBODY
        assert not plan.done
        for number in expected:
            plan.started(number)
    assert plan.due() == NOBODY
    assert plan.done


def test_a_round_of_nobody_is_over_at_once():
    plan = begun([])
    assert plan.due() == NOBODY
    assert plan.done


def test_a_group_waits_for_its_last():
    plan = begun([[1], [2, 3]])
    assert plan.due() == (STOP, [2, 3])
    plan.stopped(2)
    assert plan.due() == NOBODY
    plan.stopped(3)
    assert plan.due() == (STOP, [1])


def test_an_answer_that_comes_twice_or_from_a_stranger_does_nothing():
    plan = begun([[1], [2]])
    plan.due()
    for _ in range(2):
        plan.stopped(1)
        plan.started(2)
        plan.stopped(9)
        plan.gone(8)
    assert plan.due() == NOBODY


def test_whoever_ends_by_itself_is_not_waited_for_and_does_not_start():
    plan = begun([[1], [2], [3]])
    assert plan.due() == (STOP, [3])
    plan.gone(3)
    plan.gone(1)
    assert plan.due() == (STOP, [2])
    plan.stopped(2)
    assert plan.due() == (START, [2])
    plan.gone(2)
    assert plan.due() == NOBODY
    assert plan.done


def test_a_round_grows_while_it_stops_and_nobody_is_told_twice():
    plan = begun([[3], [4]])
    assert plan.due() == (STOP, [4])
    plan.cover([[1], [2], [3], [4]], set())
    assert plan.due() == NOBODY
    plan.stopped(4)
    assert plan.due() == (STOP, [3])
    plan.stopped(3)
    assert plan.due() == (STOP, [2])


def test_a_start_that_fails_stops_again_who_had_started_and_nobody_else():
    plan = halted(begun([[1], [2], [3]]))
    plan.started(1)
    assert plan.due() == (START, [2])
    plan.cover([[1], [2], [3]], set())  # 2 has failed; 3 still waits
    assert plan.due() == (STOP, [2])
    plan.stopped(2)
    assert plan.due() == (STOP, [1])
    plan.stopped(1)
    assert plan.due() == (START, [1])


def test_only_those_that_run_have_their_failures_forgiven():
    plan = begun([[1], [2]])
    assert plan.stops(1)
    assert plan.due() == (STOP, [2])
    assert plan.stops(2)
    plan.stopped(2)
    assert not plan.stops(2)
    assert not plan.stops(9)


def test_who_is_away_counts_as_stopped_and_is_waited_for_where_it_is_its_turn_to_start():
    plan = begun([[1], [2], [3]], away={2})
    assert plan.due() == (STOP, [3])
    plan.stopped(3)
    assert plan.due() == (STOP, [1])
    plan.stopped(1)
    assert plan.due() == (START, [1])
    plan.started(1)
    assert plan.due() == NOBODY
    assert not plan.done
    assert plan.returned(2)
    plan.started(2)
    assert plan.due() == (START, [3])


def test_who_comes_back_before_its_turn_waits_for_it():
    plan = begun([[1], [2]], away={2})
    assert not plan.returned(2)
    assert plan.due() == (STOP, [1])
    plan.stopped(1)
    assert plan.due() == (START, [1])
    plan.started(1)
    assert plan.due() == (START, [2])


def test_one_that_is_lost_while_it_stops_is_not_waited_for():
    plan = begun([[1], [2]])
    assert plan.due() == (STOP, [2])
    plan.cover([[1], [2]], {2})
    assert plan.due() == (STOP, [1])


def test_the_longest_wait_counts():
    plan = begun([[1], [2]])
    plan.cover([[1], [2]], set(), 3.0)
    plan.cover([[1], [2]], set(), 1.0)
    assert plan.delay == 3.0


@pytest.mark.parametrize("seed", range(200))
def test_no_course_of_events_starts_one_while_another_runs_or_stays_unfinished(seed: int):
    """Random stops, failures, ends and losses: the second half begins with nobody running, and the round is done."""
    chance = Random(seed)
    numbers = list(range(chance.randint(1, 6)))
    batches: list[list[int]] = []
    for number in numbers:
        if batches and chance.random() < 0.3:
            batches[-1].append(number)
        else:
            batches.append([number])
    alive, away = set(numbers), set[int]()
    plan = begun(batches)
    running, failures = set(numbers), 6
    for _ in range(1000):
        step, told = plan.due()
        if step is START:
            first = min(told)
            assert not {other for other in running if other >= first}, "somebody after it had not stopped"
            running |= set(told)
        if plan.done:
            break
        awaited = sorted(plan._awaited)
        event = chance.random()
        if event < 0.1 and failures and alive:
            failures -= 1
            lost = chance.choice(sorted(alive))
            if chance.random() < 0.5:
                away.add(lost)
                running.discard(lost)
            plan.cover([[n for n in batch if n in alive] for batch in batches], away)
        elif event < 0.2 and failures and alive:
            failures -= 1
            ended = chance.choice(sorted(alive))
            for group in (alive, running, away):
                group.discard(ended)
            plan.gone(ended)
        elif away and event < 0.4:
            back = away.pop()
            if plan.returned(back):
                running.add(back)
        elif awaited:
            number = chance.choice(awaited)
            if plan.members[number] is STOP:
                running.discard(number)
                plan.stopped(number)
            else:
                plan.started(number)
    assert plan.done
    assert running == alive
