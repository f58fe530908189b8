"""A table of children on a host that only writes down what it is told to send: losses, late signals, charges."""

from typing import Any

import pytest

from actors import (
    Directive,
    EndReason,
    Restart,
    Shutdown,
    StopReport,
    Strategy,
)
from actors.address import Address
from actors.supervising.signals import (
    Cause,
    ChildEnded,
    ChildFailed,
    ChildFinished,
    ChildHalted,
    ChildStarted,
    Failure,
    HaltChild,
    ResumeChild,
    StartChild,
    StopChild,
)
from tests.actors.supervising.owner import ELSEWHERE, HERE, THERE, Make

# ---- hosts that are lost --------------------------------------------------------------------------------------------


def test_children_of_a_lost_seat_are_away_and_start_there_again_when_it_is_taken_and_nobody_is_charged(owner_of: Make):
    owner = owner_of(restarts=0)
    one, other, third = owner.spawn(THERE), owner.spawn(ELSEWHERE), owner.spawn(THERE, Restart.PERMANENT)
    owner.children.seat_lost(THERE, gone=False)
    assert owner.taken() == []
    assert len(owner.children) == 3
    owner.children.seat_taken(THERE)
    assert owner.taken() == [("StartChild", one.number, 2), ("StartChild", third.number, 2)]
    assert not owner.errors
    assert other.incarnation == 1


def test_ten_thousand_children_come_back_though_the_budget_is_three(owner_of: Make):
    owner = owner_of(restarts=3)
    for _ in range(10_000):
        owner.spawn(THERE)
    owner.children.seat_lost(THERE, gone=False)
    owner.children.seat_taken(THERE)
    assert len(owner.taken()) == 10_000
    assert not owner.errors


@pytest.mark.parametrize("restart", [Restart.TRANSIENT, Restart.PERMANENT])
def test_children_of_a_seat_that_is_gone_end(owner_of: Make, restart: Restart):
    owner = owner_of()
    owner.spawn(THERE, restart)
    owner.children.seat_lost(THERE, gone=True)
    assert len(owner.children) == 0
    owner.children.seat_taken(THERE)
    assert owner.taken() == []


def test_a_temporary_child_ends_with_its_host(owner_of: Make):
    owner = owner_of(shutdown=Shutdown.ANY_SIGNIFICANT)
    owner.spawn(THERE, Restart.TEMPORARY, significant=True)
    owner.children.seat_lost(THERE, gone=False)
    assert len(owner.children) == 0
    assert owner.stopped == 1


def test_a_seat_that_is_lost_twice_or_taken_twice_is_heard_of_once(owner_of: Make):
    owner = owner_of()
    child = owner.spawn(THERE)
    for _ in range(2):
        owner.children.seat_lost(THERE, gone=False)
    for _ in range(2):
        owner.children.seat_taken(THERE)
    assert owner.taken() == [("StartChild", child.number, 2)]
    owner.children.seat_lost(THERE, gone=False)
    owner.children.seat_taken(THERE)
    assert owner.taken() == [("StartChild", child.number, 3)]


def test_a_vacant_seat_that_goes_for_good_ends_those_who_waited(owner_of: Make):
    owner = owner_of()
    owner.spawn(THERE)
    owner.children.seat_lost(THERE, gone=False)
    owner.children.seat_lost(THERE, gone=True)
    assert len(owner.children) == 0


def test_a_child_that_is_away_is_stopped_at_once(owner_of: Make):
    owner = owner_of()
    child = owner.spawn(THERE)
    owner.children.seat_lost(THERE, gone=False)
    ended = owner.children.stop(child, EndReason.STOPPED)
    assert ended.result() == StopReport()
    assert owner.taken() == []
    owner.children.seat_taken(THERE)
    assert owner.taken() == []


def test_a_child_that_was_told_to_stop_ends_with_its_host(owner_of: Make):
    owner = owner_of()
    child = owner.spawn(THERE)
    ended = owner.children.stop(child, EndReason.STOPPED)
    owner.children.seat_lost(THERE, gone=False)
    assert ended.result() == StopReport()
    assert len(owner.children) == 0


def test_what_the_lost_incarnation_had_said_is_not_heard_of_the_next(owner_of: Make):
    owner = owner_of(restarts=0)
    child = owner.spawn(THERE)
    owner.children.seat_lost(THERE, gone=False)
    owner.fail(child)
    owner.children.on_signal(ChildFinished(child.address, 1))
    assert owner.taken() == []
    owner.children.seat_taken(THERE)
    owner.sent.clear()
    owner.fail(child, 1)
    owner.children.on_signal(ChildHalted(child.address, 1))
    owner.children.on_signal(ChildFinished(child.address, 1))
    assert owner.taken() == []
    assert not owner.errors


def test_siblings_of_the_lost_stop_and_all_start_in_order_as_one_round(owner_of: Make):
    owner = owner_of(restarts=0, strategy=Strategy.ONE_FOR_ALL)
    first, lost, also, last = (owner.spawn(seat) for seat in (HERE, THERE, THERE, ELSEWHERE))
    owner.children.seat_lost(THERE, gone=False)
    assert owner.taken() == [("HaltChild", last.number, 1)]
    owner.children.on_signal(ChildHalted(last.address, 1))
    assert owner.taken() == [("HaltChild", first.number, 1)]
    owner.children.on_signal(ChildHalted(first.address, 1))
    assert owner.taken() == [("StartChild", first.number, 2)]
    owner.children.on_signal(ChildStarted(first.address, 2))
    assert owner.taken() == []  # the next in order is away
    owner.children.seat_taken(THERE)
    assert owner.taken() == [("StartChild", lost.number, 2), ("StartChild waits", also.number, 2)]
    owner.children.on_signal(ChildStarted(lost.address, 2))
    assert owner.taken() == [("StartChild", also.number, 2)]
    owner.children.on_signal(ChildStarted(also.address, 2))
    assert owner.taken() == [("StartChild", last.number, 2)]
    assert not owner.errors


def test_a_seat_that_is_taken_before_the_siblings_have_stopped_gets_its_mailboxes_at_once(owner_of: Make):
    owner = owner_of(strategy=Strategy.ONE_FOR_ALL)
    first, lost = owner.spawn(HERE), owner.spawn(THERE)
    owner.children.seat_lost(THERE, gone=False)
    owner.sent.clear()
    owner.children.seat_taken(THERE)
    assert owner.taken() == [("StartChild waits", lost.number, 2)]
    owner.children.on_signal(ChildHalted(first.address, 1))
    owner.children.on_signal(ChildStarted(first.address, 2))
    assert owner.taken() == [("StartChild", first.number, 2), ("StartChild", lost.number, 2)]


def test_a_host_that_is_lost_in_the_middle_of_a_round_counts_as_stopped_and_is_waited_for(owner_of: Make):
    owner = owner_of(strategy=Strategy.ONE_FOR_ALL)
    first, last = owner.spawn(HERE), owner.spawn(THERE)
    owner.fail(first)
    assert owner.taken() == [("HaltChild", last.number, 1)]
    owner.children.seat_lost(THERE, gone=False)
    assert owner.taken() == [("HaltChild", first.number, 1)]
    owner.children.on_signal(ChildHalted(last.address, 1))  # it comes no more; and if it did, it would be late
    owner.children.on_signal(ChildHalted(first.address, 1))
    owner.children.on_signal(ChildStarted(first.address, 2))
    assert owner.taken() == [("StartChild", first.number, 2)]
    owner.children.seat_taken(THERE)
    assert owner.taken() == [("StartChild", last.number, 2)]


def test_a_host_that_is_lost_while_all_are_stopped_begins_no_round(owner_of: Make):
    owner = owner_of(strategy=Strategy.ONE_FOR_ALL)
    _, _, last = owner.spawn(THERE), owner.spawn(HERE), owner.spawn(HERE)
    stopping = owner.children.stop_all(EndReason.STOPPED)
    stopping.send(None)
    owner.sent.clear()
    owner.children.seat_lost(THERE, gone=False)
    owner.children.on_signal(ChildEnded(last.address, 1, EndReason.STOPPED, StopReport()))
    assert owner.taken() == []
    stopping.close()


# ---- failures ------------------------------------------------------------------------------------------------------


def test_a_round_is_charged_once_however_many_fail_before_they_have_stopped(owner_of: Make):
    owner = owner_of(restarts=1, strategy=Strategy.ONE_FOR_ALL)
    kids = [owner.spawn(HERE) for _ in range(3)]
    for kid in kids:
        owner.fail(kid)
    assert owner.taken() == [("HaltChild", kids[2].number, 1)]
    assert not owner.errors
    for kid in reversed(kids):
        owner.children.on_signal(ChildHalted(kid.address, 1))
    for kid in kids:
        owner.children.on_signal(ChildStarted(kid.address, 2))
    owner.sent.clear()
    owner.fail(kids[0])  # a cause of its own
    assert len(owner.errors) == 1


def test_a_failure_beyond_the_budget_in_a_round_escalates_and_the_others_are_not_left_halted(owner_of: Make):
    owner = owner_of(restarts=1, strategy=Strategy.ONE_FOR_ALL)
    first, last = owner.spawn(HERE), owner.spawn(HERE)
    owner.fail(first)
    owner.children.on_signal(ChildHalted(last.address, 1))
    owner.children.on_signal(ChildHalted(first.address, 1))
    owner.sent.clear()
    owner.fail(first, starting=True)
    assert owner.taken() == [("StopChild", first.number, 0)]
    assert len(owner.errors) == 1
    owner.children.on_signal(ChildEnded(first.address, 2, EndReason.FAILED, StopReport()))
    assert owner.taken() == [("StartChild", last.number, 2)]


def test_who_fails_while_all_are_stopped_is_not_started_again(owner_of: Make):
    owner = owner_of(strategy=Strategy.ONE_FOR_ALL)
    first, last = owner.spawn(HERE), owner.spawn(HERE)
    stopping = owner.children.stop_all(EndReason.STOPPED)
    stopping.send(None)
    assert owner.taken() == [("StopChild", last.number, 0)]
    owner.fail(first)
    assert owner.taken() == [("StopChild", first.number, 0)]
    stopping.close()


def test_a_decider_that_resumes_one_that_has_not_started_restarts_it(owner_of: Make):
    owner = owner_of(decide=lambda error: Directive.RESUME)
    child = owner.spawn(HERE)
    owner.fail(child)
    assert [type(it) for it in owner.sent] == [ResumeChild]
    owner.sent.clear()
    owner.fail(child, starting=True)
    assert owner.taken() == [("StartChild", child.number, 2)]


def test_a_start_that_cannot_be_sent_fails_the_supervisor_and_not_its_loop(owner_of: Make, caplog: Any):
    owner = owner_of()
    child = owner.spawn(THERE)

    def refuse(to: Address, signal: Any) -> None:
        if isinstance(signal, StartChild):
            raise TypeError("cannot be encoded")
        owner.sent.append(signal)

    owner.host.signal = refuse
    owner.fail(child)
    assert [type(it) for it in owner.sent] == [StopChild]
    assert [type(error) for error in owner.errors] == [TypeError]
    assert "cannot be started again" in caplog.text


def test_a_child_whose_failure_is_its_supervisors_ends_as_failed_before_that_one_fails(owner_of: Make):
    owner = owner_of(decide=lambda error: Directive.ESCALATE)
    child = owner.spawn(HERE)
    told: list[list[Any]] = []
    owner.escalate = lambda error: told.append(list(owner.sent))  # which stops the children, for another reason
    owner.fail(child)
    assert told == [[StopChild(child.address, owner.address, EndReason.FAILED)]]


def test_one_that_stops_itself_while_a_round_is_about_to_stop_it_is_charged_nothing(owner_of: Make):
    owner = owner_of(restarts=1, strategy=Strategy.ONE_FOR_ALL)
    first, last = owner.spawn(HERE, Restart.PERMANENT), owner.spawn(HERE, Restart.PERMANENT)
    owner.fail(last)
    owner.taken()
    owner.children.on_signal(ChildFinished(first.address, 1))
    assert owner.taken() == []
    assert not owner.errors


def test_a_significant_child_that_ends_for_its_failure_stops_its_supervisor_and_one_that_was_dismissed_does_not(
    owner_of: Make,
):
    owner = owner_of(shutdown=Shutdown.ANY_SIGNIFICANT, decide=lambda error: Directive.STOP)
    failed, dismissed = owner.spawn(HERE, significant=True), owner.spawn(HERE, significant=True)
    owner.children.stop(dismissed, EndReason.STOPPED)
    owner.children.on_signal(ChildEnded(dismissed.address, 1, EndReason.STOPPED, StopReport()))
    assert owner.stopped == 0
    owner.fail(failed)
    owner.children.on_signal(ChildEnded(failed.address, 1, EndReason.FAILED, StopReport()))
    assert owner.stopped == 1


def test_one_that_fails_after_it_was_told_to_end_is_not_started_again(owner_of: Make):
    owner = owner_of(restarts=0)
    child = owner.spawn(HERE)
    owner.children.stop(child, EndReason.STOPPED)
    owner.sent.clear()
    owner.fail(child)
    assert owner.taken() == []
    assert not owner.errors


def test_a_failure_that_another_one_brought_about_is_not_charged_again(owner_of: Make):
    owner = owner_of(restarts=1)
    first, linked = owner.spawn(HERE), owner.spawn(HERE)
    owner.fail(first)
    failure = Failure("LinkedExit", "the other one failed", "")
    owner.children.on_signal(ChildFailed(linked.address, 1, failure, False, cause=Cause(first.address, 1)))
    assert owner.taken() == [("StartChild", first.number, 2), ("StartChild", linked.number, 2)]
    assert not owner.errors


def test_signals_of_strangers_change_nothing(owner_of: Make):
    owner = owner_of(strategy=Strategy.ONE_FOR_ALL)
    owner.spawn(HERE)
    nobody = Address("s", THERE, 999)
    failure = Failure("ValueError", "planned", "")
    for signal in (
        ChildFailed(nobody, 1, failure, starting=False),
        ChildFinished(nobody, 1),
        ChildHalted(nobody, 1),
        ChildStarted(nobody, 1),
        ChildEnded(nobody, 1, EndReason.STOPPED, StopReport()),
    ):
        owner.children.on_signal(signal)
    assert owner.taken() == []
    assert HaltChild not in {type(it) for it in owner.sent}
