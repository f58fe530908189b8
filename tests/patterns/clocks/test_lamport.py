"""Lamport's clock orders cause before effect, whatever messages arrive when."""

import pytest
from hypothesis import given

from patterns.clocks import BadStamp, LamportClock
from tests.patterns.clocks.course import PROCESSES, befores, courses, stamped


@given(courses())
def test_what_came_before_has_a_smaller_stamp(course):
    stamps = stamped(course, [LamportClock() for _ in range(PROCESSES)])
    for after, earlier in enumerate(befores(course)):
        assert all(stamps[before] < stamps[after] for before in earlier)


@given(courses())
def test_a_stamp_counts_the_longest_chain_that_led_to_it(course):
    stamps = stamped(course, [LamportClock() for _ in range(PROCESSES)])
    for stamp, earlier in zip(stamps, befores(course), strict=True):
        assert stamp == 1 + max((stamps[before] for before in earlier), default=0)


@pytest.mark.parametrize("stamp", [-1, 2**63, 1.0, "1", None, True])
def test_what_is_no_stamp_is_refused_and_changes_nothing(stamp):
    clock = LamportClock(7)
    with pytest.raises(BadStamp, match="no stamp of a Lamport clock"):
        clock.observe(stamp)
    assert clock.now == 7
