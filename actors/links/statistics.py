"""What a host's links report of themselves: counts since the start, and readings of the moment."""

from collections.abc import Mapping
from dataclasses import dataclass

from actors.address import Sitting
from actors.links.events import LinkState
from actors.links.refusals import Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkStatistics:
    """One link. Times are in seconds, on the host's clock."""

    peer: Sitting
    state: LinkState
    reason: str
    """Why the link is not up, as far as known."""
    records_out: int
    """Put into frames; large records are not counted here."""
    records_in: int
    bytes_out: int
    """Written to connections, repeats and heartbeats included."""
    bytes_in: int
    unacked_bytes: int
    """Accepted by `send` and not yet acknowledged, `RECORD_COST` for each record included."""
    unacked_large_bytes: int
    connections: int
    """Connections so far; all but one are reconnects."""
    rtt: float | None
    offset: float | None
    """The peer's clock minus ours."""
    offset_error: float | None
    """The largest possible error of `offset`."""
    suspicion: float
    """Phi: minus the decimal logarithm of the chance that the peer is only late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinksStatistics:
    """All links of a host, and its listener."""

    links: tuple[LinkStatistics, ...]
    half_open: int
    """Accepted connections that have not proved the secret yet."""
    accepted: int
    """Connections accepted so far, on all endpoints."""
    refused: Mapping[Refusal, int]
    """Connections that this host refused or dropped, by reason."""
    refused_by_peers: Mapping[Refusal, int]
    """Refusals that peers told this host."""
    batches_decoded: int
    """Calls of the batch decoder. Without an authenticated connection this stays 0."""
