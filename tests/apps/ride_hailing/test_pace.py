"""Simulated and real time: one becomes the other, and time-outs keep a floor in real seconds."""

from apps.ride_hailing.pace import HOUR, Clock, Pace, clock_face


def test_a_minute_is_a_second_at_sixty_fold_speed():
    assert Pace(60.0).real(60.0) == 1.0
    assert Pace(60.0).simulated(1.0) == 60.0


def test_a_time_out_is_never_shorter_than_its_floor():
    assert Pace(600.0).real(15.0, at_least=1.0) == 1.0
    assert Pace(1.0).real(15.0, at_least=1.0) == 15.0


def test_a_clock_tells_the_simulated_time_and_how_long_to_wait_for_it():
    clock = Clock(Pace(60.0), opened=18 * HOUR, origin=1000.0)
    assert clock.time(1000.0) == 18 * HOUR
    assert clock.time(1060.0) == 19 * HOUR
    assert clock.until(19 * HOUR, 1000.0) == 60.0
    assert clock.until(17 * HOUR, 1000.0) == 0.0


def test_a_time_is_shown_as_on_a_clock():
    assert clock_face(18.5 * HOUR) == "18:30"
    assert clock_face(24.25 * HOUR) == "00:15"
