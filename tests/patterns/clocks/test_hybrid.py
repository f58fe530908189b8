"""Hybrid clocks order cause before effect although the times of day differ, jump and go back, and stay near them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patterns.clocks import BadStamp, HybridClock
from patterns.clocks.hybrid import END, seconds_of, stamp_of
from tests.patterns.clocks.course import PROCESSES, befores, courses, stamped

NOON = 1_800_000_000.0
SKEW = 2.0
FINE = 0.001
"""Seconds: more than floats, and 4,096 events in a microsecond, can blur."""


class Wall:
    """The time of day on several hosts: the true time, which passes with each look, and how wrong each host is."""

    def __init__(self, wrong: list[float]) -> None:
        self.true = NOON
        self.wrong = wrong

    def of(self, process: int) -> HybridClock:
        def look() -> float:
            self.true += 1e-6
            return self.true + self.wrong[process]

        return HybridClock(look)


skews = st.lists(st.floats(-SKEW, SKEW), min_size=PROCESSES, max_size=PROCESSES)


@given(courses(), skews)
def test_what_came_before_has_a_smaller_stamp_however_wrong_the_hosts_are(course, wrong):
    wall = Wall(wrong)
    stamps = stamped(course, [wall.of(process) for process in range(PROCESSES)])
    for after, earlier in enumerate(befores(course)):
        assert all(stamps[before] < stamps[after] for before in earlier)


@given(courses(), skews)
def test_a_stamp_is_never_behind_its_host_and_ahead_by_no_more_than_the_hosts_differ(course, wrong):
    wall = Wall(wrong)
    for event, stamp in zip(course, stamped(course, [wall.of(it) for it in range(PROCESSES)]), strict=True):
        ahead = seconds_of(stamp) - (wall.true + wall.wrong[event.process])
        assert -FINE <= ahead <= max(wrong) - wrong[event.process] + FINE


@given(st.lists(st.floats(-50.0, 50.0), min_size=1, max_size=50))
def test_stamps_grow_when_the_time_of_day_jumps_and_goes_back(jumps):
    clock = HybridClock(iter([NOON + jump for jump in jumps]).__next__)
    stamps = [clock.tick() for _ in jumps]
    assert stamps == sorted(set(stamps))
    assert seconds_of(stamps[-1]) <= NOON + max(jumps) + FINE


def test_after_a_jump_forward_was_set_right_stamps_are_true_again_once_the_time_has_come():
    times = iter([NOON + 10, NOON, NOON + 5, NOON + 20])
    clock = HybridClock(times.__next__)
    ahead = [seconds_of(clock.tick()) - NOON for _ in range(4)]
    assert ahead == pytest.approx([10, 10, 10, 20])


def test_more_events_than_a_microsecond_has_counts_are_still_in_order():
    clock = HybridClock(lambda: NOON)
    stamps = [clock.tick() for _ in range(10_000)]
    assert stamps == sorted(set(stamps))
    assert 0 <= seconds_of(stamps[-1]) - NOON < FINE


def test_a_stamp_holds_until_the_next_century_and_names_its_microsecond():
    assert stamp_of(4_480_000_000.0) < END
    assert seconds_of(stamp_of(NOON)) == NOON


@pytest.mark.parametrize("stamp", [-1, END, END - 1, 1.0, "1", None, True, stamp_of(NOON + 301.0)])
def test_what_is_no_stamp_or_too_far_ahead_is_refused_and_changes_nothing(stamp):
    clock = HybridClock(lambda: NOON)
    before = clock.tick()
    with pytest.raises(BadStamp, match="no stamp of a hybrid clock|ahead of the clock here"):
        clock.observe(stamp)
    assert clock.now == before
    assert clock.observe(stamp_of(NOON + 299.0)) > before


def test_a_process_that_begins_again_is_not_behind_what_it_said_before():
    before = HybridClock(lambda: NOON)
    assert HybridClock(lambda: NOON + 1.0).tick() > [before.tick() for _ in range(100)][-1]
