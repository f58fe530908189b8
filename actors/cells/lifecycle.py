"""How an incarnation starts, fails, ends and starts again: the steps in order, each within its budget.

Start: constructor, `on_start` (which fails when it has not finished within `spawn_timeout`). End: timers, handlers in
progress (they may finish within the stop budget, then are cancelled, then abandoned), children in reverse order,
`on_stop`, tasks left behind, promised replies, watches. A restart is an end, with the mailbox kept and the stash put
back, and a start (rules A6, A38, A40, A41). Where siblings restart together, each is halted between the two, until all
have ended (rule A11).

What has nothing to wait for is done at once, without a task: that is how 100,000 actors are spawned in a second.
"""

import asyncio
import inspect
import logging
from collections.abc import Coroutine, Iterable
from typing import TYPE_CHECKING, Any

from actors.cells.context import Context
from actors.cells.failing import abandon, cut, fail, suspend
from actors.cells.phase import Phase
from actors.errors import Failed, SpawnFailed, Stopped
from actors.mail.activity import Activity, FencedActivity, SideActivity, fence, running
from actors.mail.dead_letters import Reason
from actors.mail.mailbox import CLOSED
from actors.supervising.failure import packed
from actors.supervising.signals import (
    ChildEnded,
    ChildHalted,
    ChildStarted,
    EndReason,
    HaltChild,
    StartChild,
    StopReport,
)

if TYPE_CHECKING:
    from actors.cells.cell import Cell
    from actors.mail.envelope import Envelope

log = logging.getLogger("understudy.actor")


# ---- starting -------------------------------------------------------------------------------------------------------


def start(cell: "Cell", signal: StartChild) -> bool:
    """Start an incarnation; True when it runs already, else its parent is told by a signal."""
    cell.spec = signal.spec
    if signal.waits:  # as if the incarnation before had just been halted
        cell.incarnation = signal.incarnation - 1
        cell.failing = cell.halt = True
        return False
    cell.incarnation = signal.incarnation
    cell.failing = cell.halt = False
    cell.reason = None
    try:
        token = running.set(Activity(cell))
        try:
            hook = _construct(cell)
        finally:
            running.reset(token)
    except BaseException as error:
        _start_failed(cell, error)
        if isinstance(error, KeyboardInterrupt):
            raise
        return False
    if hook is not None:
        cell.host.work.beside(cell, _finish_start(cell, hook))
        return False
    cell.began = True
    if cell.phase > Phase.RUNNING or cell.failing:  # it stopped itself, or a child failed it
        return False
    _opened(cell)
    return True


def restart(cell: "Cell", signal: StartChild) -> None:
    """Start the next incarnation of a failed one; a repeat of a command that was heard already does nothing (A2)."""
    if signal.incarnation != cell.incarnation + 1 or cell.phase > Phase.RUNNING or cell.successor is not None:
        return
    if signal.waits or (cell.halt and cell.ending):
        return
    cell.successor = signal
    if cell.halt:
        cell.halt = False
        _begin_successor(cell, signal)
    else:
        _run(cell, _end(cell))


def _construct(cell: "Cell") -> Coroutine[Any, Any, Any] | None:
    spec = cell.spec
    actor = spec.actor_class.__new__(spec.actor_class)
    cell.actor = actor
    cell.context = Context(cell)
    # in the instance's own dictionary, where it hides the class's descriptor that says "spawn it"
    actor.context = cell.context  # type: ignore[assignment]
    args, kwargs = spec.arguments()
    spec.actor_class.__init__(actor, *args, **kwargs)
    if not cell.blueprint.on_start:
        return None
    hook = actor.on_start()
    return hook if inspect.iscoroutine(hook) else None


async def _finish_start(cell: "Cell", hook: Coroutine[Any, Any, Any]) -> None:
    incarnation = cell.incarnation
    late = cell.host.loop.call_later(cell.host.settings.spawn_timeout, _start_is_late, cell, incarnation, hook)
    try:
        await hook
    except GeneratorExit:  # the loop is gone
        raise
    except BaseException as error:
        if cell.phase > Phase.RUNNING or cell.ending or cell.incarnation != incarnation:
            raise  # the end of the incarnation has cancelled it
        if isinstance(error, asyncio.CancelledError):
            error = RuntimeError("on_start was cancelled")
        _start_failed(cell, error)
        if isinstance(error, KeyboardInterrupt):
            raise
    else:
        if cell.incarnation != incarnation or isinstance(running.get(), FencedActivity):
            return
        cell.began = True
        if cell.phase <= Phase.RUNNING and not cell.failing:
            _opened(cell)
            cell.host.signal(cell.parent, ChildStarted(cell.address, cell.incarnation))
    finally:
        late.cancel()


def _start_is_late(cell: "Cell", incarnation: int, hook: Coroutine[Any, Any, Any]) -> None:
    """`on_start` has taken its time: that is a failure, whoever awaits it; the end of the incarnation cancels it."""
    if cell.incarnation != incarnation or cell.began or cell.ending:
        return
    frame = getattr(hook, "cr_frame", None)
    where = f": on_start waits in line {frame.f_lineno} of {frame.f_code.co_filename}" if frame is not None else ""
    text = f"{cell.name} did not finish its start within {cell.host.settings.spawn_timeout:g} s{where}."
    _start_failed(cell, SpawnFailed(text))


def _start_failed(cell: "Cell", error: BaseException) -> None:
    fail(cell, packed(error))


def _opened(cell: "Cell") -> None:
    if cell.phase is Phase.STARTING:
        cell.phase = Phase.RUNNING
    cell.reopen()


# ---- ending ---------------------------------------------------------------------------------------------------------


def close(cell: "Cell") -> None:
    """Take no message any more: asks that wait hear Stopped, other messages become dead letters."""
    if cell.phase >= Phase.STOPPING:
        return
    cell.phase = Phase.STOPPING
    cell.open = cell.idle = False
    waiting = [*_set_aside(cell), *cell.mailbox.clear()]
    cell.mailbox = CLOSED
    cell.host.desk.ended(cell.address.number)
    for envelope in waiting:
        cell.give_up(envelope, Reason.STOPPED)


def stop(cell: "Cell", reason: EndReason) -> None:
    """End the address for good; its parent gets a report."""
    close(cell)
    if cell.stop_reason is None:
        cell.stop_reason = reason
        if cell.retry is not None:
            cell.retry.cancel()
            cell.retry = None
        if not cell.ending:  # else the steps that are being taken lead there
            _run(cell, _end(cell))


def halt(cell: "Cell", signal: HaltChild) -> None:
    """End the present incarnation, and wait for the start of the next; the parent hears when it has ended."""
    waited = cell.successor
    present = cell.incarnation if waited is None else waited.incarnation
    if signal.incarnation != present or cell.halt or cell.phase > Phase.RUNNING:
        return
    cell.halt = True
    if waited is None:
        if not cell.failing:
            suspend(cell, EndReason.SIBLING_ENDED)
        _run(cell, _end(cell))
    elif cell.retry is not None:  # it has ended, and was to start after its backoff
        cell.retry.cancel()
        cell.retry = None
        _halted(cell)


def _halted(cell: "Cell") -> None:
    if cell.successor is not None:  # an incarnation that never was
        cell.incarnation, cell.successor = cell.successor.incarnation, None
    cell.host.signal(cell.parent, ChildHalted(cell.address, cell.incarnation))


async def _end(cell: "Cell") -> None:
    """End the present incarnation, and then the address, or begin the next incarnation."""
    budget = cell.spec.stop_budget
    patience = cell.host.settings.stop_budget if budget is None else budget
    try:
        await _end_incarnation(cell, patience)
    except Exception:  # whatever it was, parent and watchers must not wait for ever
        log.exception("%s: a step of its end failed. Please report this as an error of the runtime.", cell.name)
    cell.ending = False
    if cell.stop_reason is not None:
        _ended(cell, cell.stop_reason)
    elif cell.halt:
        _halted(cell)
    elif cell.successor is not None:
        _begin_successor(cell, cell.successor)


def _ended(cell: "Cell", reason: EndReason) -> None:
    cell.phase = Phase.ENDED
    if cell.host.observer is not None:
        cell.host.observer.stopped(cell, reason)
    cell.actor = cell.context = None
    cell.ref.cell = None  # a cycle otherwise, which only the collector could take apart
    cell.host.forget(cell)
    report = cell.report + StopReport(stopped=1, abandoned=cell.abandoned)
    if reason is EndReason.HOST_LOST and cell.parent.seat != cell.host.seat:
        return  # its parent hears it from the table, and starts it again where its seat is then
    cell.host.signal(cell.parent, ChildEnded(cell.address, cell.incarnation, reason, report))


def _begin_successor(cell: "Cell", signal: StartChild) -> None:
    aside = _set_aside(cell)
    if aside:
        cell.mailbox.put_back(aside)
    cell.report = StopReport(abandoned=cell.report.abandoned)
    if signal.delay > 0:
        cell.retry = cell.host.loop.call_later(signal.delay, _start_successor, cell, signal)
    else:
        _start_successor(cell, signal)


def _start_successor(cell: "Cell", signal: StartChild) -> None:
    cell.retry = cell.successor = None
    cell.host.stats.restarts += 1
    if cell.host.observer is not None:
        cell.host.observer.restarted(cell, signal.incarnation)
    if start(cell, signal):
        cell.host.signal(cell.parent, ChildStarted(cell.address, cell.incarnation))


def _set_aside(cell: "Cell") -> "list[Envelope]":
    """What was taken from the mailbox and not handled, in the order it came: the stash, and what waits for readers."""
    stash, cell.stash = cell.stash, None
    held, cell.held = cell.held, None
    return [*(stash or ()), *((held,) if held is not None else ())]


async def _end_incarnation(cell: "Cell", patience: float) -> None:
    reason = cell.stop_reason or cell.reason or EndReason.FAILED
    parent = EndReason.PARENT_ENDED if reason.normal else EndReason.PARENT_FAILED
    cell.open = cell.idle = False
    cell.idle_limit = None
    cell.end_timers()
    cell.host.subscriptions.end_all(cell.address.number)
    if cell.activities:
        await _end_activities(cell, 0.0 if reason is EndReason.FAILED else patience)
    if cell.has_children:
        cell.report += await cell.children.stop_all(parent)
    if cell.blueprint.on_stop and cell.actor is not None and cell.began:
        await _run_on_stop(cell, patience)
    cell.began = False
    if cell.tasks:
        await _end_tasks(cell)
    cell.close_children()
    if cell.has_children:  # of on_stop, or of a task that was left behind
        cell.report += await cell.children.stop_all(parent)
    cell.drop_children()
    _break_promises(cell)
    cell.become(None)
    if cell.context is not None:
        cell.context.fence()
    cell.end_watches(reason)


async def _end_activities(cell: "Cell", patience: float) -> None:
    """Let the handlers finish, cancel what is left, and abandon what does not even listen to that."""
    for activity in cell.activities or ():
        if isinstance(activity, SideActivity) and activity.task is not None:
            activity.task.cancel()
    handlers = [it.task for it in cell.activities or () if it.task is not None and not isinstance(it, SideActivity)]
    if handlers and patience > 0:
        await asyncio.wait(handlers, timeout=patience)
    left = {it.task: it for it in cell.activities or () if it.task is not None}
    await _cancelled(cell, left.keys())
    for task, activity in left.items():
        if not task.done():
            abandon(cell, activity, "a handler")
            cell.host.work.abandon(task)
    for activity in list(cell.activities or ()):  # cancelled before its first step, so it never ran
        if activity.envelope is not None and not isinstance(activity, SideActivity):
            cut(cell, activity.envelope)
    cell.activities = None
    cell.readers = 0
    cell.alone = False


async def _end_tasks(cell: "Cell") -> None:
    tasks = dict(cell.tasks or {})
    await _cancelled(cell, tasks.keys())
    for task, activity in tasks.items():
        if not task.done():
            cell.abandoned = (*cell.abandoned, f"{cell.name} (a task it left behind)")
            fence(activity)
            cell.host.work.abandon(task)
    cell.tasks = None


async def _cancelled(cell: "Cell", tasks: "Iterable[asyncio.Future[Any]]") -> None:
    """Cancel these, and wait until they have ended, or for the time of grace."""
    left = [task for task in tasks if not task.done()]
    for task in left:
        task.cancel()
    if left:
        await asyncio.wait(left, timeout=cell.host.settings.cancel_grace)


async def _run_on_stop(cell: "Cell", patience: float) -> None:
    actor = cell.actor
    assert actor is not None  # the caller looked
    activity = cell.host.work.beside(cell, _on_stop(cell, actor.on_stop))
    task = activity.task
    assert task is not None  # made with it
    if not task.done():
        await asyncio.wait([task], timeout=patience)
    if not task.done():
        await _cancelled(cell, [task])
        cell.abandoned = (*cell.abandoned, f"{cell.name} (on_stop)")
        log.error("%s: on_stop did not finish within %g s.", cell.name, patience)
    if not task.done():
        fence(activity)
        cell.host.work.abandon(task)
    cell.activities = None


async def _on_stop(cell: "Cell", hook: Any) -> None:
    try:
        result = hook()
        if inspect.isawaitable(result):
            await result
    except (GeneratorExit, KeyboardInterrupt):
        raise
    except asyncio.CancelledError:
        log.warning("%s: on_stop was cancelled.", cell.name)
    except BaseException:
        log.exception("%s: on_stop failed.", cell.name)


def _break_promises(cell: "Cell") -> None:
    """Askers who were promised a reply for later hear that none will come (rule A31)."""
    in_hand, cell.in_hand = cell.in_hand, None
    for asker in in_hand or ():
        if cell.failing and cell.reason is EndReason.FAILED:
            asker.fail(Failed(f"{cell.name} failed before it gave the reply it had promised."))
        else:
            asker.fail(Stopped(f"{cell.name} stopped before it gave the reply it had promised.", ran="yes"))


def _run(cell: "Cell", steps: Coroutine[Any, Any, None]) -> None:
    """Take the steps of an end: at once where there is nothing to wait for."""
    cell.ending = True  # not in the steps, whose task may begin only after the next signal
    if cell.activities or cell.tasks or cell.blueprint.on_stop or cell.has_children:
        cell.host.work.start_system(steps)
        return
    try:
        steps.send(None)
    except StopIteration:
        return
    raise RuntimeError("A quiet end waited for something. Please report this as an error of the runtime.")
