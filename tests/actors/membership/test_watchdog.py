"""The watchdog ends a process whose loop hangs or that nobody leads; time in which it was stopped does not count."""

import pytest

from actors import Settings
from actors.membership.watchdog import PERIOD, Fate, Watchdog


class Watched:
    """A process by a made-up clock."""

    def __init__(self, *, patient: bool = False) -> None:
        self.dog = Watchdog(Settings(), patient=patient)
        self.now = 50.0
        self.dog.tick(self.now, runs=True, leased=True)

    def live(self, seconds: float, *, runs: bool = True, leased: bool = True) -> Fate:
        fate = Fate.FINE
        for _ in range(int(seconds / PERIOD)):
            self.now += PERIOD
            fate = self.dog.tick(self.now, runs=runs, leased=leased)
        return fate

    def pause(self, seconds: float, *, runs: bool = True, leased: bool = True) -> Fate:
        self.now += seconds
        return self.dog.tick(self.now, runs=runs, leased=leased)


def test_a_loop_that_runs_is_fine_for_ever() -> None:
    assert Watched().live(1000.0) is Fate.FINE


def test_a_loop_that_hangs_is_stalled_after_a_second_and_ends_after_the_limit() -> None:
    watched = Watched()
    assert watched.live(0.75, runs=False) is Fate.FINE
    assert watched.live(0.25, runs=False) is Fate.STALLED
    assert watched.live(29.0, runs=False) is Fate.STALLED
    assert watched.live(0.25, runs=False) is Fate.HANGS


def test_a_loop_that_runs_again_begins_anew() -> None:
    watched = Watched()
    for _ in range(10):
        assert watched.live(20.0, runs=False) is Fate.STALLED
        assert watched.live(0.25) is Fate.FINE


def test_under_a_debugger_a_loop_may_hang_as_long_as_it_likes() -> None:
    assert Watched(patient=True).live(3600.0, runs=False) is Fate.STALLED


def test_a_process_without_a_lease_ends_after_its_time() -> None:
    watched = Watched()
    assert watched.live(60.0, leased=False) is Fate.FINE
    assert watched.live(0.25, leased=False) is Fate.ALONE
    assert Watched(patient=True).live(61.0, leased=False) is Fate.ALONE


@pytest.mark.parametrize("seconds", [5.0, 40.0, 100_000.0])
def test_a_process_that_was_stopped_is_not_to_blame_for_it(seconds: float) -> None:
    watched = Watched()
    assert watched.pause(seconds, runs=False, leased=False) is Fate.FINE
    assert watched.live(10.0) is Fate.FINE
