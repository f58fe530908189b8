"""What an incarnation has besides its actor: children, timers, watches, links, tasks; each made when it is needed.

An idle actor has none of them, and pays a word of memory for each.
"""

from typing import TYPE_CHECKING, Any, cast

from actors.address import spelled
from actors.cells.peer_links import PeerLinks
from actors.cells.timers import Timers
from actors.cells.watches import Watches
from actors.supervising.children import Children

if TYPE_CHECKING:
    import asyncio

    from actors.address import Sitting
    from actors.cells.cell import Cell
    from actors.mail.activity import Activity
    from actors.supervising.signals import EndReason


class Belongings:
    """The part of a cell that ends with each incarnation."""

    __slots__ = ("_children", "_links", "_timers", "_watches", "activities", "tasks")

    def __init__(self) -> None:
        self._children: Children | None = None
        self._timers: Timers | None = None
        self._watches: Watches | None = None
        self._links: PeerLinks | None = None
        self.activities: dict[Activity, None] | None = None  # in the order in which they began
        """What the runtime runs for this incarnation in tasks: handlers that wait, hooks, piped work."""
        self.tasks: dict[asyncio.Future[Any], Activity] | None = None
        """Tasks that the actor's own code has created, and what they were created in."""

    @property
    def children(self) -> Children:
        """The children of this incarnation."""
        if self._children is None:
            cell = self._cell
            self._children = Children(cell, cell.blueprint.supervision)
        return self._children

    @property
    def stem(self) -> str:
        """What the paths of children begin with: the path, or for an actor without a name its class and number."""
        cell = self._cell
        return cell.path or f"/{cell.spec.actor_class.__name__}#{spelled(cell.address.number)}"

    @property
    def timers(self) -> Timers:
        """The timers of this incarnation."""
        if self._timers is None:
            self._timers = Timers(self._cell)
        return self._timers

    @property
    def watches(self) -> Watches:
        """Whom this incarnation watches, and who watches it."""
        if self._watches is None:
            self._watches = Watches(self._cell)
        return self._watches

    @property
    def links(self) -> PeerLinks:
        """The actors that this incarnation is linked to."""
        if self._links is None:
            self._links = PeerLinks(self._cell)
        return self._links

    @property
    def has_links(self) -> bool:
        """Whether it is, or was, linked to anybody."""
        return self._links is not None

    @property
    def has_children(self) -> bool:
        """Whether any child of this incarnation lives."""
        return self._children is not None and len(self._children) > 0

    def left_behind(self, task: "asyncio.Future[Any]", activity: "Activity") -> None:
        """Adopt a task that the actor's code created: it is to end with the incarnation."""
        if self.tasks is None:
            self.tasks = {}
        self.tasks[task] = activity
        task.add_done_callback(self._forget_task)

    def close_children(self) -> None:
        """No child is started for this incarnation any more."""
        if self._children is not None:
            self._children.close()

    def drop_children(self) -> None:
        """Forget the ended children of an ended incarnation; the next one begins with none (rule A6)."""
        self._children = None

    def end_timers(self) -> None:
        """End all timers of this incarnation."""
        if self._timers is not None:
            self._timers.cancel_all()
            self._timers = None

    def end_watches(self, reason: "EndReason") -> None:
        """End all watches and links of this incarnation, in both directions."""
        if self._watches is not None:
            watches, self._watches = self._watches, None
            watches.end(reason)
        if self._links is not None:
            links, self._links = self._links, None
            links.end(reason)

    def seat_lost(self, sitting: "Sitting", *, gone: bool) -> "Children | None":
        """A sitting has ended: incarnations there that this one watches, is linked to, or is the parent of, ended too.

        `gone`: nobody will sit there again. Returns the children, if any.
        """
        if self._watches is not None:
            self._watches.seat_lost(sitting)
        if self._links is not None:
            self._links.seat_lost(sitting.seat)
        if self._children is not None:
            self._children.seat_lost(sitting.seat, gone=gone)
        return self._children

    @property
    def _cell(self) -> "Cell":
        return cast("Cell", self)

    def _forget_task(self, task: "asyncio.Future[Any]") -> None:
        if self.tasks is not None:
            self.tasks.pop(task, None)
