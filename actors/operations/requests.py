"""What operators' processes and hosts ask a host, root to root."""

from actors.messages.message import Request
from actors.operations.reports import ActorReport, HostReport, Inspection, Traced


class ListActors(Request[tuple[list[ActorReport], int]]):
    """A host's actors, so many at most, and how many there are."""

    limit: int


class FindActor(Request[list[ActorReport]]):
    """The actor of this path, if it lives on the host."""

    path: str


class InspectActor(Request[list[Inspection]]):
    """The inside of an actor; empty if it does not live on the host."""

    number: int


class SuspendActor(Request[bool]):
    """Handle no message until `ResumeActor`; False if it was so already."""

    number: int
    by: str
    """Who wants it so, for the log."""


class ResumeActor(Request[bool]):
    """Go on; False if it was not suspended."""

    number: int
    by: str


class TraceActor(Request[list[Traced]]):
    """What the actor has done since the last request of this trace, the first of which begins it.

    A trace ends when nobody has asked for some seconds.
    """

    number: int
    trace: int


class EndTrace(Request[None]):
    """Nobody will ask for this trace any more."""

    number: int
    trace: int


class ShowQuarantined(Request[list[str]]):
    """A message in quarantine as text, with stars for what is sensitive; empty if it is not there (any more)."""

    number: int


class LookClosely(Request[HostReport]):
    """The whole host, with its stacks."""


class LeaveSystem(Request[str]):
    """Finish what is there, stop all actors, and leave; the reply is empty, or says why the host may not leave."""

    by: str


OperationsRequest = (
    ListActors
    | FindActor
    | InspectActor
    | SuspendActor
    | ResumeActor
    | TraceActor
    | EndTrace
    | ShowQuarantined
    | LookClosely
    | LeaveSystem
)
