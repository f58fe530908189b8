"""A live actor: its mailbox, the loop that handles its messages, and the flags by which the system speaks to it.

The loop is `turn`: take an envelope, handle it, until the mailbox is empty or the turn is used up. A `def` handler runs
right there. Any other handler becomes a task, and the cell waits (or, for interleaved handlers, goes on with further
interleaved ones: the rule of readers and writer, A42). Nothing here waits: starts and ends are in `lifecycle`.
"""

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any

from actors.address import Address
from actors.cells import failing, lifecycle, refusing
from actors.cells.belongings import Belongings
from actors.cells.blueprint import Blueprint
from actors.cells.context import Context
from actors.cells.phase import Phase
from actors.mail.activity import Activity
from actors.mail.dead_letters import Reason
from actors.mail.envelope import Asker, Envelope
from actors.mail.mailbox import CLOSED, Mailbox
from actors.mail.shedding_mailbox import SheddingMailbox
from actors.ref import Ref
from actors.supervising.failure import packed
from actors.supervising.signals import (
    Ended,
    EndReason,
    HaltChild,
    OfChild,
    OfPeer,
    Probe,
    ResumeChild,
    Signal,
    StartChild,
    StopChild,
    StopReport,
    Unwatch,
    Watch,
)
from actors.supervising.supervision import Restart

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextvars import Context as Variables

    from actors.actor import Actor
    from actors.host import Host
    from actors.messages.handlers import Handler
    from actors.supervising.signals import Spec


class Cell(Belongings):
    """One address that lives on this host, through all its incarnations."""

    # fmt: off
    __slots__ = (
        "abandoned", "active_at", "actor", "alone", "began", "behaviour", "blueprint", "context", "direct", "ending",
        "failing", "halt", "handled", "handlers", "held", "host", "idle", "idle_limit", "in_hand", "incarnation",
        "mailbox", "open", "parent", "path", "phase", "readers", "reason", "ref", "report", "retry", "spec", "stash",
        "stop_reason", "successor", "suspended", "variables",
    )
    # fmt: on
    failed_by = b""
    """The header of the message that it failed at last, where an instrument gave it one."""
    stopped_by = b""
    """The header of the message in whose handling it stopped itself, likewise."""

    def __init__(self, host: "Host", address: Address, spec: "Spec", parent: Address, path: str) -> None:  # noqa: PLR0915 - a field is a statement
        super().__init__()
        self.host = host
        self.ref: Ref[Any] = Ref(address, host.delivery, None if host.settings.copy_messages else self)
        self.spec = spec
        self.parent = parent
        self.path = path
        self.blueprint = blueprint = Blueprint.of(spec.actor_class)
        self.handlers = blueprint.table.handlers
        options = blueprint.mailbox
        bound = options.bound or host.settings.mailbox_bound
        if options.shedding is None:
            self.mailbox = Mailbox(bound, options.overflow, several=blueprint.several_lanes)
        else:
            self.mailbox = SheddingMailbox(bound, options.overflow, options.shedding, host.clock)
        self.actor: Actor | None = None
        self.context: Context | None = None
        self.phase = Phase.STARTING
        self.incarnation = 0
        self.handled = 0
        """Messages whose handling has begun, in all incarnations."""
        self.open = False
        """Whether the next message may be handled: running, not failing, and no ordinary handler in progress."""
        self.idle = False
        """Open, and not in the host's queue of ready cells: the next message must put it there."""
        self.failing = False
        """Failed, or halted, and waiting for its parent's directive."""
        self.suspended = False
        """Whether an operator wants it to handle nothing."""
        self.halt = False
        """Whether the incarnation is to end, or has, and the next is to wait for its start."""
        self.reason: EndReason | None = None
        """Why the incarnation is to end, if it is not resumed; None while it is not."""
        self.began = False
        """Whether `on_start` of this incarnation has finished, so that `on_stop` is owed."""
        self.ending = False
        """Whether the steps that end an incarnation are being taken."""
        self.stop_reason: EndReason | None = None
        """Why the address is to end for good; None while it is not."""
        self.successor: StartChild | None = None
        """The start of the next incarnation, from when it was commanded until it is done."""
        self.retry: asyncio.TimerHandle | None = None
        """The wait before that start."""
        self.idle_limit: float | None = None
        """Seconds without a message after which a ReceiveTimeout comes."""
        self.active_at = 0.0
        """When the last turn began, in seconds on the host's clock; kept only while `idle_limit` is set."""
        self.alone = False
        """Whether an ordinary handler is in progress that waits for something."""
        self.readers = 0
        """Interleaved handlers in progress."""
        self.direct = True
        """Whether a `def` handler runs where its message is taken: no readers, and not become something else."""
        self.held: Envelope | None = None
        """An ordinary message that waits for the readers to finish."""
        self.behaviour: Callable[[Any], Any] | None = None
        """What the actor has become; None for its declared handlers."""
        self.abandoned: tuple[str, ...] = ()
        """What did not end when it was cancelled, in all incarnations, by name: for the report of the stop."""
        self.report = StopReport()
        """What the ends of children have said, in all incarnations."""
        self.stash: deque[Envelope] | None = None
        self.in_hand: dict[Asker, None] | None = None
        """Askers to whom a reply was promised for later."""
        self.variables: Variables | None = None

    @property
    def address(self) -> Address:
        """Its address."""
        return self.ref.address

    @property
    def name(self) -> str:
        """How logs and errors speak of it: its path, or its class and address."""
        return self.path or f"{self.spec.actor_class.__name__} {self.address}"

    # ---- messages in ------------------------------------------------------------------------------------------------

    def handler_for(self, message: object) -> "Handler | None":
        """The handler of a message, by its class or a base of it; TypeError, naming those there are, if none."""
        handler = self.blueprint.table.find(message.__class__)
        if handler is None and self.behaviour is None:
            raise self.blueprint.table.unknown(message)
        return handler

    def accept(self, envelope: Envelope) -> None:
        """Queue one envelope, and see to it that the cell gets a turn."""
        mailbox = self.mailbox
        queue = mailbox.queue
        if queue is not None and not mailbox.special and len(queue) < mailbox.bound:  # as `put` does, without a call
            queue.append(envelope)
        else:
            lost = mailbox.put(envelope)
            if lost is not None:
                refusing.no_room(self, lost, envelope)
        if self.idle:
            self.idle = False
            self.host.wake(self)

    arrive = accept
    """The same for an envelope from another host; where an instrument watches, they differ."""

    def arrive_headed(self, envelope: Envelope, header: bytes) -> None:
        """The same with what an instrument of another host said; here is none to read it."""
        del header
        if envelope.accepted is not None:
            self.accept_send(envelope)
        else:
            self.accept(envelope)

    def accept_send(self, envelope: Envelope) -> None:
        """Queue the envelope of a `send`: whoever waits hears when there was room for it (rule A32)."""
        accepted = envelope.accepted
        assert accepted is not None  # that is what makes it a send
        lost = self.mailbox.put(envelope)
        if lost is not envelope:
            envelope.accepted = None
            accepted.reply(None)
        if lost is not None:
            refusing.no_room(self, lost, envelope)
        if self.idle:
            self.idle = False
            self.host.wake(self)

    def accept_exempt(self, envelope: Envelope) -> None:
        """Queue what needs no room: Terminated, a tick, a piped result. A stopped actor gets none."""
        if self.mailbox is not CLOSED:
            self.mailbox.put_exempt(envelope)
            if self.idle:
                self.idle = False
                self.host.wake(self)

    def give_up(self, envelope: Envelope, reason: Reason) -> None:
        """End what waits for this envelope; a message nobody waits for becomes a dead letter."""
        refusing.give_up(self, envelope, reason)

    # ---- the loop ---------------------------------------------------------------------------------------------------

    def turn(self) -> None:  # noqa: C901, PLR0912 - the hot path: calls would cost more than the work
        """Handle what waits, at most `turn_messages` messages, so that no actor keeps the others waiting."""
        host = self.host
        activity = host.turn_activity
        activity.cell = self
        left = host.turn_messages
        if self.idle_limit is not None:
            self.active_at = host.clock()
        mailbox = self.mailbox
        try:
            if self.held is not None and self.open:
                held, self.held = self.held, None
                self._handle(held)
            while left and self.open:
                queue = mailbox.queue
                if queue and not mailbox.special:  # what `take` would do, without a call
                    envelope = queue.popleft()
                else:
                    taken = mailbox.take()
                    if taken is None:
                        self.idle = True
                        break
                    envelope = taken
                left -= 1
                handler = envelope.handler
                if not self.direct or handler is None or not handler.plain or envelope.tick is not None:
                    self._handle(envelope)
                    continue
                deadline = envelope.deadline
                if deadline is not None and host.clock() >= deadline:
                    self.give_up(envelope, Reason.EXPIRED)
                    continue
                activity.envelope = envelope
                try:
                    result = handler.invoke(self.actor, envelope.message)
                except BaseException as error:
                    self.raised(envelope, error)
                    if isinstance(error, KeyboardInterrupt):
                        raise
                else:
                    ask = envelope.ask
                    if ask is not None:
                        ask.reply(result)
        finally:
            self.handled += host.turn_messages - left
            activity.cell = activity.envelope = None
            if self.open and not self.idle:
                host.wake(self)

    def _handle(self, envelope: Envelope) -> None:  # noqa: C901, PLR0911, PLR0912 - one branch for each way
        """Handle one message in another way than `turn`: in a task, by a behaviour, a tick, beside interleaved ones."""
        handler, behaviour = envelope.handler, self.behaviour
        interleaved = handler is not None and handler.interleaved and behaviour is None
        if self.readers and not interleaved:
            self.held = envelope
            self.open = False
            return
        deadline = envelope.deadline
        if deadline is not None:
            if envelope.tick is not None:
                if not envelope.tick.taken():
                    return
            elif self.host.clock() >= deadline:
                self.give_up(envelope, Reason.EXPIRED)
                return
        self.host.turn_activity.envelope = envelope
        try:
            if behaviour is not None:
                result = behaviour(envelope.message)
                if asyncio.iscoroutine(result):
                    self.host.work.perform(self, envelope, result, interleaved=False)
                    return
            elif handler is None:
                self.give_up(envelope, Reason.NOT_HANDLED)
                return
            elif handler.is_async or handler.plain:
                result = handler.invoke(self.actor, envelope.message)
                if not handler.plain:
                    self.host.work.perform(self, envelope, result, interleaved=interleaved)
                    return
            else:
                self.host.work.perform(self, envelope, self._begun(handler, envelope), interleaved=interleaved)
                return
        except BaseException as error:
            self.raised(envelope, error)
            if isinstance(error, KeyboardInterrupt):
                raise
            return
        if envelope.ask is not None:
            envelope.ask.reply(result)

    def _begun(self, handler: "Handler", envelope: Envelope) -> "Awaitable[Any]":
        if handler.blocking:
            return self.host.work.in_thread(handler.invoke, self.actor, envelope.message)
        made: Any = handler.invoke(self.actor, envelope.message)
        return self.host.streams.run(made, envelope) if handler.streams else made

    def leave(self, activity: Activity, interleaved: bool) -> bool:  # noqa: FBT001
        """A handler has ended: go on. False for one that was abandoned, whose result must not count."""
        activities = self.activities
        if activities is None or activity not in activities:
            return False
        del activities[activity]
        activity.task = None  # a cycle otherwise, by the task's context, that would keep the message
        if interleaved:
            self.readers -= 1
            self.direct = not self.readers and self.behaviour is None
        else:
            self.alone = False
        self.reopen()
        return True

    def reopen(self) -> None:
        """Let the next message be handled, unless something still forbids it."""
        if self.open or self.alone or self.failing or self.suspended or self.phase is not Phase.RUNNING:
            return
        if self.held is not None:
            if self.readers:
                return
        elif not self.mailbox.queue and not self.mailbox.special and self.host.turn_activity.cell is not self:
            self.open = self.idle = True
            return
        self.open = True
        if self.host.turn_activity.cell is not self:  # else its turn just goes on
            self.host.wake(self)

    def become(self, behaviour: "Callable[[Any], Any] | None") -> None:
        """Give every further message to `behaviour`; None goes back to the declared handlers."""
        self.behaviour = behaviour
        self.direct = behaviour is None and not self.readers

    # ---- failing and supervising ------------------------------------------------------------------------------------

    def raised(self, envelope: Envelope, error: BaseException) -> None:
        """The handler of this envelope raised."""
        failing.raised(self, envelope, error)

    def escalate(self, error: BaseException) -> None:
        """Fail with an error of a child, or of work beside the handlers."""
        failing.fail(self, packed(error))

    def shut_down(self) -> None:
        """End because significant children have ended; one that has failed leaves that to its parent."""
        if not self.failing:
            self.stop()

    def abandon(self, activity: Activity, what: str) -> None:
        """Give up what does not end when it is cancelled."""
        failing.abandon(self, activity, what)

    async def claim(self, name: str, address: Address) -> bool:
        """Names of children are unique among siblings, and so in this table alone."""
        del name, address
        return True

    def released(self, name: str, address: Address) -> None:
        """Nothing besides the table holds a child's name."""

    # ---- signals in -------------------------------------------------------------------------------------------------

    def on_signal(self, signal: Signal) -> None:
        """Do what a signal says; never waits."""
        if isinstance(signal, OfChild):
            self.children.on_signal(signal)
            return
        if isinstance(signal, OfPeer):
            self.links.on_signal(signal)
            return
        match signal:
            case StartChild():
                lifecycle.restart(self, signal)
            case HaltChild():
                lifecycle.halt(self, signal)
            case ResumeChild():
                failing.resume(self, signal)
            case StopChild():
                lifecycle.stop(self, signal.reason)
            case Watch():
                self.watches.on_watch(signal)
            case Unwatch():
                self.watches.on_unwatch(signal)
            case Ended():
                self.watches.on_ended(signal)
            case Probe():
                self.host.deadlocks.probed(self, signal)
            case _:  # what roots tell each other
                pass

    def stop(self) -> None:
        """End by its own wish, as soon as the running handler has finished; a permanent one begins anew."""
        if self.spec.restart is Restart.PERMANENT:
            failing.finish(self)
        else:
            lifecycle.close(self)
            self.host.signal(self.address, StopChild(self.address, self.parent, EndReason.STOPPED))
