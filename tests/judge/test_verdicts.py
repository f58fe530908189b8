"""The judge decides small histories, written by hand, as their models say."""

import pytest

from tests.judge.judge import Judge, Verdict
from tests.judge.written import FAIL, LEAST, NEVER, UNKNOWN, Written


def decide(judge: Judge, written: Written, model: str, **options: object) -> Verdict:
    written.companions(model)
    return judge.judge(model, written.save(), **LEAST, **options)


SECOND = 10**9

REGISTER = {
    "reads see the last write": (True, [("a", 0, 1, "write", None, {"value": 1}), ("a", 2, 3, "read", 1, {})]),
    "it begins as null": (True, [("a", 0, 1, "read", None, {})]),
    "a stale read": (
        False,
        [
            ("a", 0, 1, "write", None, {"value": 1}),
            ("a", 2, 3, "write", None, {"value": 2}),
            ("b", 4, 5, "read", 1, {}),
        ],
    ),
    "a read beside a write sees either": (
        True,
        [("a", 0, 9, "write", None, {"value": 1}), ("b", 1, 2, "read", None, {}), ("b", 3, 4, "read", 1, {})],
    ),
    "what was seen is not unseen": (
        False,
        [("a", 0, 9, "write", None, {"value": 1}), ("b", 1, 2, "read", 1, {}), ("b", 3, 4, "read", None, {})],
    ),
    "two swaps from one value": (
        False,
        [
            ("a", 0, 1, "write", None, {"value": 1}),
            ("a", 2, 5, "swap", True, {"old": 1, "new": 2}),
            ("b", 2, 5, "swap", True, {"old": 1, "new": 3}),
        ],
    ),
    "an unknown write may come late": (
        True,
        [
            ("a", 0, 1, "write", UNKNOWN, {"value": 1}),
            ("b", 2, 3, "read", None, {}),
            ("b", 4, 5, "read", 1, {}),
        ],
    ),
    "a write without an end may have run": (
        True,
        [("a", 0, 0, "write", NEVER, {"value": 1}), ("b", 2, 3, "read", 1, {})],
    ),
    "an unknown write happens once": (
        False,
        [
            ("a", 0, 1, "write", UNKNOWN, {"value": 1}),
            ("b", 2, 3, "read", 1, {}),
            ("b", 4, 5, "write", None, {"value": 2}),
            ("b", 6, 7, "read", 1, {}),
        ],
    ),
    "a write that failed did not run": (False, [("a", 0, 1, "write", FAIL, {"value": 1}), ("b", 2, 3, "read", 1, {})]),
    "an unknown read says nothing": (True, [("a", 0, 1, "read", UNKNOWN, {}), ("b", 2, 3, "read", None, {})]),
}

LOCK = {
    "one after the other": (
        True,
        [
            ("a", 0, 1, "acquire", 1, {"owner": "a", "lease": None}),
            ("a", 2, 3, "release", True, {"owner": "a", "token": 1}),
            ("b", 4, 5, "acquire", 2, {"owner": "b", "lease": None}),
        ],
    ),
    "two hold it": (
        False,
        [
            ("a", 0, 1, "acquire", 1, {"owner": "a", "lease": None}),
            ("b", 4, 5, "acquire", 2, {"owner": "b", "lease": None}),
        ],
    ),
    "a refusal while nobody holds it": (False, [("a", 0, 1, "acquire", None, {"owner": "a", "lease": None})]),
    "a token that does not grow": (
        False,
        [
            ("a", 0, 1, "acquire", 2, {"owner": "a", "lease": None}),
            ("a", 2, 3, "release", True, {"owner": "a", "token": 2}),
            ("b", 4, 5, "acquire", 2, {"owner": "b", "lease": None}),
        ],
    ),
    "a release by another": (
        False,
        [
            ("a", 0, 1, "acquire", 1, {"owner": "a", "lease": None}),
            ("b", 2, 3, "release", True, {"owner": "b", "token": 1}),
        ],
    ),
    "a lease that has ended": (
        True,
        [
            ("a", 0, 1, "acquire", 1, {"owner": "a", "lease": 1.0}),
            ("b", SECOND, SECOND + 5, "acquire", 2, {"owner": "b", "lease": 1.0}),
            ("a", SECOND + 6, SECOND + 7, "release", False, {"owner": "a", "token": 1}),
        ],
    ),
    "a lease that was cut short": (
        False,
        [
            ("a", 10, 11, "acquire", 1, {"owner": "a", "lease": 1.0}),
            ("b", 20, SECOND, "acquire", 2, {"owner": "b", "lease": 1.0}),
        ],
    ),
    "a lease that was cut short for somebody who never heard": (
        False,
        [
            ("a", 10, 11, "acquire", 1, {"owner": "a", "lease": 1.0}),
            ("b", 20, 30, "acquire", UNKNOWN, {"owner": "b", "lease": 0.1}),
            ("c", SECOND // 2, SECOND, "acquire", 3, {"owner": "c", "lease": 1.0}),
        ],
    ),
    "an old lease released by its owner": (
        True,
        [
            ("a", 0, 1, "acquire", 1, {"owner": "a", "lease": 1.0}),
            ("a", SECOND, SECOND + 1, "release", False, {"owner": "a", "token": 1}),
            ("b", SECOND + 2, SECOND + 3, "acquire", 2, {"owner": "b", "lease": 1.0}),
        ],
    ),
    "a release refused before the lease ended": (
        False,
        [
            ("a", 10, 11, "acquire", 1, {"owner": "a", "lease": 1.0}),
            ("a", 12, 13, "release", False, {"owner": "a", "token": 1}),
        ],
    ),
    "a grant that nobody heard of": (
        True,
        [
            ("a", 0, 1, "acquire", UNKNOWN, {"owner": "a", "lease": 1.0}),
            ("b", 2, 3, "acquire", None, {"owner": "b", "lease": 1.0}),
            ("b", SECOND, 2 * SECOND, "acquire", 2, {"owner": "b", "lease": 1.0}),
        ],
    ),
    "a stale token is refused": (
        True,
        [
            ("a", 0, 1, "acquire", 1, {"owner": "a", "lease": 1.0}),
            ("b", SECOND, SECOND + 5, "acquire", 2, {"owner": "b", "lease": 1.0}),
            ("b", SECOND + 6, SECOND + 7, "use", True, {"token": 2}),
            ("a", SECOND + 8, SECOND + 9, "use", False, {"token": 1}),
        ],
    ),
    "a stale token is taken": (
        False,
        [
            ("a", 0, 1, "acquire", 1, {"owner": "a", "lease": 1.0}),
            ("b", SECOND, SECOND + 5, "acquire", 2, {"owner": "b", "lease": 1.0}),
            ("b", SECOND + 6, SECOND + 7, "use", True, {"token": 2}),
            ("a", SECOND + 8, SECOND + 9, "use", True, {"token": 1}),
        ],
    ),
    "a token that nobody was granted": (
        False,
        [("a", 0, 1, "acquire", 1, {"owner": "a", "lease": None}), ("a", 2, 3, "use", True, {"token": 7})],
    ),
}

SEMAPHORE = {
    "two permits": (
        True,
        [
            ("a", 0, 1, "acquire", True, {"owner": "a"}),
            ("b", 2, 3, "acquire", True, {"owner": "b"}),
            ("c", 4, 5, "acquire", False, {"owner": "c"}),
            ("a", 6, 7, "release", True, {"owner": "a"}),
            ("c", 8, 9, "acquire", True, {"owner": "c"}),
        ],
    ),
    "a third permit": (False, [(who, at, at + 1, "acquire", True, {"owner": who}) for at, who in enumerate("abc")]),
    "a refusal with one left": (
        False,
        [("a", 0, 1, "acquire", True, {"owner": "a"}), ("b", 2, 3, "acquire", False, {"owner": "b"})],
    ),
    "a release of nothing": (False, [("a", 0, 1, "release", True, {"owner": "a"})]),
    "an unknown acquire is given back": (
        True,
        [
            ("a", 0, 1, "acquire", UNKNOWN, {"owner": "a"}),
            ("a", 2, 3, "release", True, {"owner": "a"}),
            ("a", 4, 5, "release", False, {"owner": "a"}),
        ],
    ),
}

QUEUE = {
    "first in, first out": (
        True,
        [
            ("a", 0, 1, "enqueue", None, {"value": 1}),
            ("a", 2, 3, "enqueue", None, {"value": 2}),
            ("b", 4, 5, "dequeue", 1, {}),
            ("b", 6, 7, "dequeue", 2, {}),
            ("b", 8, 9, "dequeue", None, {}),
        ],
    ),
    "the wrong order": (
        False,
        [
            ("a", 0, 1, "enqueue", None, {"value": 1}),
            ("a", 2, 3, "enqueue", None, {"value": 2}),
            ("b", 4, 5, "dequeue", 2, {}),
        ],
    ),
    "either order of two at once": (
        True,
        [
            ("a", 0, 9, "enqueue", None, {"value": 1}),
            ("b", 1, 8, "enqueue", None, {"value": 2}),
            ("b", 10, 11, "dequeue", 2, {}),
        ],
    ),
    "a lost element": (False, [("a", 0, 1, "enqueue", None, {"value": 1}), ("b", 2, 3, "dequeue", None, {})]),
    "an element twice": (
        False,
        [
            ("a", 0, 1, "enqueue", None, {"value": 1}),
            ("b", 2, 3, "dequeue", 1, {}),
            ("b", 4, 5, "dequeue", 1, {}),
        ],
    ),
    "an element that somebody took who never heard": (
        True,
        [
            ("a", 0, 1, "enqueue", None, {"value": 1}),
            ("c", 2, 3, "dequeue", UNKNOWN, {}),
            ("b", 4, 5, "dequeue", None, {}),
        ],
    ),
}

SET = {
    "adding and removing": (
        True,
        [
            ("a", 0, 1, "add", True, {"value": 2}),
            ("a", 2, 3, "add", True, {"value": 1}),
            ("a", 4, 5, "add", False, {"value": 1}),
            ("b", 6, 7, "members", [2, 1], {}),
            ("b", 8, 9, "remove", True, {"value": 1}),
            ("b", 10, 11, "contains", False, {"value": 1}),
        ],
    ),
    "a lost element": (False, [("a", 0, 1, "add", True, {"value": 1}), ("b", 2, 3, "members", [], {})]),
    "an element that two add": (False, [(who, 0, 1, "add", True, {"value": 1}) for who in "ab"]),
    "an element that comes back": (
        False,
        [
            ("a", 0, 1, "add", True, {"value": 1}),
            ("a", 2, 3, "remove", True, {"value": 1}),
            ("b", 4, 5, "contains", True, {"value": 1}),
        ],
    ),
}

CASES = [
    pytest.param(model, legal, operations, id=f"{model}: {name}")
    for model, table in {"register": REGISTER, "lock": LOCK, "semaphore": SEMAPHORE, "queue": QUEUE, "set": SET}.items()
    for name, (legal, operations) in table.items()
]


@pytest.mark.parametrize(("model", "legal", "operations"), CASES)
def test_a_history_is_judged_by_its_model(judge, written, model, legal, operations):
    for process, begin, end, name, result, argument in operations:
        written.did(process, begin, end, name, result, **argument)
    options = {"limit": 2} if model == "semaphore" else {}
    verdict = decide(judge, written, model, **options)
    assert verdict.verdict == ("ok" if legal else "illegal"), verdict


@pytest.mark.parametrize("lost", [True, False])
def test_what_a_lost_process_held_is_free_only_for_those_that_the_fault_names(judge, written, lost):
    written.did("a", 0, 1, "acquire", 1, owner="a", lease=None)
    written.fault(2, "a" if lost else "z")
    written.did("b", 3, 4, "acquire", 2, owner="b", lease=None)
    assert decide(judge, written, "lock").verdict == ("ok" if lost else "illegal")


@pytest.mark.parametrize("lost", [True, False])
def test_permits_of_a_lost_process_are_free(judge, written, lost):
    written.did("a", 0, 1, "acquire", True, owner="a")
    written.fault(2, "a" if lost else "z")
    written.did("b", 3, 4, "acquire", True, owner="b")
    written.did("b", 5, 6, "acquire", True, owner="b")
    assert decide(judge, written, "semaphore", limit=2).verdict == ("ok" if lost else "illegal")


def test_what_was_held_is_not_free_before_its_process_was_lost(judge, written):
    written.did("a", 0, 1, "acquire", 1, owner="a", lease=None)
    written.did("b", 3, 4, "acquire", 2, owner="b", lease=None)
    written.fault(5, "a")
    assert decide(judge, written, "lock").verdict == "illegal"


def test_a_key_that_is_illegal_is_named_with_what_cannot_be_explained_and_drawn(judge, tmp_path):
    written = Written(tmp_path / "one.jsonl")
    written.did("a", 0, 1, "write", value=1, key="good")
    written.did("a", 2, 3, "write", value=1, key="bad")
    written.did("b", 4, 5, "read", 2, key="bad")
    written.companions("register")
    written.save()
    verdict = judge.judge("register", tmp_path, **LEAST)
    assert verdict.why == ['key "bad": no order explains 1 of 2 operations', 'b: read(key="bad") -> 2']
    assert "<html" in (tmp_path / "illegal.html").read_text(encoding="utf-8").lower()
