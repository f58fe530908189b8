"""How an incarnation fails, or stops itself to be started again: it handles no more, and its parent decides (A8).

Askers hear at once. What was cut short or abandoned is accounted for here as well.
"""

import asyncio
import logging
from typing import TYPE_CHECKING

from actors.cells import poison
from actors.cells.phase import Phase
from actors.errors import Cancelled, Failed, Stopped
from actors.mail.activity import Activity, FencedActivity, SideActivity, fence
from actors.mail.dead_letters import Reason
from actors.supervising.failure import outcome, packed
from actors.supervising.signals import Cause, ChildFailed, ChildFinished, EndReason, Failure, ResumeChild

if TYPE_CHECKING:
    from actors.cells.cell import Cell
    from actors.mail.envelope import Envelope

log = logging.getLogger("understudy.actor")


def raised(cell: "Cell", envelope: "Envelope", error: BaseException) -> None:
    """The handler of this envelope raised: its asker hears at once, and the parent decides (once per incarnation)."""
    if isinstance(error, asyncio.CancelledError):  # no failure: it was told to end, or awaited what was
        cut(cell, envelope)
        return
    failure = packed(error)
    charged = False
    retries = cell.blueprint.retries
    if retries is not None and cell.phase is Phase.RUNNING and not isinstance(error, KeyboardInterrupt):
        charged = poison.treat(cell, envelope, failure, retries)
    if envelope.ask is not None:
        ask, envelope.ask = envelope.ask, None
        ask.fail(outcome(failure, cell.name))
    if cell.phase is Phase.RUNNING and not cell.failing:
        fail(cell, failure, charged=charged)
    else:
        log.warning("%s failed while it stopped: %s", cell.name, error, extra={"actor": str(cell.address)})


def fail(cell: "Cell", failure: Failure, cause: Cause | None = None, *, charged: bool = False) -> None:
    """Handle no message any more, and wait for the parent's directive. `charged`: its budget has paid for it before."""
    if cell.failing or cell.phase > Phase.RUNNING:
        return
    suspend(cell, EndReason.FAILED)
    if cell.has_links:
        cell.links.failed(failure, cause)
    starting = not cell.began
    failed = ChildFailed(cell.address, cell.incarnation, failure, starting=starting, cause=cause, charged=charged)
    cell.host.signal(cell.parent, failed)


def finish(cell: "Cell") -> None:
    """A permanent actor stops itself: handle no message any more, and wait for the start of the next incarnation."""
    if not cell.failing and cell.phase <= Phase.RUNNING:
        suspend(cell, EndReason.STOPPED)
        cell.host.signal(cell.parent, ChildFinished(cell.address, cell.incarnation))


def suspend(cell: "Cell", reason: EndReason) -> None:
    """Handle no message any more in this incarnation, which ends for this reason unless it is resumed."""
    cell.failing = True
    cell.reason = reason
    cell.open = cell.idle = False


def resume(cell: "Cell", signal: ResumeChild) -> None:
    """Go on after a failure, as if it had not been."""
    if cell.failing and signal.incarnation == cell.incarnation and not cell.halt and cell.successor is None:
        cell.failing = False
        cell.reason = None
        cell.reopen()


def cut(cell: "Cell", envelope: "Envelope") -> None:
    """A handler was cancelled, or abandoned: its asker hears that it had begun."""
    ask, envelope.ask = envelope.ask, None
    if ask is None:
        sender = envelope.sender
        cell.host.dead_letters.add(envelope.message, cell.address, Reason.CUT, sender.ref if sender else None)
    elif cell.failing and cell.reason is EndReason.FAILED:
        ask.fail(Failed(f"{cell.name} failed for another reason while it handled the request, and was cut short."))
    elif cell.failing or cell.phase is Phase.STOPPING:
        ask.fail(Stopped(f"{cell.name} stopped while it handled the request.", ran="yes"))
    else:
        ask.fail(Cancelled(f"The handler of {cell.name} was cancelled while it handled the request."))


def abandon(cell: "Cell", activity: Activity, what: str) -> None:
    """Give up what does not end when it is cancelled: it can act no more (rule A40), and the report names it."""
    if isinstance(activity, FencedActivity):
        return
    if cell.activities is not None:
        cell.activities.pop(activity, None)
    if activity.envelope is not None and not isinstance(activity, SideActivity):
        cut(cell, activity.envelope)
    fence(activity)
    cell.abandoned = (*cell.abandoned, f"{cell.name} ({what})")
    log.error("%s: %s did not end when it was cancelled, and was abandoned.", cell.name, what)
