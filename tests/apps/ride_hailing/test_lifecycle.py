"""A trip's state: whatever is asked of it in whatever order, it has one driver at a time and one end."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.ride_hailing.lifecycle import FOLLOWS, TERMINAL, Claim, Stage, TripState

ADA, BOB = Claim(1, "ada", 1), Claim(1, "bob", 1)


def ridden(*stages: Stage, claim: Claim = ADA) -> TripState:
    state = TripState()
    for stage in stages:
        state = state.driven(claim, stage)
    return state


def test_a_trip_runs_from_request_to_completion():
    state = TripState().proposed(1)
    assert state.stage is Stage.OFFERED
    for stage in (Stage.ACCEPTED, Stage.ARRIVED, Stage.IN_TRIP, Stage.COMPLETED):
        state = state.driven(ADA, stage)
        assert state.stage is stage
        assert state.acknowledges(ADA, stage)
    assert state.over


def test_the_first_claim_of_a_round_wins_and_the_second_is_sent_away():
    state = ridden(Stage.ACCEPTED)
    assert state.driven(BOB, Stage.ACCEPTED) is state
    assert state.acknowledges(ADA, Stage.ACCEPTED)
    assert not state.acknowledges(BOB, Stage.ACCEPTED)


def test_the_same_driver_in_another_spell_is_another_claim():
    state = ridden(Stage.ACCEPTED)
    assert not state.acknowledges(Claim(1, "ada", 2), Stage.ACCEPTED)


def test_what_is_told_twice_changes_nothing_and_is_acknowledged_again():
    state = ridden(Stage.ACCEPTED, Stage.ARRIVED)
    assert state.driven(ADA, Stage.ACCEPTED) is state
    assert state.driven(ADA, Stage.ARRIVED) is state
    assert state.acknowledges(ADA, Stage.ACCEPTED)


def test_a_driver_cannot_leave_a_stage_out():
    state = ridden(Stage.ACCEPTED)
    assert state.driven(ADA, Stage.COMPLETED) is state
    assert not state.acknowledges(ADA, Stage.COMPLETED)


def test_a_lost_driver_ends_the_round_and_is_sent_away_when_heard_again():
    state = ridden(Stage.ACCEPTED, Stage.ARRIVED).driver_lost()
    assert state == TripState(Stage.REQUESTED, 2, None)
    assert state.driven(ADA, Stage.ACCEPTED) is state, "the claim is for round 1"
    assert not state.acknowledges(ADA, Stage.ARRIVED)
    assert state.driven(Claim(2, "bob", 1), Stage.ACCEPTED).stage is Stage.ACCEPTED


def test_a_ride_whose_driver_is_lost_is_cancelled():
    assert ridden(Stage.ACCEPTED, Stage.ARRIVED, Stage.IN_TRIP).driver_lost().stage is Stage.CANCELLED


def test_a_rider_may_give_up_until_the_ride_begins():
    for stages in ((), (Stage.ACCEPTED,), (Stage.ACCEPTED, Stage.ARRIVED)):
        assert ridden(*stages).cancelled().stage is Stage.CANCELLED
    riding = ridden(Stage.ACCEPTED, Stage.ARRIVED, Stage.IN_TRIP)
    assert riding.cancelled() is riding


def test_a_search_given_up_does_not_take_an_accepted_driver_away():
    assert TripState().unsupplied(1).stage is Stage.NO_SUPPLY
    accepted = ridden(Stage.ACCEPTED)
    assert accepted.unsupplied(1) is accepted
    again = accepted.driver_lost()
    assert again.unsupplied(1) is again, "it is about a round that has passed"


@pytest.mark.parametrize("end", sorted(TERMINAL))
def test_nothing_leads_out_of_a_terminal_stage(end):
    state = TripState(end, 1, ADA)
    moved = [state.proposed(1), state.cancelled(), state.unsupplied(1), state.driver_lost()]
    moved += [state.driven(claim, stage) for claim in (ADA, BOB) for stage in Stage]
    assert all(after is state for after in moved)


CLAIMS = st.builds(Claim, st.integers(1, 3), st.sampled_from(["ada", "bob"]), st.integers(1, 2))
MOVES = st.one_of(
    st.tuples(st.just("driven"), CLAIMS, st.sampled_from(list(Stage))),
    st.tuples(st.just("proposed"), st.integers(1, 3)),
    st.tuples(st.just("unsupplied"), st.integers(1, 3)),
    st.tuples(st.sampled_from(["cancelled", "driver_lost"])),
)


@given(st.lists(MOVES, max_size=60))
def test_any_sequence_of_moves_keeps_the_order_and_one_driver_a_round(moves):
    states = [TripState()]
    for name, *arguments in moves:
        states.append(getattr(states[-1], name)(*arguments))
    changes = [(before, after) for before, after in pairwise(states) if after is not before]
    assert all(after.stage in FOLLOWS[before.stage] for before, after in changes)
    assert sum(after.stage in TERMINAL for _, after in changes) <= 1
    accepted = [after.claim for _, after in changes if after.stage is Stage.ACCEPTED]
    assert len({claim.round for claim in accepted}) == len(accepted)
    for before, after in changes:
        if before.claim is not None and after.claim is not None:
            assert before.claim == after.claim, "a driver is replaced only by way of a new round"
