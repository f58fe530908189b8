"""One entry of a supervisor's table: who waits for it, and how long its next start is put off."""

import asyncio

from actors import Actor
from actors.address import Address
from actors.supervising.child import Child
from actors.supervising.signals import Cause, Spec
from actors.supervising.supervision import Backoff

BACKOFF = Backoff(first=1.0, factor=2.0, most=5.0, jitter=0.0, reset_after=10.0)


class Part(Actor):
    """Stands in the spec."""


def child() -> Child:
    return Child(Address("s", 0, 7), Spec(Part), "part")


def test_an_entry_says_what_it_was_started_from_and_that_nothing_has_happened_yet():
    one = child()
    assert (one.number, one.spec, one.name, one.incarnation) == (7, Spec(Part), "part", 1)
    assert (one.running, one.away, one.leaving, one.failures) == (False, False, False, 0)
    assert one.started is one.ended is None


def test_each_failure_doubles_the_wait_up_to_its_bound():
    one = child()
    assert [one.delay(BACKOFF, 100.0 + at, 0.5) for at in range(5)] == [1.0, 2.0, 4.0, 5.0, 5.0]


def test_the_wait_begins_again_after_more_than_the_quiet_time_and_not_before():
    one = child()
    assert [one.delay(BACKOFF, now, 0.5) for now in (100.0, 110.0, 120.5, 121.0)] == [1.0, 2.0, 1.0, 2.0]


def test_the_quiet_time_begins_with_the_last_failure():
    one = child()
    assert [one.delay(BACKOFF, now, 0.5) for now in (100.0, 106.0, 112.0)] == [1.0, 2.0, 4.0]


def test_chance_spreads_the_wait_to_both_sides():
    jitter = Backoff(first=1.0, jitter=0.2)
    assert [round(child().delay(jitter, 100.0, chance), 9) for chance in (0.0, 0.5, 1.0)] == [0.8, 1.0, 1.2]


def test_somebody_awaits_its_first_start_until_that_has_succeeded():
    one = child()
    assert not one.is_awaited
    loop = asyncio.new_event_loop()
    one.started = loop.create_future()
    assert one.is_awaited
    one.running = True
    assert not one.is_awaited
    loop.close()


def test_its_failures_begin_with_its_present_incarnation():
    one = child()
    assert one.cause == Cause(one.address, 1)
    one.incarnation = 4
    assert one.cause == Cause(one.address, 4)
