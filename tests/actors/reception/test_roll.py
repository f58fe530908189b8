"""A roll is followed page by page, whatever becomes of the pages: lost, late, twice, in another order, too many."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from actors import Actor, ServiceKey
from actors.reception.roll import REMEMBERED, Page, Roll, View, merged

KEYS = [ServiceKey(Actor, name) for name in "abc"]
CHANGES = st.lists(st.tuples(st.booleans(), st.sampled_from(KEYS), st.integers(1, 4)), max_size=30)


def change(roll: Roll, changes: list[tuple[bool, Any, int]]) -> None:
    for present, key, number in changes:
        (roll.enter if present else roll.strike)(key, number)


def entries(one: Roll | View) -> dict[Any, set[int]]:
    return {key: set(numbers) for key, numbers in one.entries.items()}


def test_version_zero_is_the_empty_roll():
    assert Roll(1, 5).page(0) == Page(1, 5, 0, 0, (), ())


def test_entering_and_striking_twice_is_doing_it_once():
    roll = Roll(1, 5)
    assert roll.enter(KEYS[0], 7)
    assert not roll.enter(KEYS[0], 7)
    assert (roll.version, len(roll), roll.keys_of(7)) == (1, 1, [KEYS[0]])
    assert roll.strike(KEYS[0], 7)
    assert not roll.strike(KEYS[0], 7)
    assert not roll.strike(KEYS[1], 7)
    assert (roll.version, len(roll), roll.keys_of(7), roll.entries) == (2, 0, [], {})


def test_a_page_says_how_each_actor_stands_now_and_not_what_happened_between():
    roll = Roll(1, 5)
    roll.enter(KEYS[0], 1)
    known = roll.version
    change(roll, [(True, KEYS[0], 2), (False, KEYS[0], 1), (True, KEYS[1], 3), (False, KEYS[1], 3)])
    assert roll.page(known) == Page(1, 5, 1, 5, ((KEYS[0], (2,)),), ((KEYS[0], (1,)), (KEYS[1], (3,))))


def test_a_page_that_is_taken_twice_or_late_changes_nothing():
    roll, view = Roll(1, 5), View(5)
    roll.enter(KEYS[0], 1)
    first = roll.page(0)
    roll.strike(KEYS[0], 1)
    second = roll.page(1)
    assert view.take(first) == [KEYS[0]]
    assert view.take(first) == []
    assert view.take(second) == [KEYS[0]]
    assert view.take(first) == view.take(second) == []
    assert (view.version, view.entries) == (2, {})


def test_a_page_that_leaves_a_gap_is_not_taken():
    roll, view = Roll(1, 5), View(5)
    roll.enter(KEYS[0], 1)
    roll.enter(KEYS[0], 2)
    assert view.take(roll.page(1)) == []
    assert view.version == 0


def test_who_is_too_far_behind_is_told_the_whole():
    roll, view = Roll(1, 5), View(5)
    roll.enter(KEYS[0], 1)
    view.take(roll.page(0))
    for _ in range(REMEMBERED):
        change(roll, [(True, KEYS[1], 2), (False, KEYS[1], 2)])
    page = roll.page(view.version)
    assert page == Page(1, 5, 0, 2 * REMEMBERED + 1, ((KEYS[0], (1,)),), ())
    assert view.take(page) == []  # nothing has changed under any key
    assert (view.version, entries(view)) == (roll.version, entries(roll))


def test_a_version_that_never_was_is_answered_with_the_whole():
    roll = Roll(1, 5)
    roll.enter(KEYS[0], 1)
    assert roll.page(99) == roll.page(-3) == roll.page(0)


@given(st.lists(CHANGES, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_whatever_pages_come_the_last_one_that_fits_makes_it_right(rounds, random):
    roll, view = Roll(1, 5), View(5)
    pages: list[Page] = []
    for changes in rounds:
        change(roll, changes)
        pages += [roll.page(since) for since in {0, view.version, random.randint(0, roll.version)}]
        for page in random.choices(pages, k=4):
            before = entries(view)
            changed = view.take(page)
            after = entries(view)
            assert {key for key in KEYS if before.get(key) != after.get(key)} <= set(changed)
    view.take(roll.page(view.version))
    assert (view.version, entries(view)) == (roll.version, entries(roll))


def test_everybody_sees_the_same_order():
    one, other = {KEYS[0]: dict.fromkeys([9, 3])}, {KEYS[0]: dict.fromkeys([5, 4]), KEYS[1]: {1: None}}
    assert merged([(2, one), (1, other)], KEYS[0]) == merged([(1, other), (2, one)], KEYS[0])
    assert merged([(2, one), (1, other)], KEYS[0]) == [(1, 4), (1, 5), (2, 3), (2, 9)]
