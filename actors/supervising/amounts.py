"""Amounts that users give for supervision are looked at once, where they are given: numbers, and sensible ones.

What is wrong is an error there that says what is allowed, not a child that waits for ever when it has failed. "Not a
number" compares as false with everything, so `fits` refuses it by itself.
"""

from collections.abc import Callable


def amount(given: str, value: object, allowed: str, fits: Callable[[float], bool]) -> None:
    """TypeError for what is no number, ValueError for one that does not fit; `given` is how the user has called it."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{given}={value!r}): give {allowed}.")
    if not fits(value):
        raise ValueError(f"{given}={value!r}): give {allowed}.")


def whole(given: str, value: object, allowed: str, least: int) -> None:
    """The same for a whole number."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{given}={value!r}): give {allowed}.")
    if value < least:
        raise ValueError(f"{given}={value!r}): give {allowed}.")
