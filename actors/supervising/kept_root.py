"""The root of a detached system: a table that outlives the process that keeps it, the keeper (rule A13).

Each entry is written down before its actor starts, and erased when that has ended. No incarnation ends with a keeper:
its successor reads the entries, and hears from every host which of the actors live there, which wait for a decision,
and which have ended meanwhile. Whom a host has said nothing about when it has said everything was lost, and is started.
"""

import asyncio
import logging
from typing import TYPE_CHECKING

from actors.address import Address, Sitting
from actors.errors import NameTaken, SpawnFailed
from actors.mail.envelope import Asker
from actors.supervising.child import Child
from actors.supervising.children import Children
from actors.supervising.entry import Dismiss, Entry, Hire, Ledger, StopSystem
from actors.supervising.root import NUMBER, Root, refusals_of
from actors.supervising.signals import (
    ChildEnded,
    ChildHere,
    ChildNoted,
    ChildStarted,
    EndReason,
    Restored,
    Signal,
    StopChild,
    StopReport,
    SystemOver,
)

if TYPE_CHECKING:
    from actors.host import Host
    from actors.supervising.supervision import Supervision

log = logging.getLogger("understudy.supervision")


class KeptChildren(Children):
    """Children that a former keeper may have started."""

    __slots__ = ("ledger",)

    def __init__(self, owner: "KeptRoot", supervision: "Supervision", ledger: Ledger) -> None:
        super().__init__(owner, supervision, refusals_of(supervision), own_budgets=True)
        self.ledger = ledger

    def take_over(self, entries: list[Entry]) -> None:
        """These were started by a former keeper. Each counts as away until its host has said that it lives."""
        for entry in entries:
            child = Child(Address(self.owner.host.system, entry.seat, entry.number), entry.spec, entry.name)
            child.away = True
            self.table[entry.number] = child
            if entry.name is not None:
                self._by_name[entry.name] = child

    async def dismiss(self, address: Address) -> StopReport:
        """As of any supervisor; when it is over, the actor does not come back with the next keeper either."""
        report = await super().dismiss(address)
        await asyncio.to_thread(self.ledger.erase, address.number)
        return report

    def _forget(self, child: Child) -> None:
        super()._forget(child)
        self.owner.host.work.start_system(self._erase(child.address))

    async def _erase(self, ended: Address) -> None:
        await asyncio.to_thread(self.ledger.erase, ended.number)
        host = self.owner.host
        if ended.seat != host.seat and ended.seat in host.seats:
            host.signal(Address(host.system, ended.seat, NUMBER), ChildNoted(ended))


class KeptRoot(Root):
    """The parent of all top-level actors of a detached system, whichever program has spawned them."""

    def __init__(self, host: "Host", supervision: "Supervision", ledger: Ledger) -> None:
        super().__init__(host, supervision)
        self.kept = self.children = KeptChildren(self, supervision, ledger)
        self.stopping = asyncio.Event()
        """Whether somebody has asked to stop the system."""
        self._stoppers: list[Asker] = []
        self._hiring: dict[int, asyncio.Task[None]] = {}
        """What is being written down and started, by the number of each actor."""
        self._reserved: set[str] = set()
        """Their names."""
        self._unwanted: set[int] = set()
        """Numbers of those among them that are not to be started any more."""

    def take(self, request: object, asker: Asker) -> None:
        """Answer programs, and what any host is asked."""
        if isinstance(request, Hire):
            self.host.work.start_system(self._answer(self._hire(request.entries), asker))
        elif isinstance(request, Dismiss):
            self.host.work.start_system(self._answer(self._dismiss(Address(*request.actor)), asker))
        elif isinstance(request, StopSystem):
            log.warning("The system is stopped by %s.", request.by)
            self._stoppers.append(asker)
            self.stopping.set()
        else:
            super().take(request, asker)

    def on_signal(self, signal: Signal) -> None:
        """Hear of the children, and what hosts say to a new keeper."""
        if isinstance(signal, ChildHere):
            self._is_here(signal)
            return
        unknown = isinstance(signal, ChildEnded) and signal.child.number not in self.kept.table
        super().on_signal(signal)
        if isinstance(signal, Restored):
            self._has_told_everything(Sitting(*signal.host))
        elif isinstance(signal, ChildEnded) and unknown:  # it was noted by a former keeper, or never written down
            self.host.signal(Address(self.host.system, signal.child.seat, NUMBER), ChildNoted(signal.child))

    def say_over(self, report: StopReport) -> None:
        """The system has been stopped: tell the programs that asked for it, and all others."""
        host = self.host
        for asker in self._stoppers:
            asker.reply(report)
        for seat in host.seating.taken:
            if seat.number != host.seat:
                host.signal(Address(host.system, seat.number, NUMBER), SystemOver())

    def _has_told_everything(self, host: Sitting) -> None:
        """Whom this host has not named was lost, and starts there; then the host need not hold anything for anybody."""
        self.kept.seat_taken(host.seat)
        self.host.signal(Address(self.host.system, host.seat, NUMBER), Restored(self.host.sitting))

    def _is_here(self, signal: ChildHere) -> None:
        child = self.kept.table.get(signal.child.number)
        if child is None:  # its spawn did not get so far that it was written down, or was taken back
            self.host.signal(signal.child, StopChild(signal.child, self.address, EndReason.PARENT_ENDED))
            return
        child.away = False
        child.incarnation = signal.incarnation
        if signal.started:
            self.kept.on_started(ChildStarted(signal.child, signal.incarnation))

    # ---- hiring -----------------------------------------------------------------------------------------------------

    async def _hire(self, entries: tuple[Entry, ...]) -> None:
        """Start these, once however often it is asked for."""
        if not entries:
            return
        hiring = self._hiring.get(entries[0].number)
        if hiring is None:
            if self.stopping.is_set():
                raise SpawnFailed("The system is being stopped; no actor is started any more.")
            self._reserve([entry.name for entry in entries if entry.number not in self.kept.table])
            hiring = self.host.work.start_apart(self._begin(entries))
            self._hiring |= {entry.number: hiring for entry in entries}
            hiring.add_done_callback(lambda _: self._hired(entries))
        try:
            await asyncio.shield(hiring)
        except SpawnFailed as error:
            raise (error.__cause__ if isinstance(error.__cause__, Exception) else error) from None

    def _hired(self, entries: tuple[Entry, ...]) -> None:
        for entry in entries:
            del self._hiring[entry.number]
            self._unwanted.discard(entry.number)
        self._reserved.difference_update(entry.name for entry in entries)

    def _reserve(self, names: list[str | None]) -> None:
        """All names of top-level actors are claimed here, so a name is written down for one actor only."""
        wanted = [name for name in names if name is not None]
        for name in wanted:
            if name in self._reserved or self.kept.named(name) is not None:
                raise NameTaken(f"The system has a living top-level actor {name!r}. Choose another, or look it up.")
        self._reserved.update(wanted)

    async def _dismiss(self, address: Address) -> StopReport:
        hiring = self._hiring.get(address.number)
        if hiring is not None and address.number not in self.kept.table:  # whoever asked for it waits no more
            self._unwanted.add(address.number)
            await asyncio.wait([hiring])
        return await self.dismiss(address)

    async def _begin(self, entries: tuple[Entry, ...]) -> None:
        children = self.kept
        begun = [children.table[entry.number] for entry in entries if entry.number in children.table]  # by a former one
        missing = [entry for entry in entries if entry.number not in children.table]
        try:
            await self._write(missing)
            while missing:
                entry = missing[0]
                begun.append(children.start(entry.spec, entry.name, entry.seat, entry.number))
                del missing[0]
        except BaseException:
            for child in begun:
                children.stop(child, EndReason.STOPPED)
            for entry in missing:
                await asyncio.to_thread(children.ledger.erase, entry.number)
                if entry.name is not None:
                    self.released(entry.name, Address(self.host.system, entry.seat, entry.number))
            raise
        await children.started(begun, self.host.settings.spawn_timeout)

    async def _write(self, entries: list[Entry]) -> None:
        """Write these down, then claim their names: so no name is claimed of which the next keeper would not know."""
        for entry in entries:
            await asyncio.to_thread(self.kept.ledger.write, entry)
            if entry.name is not None:
                await self.kept.claim(entry.name, Address(self.host.system, entry.seat, entry.number))
        if any(entry.number in self._unwanted for entry in entries):
            raise SpawnFailed("It was stopped before it had started.")
