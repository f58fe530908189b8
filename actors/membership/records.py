"""What the directory remembers of a seat: when the host that sits there was heard of, or who is to sit there next."""

from dataclasses import dataclass

from actors.membership.seats import Appointment, Heartbeat, HostState, Member, Seat, Version

SLOW = 0.1
"""Seconds of lag from which a host counts as slow."""


@dataclass(slots=True)
class Living:
    """A host that sits, and when it was heard of."""

    seat: Seat
    heard: float
    acted: Version
    """Of the newest table that it has acted on."""
    beat: Heartbeat

    def member(self, now: float, late: float) -> Member:
        """How it is at this moment; `late`: seconds of silence from which it counts as unreachable."""
        seat, beat, silence = self.seat, self.beat, now - self.heard
        if silence > late:
            state = HostState.UNREACHABLE
        elif beat.stalled:
            state = HostState.STALLED
        else:
            state = HostState.SLOW if beat.lag > SLOW else HostState.UP
        said = (beat.lag, beat.stalled, beat.stack)
        return Member(seat.number, seat.epoch, state, seat.node, seat.pid, seat.load, silence, *said)


@dataclass(slots=True)
class Vacancy:
    """A seat that waits for an heir."""

    seat: Seat
    version: Version
    """Of the first table that says so: every host must have acted on it before the seat is given away."""
    until: float
    """When its backoff has passed."""
    appointment: Appointment | None = None
    appointed_at: float = 0.0

    def member(self, now: float) -> Member:
        """The host that is dead."""
        seat, left = self.seat, max(0.0, self.until - now) if self.seat.withheld else 0.0
        return Member(seat.number, seat.epoch, HostState.DEAD, seat.node, withheld=left, deaths=seat.deaths)
