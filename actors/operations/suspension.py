"""An actor that an operator has suspended handles no message until it is resumed; all else of it goes on.

Its mailbox accepts up to its bound. Its parent, its children and watchers notice nothing: it can be stopped and
restarted, its children fail and restart, handlers in progress finish. What waits is handled in order when it is
resumed. It stays suspended through restarts on its host, and not when its host is lost.
"""

from typing import TYPE_CHECKING

from actors.cells.phase import Phase

if TYPE_CHECKING:
    from actors.cells.cell import Cell


def suspend(cell: "Cell") -> bool:
    """Handle no further message; False if that was so already, or the actor is stopping."""
    if cell.suspended or cell.phase > Phase.RUNNING:
        return False
    cell.suspended = True
    if cell.open:
        if not cell.idle:
            cell.host.take_turn_back(cell)
        cell.open = cell.idle = False
    return True


def resume(cell: "Cell") -> bool:
    """Go on; False if the actor was not suspended."""
    if not cell.suspended:
        return False
    cell.suspended = False
    cell.reopen()
    return True
