"""The root of a program that is attached to a detached system: its top-level actors are the keeper's (rule A13)."""

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from actors.address import Address
from actors.encoding.pickling import dumps_spec
from actors.errors import AskError, Failed, NotRunning, SpawnFailed, Unplaceable, Unreachable, Unsendable
from actors.supervising.child import Child
from actors.supervising.children import Children
from actors.supervising.entry import Dismiss, Entry, Hire, StopSystem
from actors.supervising.root import NUMBER, Root
from actors.supervising.signals import Spec, StopReport

if TYPE_CHECKING:
    from actors.host import Host
    from actors.messages.message import Request
    from actors.supervising.supervision import Supervision

log = logging.getLogger("understudy.supervision")

PAUSE = 0.2
"""Seconds between two attempts to reach a keeper that is being replaced."""

MARGIN = 5.0
"""Seconds by which an answer may be later than what it is the answer of."""


class DistantChildren(Children):
    """Children that are started by the keeper: nothing of them is in this table, and nothing ends with it."""

    __slots__ = ("_ask",)

    starts_at_once = False

    def __init__(self, owner: "DistantRoot", supervision: "Supervision") -> None:
        super().__init__(owner, supervision, own_budgets=True)
        self._ask = owner.ask

    async def number_for(self, name: str | None, seat: int) -> int:
        """A number of this program's; the keeper claims the name."""
        del name, seat
        return self.owner.host.next_number()

    def start(self, spec: Spec, name: str | None, seat: int, number: int) -> Child:
        """What is to be started; `started` asks for it."""
        return Child(Address(self.owner.host.system, seat, number), spec, name)

    async def started(self, begun: list[Child], timeout: float) -> None:
        """Let the keeper start these; if that is cancelled, they are stopped."""
        entries = tuple(Entry(child.number, child.address.seat, child.spec, child.name) for child in begun)
        try:
            await self._ask(Hire(entries), timeout)
        except Failed as failed:
            cause = failed.__cause__
            if isinstance(cause, SpawnFailed | Unplaceable | Unsendable):
                raise cause from cause.__cause__
            kind = begun[0].spec.actor_class.__name__
            raise SpawnFailed(f"{kind} failed to start: {failed.type_name}: {failed.text}") from cause
        except Unsendable:
            for spec in (entry.spec for entry in entries):  # names the argument
                dumps_spec(spec.actor_class, spec.args, spec.kwargs or {}, [], self.owner.host.sitting.epoch, [])
            raise
        except asyncio.CancelledError:
            for child in begun:
                self.owner.host.work.start_system(self._take_back(child.address))
            raise

    async def _take_back(self, address: Address) -> None:
        """Nobody waits for this one any more."""
        try:
            await self.dismiss(address)
        except AskError as error:
            log.warning("%s may live, though its spawn was cancelled: the keeper was not reached: %s", address, error)

    async def dismiss(self, address: Address) -> StopReport:
        """Let the keeper stop a top-level actor."""
        report: StopReport = await self._ask(Dismiss(address), self.owner.host.settings.system_stop_budget)
        return report


class DistantRoot(Root):
    """Asks the keeper, and its successor if it dies meanwhile."""

    def __init__(self, host: "Host", supervision: "Supervision", keeper: int) -> None:
        super().__init__(host, supervision)
        self._keeper = Address(host.system, keeper, NUMBER)
        self.children = DistantChildren(self, supervision)

    async def ask(self, request: "Request[Any]", timeout: float, until: Callable[[], bool] = lambda: False) -> Any:
        """The keeper's answer; asked again when it dies, unless `until` says that nobody is there to answer.

        Raises the outcomes of an ask; what the keeper raised is the cause of a Failed.
        """
        host = self.host
        ends = host.clock() + timeout + MARGIN
        while True:
            try:
                return await host.delivery.ask_afar(host.ref_to(self._keeper), request, ends - host.clock())
            except (Unreachable, NotRunning):
                if host.closed or until() or host.clock() + PAUSE > ends:
                    raise
            await asyncio.sleep(PAUSE)

    async def stop_system(self, by: str, over: Callable[[], bool]) -> StopReport:
        """Stop the whole system; what had to be abandoned is in the report. `over`: whether it has been stopped.

        `by`: who wants it so, for the keeper's log.
        """
        settings = self.host.settings
        timeout = settings.system_stop_budget + settings.stop_budget
        try:
            report: StopReport = await self.ask(StopSystem(by), timeout, over)
        except (Unreachable, NotRunning):
            if not over():
                raise
            return StopReport()  # by another program
        return report
