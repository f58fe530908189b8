"""What an actor may do besides sending: `self.context`, made anew for each incarnation."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from random import Random
from threading import get_ident
from typing import TYPE_CHECKING, Any, TypeVar

from actors.cells.observer import Telemetry
from actors.cells.reply import Reply
from actors.cells.spawner import Spawner, Spawns
from actors.cells.terminated import ReceiveTimeout
from actors.errors import Fenced, LinkedExit, NoContext, StashFull
from actors.mail.activity import running, shielded
from actors.mail.envelope import Envelope, attempts_of, stashed
from actors.placement import here
from actors.reception.receptionist import Receptionist
from actors.supervising.signals import EndReason, StopReport
from actors.supervising.supervision import Restart

if TYPE_CHECKING:
    from actors.cells.cell import Cell
    from actors.cells.timers import Timers
    from actors.messages.call import Call
    from actors.placement import Placement
    from actors.reception.service_key import ServiceKey
    from actors.ref import Declared, Ref

T = TypeVar("T")

IDLE = "understudy: receive timeout"
"""The key of the timer behind `receive_timeout`."""


class Context(Spawns):
    """The runtime as one incarnation of one actor sees it. Every verb of an ended incarnation raises Fenced."""

    __slots__ = ("_cell", "_living", "_random")

    def __init__(self, cell: "Cell") -> None:
        self._living: Cell | None = cell
        self._cell = cell
        self._random: Random | None = None

    # ---- who and when -----------------------------------------------------------------------------------------------

    @property
    def ref(self) -> "Ref[Any]":
        """The ref of this actor, to give to others."""
        return self._cell.ref

    @property
    def parent(self) -> "Ref[Any]":
        """The ref of its parent; for a top-level actor nobody handles what is sent there."""
        return self._alive().host.ref_to(self._cell.parent)

    @property
    def sender(self) -> "Ref[Any] | None":
        """Who sent the message being handled, as far as known: for logs. To be answered, put a ref in the message."""
        envelope = running.get().envelope
        return envelope.sender.ref if envelope is not None and envelope.sender is not None else None

    @property
    def name(self) -> str:
        """Its path of names, or its class and address where it has none."""
        return self._cell.name

    @property
    def incarnation(self) -> int:
        """1 for the first start of this address, one more for each restart."""
        return self._cell.incarnation

    def now(self) -> float:
        """Seconds on the host's monotonic clock: for durations."""
        return self._alive().host.clock()

    @property
    def random(self) -> Random:
        """This incarnation's own source of chance, seeded by its host."""
        if self._random is None:
            self._random = Random(self._alive().host.random.getrandbits(64))
        return self._random

    @property
    def remaining(self) -> float | None:
        """Seconds until the deadline of the request being handled; None where it has none."""
        envelope = running.get().envelope
        if envelope is None or envelope.deadline is None or envelope.tick is not None:
            return None
        return max(0.0, envelope.deadline - self._alive().host.clock())

    @contextmanager
    def shield(self) -> Generator[None]:
        """What is asked and sent within the block does not inherit the deadline of the request being handled (A30).

            with self.context.shield():
                await self.ledger.ask(Ledger.close(), timeout=60.0)

        Each ask has its own deadline then, the setting `ask_timeout` where it names none. That holds as well for tasks
        and piped work that begin in the block, to their end. The request being handled still ends at its deadline.
        """
        self._alive()
        token = shielded.set(True)
        try:
            yield
        finally:
            shielded.reset(token)

    @property
    def missed(self) -> int:
        """For the tick being handled: how many ticks were due and never came."""
        envelope = running.get().envelope
        return envelope.missed if envelope is not None else 0

    @property
    def attempt(self) -> int:
        """For the message being handled: 1, and one more for each time that it has made this actor fail (rule A39)."""
        envelope = running.get().envelope
        return attempts_of(envelope) + 1 if envelope is not None else 1

    @property
    def logger(self) -> logging.LoggerAdapter[logging.Logger]:
        """A logger whose records carry this actor's name, address and incarnation as fields."""
        cell = self._cell
        fields = {"actor": str(cell.address), "actor_name": cell.name, "incarnation": cell.incarnation}
        return logging.LoggerAdapter(logging.getLogger(f"understudy.actors.{cell.spec.actor_class.__name__}"), fields)

    @property
    def telemetry(self) -> Telemetry:
        """What patterns and edges tell the system's instrument, and get from it."""
        return Telemetry(self._cell.host.observer)

    # ---- children ---------------------------------------------------------------------------------------------------

    @property
    def children(self) -> "list[Ref[Any]]":
        """The children of this incarnation, in the order of their starts."""
        cell = self._alive()
        return [cell.host.ref_to(child.address) for child in cell.children.table.values()]

    def child(self, name: str) -> "Ref[Any] | None":
        """The living child of this name."""
        return self._alive().children.named(name)

    def options(
        self,
        *,
        name: str | None = None,
        placement: "Placement | None" = None,
        stop_budget: float | None = None,
        restart: Restart = Restart.TRANSIENT,
        significant: bool = False,
    ) -> Spawner:
        """How the next child is to be spawned: `context.options(name="ada").spawn(Account, 100)`. See `Spawns.options`.

        A child lives on its parent's host unless `placement` says otherwise.
        """
        cell = self._acting()
        return Spawner(
            cell.host,
            cell.children,
            name=name,
            placement=placement or here(),
            stop_budget=stop_budget,
            restart=restart,
            significant=significant,
        )

    async def stop_child(self, ref: "Ref[Any]") -> StopReport:
        """Stop a child and wait for its report; the report of one that has ended already is empty."""
        children = self._acting().children
        child = children.table.get(ref.address.number)
        return await children.stopped(child, EndReason.STOPPED) if child is not None else StopReport()

    def stop(self) -> None:
        """End this actor once the running handler has finished; no further message is handled.

        For good, unless it was spawned as `Restart.PERMANENT`: then only this incarnation ends, and the next one goes
        on with the messages that wait. A permanent actor is ended by its parent.
        """
        self._acting().stop()

    # ---- watching ---------------------------------------------------------------------------------------------------

    def watch(self, ref: "Ref[Any]") -> None:
        """Get one `Terminated` when the present incarnation of `ref` ends, for whatever reason, or has ended already.

        Needs a handler for Terminated (TypeError otherwise). Raises TooManyWatches, and ValueError for itself.
        """
        self._acting().watches.watch(ref)

    def unwatch(self, ref: "Ref[Any]") -> bool:
        """End a watch. True: no Terminated will come; False: there was none, or its Terminated is in the mailbox."""
        return self._acting().watches.unwatch(ref)

    def link(self, ref: "Ref[Any]") -> None:
        """Share the fate of another actor, and it this one's, until one of the two incarnations ends (rule A12).

        If that end is abnormal (a failure, its parent's failure, a lost host, or it had ended before), the other fails
        with LinkedExit, and its own parent decides what becomes of it. A stop is a normal end. Raises ValueError for
        parent, child and itself, whom supervision binds already; TooManyWatches.
        """
        self._acting().links.link(ref)

    def unlink(self, ref: "Ref[Any]") -> bool:
        """End a link, whoever made it. True: no LinkedExit will come of it; False: there is none any more."""
        return self._acting().links.unlink(ref)

    def trap_links(self, trap: bool = True) -> None:  # noqa: FBT001, FBT002 - on or off is all it says
        """Get a `LinkedExit` as a message, instead of failing with it, in this incarnation. Needs a handler for it."""
        cell = self._acting()
        cell.handler_for(LinkedExit())
        cell.links.trapping = trap

    # ---- finding others ---------------------------------------------------------------------------------------------

    @property
    def receptionist(self) -> Receptionist:
        """Where actors are registered under typed keys, and found: see Receptionist."""
        return Receptionist(self._acting().host)

    def subscribe(self, key: "ServiceKey[Any]") -> None:
        """Get a `Listing` of who is registered under a key: one now, and one whenever that has changed.

        Needs a handler for Listing (TypeError otherwise). A listing needs no room in the mailbox, and one at most waits
        there for each key. Ends with the incarnation; subscribing twice is subscribing once.
        """
        cell = self._acting()
        cell.host.subscriptions.begin(cell, key)

    def unsubscribe(self, key: "ServiceKey[Any]") -> None:
        """Get no more listings, not even one that waits in the mailbox."""
        cell = self._acting()
        cell.host.subscriptions.end(cell.address.number, key)

    # ---- time -------------------------------------------------------------------------------------------------------

    @property
    def timers(self) -> "Timers":
        """Keyed timers that send messages to this actor; they end with the incarnation."""
        return self._acting().timers

    def receive_timeout(self, seconds: float | None) -> None:
        """Get a `ReceiveTimeout` whenever no message has come for `seconds`; None ends it. Needs a handler for it."""
        cell = self._acting()
        cell.idle_limit = seconds
        if seconds is None:
            cell.timers.cancel(IDLE)
        else:
            cell.active_at = cell.host.clock()
            cell.timers.idle(IDLE, seconds, ReceiveTimeout(seconds))

    # ---- the message being handled ----------------------------------------------------------------------------------

    def stash(self) -> None:
        """Put the message being handled aside, with its asker, until `unstash`. Raises StashFull at the bound."""
        cell, envelope = self._acting(), self._handled()
        bound = cell.blueprint.mailbox.stash or cell.host.settings.stash_bound
        if cell.stash is None:
            cell.stash = deque()
        if len(cell.stash) >= bound:
            message = f"{cell.name} has {bound} messages in its stash. Unstash some, or raise the bound."
            raise StashFull(message)
        cell.stash.append(stashed(envelope, counted=cell.blueprint.retries is not None))

    def unstash(self) -> int:
        """Put all stashed messages back at the front of the mailbox in their old order; returns how many."""
        cell = self._acting()
        stashed, cell.stash = cell.stash, None
        if stashed:
            cell.mailbox.put_back(list(stashed))
        return len(stashed or ())

    def become(self, behaviour: "Callable[[Any], Any] | None") -> None:
        """From the next message on, give every message to `behaviour` (def or async def), whose result is the reply.

        None goes back to the declared handlers, and so does a restart. A call arrives as the value it is:
        `isinstance(message, Account.deposit)`.
        """
        self._acting().become(behaviour)

    def reply_later(self) -> "Reply[Any]":
        """Take over the duty to answer the request being handled; what the handler returns is then no reply.

        Send the reply with `.reply(value)` or `.fail(error)`, from any later handler. If this incarnation ends first,
        the asker hears so (rule A31). For a message that is no ask the reply goes nowhere.
        """
        cell, envelope = self._acting(), self._handled()
        ask, envelope.ask = envelope.ask, None
        return Reply(cell, ask, envelope.deadline)

    def forward(self, ref: "Ref[T]", message: "Declared | Call[T, object] | None" = None) -> None:
        """Send on the message being handled, or `message` instead of it; the answer goes to the asker, not here."""
        cell, envelope = self._acting(), self._handled()
        cell.host.delivery.forward(
            ref, envelope.message if message is None else message, envelope.ask, envelope.deadline, envelope.sender
        )
        envelope.ask = None  # only now: if forwarding raised, the asker hears that from here

    def pipe(
        self,
        work: "Awaitable[T]",
        success: "Callable[[T], object]",
        failure: "Callable[[BaseException], object] | None" = None,
    ) -> None:
        """Await `work` without keeping this actor busy, and get its result as the message `success(result)`.

        What `work` raises becomes `failure(error)`; without `failure` it fails this actor. The result of an ended
        incarnation is dropped (rule A38).
        """
        cell = self._acting()
        cell.host.work.beside(cell, self._piped(work, success, failure), running.get().envelope)

    async def _piped(
        self,
        work: "Awaitable[T]",
        success: "Callable[[T], object]",
        failure: "Callable[[BaseException], object] | None",
    ) -> None:
        try:
            message: object = await self._outcome(work, success, failure)
            if self._living is not None:
                handler = self._living.handler_for(message)
                self._living.accept_exempt(Envelope(message, handler, self._living, exempt=True))
        except Exception as error:  # noqa: BLE001 - nobody awaits this task, so the actor answers for it
            if self._living is not None:
                self._living.escalate(error)

    async def _outcome(
        self,
        work: "Awaitable[T]",
        success: "Callable[[T], object]",
        failure: "Callable[[BaseException], object] | None",
    ) -> object:
        try:
            return success(await work)
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():  # this incarnation ends
                raise
            if failure is None:
                raise RuntimeError("Piped work was cancelled.") from error
            return failure(error)
        except Exception as error:
            if failure is None:
                raise
            return failure(error)

    def fence(self) -> None:
        """End this context with its incarnation; for the runtime."""
        self._living = None

    def _alive(self) -> "Cell":
        if self._living is None:
            message = f"{self._cell.name}: this incarnation has ended; it cannot act any more."
            raise Fenced(message)
        return self._living

    def _acting(self) -> "Cell":
        cell = self._alive()
        if get_ident() != cell.host.thread:
            raise RuntimeError(
                f"{cell.name}: a blocking handler runs in a thread, where it may send and reply, but not change its "
                "actor's life. Return a value, or tell yourself a message whose handler does it."
            )
        return cell

    def _handled(self) -> Envelope:
        activity = running.get()
        if activity.envelope is None or activity.cell is not self._cell:
            message = "No message is being handled here. Call this within a handler."
            raise NoContext(message)
        return activity.envelope
