"""Where a new actor is to live: a wish that is pure data, and the choice among hosts that are known.

Hosts that must be made for the wish (dedicated ones) or found by what their node has (labels) are the backend's affair.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from actors.errors import Unplaceable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from actors.directory import Seat
    from actors.ref import Ref


@dataclass(frozen=True, slots=True)
class Placement:
    """A wish. Make one with `anywhere()`, `spread()`, `here()`, `near(ref)`, `on_node(...)` or `dedicated(...)`."""

    kind: Literal["anywhere", "spread", "here", "near", "node", "dedicated"]
    near: "Ref[Any] | None" = None
    node: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    num_cpus: float = 0.0
    num_gpus: float = 0.0
    resources: Mapping[str, float] = field(default_factory=dict[str, float])


def anywhere() -> Placement:
    """The less loaded of two hosts drawn at random; never the driver."""
    return Placement("anywhere")


def spread() -> Placement:
    """The hosts in turn; never the driver."""
    return Placement("spread")


def here() -> Placement:
    """The host of whoever spawns: for a top-level actor the driver, for a child its parent's."""
    return Placement("here")


def near(ref: "Ref[Any]") -> Placement:
    """The host of another actor."""
    return Placement("near", near=ref)


def on_node(node: str | None = None, **labels: str) -> Placement:
    """A host on the node with this Ray node id, or on one whose Ray labels hold all of these."""
    if node is None and not labels:
        message = "on_node() needs a node id or labels, such as on_node(zone='a')."
        raise ValueError(message)
    return Placement("node", node=node, labels=labels)


def dedicated(
    *, num_cpus: float = 0.0, num_gpus: float = 0.0, resources: Mapping[str, float] | None = None
) -> Placement:
    """A host of its own, made for this actor with these Ray resources, and ended with it."""
    return Placement("dedicated", num_cpus=num_cpus, num_gpus=num_gpus, resources=resources or {})


class Placer(Protocol):
    """Finds or makes hosts for placements that the known table cannot serve: dedicated hosts, nodes without a host."""

    def must_make_room(self, placement: Placement) -> bool:
        """Whether no host of the known table will do."""
        ...

    async def make_room(self, placement: Placement) -> int:
        """The seat of a host for this placement; Unplaceable if there can be none."""
        ...


class Chooser:
    """Chooses among the seats that take anybody. Keeps a turn counter and what it has placed since the last table."""

    def __init__(self, random: "Random") -> None:
        self._random = random
        self._turn = 0
        self._placed: dict[int, int] = {}

    def refresh(self) -> None:
        """A new table came, whose loads include what was placed."""
        self._placed.clear()

    def fits_any(self, placement: Placement, seats: "Sequence[Seat]") -> bool:
        """Whether there is a seat for the wish."""
        return any(seat.takes_anybody and _fits(placement, seat) for seat in seats)

    def choose(self, placement: Placement, seats: "Sequence[Seat]", here: int) -> int:
        """The seat for a wish; Unplaceable, naming what is missing, if none of the seats will do."""
        if placement.kind == "here":
            return here
        if placement.kind == "near":
            assert placement.near is not None
            return placement.near.address.seat
        open_seats = [seat for seat in seats if seat.takes_anybody and _fits(placement, seat)]
        if not open_seats:
            raise Unplaceable(_missing(placement, seats))
        # what is sent to a vacant seat waits for its next host; only where there is no other is that worth it
        open_seats = [seat for seat in open_seats if not seat.vacant] or open_seats
        if placement.kind == "spread":
            self._turn += 1
            chosen = open_seats[self._turn % len(open_seats)]
        else:
            pair = self._random.sample(open_seats, min(2, len(open_seats)))
            chosen = min(pair, key=lambda seat: seat.load + self._placed.get(seat.number, 0))
        self._placed[chosen.number] = self._placed.get(chosen.number, 0) + 1
        return chosen.number


def _fits(placement: Placement, seat: "Seat") -> bool:
    if placement.kind != "node":
        return True
    if placement.node is not None and seat.node != placement.node:
        return False
    return all(seat.labels.get(key) == value for key, value in placement.labels.items())


def _missing(placement: Placement, seats: "Sequence[Seat]") -> str:
    if placement.kind == "node":
        wish = f"node {placement.node!r}" if placement.node else f"labels {dict(placement.labels)}"
        known = sorted({seat.node for seat in seats})
        return (
            f"No host is on a node with {wish}. Nodes with hosts: {known}. Start hosts there, or ask for another node."
        )
    return "The system has no host that takes actors. Wait for one to start, or place the actor with here()."
