"""How far the life of an address has come."""

from enum import IntEnum


class Phase(IntEnum):
    """How far the life of an address has come; it only moves forward."""

    STARTING = 0
    RUNNING = 1
    STOPPING = 2
    ENDED = 3
