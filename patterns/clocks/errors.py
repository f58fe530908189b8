"""What a clock does not take."""

from actors import UnderstudyError


class BadStamp(UnderstudyError, ValueError):
    """A stamp that no clock can have given, or that is too far ahead; the clock that was shown it is unchanged."""
