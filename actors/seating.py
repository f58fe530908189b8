"""Who sits where, as one host knows it, and what it does when a sitting ends and when its seat is taken again.

A sitting ends once, whatever tells: a table in which its seat is vacant, taken or gone, or a peer that has stayed away.
What the dead had sent is read to its end first (rule A24). Then asks end, watchers hear, children there are away, and
actors here whose parent was there are stopped (rules A6, A23). Only when those have ended has the host *acted* on the
table: the directory gives the seat away when every host has (rule A15).
"""

import logging
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

from msgspec import structs

from actors.address import Address, Sitting, epoch_in
from actors.cells.orphans import Orphans
from actors.cells.reports import Reports
from actors.directory import Seat, Table
from actors.mail.dead_letters import HostLost
from actors.membership.grapevine import told_by
from actors.membership.seats import Heirs
from actors.membership.withheld import died, named
from actors.post.returning import ANY_KEEPER
from actors.supervising import absent
from actors.supervising.root import NUMBER as ROOT
from actors.supervising.signals import (
    NewsAbout,
    OfPeer,
    Restored,
    Signal,
    Unwatch,
    Watch,
)

log = logging.getLogger("understudy.host")

WATCHING = (Heirs.NOBODY, Heirs.KEEPER)
"""Seats of programs and of the keeper, whose logs people read."""

if TYPE_CHECKING:
    from actors.cells.cell import Cell
    from actors.host import Host
    from actors.supervising.children import Children


class Seating:
    """The seats of a system as one host knows them."""

    def __init__(self, host: "Host") -> None:
        self._host = host
        self.table = Table((0, 0))
        self.seats: dict[int, Seat] = {}
        """The table by seat number, vacant ones too."""
        self.taken: tuple[Seat, ...] = ()
        """The seats that somebody sits on."""
        self.leaving: set[Sitting] = set()
        """Hosts that are about to leave: they are given no new actors that could live elsewhere."""
        self.look_now: Callable[[], None] = _nothing
        """Called when another host says that the directory has news that matters: get the newest table soon."""
        self.when_acted: Callable[[], None] = _nothing
        """Called when `acknowledged` has risen by more than a new table: the directory waits to hear of it."""
        self.when_over: Callable[[], None] = _nothing
        """Called when the keeper says that the whole system has been stopped."""
        self.kept_root: Address | None = None
        """The root of a detached system, whose actors end with no keeper."""
        self.reports = Reports(host)
        self.orphans = Orphans(host)
        self._ended: dict[int, int] = {}
        """The epoch of the last sitting of each seat that is known to have ended."""
        self._reading: dict[int, Sitting] = {}
        """By seat, the sittings that have ended and may have something left to read."""
        self._acting: dict[Sitting, tuple[int, int]] = {}
        """What is being done about sittings that have ended: the version of the table before each."""
        self._away: dict[int, list[Children]] = {}
        """Tables of children that may have some away, by the vacant seat."""
        self.withheld: dict[int, float] = {}
        """The withheld seats whose children have been charged for that, and when (on the host's clock)."""
        self._told: tuple[int, int] = (0, 0)
        """The version of the newest table that this host has told others of."""

    @property
    def acknowledged(self) -> tuple[int, int]:
        """The version of the newest table that this host has acted on."""
        return min(self._acting.values(), default=self.table.version)

    def is_over(self, seat: int, epoch: int) -> bool:
        """Whether the sitting of this epoch, or a later one, is known to have ended on a seat."""
        return epoch <= self._ended.get(seat, -1)

    def is_gone(self, seat: int) -> bool:
        """Whether nobody will ever sit again on a seat that was somebody's."""
        return seat not in self.seats and seat in self._ended

    def was_lost(self, seat: int) -> bool:
        """Whether any sitting of a seat is known to have ended."""
        return seat in self._ended

    @property
    def staying(self) -> tuple[Seat, ...]:
        """The seats for new actors: those of hosts that are about to leave only while there are no others."""
        if not self.leaving:
            return self.taken
        return tuple(seat for seat in self.taken if seat.sitting not in self.leaving) or self.taken

    def is_kept(self, sitting: Sitting) -> bool:
        """Whether a sitting has ended and its seat waits for somebody else, or has been taken by somebody else."""
        return sitting.seat in self.seats and self.is_over(*sitting)

    def nobody_there(self, to: Address, signal: Signal, epoch: int = 0) -> None:
        """A signal cannot be sent, because nobody sits on its seat (any more): answer for the dead.

        `epoch` is that of the sitting it was for; 0 where nobody knew any.
        """
        absent.has_no_host(self._host, to, signal, epoch)

    def answer_for_nobody(self, number: int, signal: Signal) -> None:
        """Speak for an address of this host that has ended, or is not back yet: nobody must wait for it in vain."""
        host, returning = self._host, self._host.returning
        if returning is not None and isinstance(signal, Watch | Unwatch | OfPeer):
            refuse = partial(self.nobody_there, Address(host.system, host.seat, number), signal)
            if returning.hold(number, partial(self._signal_again, number, signal), refuse):
                return
        absent.has_ended(host, signal)

    def _signal_again(self, number: int, signal: Signal) -> None:
        """A signal was held for an actor, which has come (and is being started, in the right context) or will not."""
        cell = self._host.cells.get(number)
        if cell is not None:
            cell.on_signal(signal)
        else:
            self._host.deliver(number, signal)

    # ---- news -------------------------------------------------------------------------------------------------------

    def news(self, table: Table) -> None:
        """The directory has news of who sits where.

        A successor of the directory that is being rebuilt does not know everything yet: whoever it does not name, or of
        whom this host has newer news, stays as he was known, until its table is complete (rule A18).
        """
        if table.version <= self.table.version:
            return
        before, known = self.table.version, self.seats
        seats = {seat.number: seat for seat in table.seats}
        if not table.complete:
            seats |= {
                number: seat for number, seat in known.items() if number not in seats or _is_newer(seat, seats[number])
            }
            table = structs.replace(table, seats=tuple(seats.values()))
        self.table, self.seats = table, seats
        self._find_kept_root()
        self.taken = tuple(seat for seat in table.seats if not seat.vacant)
        self.leaving &= {seat.sitting for seat in self.taken}
        ends = [sitting for sitting in self._ends(known) if self._end(sitting, before)]
        for number in [number for number in known if known[number].vacant and number not in seats]:
            self._gone(number)
        self._charge_withheld()
        for seat in self.taken:
            if seat.epoch > self._ended.get(seat.number, seat.epoch):
                self._taken(seat)
        returning = self._host.returning
        arrived = returning is not None and self._host.seat in seats and self._host.seat not in known
        if returning is not None and table.complete and self._host.seat in seats:
            parents = self._parents()
            returning.wait_for(parents if arrived else [one for one in parents if one.epoch < self._host.sitting.epoch])
        if ends or arrived:
            self._spread(table.version)

    def _parents(self) -> list[Sitting]:
        """The hosts that may have children here; of a kept root it is whichever keeper it has by then."""
        others = [seat for seat in self.taken if seat.number != self._host.seat and seat.heirs is not Heirs.KEEPER]
        kept = [Sitting(self.kept_root.seat, ANY_KEEPER)] if self.kept_root is not None else []
        return [*(seat.sitting for seat in others), *kept]

    def restored(self, host: Sitting) -> None:
        """A host has sent the children that it has here."""
        returning = self._host.returning
        if returning is not None:
            returning.restored(host)
            returning.restored(Sitting(host.seat, ANY_KEEPER))  # if it is a keeper; the table may be still to come

    def _find_kept_root(self) -> None:
        keepers = [number for number, seat in self.seats.items() if seat.heirs is Heirs.KEEPER]
        self.kept_root = Address(self._host.system, keepers[0], ROOT) if keepers else None

    def missing(self, away: Iterable[Sitting]) -> None:
        """These were away before the table was asked for; whoever is not in it has ended, even if it never was."""
        if self.table.complete:
            for sitting in away:
                seat = self.seats.get(sitting.seat)
                if seat is None or seat.sitting != sitting:
                    self._end(sitting, self.table.version)

    def superseded(self, sitting: Sitting) -> None:
        """A newer sitting of its seat has called, which the directory allows only when the older one has ended."""
        self._end(sitting, self.table.version)

    def heard(self, news: NewsAbout) -> None:
        """Another host knows a newer table, perhaps: tell others, and get it."""
        if news.version > max(self.table.version, self._told):
            self._spread(news.version)
            self.look_now()

    def _ends(self, known: dict[int, Seat]) -> list[Sitting]:
        """The sittings that have ended by the new table, as against the old one."""
        mine, seats = self._host.seat, self.seats
        ends = [
            old.sitting
            for number, old in known.items()
            if number != mine and (number not in seats or seats[number].epoch != old.epoch)
        ]
        return ends + [seat.sitting for number, seat in seats.items() if seat.vacant and number != mine]

    def _spread(self, version: tuple[int, int]) -> None:
        """Tell some to look, who tell others, so that nobody has to wait for its next renewal."""
        host = self._host
        if host.post is None or host.seat < 0 or self._told >= version:
            return
        self._told = version
        for number in told_by(host.seat, (seat.number for seat in self.taken)):
            host.signal(Address(host.system, number, ROOT), NewsAbout(version))

    # ---- the end of a sitting ---------------------------------------------------------------------------------------

    def _end(self, sitting: Sitting, before: tuple[int, int]) -> bool:
        """A sitting has ended. What it had sent is read to its end before anybody hears of it. False: that is known."""
        if self.is_over(*sitting):
            return False
        self._ended[sitting.seat] = sitting.epoch
        self._reading[sitting.seat] = sitting
        self._acting[sitting] = before
        if self._host.returning is not None:
            self._host.returning.restored(sitting)
        if self._host.post is None:
            self._bury(sitting)
        else:
            self._host.post.when_read(sitting, partial(self._bury, sitting))
        return True

    def _bury(self, sitting: Sitting) -> None:
        """Asks end, watchers hear, parents hear (rule A23), orphans are stopped (rule A6)."""
        if self._reading.get(sitting.seat) != sitting:
            return
        del self._reading[sitting.seat]
        host, seat = self._host, sitting.seat
        host.serve_what_came()
        if host.observer is not None:
            host.observer.lost(sitting)
        if host.post is not None:
            host.post.give_up(sitting)
        host.delivery.seat_lost(seat)
        gone = self.is_gone(seat)
        left = gone or self.seats[seat].moved
        died = host.post.died_with(sitting) if host.post is not None else 0
        if died or not left:
            host.dead_letters.host_lost(HostLost(seat, sitting.epoch, died))
        orphans: list[Cell] = []
        tables = [host.root.children]
        host.root.children.seat_lost(seat, gone=gone)
        for cell in list(host.cells.values()):
            children = cell.seat_lost(sitting, gone=gone)
            if children is not None:
                tables.append(children)
            if cell.parent.seat != seat or cell.parent == self.kept_root:
                continue
            if epoch_in(cell.address.number) <= sitting.epoch:
                orphans.append(cell)
        if not gone:
            self._away[seat] = tables
            self._charge_withheld()
        if orphans:
            host.work.start_system(self._stop(orphans, sitting))
        else:
            self._acted(sitting)

    async def _stop(self, orphans: "list[Cell]", sitting: Sitting) -> None:
        try:
            await self.orphans.stop(orphans)
        finally:
            self._acted(sitting)

    def _acted(self, sitting: Sitting) -> None:
        del self._acting[sitting]
        self.when_acted()

    # ---- what becomes of its seat -----------------------------------------------------------------------------------

    def _gone(self, number: int) -> None:
        """A vacant seat has been taken out of the table: nobody will sit there any more."""
        self._read_no_more(number)
        host = self._host
        if host.post is not None:
            host.post.seat_gone(number)
        for children in self._away.pop(number, ()):
            children.seat_lost(number, gone=True)

    def _charge_withheld(self) -> None:
        """Too many hosts have died on a seat: that its actors do not come back for now is one failure of each (A9)."""
        withheld = {seat.number for seat in self.table.seats if seat.withheld}
        self.withheld = {number: since for number, since in self.withheld.items() if number in withheld}
        for number in sorted(withheld - self.withheld.keys()):
            if number in self._away:
                self.withheld[number] = self._host.clock()
                self._name(self.seats[number])
                for children in self._away[number]:
                    children.seat_refused(self.seats[number])

    def waiting_for(self, number: int) -> list[str]:
        """The labels of the children that wait here for somebody to take this seat."""
        tables = self._away.get(number, ())
        return [children.label(child) for children in tables for child in children.waiting_for(number)]

    def _name(self, seat: Seat) -> None:
        """Say that a seat is withheld, and who waits for it: where somebody does, and where the system is watched."""
        waiting, own = self.waiting_for(seat.number), self.seats.get(self._host.seat)
        if waiting or (own is not None and own.heirs in WATCHING):
            text = "Seat %d stays empty for %g s: %s on it in a row. Waiting here: %s."
            log.error(text, seat.number, seat.backoff, died(seat.deaths), named(waiting) or "nobody")

    def _taken(self, seat: Seat) -> None:
        """Somebody sits again on a seat that was lost: its actors start there (rules A1, A9)."""
        self._read_no_more(seat.number)
        host = self._host
        if host.post is None:
            return
        host.post.seat_taken(seat)
        tables = self._away.pop(seat.number, None)
        if tables is None:  # of this sitting it is known already
            return
        for children in tables:
            children.seat_taken(seat.number)
        if host.seat >= 0:
            root = Address(host.system, seat.number, ROOT)
            if root == self.kept_root:
                self.reports.give(root)
            host.signal(root, Restored(host.sitting))

    def _read_no_more(self, number: int) -> None:
        """A sitting that has ended is not waited for any longer, because of what has become of its seat."""
        sitting = self._reading.get(number)
        if sitting is not None:
            self._bury(sitting)


def _is_newer(one: Seat, other: Seat) -> bool:
    """Whether the first tells of a seat what the other does not know yet."""
    return (one.epoch, one.vacant) > (other.epoch, other.vacant)


def _nothing() -> None:
    """Nobody has asked to be called."""
