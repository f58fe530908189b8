"""The tasks and threads of one host: handlers that wait, handlers that block, what they leave behind, and own steps.

A task that an actor's code creates belongs to the actor's incarnation and ends with it: the loop's task factory tells.
"""

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable, Coroutine, Generator
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import Context as Variables
from contextvars import copy_context
from functools import partial
from threading import get_ident
from typing import TYPE_CHECKING, Any, TypeVar

from actors.cells.threads import Threads
from actors.mail.activity import Activity, FencedActivity, SideActivity, running, shielded

if TYPE_CHECKING:
    from actors.cells.cell import Cell
    from actors.host import Host
    from actors.mail.envelope import Envelope

log = logging.getLogger("understudy.host")

Result = TypeVar("Result")

EAGERLY: dict[str, Any] = {"eager_start": True} if sys.version_info >= (3, 12) else {}
"""A handler that never waits is done within its turn, where Python can start a task at once: half the cost."""


class Work:
    """Starts tasks in the right context and keeps them until they end."""

    def __init__(self, host: "Host", variables: Variables) -> None:
        self._host = host
        self._variables = variables
        self._system: dict[asyncio.Task[Any], None] = {}
        self._threads: Threads | None = None
        # Straight from the class: the loop's own `create_task` would ask the factory, which is for users' tasks. The
        # name is given because making up a numbered one costs more than the rest.
        self._kind: type[asyncio.Task[Any]] = asyncio.Task
        self._task: Callable[..., asyncio.Task[Any]] = partial(asyncio.Task, loop=host.loop, name="actor", **EAGERLY)
        self._previous_factory: Any = host.loop.get_task_factory()
        self._factory: Any = self._adopting
        host.loop.set_task_factory(self._factory)
        self.abandoned_tasks: set[asyncio.Future[Any]] = set()
        self.leave: Callable[[], None] | None = None
        """Begins to leave the seat to a new process, where there can be one."""
        self._given_up = False
        self._in_threads: dict[int, Activity] = {}
        """Blocking handlers, by the thread that each is in."""
        self.awaiting: dict[Activity, asyncio.Task[Any]] = {}
        """Those whose thread waits for the answer to an ask, and the task that awaits it."""

    def use(self, kind: type[asyncio.Task[Any]]) -> None:
        """Make tasks of this kind. They begin in a turn of their own, in every version of Python."""
        self._kind = kind
        self._task = partial(kind, loop=self._host.loop, name="actor")

    @property
    def abandoned_threads(self) -> int:
        """Threads whose handler was given up and that have not returned yet."""
        return self._threads.abandoned if self._threads is not None else 0

    def perform(self, cell: "Cell", envelope: "Envelope", work: Awaitable[Any], *, interleaved: bool) -> None:
        """Run a handler that may wait, alone or interleaved (A42). Called in the cell's turn: copies its variables."""
        activity = Activity(cell, envelope)
        if cell.activities is None:
            cell.activities = {}
        cell.activities[activity] = None
        if interleaved:
            cell.readers += 1
            cell.direct = False
        else:
            cell.alone = True
            cell.open = False
        task = self._task(_handled(cell, activity, work, interleaved))
        if not EAGERLY or not task.done():
            activity.task = task

    def beside(self, cell: "Cell", steps: Coroutine[Any, Any, Any], envelope: "Envelope | None" = None) -> Activity:
        """Run something of an actor beside its handlers, for as long as the incarnation lasts: a hook, piped work."""
        activity = SideActivity(cell, envelope)
        variables = (cell.variables or self._variables).copy()
        variables.run(running.set, activity)
        if shielded.get():
            variables.run(shielded.set, True)  # noqa: FBT003 - the value is the bool
        if cell.activities is None:
            cell.activities = {}
        cell.activities[activity] = None
        task = activity.task = self._task(steps, context=variables)
        activities = cell.activities
        if task.done():
            activities.pop(activity, None)
        else:
            task.add_done_callback(lambda _: activities.pop(activity, None))
        return activity

    def start_system(self, steps: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run a step of the runtime; what it raises is logged."""
        task = self.start_apart(steps)
        self._system[task] = None
        task.add_done_callback(self._system_done)
        return task

    def start_apart(self, steps: Coroutine[Any, Any, Result]) -> asyncio.Task[Result]:
        """Run a step of the runtime for whoever awaits it. It belongs to no actor, so it ends with none."""
        return self._kind(steps, loop=self._host.loop, context=self._variables.copy())

    async def in_thread(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Run a blocking handler in a thread, and wait for it. Cancelled, the thread is abandoned and counted."""
        if self._threads is None:
            self._threads = Threads(self._host.settings.blocking_threads)
        activity = running.get()
        work = partial(copy_context().run, self._in_this_thread, activity, function, *arguments)
        outcome: Future[Any] = self._threads.submit(work)
        try:
            return await asyncio.wrap_future(outcome, loop=self._host.loop)
        except asyncio.CancelledError:
            if not outcome.cancel() and not outcome.done():  # it has begun, and nothing can stop it
                self._threads.abandon(outcome)
                if activity.cell is not None:
                    activity.cell.abandon(activity, "a blocking handler")
                self._look_at_abandoned()
            raise

    def _look_at_abandoned(self) -> None:
        """Beyond the limit the process is given up, once: nothing but its end ends the threads (rule A40)."""
        limit, found = self._host.settings.abandoned_limit, self.abandoned_threads
        if self._given_up or not 0 < limit < found:
            return
        self._given_up = True
        why = f"{found} of its threads are in handlers that were abandoned, more than {limit} (abandoned_limit)"
        if self.leave is None:
            log.error("%s goes on, though %s: it has nobody to leave its seat to. Restart it.", self._host.sitting, why)
            return
        log.error("%s drains, and leaves its seat to a new process: %s.", self._host.sitting, why)
        self.leave()

    def _in_this_thread(self, activity: Activity, function: Callable[..., Any], *arguments: Any) -> Any:
        self._in_threads[get_ident()] = activity
        try:
            return function(*arguments)
        finally:
            del self._in_threads[get_ident()]

    @contextmanager
    def awaiting_for(self, thread: int) -> Generator[None]:
        """This task awaits an ask, and a thread waits for this task: a blocking handler's, if it is one."""
        activity = self._in_threads.get(thread)
        task = asyncio.current_task()
        if activity is None or task is None:
            yield
            return
        self.awaiting[activity] = task
        try:
            yield
        finally:
            del self.awaiting[activity]

    def abandon(self, task: asyncio.Future[Any]) -> None:
        """Keep a task that does not listen to its cancelling, so that it is not destroyed while it runs."""
        self.abandoned_tasks.add(task)
        task.add_done_callback(self._abandoned_done)

    async def close(self) -> None:
        """Cancel the runtime's own steps and let the threads go; an abandoned thread does not keep the process."""
        loop = self._host.loop
        this = asyncio.current_task()
        left = [task for task in self._system if task is not this]
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left, timeout=self._host.settings.cancel_grace)
        if self._threads is not None:
            self._threads.close()
        if loop.get_task_factory() is self._factory:  # else another was put over it, and goes on using this one
            loop.set_task_factory(self._previous_factory)

    def _adopting(
        self, loop: asyncio.AbstractEventLoop, steps: Coroutine[Any, Any, Any], **options: Any
    ) -> "asyncio.Future[Any]":
        """The loop's task factory: a task that an actor's code creates is the actor's."""
        host, activity = self._host, running.get()
        mine = not isinstance(activity, FencedActivity) and activity.cell is not None and activity.cell.host is host
        if mine and activity is host.turn_activity:  # which speaks of another actor by the time the task runs
            activity = SideActivity(activity.cell, activity.envelope)
            options["context"] = options.get("context") or copy_context()
            options["context"].run(running.set, activity)
        if self._previous_factory is not None:
            task = self._previous_factory(loop, steps, **options)
        else:
            task = asyncio.Task(steps, loop=loop, **options)
        if mine and activity.cell is not None and not task.done():
            activity.cell.left_behind(task, activity)
        return task

    def _abandoned_done(self, task: asyncio.Future[Any]) -> None:
        self.abandoned_tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("An abandoned handler ended with %s.", type(error).__qualname__)

    def _system_done(self, task: asyncio.Task[Any]) -> None:
        self._system.pop(task, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("A step of the runtime failed. Please report this as an error.", exc_info=error)


async def _handled(cell: "Cell", activity: Activity, work: Awaitable[Any], interleaved: bool) -> None:  # noqa: FBT001
    """A handler to its end. One that was abandoned has been accounted for already: its end counts no more."""
    running.set(activity)
    envelope = activity.envelope
    assert envelope is not None  # made with it
    try:
        result = await work
    except GeneratorExit:  # the loop is gone, and the system with it
        raise
    except BaseException as error:
        if cell.leave(activity, interleaved):
            cell.raised(envelope, error)
        if isinstance(error, asyncio.CancelledError | KeyboardInterrupt):
            raise
    else:
        if cell.leave(activity, interleaved) and envelope.ask is not None:
            envelope.ask.reply(result)
