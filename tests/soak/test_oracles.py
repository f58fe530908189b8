"""Each law of the soak is broken by records that break it, and by no others."""

from collections import Counter
from typing import Any

import pytest

from tests.soak.oracles import A_BLOW, A_REQUEST, WINDOWS, Loss, Records, growth, too_much, violations


def records(**changes: Any) -> Records:
    """All is well in these, but for the changes: 12 has died with the host of seat 2."""
    whole: dict[str, Any] = {
        "asked": {1: "ok", 2: "no", 3: "maybe", 4: "maybe"},
        "told": {10: 1, 11: 1, 12: 2, 13: 1},
        "letters": {13: ["not_running"]},
        "losses": [Loss(2, 5, 20, 1)],
        "handled": Counter([1, 3, 10, 11]),
    }
    return Records(**(whole | changes))


def test_records_in_which_all_is_accounted_for_are_accepted() -> None:
    assert violations(records()) == []
    assert violations(records(letters={13: ["unreachable"], 12: ["unknown"]}, losses=[])) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"handled": Counter([1, 1, 3, 10, 11])}, "request 1 was handled 2 times"),
        ({"handled": Counter([1, 2, 3, 10, 11])}, "says that it did not run"),
        ({"handled": Counter([3, 10, 11])}, "nobody handled it"),
        ({"handled": Counter([1, 3, 10, 11, 99])}, "nobody sent it"),
        ({"asked": {1: "ok", 3: ""}}, "ask 3 never ended"),
        ({"losses": []}, "request 12 vanished"),
        ({"losses": [Loss(1, 5, 20, 1)]}, "request 12 vanished"),
        ({"losses": [Loss(2, 13, 20, 1)]}, "request 12 vanished"),
        ({"losses": [Loss(2, 5, 12, 1)]}, "request 12 vanished"),
        ({"losses": [Loss(2, 5, 20, 0)]}, "request 12 vanished"),
        ({"handled": Counter([1, 3, 10, 11, 13])}, "request 13 was handled, and is a dead letter"),
        ({"letters": {13: ["stopped", "not_running"]}}, "request 13 was given up 2 times"),
        ({"letters": {13: ["unknown", "unknown"]}}, "request 13 was given up 2 times"),
    ],
)
def test_each_law_can_be_broken(change: dict[str, Any], words: str) -> None:
    found = violations(records(**change))
    assert len(found) == 1
    assert words in found[0]


def test_the_letter_of_a_message_that_was_handled_does_not_account_for_another_that_vanished() -> None:
    broken = records(losses=[], letters={13: ["stopped"], 11: ["unknown"]})
    assert violations(broken) == [
        "request 12 vanished: not handled, no dead letter, and no host was lost that can have had it"
    ]


def test_a_message_that_may_have_arrived_may_be_handled_or_given_up_there_too() -> None:
    assert violations(records(letters={13: ["unknown", "not_running"], 11: ["unknown"], 10: ["cut"]})) == []


def test_a_loss_explains_as_many_as_died_there_and_each_of_several_losses_its_own() -> None:
    told = {10: 1, 11: 1, 12: 2, 13: 1, 14: 2, 15: 2}
    two = [Loss(2, 13, 20, 1), Loss(2, 5, 15, 2)]
    assert violations(records(told=told, losses=two)) == []
    assert len(violations(records(told=told, losses=two[1:]))) == 1
    assert len(violations(records(told=told, losses=two[:1]))) == 2


def test_an_ask_that_outlives_its_deadline_is_named() -> None:
    assert violations(records(), overdue=[3]) == ["ask 3 outlived its deadline"]


def test_memory_may_grow_at_first_and_only_within_its_bound_in_the_second_half() -> None:
    blows = 10 * WINDOWS
    requests = [2000 * blow for blow in range(2 * blows)]
    flat = [100e6 + 5e6 * min(at, blows) for at in range(2 * blows)]
    assert growth(requests, flat) == pytest.approx((0.0, A_REQUEST * 2000 * (blows - 1) + A_BLOW * (blows - 1)))
    assert too_much("a host", growth(requests, flat)) == []
    leaks = [100e6 + (2 * A_REQUEST + A_BLOW / 2000) * number for number in requests]
    [wrong] = too_much("a host", growth(requests, leaks))
    assert wrong == "a host grew by 20.6 MB in the second half, and may by 16.6"
    assert growth(requests[: 2 * WINDOWS - 2], leaks[: 2 * WINDOWS - 2]) is None  # too few to say
    assert too_much("a host", None) == []
