"""The view in the terminal tells what files hold: trees, waits, errors, the critical path, and what was asked for."""

import json
from pathlib import Path
from typing import Any

import pytest

from tracing.__main__ import main
from tracing.critical_path import critical_path
from tracing.reading import Unreadable, documents, traces

MS = 1_000_000


def span(number: str, parent: str, name: str, kind: int, start: int, end: int, **more: Any) -> dict[str, Any]:
    facts = [{"key": key, "value": {"doubleValue": value}} for key, value in more.pop("facts", {}).items()]
    return {
        "traceId": more.pop("trace", "t1"),
        "spanId": number,
        "parentSpanId": parent,
        "name": name,
        "kind": kind,
        "startTimeUnixNano": str(start * MS),
        "endTimeUnixNano": str(end * MS),
        "attributes": facts,
        **more,
    }


def document(*spans: dict[str, Any], service: str = "shop.Shop") -> dict[str, Any]:
    return {
        "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]},
        "scopeSpans": [{"spans": list(spans)}],
    }


STORY = [
    document(span("a", "", "Shop/order", 3, 0, 100), service="shop.client"),
    document(
        span("b", "a", "Shop/order", 2, 1, 99, facts={"actor.mailbox.wait_ms": 0.5}),
        span("c", "b", "send Bank.note", 4, 2, 3),
        span("d", "b", "Bank/charge", 3, 5, 60),
        span("f", "b", "Bank/check", 3, 5, 90),
    ),
    document(
        span("e", "c", "process Bank.note", 5, 50, 99),
        span("g", "d", "Bank/charge", 2, 6, 59),
        span("h", "f", "Bank/check", 2, 6, 89, status={"code": 2, "message": "no money"}),
        service="shop.Bank",
    ),
    document(span("x", "", "Shop/look", 3, 200, 201, trace="t2"), service="shop.client"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number, part in enumerate(STORY):
        (tmp_path / f"{number}.json").write_text(json.dumps({"resourceSpans": [part]}))
    return tmp_path


def shown(capsys: pytest.CaptureFixture[str], *arguments: Any) -> list[str]:
    assert main(["view", *map(str, arguments)]) == 0
    return capsys.readouterr().out.splitlines()


def test_the_critical_path_goes_through_the_slow_ask_and_not_through_the_consumer():
    path = critical_path(traces(STORY)[0])
    assert path == {"a": 2 * MS, "b": 12 * MS, "c": 1 * MS, "f": 2 * MS, "h": 83 * MS}
    assert sum(path.values()) == 100 * MS


def test_a_trace_is_a_tree_with_waits_errors_and_the_critical_path(folder, capsys):
    lines = shown(capsys, folder)
    assert lines[0] == "2 traces, 9 spans, 3 services, 1 traces with errors"
    tree = [line[22:].rstrip() for line in lines[3:11]]
    assert tree == [
        "* shop.client  asks Shop/order",
        "* shop.Shop      answers Shop/order  (waited 500 us)",
        "* shop.Shop        sends Bank.note",
        "  shop.Bank          handles Bank.note",
        "  shop.Shop        asks Bank/charge",
        "  shop.Bank          answers Bank/charge",
        "* shop.Shop        asks Bank/check",
        "* shop.Bank          answers Bank/check  (error: no money)",
    ]
    assert lines[10][21] == "!"


def test_in_short_a_told_message_is_one_line_and_what_is_not_wanted_is_left_out(folder, capsys):
    assert [line[22:].rstrip() for line in shown(capsys, folder, "--short", "--without", "check")[3:8]] == [
        "* shop.client  asks Shop/order",
        "* shop.Shop      answers Shop/order  (waited 500 us)",
        "  shop.Bank        handles Bank.note from Shop",
        "  shop.Shop        asks Bank/charge",
        "  shop.Bank          answers Bank/charge",
    ]


def test_a_trace_that_goes_on_after_its_root_says_for_how_long_and_a_timer_how_long_it_was(tmp_path, capsys):
    late = span("b", "a", "tick Shop.remind", 5, 90, 91, facts={"actor.timer.delay_ms": 75.0})
    file = tmp_path / "late.json"
    file.write_text(json.dumps({"resourceSpans": [document(span("a", "", "Shop/order", 2, 0, 10), late)]}))
    lines = shown(capsys, file)
    assert "10.0 ms, all over after 91.0 ms, 2 spans" in lines[2]
    assert lines[4].endswith("handles tick Shop.remind  (after 75.0 ms)")
    assert "all over" not in "".join(shown(capsys, tmp_path / "late.json", "--trace", "none"))


def test_what_is_asked_for_is_what_is_shown(folder, capsys):
    assert sum(line.startswith("trace ") for line in shown(capsys, folder)) == 2
    assert shown(capsys, folder, "--slowest", 1)[2].startswith("trace t1")
    assert sum(line.startswith("trace ") for line in shown(capsys, folder, "--errors")) == 1
    assert sum(line.startswith("trace ") for line in shown(capsys, folder, "--service", "Bank")) == 1
    assert sum(line.startswith("trace ") for line in shown(capsys, folder, "--trace", "t2")) == 1
    assert sum(line.startswith("trace ") for line in shown(capsys, folder, "--saying", "0.5")) == 1
    assert "1 traces more" in shown(capsys, folder, "--limit", 1)[-1]


def test_the_files_of_a_run_become_one(folder, tmp_path, capsys):
    target = tmp_path / "out" / "all.json"
    target.parent.mkdir()
    assert main(["merge", str(folder), "-o", str(target)]) == 0
    assert len(traces(documents([target]))) == 2


def test_a_file_whose_writer_was_killed_is_read_up_to_there(tmp_path):
    text = json.dumps({"resourceSpans": STORY}, separators=(",", ":"))
    cut = tmp_path / "cut.json"
    cut.write_text(text[: text.rindex('{"resource"') + 40])
    assert len(traces(documents([cut]))) == 1


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"resourceSpans": 5}', "\x00"])
def test_a_file_that_holds_no_traces_is_named(tmp_path, text, capsys):
    wrong = tmp_path / "wrong.json"
    wrong.write_text(text)
    with pytest.raises(Unreadable, match="wrong.json"):
        documents([wrong])
    assert main(["view", str(wrong)]) == 2
    assert "wrong.json" in capsys.readouterr().err


def test_a_folder_that_is_not_there_is_named(capsys):
    assert main(["view", "/nowhere/at/all"]) == 2
    assert "/nowhere/at/all" in capsys.readouterr().err
