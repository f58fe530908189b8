"""What is running right now: which cell, on behalf of which envelope.

One context variable carries it. A `def` handler sees its host's turn activity, whose fields change with every message,
so that nothing is made per message; a coroutine outlives the turn and gets an activity of its own.
"""

from contextvars import ContextVar
from typing import TYPE_CHECKING

from actors.errors import Fenced

if TYPE_CHECKING:
    import asyncio
    from typing import Any

    from actors.cells.cell import Cell
    from actors.mail.envelope import Envelope


class Activity:
    """A cell at work on an envelope. `cell` is None outside every actor."""

    __slots__ = ("cell", "envelope", "task")

    def __init__(self, cell: "Cell | None" = None, envelope: "Envelope | None" = None) -> None:
        self.cell = cell
        self.envelope = envelope
        self.task: asyncio.Task[Any] | None = None


class SideActivity(Activity):
    """A cell at work beside its handlers: a hook, piped work, a task that a `def` handler left behind.

    Its envelope, if it has one, is that of the handler it began in: for the deadline. It owes nobody an answer.
    """

    __slots__ = ()


NOBODY = Activity()
"""Code outside every actor: the driver's main function, a test, a script. Never changed."""

running: ContextVar[Activity] = ContextVar("understudy_running", default=NOBODY)
"""The activity of the code that is running."""


shielded: ContextVar[bool] = ContextVar("understudy_shielded", default=False)
"""Whether the code that is running asks without regard to the deadline of the request that it handles (rule A30)."""


class FencedActivity(Activity):
    """A handler that was abandoned: whatever it tries is refused, because asking for its cell raises (rule A40).

    An activity is fenced by changing its class, so that live handlers pay nothing for the check.
    """

    __slots__ = ()

    @property
    def cell(self) -> "Cell | None":  # type: ignore[override]
        """Raises Fenced."""
        message = "This handler was abandoned when its actor stopped or restarted; it cannot act any more."
        raise Fenced(message)

    @cell.setter
    def cell(self, cell: "Cell | None") -> None:
        del cell


def fence(activity: Activity) -> None:
    """From now on, refuse whatever the code of this activity tries."""
    activity.__class__ = FencedActivity
