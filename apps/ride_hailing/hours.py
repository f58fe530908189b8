"""What an hour of the day means: how fast taxis drive, and how large a share of the day's trips begin in it.

Both rows are medians and counts over 17,160 yellow-cab trips of February 2019 and January 2020 that start and end in
Manhattan, a sample of the NYC Taxi & Limousine Commission's trip records: 24.1 km/h at 05 h and 13.4 to 13.9 from 08 to
18 h; 0.5 % of the trips at 04 h and 7.1 % at 18 h.
"""

from apps.ride_hailing.pace import HOUR

SPEEDS = (
    *(20.0, 20.1, 20.8, 22.6, 22.6, 24.1, 22.0, 16.7),
    *(13.4, 13.8, 13.8, 13.7, 13.6, 13.8, 13.8, 13.6),
    *(13.7, 13.5, 13.9, 14.9, 16.3, 17.4, 17.7, 18.6),
)
"""Median speed of a trip that begins in the hour, km/h."""

SHARES = (
    *(0.026, 0.018, 0.013, 0.010, 0.005, 0.007, 0.018, 0.039),
    *(0.048, 0.049, 0.049, 0.052, 0.055, 0.058, 0.058, 0.054),
    *(0.054, 0.064, 0.071, 0.066, 0.054, 0.053, 0.046, 0.033),
)
"""Share of the day's trips that begin in the hour; they add up to 1."""


def hour_of(at: float) -> int:
    """The hour of the day, 0 to 23, of a simulated time in seconds after some midnight."""
    return int(at // HOUR) % 24


def speed(at: float) -> float:
    """Metres per second of a car that sets off at simulated time `at`."""
    return SPEEDS[hour_of(at)] / 3.6


def share(at: float) -> float:
    """The share of a day's trips that begin in the hour of `at`."""
    return SHARES[hour_of(at)]
