"""What can go wrong with Ray itself, as errors of the runtime."""

from actors.errors import UnderstudyError


class ClusterUnavailable(UnderstudyError, ConnectionError):
    """Ray could not be started or joined; the message says which address and why."""


class HostFailed(UnderstudyError):
    """A host process ended, or its entry raised, before it was ready; the message has its traceback."""


class DirectoryUnavailable(UnderstudyError, ConnectionError):
    """The directory did not answer within the deadline. The call may have run: repeat only what may run twice.

    `hangs`: it is there, as far as Ray knows, and yet says nothing.
    """

    def __init__(self, message: str, *, hangs: bool = False) -> None:
        super().__init__(message)
        self.hangs = hangs


class SeatLost(UnderstudyError):
    """This process cannot have the seat it was given: it came too late, and somebody else has it or will have it."""


class PayloadLost(UnderstudyError):
    """A payload in Ray's object store is gone, because the host that owned it died or let it go."""
