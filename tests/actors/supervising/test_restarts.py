"""The restarts of one supervisor: put off by its backoff, made by its budget, and told as one start each."""

from collections.abc import Iterator
from typing import Any

import pytest

from actors import Backoff, EndReason, Restart, SpawnFailed, StopReport, Strategy, Supervision
from actors.address import Address
from actors.errors import SeatRefused
from actors.membership.seats import Seat
from actors.supervising.child import Child
from actors.supervising.signals import (
    ChildEnded,
    ChildFailed,
    ChildHalted,
    ChildStarted,
    Failure,
    StartChild,
    StopChild,
)
from tests.actors.supervising.owner import THERE, Owner

SLOW = Backoff(first=1.0, factor=2.0, most=30.0, jitter=0.0, reset_after=10.0)


@pytest.fixture
def owners() -> Iterator[list[Owner]]:
    made: list[Owner] = []
    yield made
    for owner in made:
        owner.host.loop.close()


def owner(made: list[Owner], own_budgets: bool = False, **options: Any) -> Owner:
    made.append(Owner(Supervision(**options), own_budgets=own_budgets))
    return made[-1]


def starts(of: Owner) -> list[tuple[int, int, float]]:
    """The starts that were told since the last look: who, which incarnation, and after how many seconds."""
    sent, of.sent[:] = list(of.sent), []
    return [(it.child.number, it.incarnation, it.delay) for it in sent if isinstance(it, StartChild)]


def test_one_that_fails_again_and_again_waits_longer_each_time(owners: list[Owner]):
    one = owner(owners, backoff=SLOW)
    child = one.spawn(0)
    for _ in range(3):
        one.fail(child)
    assert starts(one) == [(child.number, 2, 1.0), (child.number, 3, 2.0), (child.number, 4, 4.0)]
    one.now += 10.5
    one.fail(child)
    assert starts(one) == [(child.number, 5, 1.0)]


def test_each_child_has_a_wait_of_its_own(owners: list[Owner]):
    one = owner(owners, backoff=SLOW)
    first, second = one.spawn(0), one.spawn(0)
    one.fail(first)
    one.fail(first)
    one.fail(second)
    assert [delay for _, _, delay in starts(one)] == [1.0, 2.0, 1.0]


def test_a_round_waits_once_before_its_first_start(owners: list[Owner]):
    one = owner(owners, backoff=SLOW, strategy=Strategy.ONE_FOR_ALL)
    first, last = one.spawn(0), one.spawn(0)
    one.fail(last)
    one.children.on_signal(ChildHalted(last.address, 1))
    one.children.on_signal(ChildHalted(first.address, 1))
    one.children.on_signal(ChildStarted(first.address, 2))
    assert starts(one) == [(first.number, 2, 1.0), (last.number, 2, 0.0)]


def test_children_whose_seat_is_taken_start_there_at_once_whatever_the_backoff(owners: list[Owner]):
    one = owner(owners, backoff=SLOW)
    child = one.spawn(THERE)
    one.children.seat_lost(THERE, gone=False)
    one.children.seat_taken(THERE)
    assert starts(one) == [(child.number, 2, 0.0)]


def test_a_start_tells_who_starts_it_and_what_it_is_called(owners: list[Owner]):
    one = owner(owners)
    child = one.spawn(0)
    one.fail(child)
    [start] = one.sent
    assert start == StartChild(child.address, 2, child.spec, one.address, f"/owner/{child.name}", 0.0, False)


def test_one_restart_too_many_ends_the_child_as_failed_and_fails_the_supervisor_with_its_error(
    owners: list[Owner], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    one = owner(owners, restarts=1, within=5.0)
    child = one.spawn(0)
    one.fail(child)
    one.sent.clear()
    told: list[int] = []
    fail = one.escalate
    monkeypatch.setattr(one, "escalate", lambda error: (told.append(len(one.sent)), fail(error)))
    one.fail(child)
    assert told == [1]  # the child first: a supervisor that fails stops its children, and this one as failed
    assert one.sent == [StopChild(child.address, one.address, EndReason.FAILED)]
    assert [str(error) for error in one.errors] == [
        "The actor failed while it handled the request: ValueError: planned"
    ]
    assert "/owner: more than 1 restarts in 5 s; escalating" in caplog.text


def test_where_each_has_its_own_budget_one_that_spends_it_is_named_and_costs_the_others_nothing(
    owners: list[Owner], caplog: pytest.LogCaptureFixture
):
    one = owner(owners, own_budgets=True, restarts=1, within=5.0)
    children = [one.spawn(0) for _ in range(5)]
    for child in children:
        one.fail(child)
    assert [number for number, _, _ in starts(one)] == [child.number for child in children]
    one.fail(children[2])
    assert one.sent == [StopChild(children[2].address, one.address, EndReason.FAILED)]
    assert f"{one.children.label(children[2])}: more than 1 restarts in 5 s" in caplog.text
    one.children.on_signal(ChildEnded(children[2].address, 2, EndReason.FAILED, StopReport()))
    assert len(one.children.restarts.budget) == 4  # one is gone with its child


def test_where_each_has_its_own_budget_a_first_start_that_fails_charges_nobody(owners: list[Owner]):
    one = owner(owners, own_budgets=True, restarts=0)
    spec = one.spawn(0).spec
    child = one.children.start(spec, None, THERE, 99)
    child.started = one.host.loop.create_future()
    one.fail(child, starting=True)
    assert isinstance(child.started.exception(), SpawnFailed)
    assert (len(one.children.restarts.budget), one.errors) == (0, [])


def test_where_each_has_its_own_budget_a_refused_seat_ends_all_that_have_spent_theirs(owners: list[Owner]):
    one = owner(owners, own_budgets=True, restarts=1)
    calm, *tired = [one.spawn(THERE) for _ in range(3)]
    for child in tired:
        one.fail(child)
    one.children.seat_lost(THERE, gone=False)
    one.children.seat_refused(Seat(THERE, 1, refusals=1))
    assert list(one.children.table) == [calm.number]
    assert len(one.children.restarts.budget) == 1


def test_a_failure_that_has_been_paid_for_costs_nothing(owners: list[Owner]):
    one = owner(owners, restarts=0)
    child = one.spawn(0)
    one.children.on_signal(ChildFailed(child.address, 1, Failure("ValueError", "planned", ""), False, charged=True))
    assert starts(one) == [(child.number, 2, 0.0)]
    assert one.errors == []


def refused(child: Child) -> ChildFailed:
    """It has failed because the seat of its own children was refused."""
    error = SeatRefused("of its children")
    return ChildFailed(child.address, child.incarnation, Failure("SeatRefused", str(error), "", error), False)


def test_a_child_may_fail_twice_a_day_by_refused_seats_and_with_the_third_time_its_supervisor_fails(
    owners: list[Owner], caplog: pytest.LogCaptureFixture
):
    one = owner(owners)
    child, other = one.spawn(0), one.spawn(0)
    for _ in range(2):
        one.children.on_signal(refused(child))
        one.children.on_signal(refused(other))
        one.now += 36_000.0
    assert starts(one) == [(it.number, incarnation, 0.0) for incarnation in (2, 3) for it in (child, other)]
    one.children.on_signal(refused(child))
    assert [str(error) for error in one.errors] == ["of its children"]
    assert one.sent == [StopChild(child.address, one.address, EndReason.FAILED)]
    assert "has failed too often by seats that are refused; escalating" in caplog.text


def test_failures_by_refused_seats_are_forgotten_after_a_day_and_others_are_not_counted_with_them(owners: list[Owner]):
    one = owner(owners)
    child = one.spawn(0)
    for _ in range(4):
        one.children.on_signal(refused(child))
        one.fail(child)
        one.now += 43_201.0
    assert one.errors == []
    assert child.incarnation == 9


def test_a_start_that_cannot_be_sent_ends_the_child_as_failed_before_the_supervisor_fails(owners: list[Owner]):
    one = owner(owners)
    child = one.spawn(THERE)

    def refuse(to: Address, signal: Any) -> None:
        if isinstance(signal, StartChild):
            raise TypeError("cannot be encoded")
        one.sent.append(signal)

    one.host.signal = refuse
    told: list[int] = []
    one.escalate = lambda error: told.append(len(one.sent))
    one.fail(child)
    assert told == [1]
    assert one.sent == [StopChild(child.address, one.address, EndReason.FAILED)]


def test_nobody_is_started_again_once_all_are_given_up(owners: list[Owner]):
    one = owner(owners, strategy=Strategy.ONE_FOR_ALL)
    first, last = one.spawn(0), one.spawn(0)
    one.fail(last)
    one.children.on_signal(ChildHalted(last.address, 1))
    one.sent.clear()
    one.children.restarts.give_up()
    one.children.on_signal(ChildHalted(first.address, 1))
    assert one.sent == []
    assert not one.children.restarts.stops(last)


# ---- rounds ---------------------------------------------------------------------------------------------------------


def test_a_round_that_is_over_has_no_part_in_the_next_one(owners: list[Owner]):
    one = owner(owners, strategy=Strategy.REST_FOR_ONE)
    first, last = one.spawn(0), one.spawn(0)
    one.fail(first)
    for child in (last, first):
        one.children.on_signal(ChildHalted(child.address, 1))
    for child in (first, last):
        one.children.on_signal(ChildStarted(child.address, 2))
    one.sent.clear()
    one.fail(last)
    assert one.taken() == [("HaltChild", last.number, 2)]
    one.children.on_signal(ChildHalted(last.address, 2))
    assert one.taken() == [("StartChild", last.number, 3)]


def test_a_round_does_not_take_the_end_of_an_earlier_incarnation_for_that_of_the_present_one(owners: list[Owner]):
    one = owner(owners, strategy=Strategy.ONE_FOR_ALL)
    child = one.spawn(0)
    one.fail(child)
    one.children.on_signal(ChildHalted(child.address, 1))
    one.children.on_signal(ChildStarted(child.address, 2))
    one.fail(child)
    one.sent.clear()
    one.children.on_signal(ChildHalted(child.address, 1))  # once more, and late
    assert one.sent == []
    one.children.on_signal(ChildHalted(child.address, 2))
    assert one.taken() == [("StartChild", child.number, 3)]


def test_a_round_stops_for_good_who_does_not_come_back_and_goes_on_when_that_one_has_ended(owners: list[Owner]):
    one = owner(owners, strategy=Strategy.ONE_FOR_ALL)
    first, last = one.spawn(0), one.spawn(0, Restart.TEMPORARY)
    one.fail(first)
    assert one.sent == [StopChild(last.address, one.address, EndReason.SIBLING_ENDED)]
    one.sent.clear()
    one.children.on_signal(ChildEnded(last.address, 1, EndReason.SIBLING_ENDED, StopReport()))
    assert one.taken() == [("HaltChild", first.number, 1)]


def test_a_round_waits_for_the_end_of_one_that_was_told_to_end_before_it_was_its_turn_to_stop(owners: list[Owner]):
    one = owner(owners, strategy=Strategy.ONE_FOR_ALL)
    first, last = one.spawn(0), one.spawn(0)
    one.children.stop(last, EndReason.STOPPED)
    one.sent.clear()
    one.fail(first)
    assert one.taken() == []
    one.children.on_signal(ChildEnded(last.address, 1, EndReason.STOPPED, StopReport()))
    assert one.taken() == [("HaltChild", first.number, 1)]


def test_a_round_starts_the_others_without_one_that_was_told_to_end_meanwhile(owners: list[Owner]):
    one = owner(owners, strategy=Strategy.ONE_FOR_ALL)
    first, ending, last = (one.spawn(0) for _ in range(3))
    one.fail(first)
    for child in (last, ending, first):
        one.children.on_signal(ChildHalted(child.address, 1))
    one.children.stop(ending, EndReason.STOPPED)
    one.sent.clear()
    one.children.on_signal(ChildStarted(first.address, 2))
    assert one.taken() == [("StartChild", last.number, 2)]
