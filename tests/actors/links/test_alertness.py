"""A host that expects more looks for it instead of sleeping, and learns when that is in vain."""

from collections.abc import Callable
from typing import Any

from actors.links.alertness import MOST_PASSED, Alertness


class Loop:
    """Counts the turns that were asked for, and takes them when told."""

    def __init__(self) -> None:
        self.now = 0.0
        self.due: list[Callable[[], None]] = []
        self.closed = False

    def call_soon(self, callback: Callable[[], None], *, context: Any) -> None:
        del context
        self.due.append(callback)

    def is_closed(self) -> bool:
        return self.closed

    def turn(self, seconds: float = 0.0) -> None:
        self.now += seconds
        due, self.due = self.due, []
        for callback in due:
            callback()


def alert(seconds: float = 1.0) -> tuple[Loop, Alertness]:
    loop: Any = Loop()
    return loop, Alertness(loop, lambda: loop.now, seconds)


def test_after_traffic_the_loop_is_kept_turning_for_a_while() -> None:
    loop, alertness = alert()
    alertness.traffic(came=False)
    loop.turn(0.5)
    assert loop.due
    loop.turn(0.6)
    assert not loop.due


def test_more_traffic_prolongs_it() -> None:
    loop, alertness = alert()
    alertness.traffic(came=False)
    for _ in range(5):
        loop.turn(0.9)
        assert len(loop.due) == 1  # it has been awake all the time
        alertness.traffic(came=True)
        assert len(loop.due) == 1
    loop.turn(1.1)
    assert not loop.due


def test_what_was_in_vain_lets_ever_more_occasions_pass() -> None:
    loop, alertness = alert()
    passed: list[int] = []
    for _ in range(12):
        passed.append(0)
        while not loop.due:
            alertness.traffic(came=True)
            passed[-1] += not loop.due
        loop.turn(2.0)
    assert passed == [0, 1, 3, 7, 15, 31, 63, 127, 255, MOST_PASSED, MOST_PASSED, MOST_PASSED]


def test_what_was_of_use_makes_it_watchful_again() -> None:
    loop, alertness = alert()
    alertness.traffic(came=False)
    loop.turn(2.0)  # in vain
    alertness.traffic(came=False)  # let pass
    alertness.traffic(came=False)
    alertness.traffic(came=True)
    loop.turn(2.0)
    alertness.traffic(came=False)
    assert loop.due


def test_what_is_written_after_something_came_does_not_make_that_useless() -> None:
    loop, alertness = alert()
    alertness.traffic(came=False)
    alertness.traffic(came=True)
    alertness.traffic(came=False)
    loop.turn(2.0)
    alertness.traffic(came=False)
    assert loop.due


def test_what_was_of_use_once_counts_for_that_time_only() -> None:
    loop, alertness = alert()
    alertness.traffic(came=False)
    alertness.traffic(came=True)
    loop.turn(2.0)
    alertness.traffic(came=False)
    loop.turn(2.0)  # in vain
    alertness.traffic(came=False)
    assert not loop.due


def test_with_no_time_for_it_and_on_a_closed_loop_it_never_wakes() -> None:
    loop, alertness = alert(0.0)
    alertness.traffic(came=True)
    assert not loop.due
    loop, alertness = alert()
    alertness.traffic(came=True)
    loop.closed = True
    loop.turn(0.1)
    assert not loop.due
