"""Why a connection was refused or dropped, and how often each reason occurred."""

from collections import Counter
from enum import StrEnum

from actors.errors import LinkRefused


class Refusal(StrEnum):
    """The reasons. Only the group in the middle is told to the peer, and only after it has proved the secret."""

    GARBAGE = "garbage"
    """Bytes that are no handshake, or a frame that is out of turn."""
    OVERSIZED = "oversized"
    """A length prefix beyond the limit."""
    SLOW = "slow"
    """The secret was not proved in time."""
    CROWDED = "crowded"
    """Too many connections without proof (the oldest goes), or too many peers."""
    SECRET = "secret"  # noqa: S105 - the name of a reason
    """The proof is wrong."""
    ENDED = "ended"
    """The peer left before the proof."""

    VERSION = "version"
    PYTHON = "python"
    SYSTEM = "system"
    SITTING = "sitting"
    """The dialler meant another host, which once listened here."""
    SUPERSEDED = "superseded"
    """The seat has a newer epoch."""
    GIVEN_UP = "given up"
    """There is a verdict on the peer."""
    LOST = "lost"
    """The session that the peer wants to go on with has ended here."""
    TIE = "tie"
    """The connection dialled by the lower epoch is preferred."""
    CLOSING = "closing"

    FRAME = "frame"
    """A bad frame from an authenticated peer."""

    @property
    def ends_the_session(self) -> bool:
        """Whether a peer that hears this need not try again with the same session."""
        return self in _FINAL


_FINAL = frozenset(
    (Refusal.VERSION, Refusal.PYTHON, Refusal.SYSTEM, Refusal.SUPERSEDED, Refusal.GIVEN_UP, Refusal.LOST)
)


class Refused(LinkRefused):
    """A handshake failed with this reason."""

    def __init__(self, reason: Refusal, text: str) -> None:
        super().__init__(text)
        self.reason = reason


class RefusedByPeer(Refused):
    """The peer refused, and proved that it may."""


class Refusals:
    """Counts refusals by reason, both those made by this host and those that it was told."""

    __slots__ = ("made", "told")

    def __init__(self) -> None:
        self.made: Counter[Refusal] = Counter()
        self.told: Counter[Refusal] = Counter()
