"""What links tell their host."""

from enum import StrEnum
from typing import Protocol

from actors.address import Sitting


class LinkState(StrEnum):
    """The last two are final; a link in one of them takes no records."""

    CONNECTING = "connecting"
    """Never connected so far, and no attempt has failed yet."""
    UP = "up"
    UNREACHABLE = "unreachable"
    """No connection. That proves nothing about the peer (rule A15): records wait, and the link dials again."""
    CLOSED = "closed"
    """One side said goodbye."""
    GIVEN_UP = "given up"
    """The session cannot continue: a verdict, a newer epoch on the seat, a refusal, or the peer lost the session."""

    @property
    def final(self) -> bool:
        """Whether the session has ended."""
        return self in (LinkState.CLOSED, LinkState.GIVEN_UP)


class LinkEvents(Protocol):
    """Called on the host's loop. An exception goes to the loop's exception handler, and the link goes on.

    For one session the order is: `link_state` any number of times with records between, then `link_state` with a final
    state, then `link_large_given_up` if it has anything to say, then `link_given_up`, once, and nothing more.
    """

    def link_received(self, peer: Sitting, records: list[bytes]) -> None:
        """The next records, in order, each once."""
        ...

    def link_received_large(self, peer: Sitting, stream: int, record: bytearray) -> None:
        """A large record is complete. Small records that were sent after it may have come before."""
        ...

    def link_state(self, peer: Sitting, state: LinkState) -> None:
        """The state has changed."""
        ...

    def link_large_given_up(self, peer: Sitting, unacked: list[int], never_sent: list[int]) -> None:
        """The session has ended with these streams not acknowledged; called only if there are any."""
        ...

    def link_given_up(self, peer: Sitting, unacked: list[bytes], never_sent: list[bytes]) -> None:
        """The session has ended: records that may have arrived, and records that certainly have not; often none."""
        ...
