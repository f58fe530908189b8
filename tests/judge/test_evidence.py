"""The judge says nothing of a history that proves nothing, and refuses what is none."""

import pytest

from tests.judge.judge import NoHistory
from tests.judge.written import LEAST, NEVER, UNKNOWN

# ---- histories that prove nothing ------------------------------------------------------------------------------------


def test_an_empty_history_proves_nothing(judge, written):
    verdict = judge.judge("register", written.save(), ok=1, overlapping=1, faults=1)
    assert verdict.verdict == "unknown"
    assert verdict.why == [
        "0 successful operations, and at least 1 are needed",
        "0 operations that overlap another, and at least 1 are needed",
        "0 faults while operations succeeded, and at least 1 are needed",
    ]


def test_a_history_of_unknown_outcomes_proves_nothing(judge, written):
    for number in range(100):
        written.did("ab"[number % 2], number, number + 5, "write", UNKNOWN, value=number)
    verdict = judge.judge("register", written.save(), ok=1, overlapping=1, faults=0)
    assert verdict.verdict == "unknown"
    assert verdict.counts.unknown == 100


def test_clients_that_wait_for_each_other_prove_nothing(judge, written):
    for number in range(100):
        written.did("ab"[number % 2], 10 * number, 10 * number + 5, "write", value=number)
    verdict = judge.judge("register", written.save(), ok=100, overlapping=1, faults=0)
    assert (verdict.verdict, verdict.counts.overlapping) == ("unknown", 0)


def test_clients_of_different_keys_do_not_overlap(judge, written):
    written.did("a", 0, 9, "write", value=1, key="x")
    written.did("b", 0, 9, "write", value=1, key="y")
    verdict = judge.judge("register", written.save(), ok=1, overlapping=1, faults=0)
    assert (verdict.verdict, verdict.counts.keys) == ("unknown", 2)


@pytest.mark.parametrize(("time", "counts"), [(1, 0), (5, 1), (30, 0)])
def test_a_fault_counts_between_the_first_call_and_the_last_end(judge, written, time, counts):
    written.did("a", 2, 9, "write", value=1)
    written.did("b", 3, 20, "write", value=2)
    written.did("b", 40, 50, "write", UNKNOWN, value=3)
    written.fault(time)
    verdict = judge.judge("register", written.save(), ok=1, overlapping=1, faults=1)
    assert verdict.counts.faults == counts
    assert verdict.verdict == ("ok" if counts else "unknown")


def test_an_illegal_history_is_illegal_however_small(judge, written):
    written.did("a", 0, 1, "read", 5)
    assert judge.judge("register", written.save(), ok=100, overlapping=100, faults=9).verdict == "illegal"


def test_what_is_needed_at_least_must_be_said(judge, written):
    written.did("a", 0, 1, "read", None)
    with pytest.raises(NoHistory, match="say how much a history must have at least"):
        judge.judge("register", written.save(), ok=0, overlapping=0, faults=0)


def test_a_history_that_is_too_hard_is_not_accepted(judge, written):
    for number in range(40):
        written.did(f"p{number}", 0, 1000, "enqueue", value=number)
    for number in range(40):
        written.did("q", 2000 + 2 * number, 2001 + 2 * number, "dequeue", (number * 7) % 40)
    written.did("q", 9000, 9001, "dequeue", 99)
    verdict = judge.judge("queue", written.save(), ok=1, overlapping=1, faults=0, within="50ms")
    assert verdict.verdict == "unknown"
    assert verdict.why == ['key "k" was not judged in time']


# ---- files -----------------------------------------------------------------------------------------------------------


def test_a_last_line_that_was_torn_by_a_kill_does_not_count(judge, written):
    written.did("a", 0, 9, "write", value=1)
    written.did("b", 1, 8, "write", value=2)
    torn = '{"event":"invoke","process":"a","number":3,"oper'
    assert judge.judge("register", written.save(torn=torn), **LEAST).counts.dropped == 0
    written.did("b", 10, 12, "write", NEVER, value=3)
    torn = '{"event":"ok","process":"b","number":3,"res'
    verdict = judge.judge("register", written.save(torn=torn), **LEAST)
    assert (verdict.verdict, verdict.counts.dropped) == ("ok", 1)


INVOKE = {"event": "invoke", "process": "a", "number": 1, "operation": "write", "argument": {"key": 1, "value": 1}}


@pytest.mark.parametrize(
    ("events", "says"),
    [
        ([{"event": "ok", "process": "a", "number": 1, "time": 5}], "ends and never began"),
        ([INVOKE, {**INVOKE}], "begins twice"),
        ([INVOKE, *[{"event": "ok", "process": "a", "number": 1, "time": 5}] * 2], "ends twice"),
        ([{**INVOKE, "time": 9}, {"event": "ok", "process": "a", "number": 1, "time": 5}], "ends before it began"),
        ([{**INVOKE, "operation": "push"}], "has no operation"),
        ([{**INVOKE, "argument": {"key": 1}}], "has no argument"),
        ([{**INVOKE, "event": "began"}], "is no event of a history"),
    ],
)
def test_what_is_no_history_is_refused(judge, written, events, says):
    written.events = events
    with pytest.raises(NoHistory, match=says):
        judge.judge("register", written.save(), **LEAST)


def test_a_reply_that_the_model_does_not_know_is_refused(judge, written):
    written.did("a", 0, 1, "swap", "perhaps", old=1, new=2)
    with pytest.raises(NoHistory, match="is neither true nor false"):
        judge.judge("register", written.save(), **LEAST)


def test_a_line_that_is_garbage_is_refused_with_its_place(judge, written):
    written.path.write_text("garbage\n", encoding="utf-8")
    with pytest.raises(NoHistory, match=r"history.jsonl:1: invalid character"):
        judge.judge("register", written.path, **LEAST)
