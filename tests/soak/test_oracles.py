"""Each law of the soak is broken by records that break it, and by no others."""

from collections import Counter

import pytest

from tests.soak.oracles import Records, violations


def records() -> Records:
    return Records(asked={1: "ok", 2: "no", 3: "maybe", 4: "maybe"}, told={10, 11, 12}, handled=Counter([1, 3, 10, 11]))


def test_records_in_which_all_is_accounted_for_are_accepted() -> None:
    accepted = records()
    accepted.lost_at_most = 1
    assert violations(accepted) == []
    accepted.lost_at_most = 0
    accepted.letters["unreachable"] = 1
    assert violations(accepted) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"handled": Counter([1, 1, 3, 10, 11, 12])}, "handled 2 times"),
        ({"handled": Counter([1, 2, 3, 10, 11, 12])}, "says that it did not run"),
        ({"handled": Counter([3, 10, 11, 12])}, "nobody handled it"),
        ({"handled": Counter([1, 3, 10, 11, 12, 99])}, "nobody sent it"),
        ({"handled": Counter([1, 3, 10, 11])}, "1 told messages were not handled, and only 0"),
        ({"asked": {1: "ok", 3: ""}, "handled": Counter([1, 10, 11, 12])}, "ask 3 never ended"),
    ],
)
def test_each_law_can_be_broken(change: dict[str, object], words: str) -> None:
    broken = records()
    for name, value in change.items():
        setattr(broken, name, value)
    found = violations(broken)
    assert len(found) == 1
    assert words in found[0]


def test_an_ask_that_outlives_its_deadline_is_named() -> None:
    accepted = records()
    accepted.lost_at_most = 1
    assert violations(accepted, overdue=[3]) == ["ask 3 outlived its deadline"]
