"""Vector clocks tell cause and effect from chance, exactly."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patterns.clocks import BadStamp, VectorClock, VectorStamp
from tests.patterns.clocks.course import PROCESSES, befores, courses, stamped

STAMPS = st.dictionaries(st.sampled_from("abcd"), st.integers(0, 3)).map(VectorStamp.of)


def clocks() -> list[VectorClock]:
    return [VectorClock(f"p{number}") for number in range(PROCESSES)]


@given(courses())
def test_stamps_are_ordered_exactly_as_the_events_were(course):
    stamps, earlier = stamped(course, clocks()), befores(course)
    for one in range(len(course)):
        for other in range(len(course)):
            assert (stamps[one] < stamps[other]) is (one in earlier[other])
            unrelated = one != other and one not in earlier[other] and other not in earlier[one]
            assert stamps[one].concurrent(stamps[other]) is unrelated


@given(courses())
def test_a_stamp_counts_the_events_of_each_process_that_it_knows_of(course):
    for number, (stamp, earlier) in enumerate(zip(stamped(course, clocks()), befores(course), strict=True)):
        known = [course[it].process for it in (*earlier, number)]
        assert dict(stamp.counts) == {f"p{process}": known.count(process) for process in known}


@given(STAMPS, STAMPS, STAMPS)
def test_merging_is_the_least_that_knows_both(one, other, third):
    merged = one.merged(other)
    assert merged == other.merged(one)
    assert one <= merged
    assert other <= merged
    assert merged.merged(third) == one.merged(other.merged(third))
    assert not (one <= third and other <= third) or merged <= third


@given(STAMPS)
def test_a_stamp_travels(stamp):
    assert pickle.loads(pickle.dumps(stamp)) == VectorStamp.of(dict(stamp.counts)) == stamp
    assert not stamp.concurrent(stamp)


@pytest.mark.parametrize("counts", [{"a": -1}, {"a": 1.5}, {"a": True}, {1: 1}, {"a": "1"}])
def test_counts_that_are_none_are_refused(counts):
    with pytest.raises(BadStamp, match="no part of a vector stamp"):
        VectorStamp.of(counts)


@pytest.mark.parametrize(
    ("stamp", "why"),
    [
        (VectorStamp((("a", 9),)), "have not happened"),
        (VectorStamp((("b", -3),)), "no part of a vector stamp"),
        (VectorStamp(tuple((f"p{number}", 1) for number in range(4))), "at most 3"),
        (VectorStamp((("b", 1), ("c", 1), ("d", 1))), "at most 3"),
    ],
)
def test_a_stamp_that_cannot_be_is_refused_and_changes_nothing(stamp, why):
    clock = VectorClock("a", most=3)
    before = clock.tick()
    with pytest.raises(BadStamp, match=why):
        clock.observe(stamp)
    assert clock.now == before
