"""Messages wait at four fixed levels; within one sender and level the order is first in, first out (rule A35)."""

from enum import IntEnum


class Priority(IntEnum):
    """The level at which a message waits; a smaller number is served first.

    Every message waits at NORMAL unless its handler (`@call(priority=...)`, `@receive(priority=...)`) or its class
    (`__priority__ = Priority.HIGH`) says otherwise. No level starves: each is served at least once in 16 turns.
    """

    URGENT = 0
    HIGH = 1
    NORMAL = 2
    LOW = 3
