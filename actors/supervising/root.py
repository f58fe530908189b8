"""The top of a host's tree: a table of top-level specs, not an actor (rule A13).

It runs no user code but its decider, and has no incarnation, so nothing falls with it. It is one_for_one, and each
top-level actor has a restart budget of its own; one whose budget is spent is stopped for good, and the system goes on
without it, loudly.
"""

import asyncio
import logging
from collections.abc import Awaitable
from typing import TYPE_CHECKING

from actors.address import Address, Sitting
from actors.errors import NotHandled
from actors.health.report import HowAreYou, examine
from actors.mail.envelope import Asker
from actors.messages.message import Request
from actors.placement import Placement
from actors.stats import HostStats
from actors.supervising.children import Children
from actors.supervising.draining import Leaving
from actors.supervising.quarantines import QuarantineRequest, answer
from actors.supervising.refusals import Refusals
from actors.supervising.signals import ChildNoted, NewsAbout, OfChild, Restored, Signal, StopReport, SystemOver
from actors.supervising.supervision import Shutdown, Strategy, Supervision

if TYPE_CHECKING:
    from actors.host import Host

log = logging.getLogger("understudy.supervision")


class LookAtHost(Request[HostStats]):
    """Asks a host how it is."""


class MakeRoom(Request[int]):
    """A host to the driver, which alone makes hosts (rule A14): make one for this placement; the reply is its seat."""

    placement: Placement


NUMBER = 0
"""The number of every root: no actor has it, because actors' numbers begin above their epoch."""


def check(supervision: Supervision) -> Supervision:
    """The supervision, if a root can have it; ValueError otherwise, and TypeError for what is none."""
    if not isinstance(supervision, Supervision):  # pyright: ignore[reportUnnecessaryIsInstance] - users pass anything
        raise TypeError(f"System(supervision={supervision!r}): give a Supervision, such as Supervision(restarts=5).")
    if supervision.strategy is not Strategy.ONE_FOR_ONE or supervision.shutdown is not Shutdown.NEVER:
        message = (
            "A system treats each top-level actor by itself and does not end with one: leave `strategy` and `shutdown` "
            "out of System(supervision=...), and put the actors that depend on each other under one parent."
        )
        raise ValueError(message)
    return supervision


def refusals_of(supervision: Supervision) -> Refusals:
    """A root bears more of them than an actor: what ends here is built anew by nobody, and may be innocent."""
    return Refusals(supervision.restarts)


class Root:
    """The parent of the actors that a system spawns from one process."""

    def __init__(self, host: "Host", supervision: Supervision) -> None:
        self.host = host
        self.path = self.stem = ""
        self.children = Children(self, supervision, refusals_of(supervision), own_budgets=True)
        self._releasing: dict[Address, asyncio.Task[None]] = {}
        """Names that the directory is being told of, by whoever had them."""

    @property
    def address(self) -> Address:
        """Where top-level actors send their signals."""
        return Address(self.host.system, self.host.seat, NUMBER)

    def escalate(self, error: BaseException) -> None:
        """A top-level actor failed beyond its budget, or asked to escalate: there is nobody above."""
        log.critical("A top-level actor was stopped for good: %s: %s", type(error).__qualname__, error, exc_info=error)

    def shut_down(self) -> None:
        """Never: a system ends when it is closed."""

    async def claim(self, name: str, address: Address) -> bool:
        """Top-level names are unique in the whole system: the directory knows (rule A3)."""
        try:
            return await self.host.directory.claim(name, self.host.seat, address)
        except BaseException:  # cancelled, or no answer: it may have been granted all the same
            self.released(name, address)
            raise

    async def dismiss(self, address: Address) -> StopReport:
        """Stop the top-level actor of this address, if there is one; its name is free when this returns."""
        report = await self.children.dismiss(address)
        if (task := self._releasing.get(address)) is not None:
            await asyncio.wait([task])
        return report

    def released(self, name: str, address: Address) -> None:
        """A top-level actor with a name has ended: free the name."""
        task = self._releasing[address] = self.host.work.start_system(self.host.directory.release(name, address))
        task.add_done_callback(lambda _: self._releasing.pop(address, None))

    def take(self, request: object, asker: Asker) -> None:
        """Answer what another host asks this one."""
        if isinstance(request, LookAtHost):
            asker.reply(self.host.look())
        elif isinstance(request, QuarantineRequest):
            answer(self.host, request, asker)
        elif isinstance(request, MakeRoom):
            self.host.work.start_system(self._answer(self.host.placing.seat(request.placement), asker))
        elif isinstance(request, Leaving):
            self.host.seating.leaving.add(Sitting(*request.sitting))
            asker.reply(None)
        elif isinstance(request, HowAreYou):
            self.host.work.start_system(self._answer(examine(self.host), asker))
        elif not (self.host.desk.take(request, asker) or self.host.attendant.take(request, asker)):
            text = f"A host does not answer {type(request).__name__}. Run the same version on all hosts."
            asker.fail(NotHandled(text))

    async def _answer(self, answer: Awaitable[object], asker: Asker) -> None:
        try:
            asker.reply(await answer)
        except Exception as error:  # noqa: BLE001 - the asker is told
            asker.fail(error)

    def on_signal(self, signal: Signal) -> None:
        """Hear of the children, and what other hosts tell this one."""
        if isinstance(signal, OfChild):
            self.children.on_signal(signal)
        elif isinstance(signal, NewsAbout):
            self.host.seating.heard(signal)
        elif isinstance(signal, Restored):
            self.host.seating.restored(Sitting(*signal.host))
        elif isinstance(signal, ChildNoted):
            self.host.seating.reports.noted(signal.child)
        elif isinstance(signal, SystemOver):
            self.host.seating.when_over()
        else:
            log.error("A root was sent %s; nothing was done.", type(signal).__name__)
