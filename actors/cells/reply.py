"""A reply that was promised for later: the duty to answer one asker, handed from a handler to whoever keeps it."""

from collections.abc import Callable
from threading import get_ident
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from actors.errors import Failed

if TYPE_CHECKING:
    from actors.cells.cell import Cell
    from actors.mail.envelope import Asker

R_contra = TypeVar("R_contra", contravariant=True)

SWEEP = 256
"""Whenever so many promises more are open, those are forgotten whose askers have given up."""


class Reply(Generic[R_contra]):
    """Answers one ask once: `reply = self.context.reply_later()`, and in a later handler `reply.reply(value)`.

    The first answer counts. If the incarnation that holds it ends first, the asker hears so at once.
    """

    __slots__ = ("_ask", "_cell", "deadline")

    def __init__(self, cell: "Cell", ask: "Asker | None", deadline: float | None) -> None:
        self._cell = cell
        self._ask = ask
        self.deadline = deadline
        """When the asker gives up, in seconds on the host's clock; None for never."""
        if ask is not None:
            if cell.in_hand is None:
                cell.in_hand = {}
            elif len(cell.in_hand) % SWEEP == 0:
                cell.in_hand = {other: None for other in cell.in_hand if not other.ended}
            cell.in_hand[ask] = None

    def reply(self, value: R_contra) -> None:
        """Answer with a value; nothing for a message that was no ask, or after the first answer. From any thread."""
        self._in_loop(self._reply, value)

    def fail(self, error: BaseException) -> None:
        """Answer with an error: the asker's ask raises Failed, caused by it. From any thread."""
        self._in_loop(self._fail, error)

    def _reply(self, value: Any) -> None:
        ask = self._taken()
        if ask is not None:
            ask.reply(value)  # too late for an asker who has his outcome, and then a dead letter

    def _fail(self, error: BaseException) -> None:
        ask = self._taken()
        if ask is not None:
            failed = Failed(
                f"{self._cell.name} answered with an error: {type(error).__name__}: {error}",
                type_name=type(error).__qualname__,
                text=str(error),
            )
            failed.__cause__ = error
            ask.fail(failed)

    def _taken(self) -> "Asker | None":
        ask, self._ask = self._ask, None
        if ask is not None and self._cell.in_hand is not None:
            self._cell.in_hand.pop(ask, None)
        return ask

    def _in_loop(self, function: Callable[[Any], None], argument: object) -> None:
        host = self._cell.host
        if get_ident() == host.thread:
            function(argument)
        else:
            host.loop.call_soon_threadsafe(function, argument)
