"""Events are one line each, with their ids as fields; floods are counted instead of written."""

import io
import logging
import subprocess
import sys

import pytest

from actors.logs import ROOT, Fields, RateLimited, event, logger, to_stderr


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def limited(caplog, clock):
    caplog.set_level(logging.INFO, logger=ROOT)
    return RateLimited(logger("dead_letters"), clock, per_second=2)


def test_an_event_is_one_line_with_its_fields_in_text_and_record(caplog):
    event(logger("links"), logging.WARNING, "link lost", {"seat": 3, "epoch": 7, "reason": "reset"})
    [record] = caplog.records
    assert record.name == "understudy.links"
    assert record.getMessage() == "link lost seat=3 epoch=7 reason=reset"
    assert (record.seat, record.epoch, record.reason) == (3, 7, "reset")


def test_an_event_names_the_line_that_logged_it(caplog):
    event(logger("links"), logging.WARNING, "link lost", {})
    assert caplog.records[0].funcName == "test_an_event_names_the_line_that_logged_it"


def test_a_field_can_forge_neither_a_line_nor_a_field(caplog):
    event(logger("links"), logging.WARNING, "100% lost", {"reason": "x seat=9\nERROR all is well %s", "node": ""})
    assert caplog.records[0].getMessage() == "100% lost reason='x seat=9\\nERROR all is well %s' node=''"


def test_events_of_one_kind_share_their_message_whatever_their_fields(caplog):
    for seat in (1, 2):
        event(logger("links"), logging.WARNING, "link lost", {"seat": seat})
    first, second = caplog.records
    assert first.msg == second.msg


def test_an_error_adds_its_traceback(caplog):
    try:
        raise ValueError("too small")
    except ValueError as error:
        event(logger("cell"), logging.ERROR, "handler failed", {"error_type": "ValueError"}, error)
    assert caplog.records[0].getMessage() == "handler failed error_type=ValueError"
    assert "too small" in caplog.text


def test_an_event_below_the_level_is_not_even_formatted(caplog):
    class Untouchable:
        def __str__(self):
            raise AssertionError

    caplog.set_level(logging.ERROR, logger=ROOT)
    event(logger("links"), logging.WARNING, "link lost", {"reason": Untouchable()})  # type: ignore[typeddict-item]
    assert not caplog.records


def test_no_field_clashes_with_what_a_record_has_already():
    record = logging.LogRecord("", 0, "", 0, "", (), None)
    assert not {name for name in Fields.__annotations__ if hasattr(record, name) or name in {"message", "asctime"}}


def test_a_flood_is_cut_to_its_rate_and_counted(caplog, clock, limited):
    for _ in range(1000):
        limited.warning("dead letter: %s", "late", extra={"reason": "late"})
    assert [record.getMessage() for record in caplog.records] == ["dead letter: late"] * 2
    assert limited.suppressed == 998
    clock.now += 0.5
    limited.warning("dead letter: %s", "late", extra={"reason": "late"})
    last = caplog.records[-1]
    assert last.getMessage() == "dead letter: late (998 more suppressed)"
    assert (last.reason, last.suppressed) == ("late", 998)
    assert limited.suppressed == 0


def test_a_long_silence_saves_up_no_more_than_one_second(caplog, clock, limited):
    clock.now += 3600
    for _ in range(10):
        limited.warning("dead letter")
    assert len(caplog.records) == 2


def test_events_at_the_rate_are_all_logged(caplog, clock, limited):
    for _ in range(50):
        limited.warning("dead letter")
        clock.now += 0.5
    assert len(caplog.records) == 50


def test_a_rate_below_one_lets_single_events_through(caplog, clock):
    slow = RateLimited(logger("dead_letters"), clock, per_second=0.125)
    for _ in range(17):
        slow.warning("dead letter")
        clock.now += 1
    assert [record.getMessage() for record in caplog.records] == [
        "dead letter",
        "dead letter (7 more suppressed)",
        "dead letter (7 more suppressed)",
    ]


def test_a_rate_of_zero_logs_only_the_count(caplog, clock):
    silent = RateLimited(logger("dead_letters"), clock, per_second=0)
    for _ in range(3):
        silent.warning("dead letter")
        clock.now += 10
    assert not caplog.records
    silent.flush()
    assert [record.getMessage() for record in caplog.records] == ["3 more suppressed"]
    silent.flush()
    assert len(caplog.records) == 1


def test_what_the_level_hides_is_not_counted_as_suppressed(caplog, limited):
    caplog.set_level(logging.CRITICAL, logger=ROOT)
    for _ in range(10):
        limited.warning("dead letter")
    assert limited.suppressed == 0


def test_a_limited_event_names_the_line_that_logged_it(caplog, limited):
    limited.warning("dead letter")
    limited.write(logging.INFO, "dead letter")
    limited.warning("dead letter")
    limited.flush()
    assert {record.funcName for record in caplog.records} == {"test_a_limited_event_names_the_line_that_logged_it"}


def test_a_host_writes_to_its_stream_with_its_name_on_each_line():
    stream = io.StringIO()
    root = logging.getLogger(ROOT)
    before = root.level
    handler = to_stderr("INFO", "seat 2 (100%)", stream)
    try:
        event(logger("links"), logging.INFO, "link open", {"seat": 1})
        event(logger("links"), logging.DEBUG, "frame", {"seat": 1})
    finally:
        root.removeHandler(handler)
        root.setLevel(before)
    [line] = stream.getvalue().splitlines()
    assert line.endswith("INFO seat 2 (100%) understudy.links: link open seat=1")


def test_without_a_handler_of_the_program_nothing_is_written():
    program = "from actors.logs import logger; logger('links').error('lost')"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
