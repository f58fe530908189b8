"""Who sits where, who has died, and who takes whose seat; and the names of top-level actors. No wire, no Ray, no clock.

One directory judges for the whole system (rule A15). It hands out seats and epochs, pronounces hosts dead, appoints
spares to their seats, keeps names unique, and tells everybody the newest table. It is off the path of messages. When it
dies, a successor of a higher generation is rebuilt from what the hosts report. Until every host of the predecessor has
reported, or the time of a verdict has passed, its table is not complete: nobody is taken for lost because it is
missing, no name is granted, and no seat that was ever used is given away (rule A18). Every method may be called twice
with the same arguments.
"""

from collections.abc import Mapping
from math import inf

from msgspec.structs import replace

from actors.address import Address, Sitting, epoch_of
from actors.errors import UnderstudyError
from actors.membership.endings import Endings
from actors.membership.names import Names
from actors.membership.records import Living, Vacancy
from actors.membership.seat_budget import SeatBudget
from actors.membership.seats import Answer, Appointment, Heartbeat, Heirs, Member, Seat, Spare, Standing, Table, Version
from actors.membership.spare_pool import SparePool
from actors.settings import CLOCK_DRIFT, Settings

SETTLING = 2.5
"""Renewals for which a successor waits for hosts that nobody told it of; every living one reports in that time."""


class Rebuilding(UnderstudyError):
    """The directory does not know yet, because it has just taken over from one that died. Ask again soon."""


class Directory:
    """The state of one generation of a system's directory.

    `used_seats`: how many seats its predecessors have given away; 0 for the first directory of a system.

    Time is what passes while the directory is awake. One that was stopped finds all hosts silent at once, but it was
    the one who did not listen; so of the time between two calls no more than two renewals count.
    """

    def __init__(self, generation: int, used_seats: int = 0, settings: Settings | None = None) -> None:
        self.generation = generation
        self.used_seats = used_seats
        """Seats that were ever given away; the next host gets the one of this number."""
        self._settings = settings or Settings()
        self._complete = used_seats == 0
        self._changes = 0
        self._epochs = 0
        self._sittings: dict[str, Sitting] = {}
        """By the name of the process."""
        self._hosts: dict[int, Living] = {}
        self._vacancies: dict[int, Vacancy] = {}
        self._missing: dict[int, Seat] = {}
        """Seats that the predecessor's table had, and whose hosts have not reported."""
        self._endings = Endings(all_reported=self._complete)
        self._budgets: dict[int, SeatBudget] = {}
        self._pool = SparePool()
        self._news: list[Appointment] = []
        self.keeper_is_silent = False
        """Whether a keeper was lost without proof, so that its process may be there; whoever ends it says False."""
        self._names = Names()
        self._called_at: float | None = None
        self._time, self._quiet_until = 0.0, inf
        self._patient_until = 0.0  # nobody is condemned for a silence in which it was the directory that heard nobody

    # ---- hosts ------------------------------------------------------------------------------------------------------

    def sit(self, now: float, host: str) -> Sitting:
        """A sitting for a new host on the lowest seat that was never used; `host` is a name nobody else has."""
        self._pass(now)
        if host not in self._sittings:
            self._sittings[host] = Sitting(self.used_seats, self._next_epoch())
            self.used_seats += 1
        return self._sittings[host]

    def register(self, now: float, seat: Seat, names: Mapping[str, Address], known: tuple[Seat, ...]) -> Table:
        """A host takes its seat, or reports to a successor: the names of its root's children, and the table it knew.

        It may go on if the table that is returned holds its sitting; else it has ended.
        """
        self._pass(now)
        for reported in known:
            self.used_seats = max(self.used_seats, reported.number + 1)
            if not self._complete:
                counted = (reported.losses, reported.deaths, reported.refusals)
                self._budget(reported.number).recall(self._time, *counted)
                self._hear_of(reported)
        if seat.epoch >= self._newest(seat.number) and not self._endings.has(seat.sitting):
            self._take(seat, new=not known)
            self._names.add(seat.number, names)
        return self._table()

    def renew(self, now: float, sitting: Sitting, beat: Heartbeat) -> Answer:
        """A host lives. A lease is no proof against a verdict that a predecessor has pronounced, if it has run out."""
        self._pass(now)
        host = self._hosts.get(sitting.seat)
        if host is None or host.seat.epoch != sitting.epoch:
            ended = self._endings.has(sitting) or sitting.epoch < self._newest(sitting.seat)
            return Answer(Standing.ENDED if ended else Standing.UNKNOWN, table=self._table() if ended else None)
        host.heard, host.beat, host.acted = self._time, beat, max(host.acted, beat.acted)
        host.seat = self._counted(replace(host.seat, load=beat.load, ties=beat.ties))
        leased = self._complete or not beat.suspended
        return Answer(Standing.MEMBER, leased, self._table() if (self.generation, self._changes) > beat.known else None)

    def leave(self, now: float, sitting: Sitting, moves: bool = False) -> Table:  # noqa: FBT001, FBT002 - by position
        """A host has stopped in order: its sitting is over, its seat is gone for good, its root's names are free.

        If it `moves`, its seat is vacant instead, for somebody else to take; that is no loss.
        """
        self._pass(now)
        if not self._endings.has(sitting):
            seat = self._seat_of(sitting)
            self._end(sitting)
            if moves and seat is not None:
                self._move(seat)
            elif moves:
                self._endings.add_early(sitting, moves=True)
        return self._table()

    def verdict(self, now: float, sitting: Sitting) -> Table:
        """There is proof that a host has died: its seat is vacant. Of one that has ended already nothing changes."""
        self._pass(now)
        seat = self._seat_of(sitting)
        if seat is not None:
            self._lose(seat)
        elif not self._endings.has(sitting):
            self._endings.add_early(sitting)
            vacancy = self._vacancies.get(sitting.seat)
            if vacancy is not None and vacancy.appointment is not None and vacancy.appointment.sitting == sitting:
                self._dismiss(vacancy)
        return self._table()

    def ended(self, now: float, host: str) -> Table:
        """There is proof that the process of this name has ended: a host, or a spare."""
        self._changes += self._pool.drop(host)
        sitting = self._sittings.get(host)
        return self.verdict(now, sitting) if sitting is not None else self.table(now)

    def table(self, now: float) -> Table:
        """The newest table."""
        self._pass(now)
        return self._table()

    def members(self, now: float) -> tuple[Member, ...]:
        """Every host with its state, by seat."""
        self._pass(now)
        living = [host.member(self._time, SETTLING * self._settings.renewal) for host in self._hosts.values()]
        dead = [vacancy.member(self._time) for vacancy in self._vacancies.values()]
        return tuple(sorted(living + dead, key=lambda member: member.seat))

    # ---- spares -----------------------------------------------------------------------------------------------------

    def stand_by(self, now: float, spare: Spare) -> Sitting | None:
        """A spare lives and waits; the sitting that it is to take, once it is appointed."""
        self._pass(now)
        for vacancy in self._vacancies.values():
            if vacancy.appointment is not None and vacancy.appointment.host == spare.name:
                return vacancy.appointment.sitting
        self._changes += self._pool.stand_by(self._time, spare)
        self._appoint_due()
        return self._sittings.get(spare.name)

    def appoint(self, now: float, seat: int, host: str) -> Sitting:
        """The process of this name is to take a vacant seat, with a new epoch; whoever was to before is too late.

        `appointments` does this by itself, as soon as it may. Raises ValueError for a seat that is not vacant.
        """
        self._pass(now)
        given = self._sittings.get(host)
        if given is not None and given.seat == seat:
            return given
        if seat not in self._vacancies:
            raise ValueError(f"Seat {seat} is not vacant; only a seat whose host was lost can be given to another.")
        return self._appoint(self._vacancies[seat], host)

    def appointments(self, now: float) -> list[Appointment]:
        """Appoint spares to the vacant seats that may be given away; those that are new since the last call."""
        self._pass(now)
        self._appoint_due()
        news, self._news = self._news, []
        return news

    def withhold(self, now: float, seat: int) -> Table:
        """Nobody can be found for a vacant seat: leave it empty for its backoff."""
        self._pass(now)
        if (vacancy := self._vacancies.get(seat)) is not None and not vacancy.seat.withheld:
            self._withhold(vacancy, self._budget(seat).spend(self._time))
        return self._table()

    def give_up(self, now: float, seat: int) -> Table:
        """Nobody will ever sit on this vacant seat again: it is gone, and with it the actors that wait for it."""
        self._pass(now)
        self._changes += self._vacancies.pop(seat, None) is not None
        return self._table()

    # ---- names ------------------------------------------------------------------------------------------------------

    def claim(self, now: float, name: str, root_seat: int, address: Address) -> bool:
        """Claim a name for an actor of this root; False when another holds it (A3). Raises Rebuilding if one may."""
        self._pass(now)
        if self._names.holder(name) is None and not self._complete:
            raise Rebuilding
        return self._names.claim(name, root_seat, address) == address

    def release(self, now: float, name: str, address: Address) -> None:
        """Free a name, if this actor holds it."""
        self._pass(now)
        self._names.release(name, address)

    def lookup(self, now: float, name: str) -> Address | None:
        """The address of the top-level actor of this name; raises Rebuilding as `claim` does."""
        self._pass(now)
        holder = self._names.holder(name)
        if holder is None and not self._complete:
            raise Rebuilding
        return holder

    # ---- time -------------------------------------------------------------------------------------------------------

    def _pass(self, now: float) -> None:
        """Let time go on, and do what it brings: verdicts on the silent, the end of rebuilding and of backoffs."""
        called_at, self._called_at = self._called_at, now
        if called_at is not None:
            pause = max(0.0, now - called_at)
            self._time += min(pause, 2 * self._settings.renewal)
            if pause > self._settings.lease:  # connections come back one after the other, the later the longer the cut
                self._patient_until = self._time + min(pause, self._settings.isolation) / 2
        if self._time > self._quiet_until:  # before that nobody can have been silent for too long
            self._judge_the_silent()
        self._changes += self._pool.drop_silent(self._time - self._settings.verdict)
        for vacancy in self._vacancies.values():
            if vacancy.seat.withheld and self._time >= vacancy.until:
                vacancy.seat = replace(vacancy.seat, withheld=False)
                self._changes += 1
            if vacancy.appointment is not None and self._time - vacancy.appointed_at > self._settings.verdict:
                self._dismiss(vacancy)  # it was silent for so long, as a host that is dead
        if not self._complete and self._is_rebuilt():
            self._complete = True
            self._endings.all_reported()
            self._changes += 1
            for seat in list(self._missing.values()):
                self._lose(seat)

    def _judge_the_silent(self) -> None:
        """Verdicts, and until when there can be no other: so a renewal need not look at every host."""
        for host in list(self._hosts.values()):
            if self._time - max(host.heard, self._patient_until) > self._patience(host.seat):
                self.keeper_is_silent |= host.seat.heirs is Heirs.KEEPER
                self._lose(host.seat)
        self._quiet_until = min((it.heard + self._patience(it.seat) for it in self._hosts.values()), default=inf)

    def _patience(self, seat: Seat) -> float:
        """How long this host may be silent. Nobody waits for the driver's seat, and people do stop their programs."""
        lease, verdict, isolation = self._settings.lease, self._settings.verdict, self._settings.isolation
        return max(verdict, CLOCK_DRIFT * (lease + isolation)) if seat.heirs is Heirs.NOBODY else verdict

    def _is_rebuilt(self) -> bool:
        if self._time >= self._settings.verdict:
            return True
        return self._time >= SETTLING * self._settings.renewal and bool(self._hosts) and not self._missing

    # ---- sittings ---------------------------------------------------------------------------------------------------

    def _next_epoch(self) -> int:
        self._epochs += 1
        return epoch_of(self.generation, self._epochs)

    def _newest(self, seat: int) -> int:
        """The highest epoch that is known of a seat, in whatever state."""
        host, missing, vacancy = self._hosts.get(seat), self._missing.get(seat), self._vacancies.get(seat)
        return max(
            self._endings.newest(seat),
            host.seat.epoch if host is not None else 0,
            missing.epoch if missing is not None else 0,
            vacancy.seat.epoch if vacancy is not None else 0,
            vacancy.appointment.sitting.epoch if vacancy is not None and vacancy.appointment is not None else 0,
        )

    def _take(self, seat: Seat, *, new: bool) -> None:
        before = self._newest(seat.number)
        if before < seat.epoch:
            self._end(Sitting(seat.number, before))
        self._missing.pop(seat.number, None)
        self._vacancies.pop(seat.number, None)
        self._pool.drop(seat.host)
        if seat.host:
            self._sittings[seat.host] = seat.sitting
        self.used_seats = max(self.used_seats, seat.number + 1)
        self._changes += 1
        acted = (self.generation, self._changes) if new else (0, 0)
        self._hosts[seat.number] = Living(self._counted(seat), self._time, acted, Heartbeat())
        self._quiet_until = min(self._quiet_until, self._time + self._patience(seat))

    def _hear_of(self, reported: Seat) -> None:
        """The predecessor's table had this seat."""
        newest, moves = self._newest(reported.number), self._endings.reported(reported.sitting)
        if reported.epoch < newest or (self._endings.has(reported.sitting) and moves is None):
            return
        if reported.vacant:
            self._end(reported.sitting)
            self._vacate(reported, self._budget(reported.number).spend(self._time) if reported.withheld else 0.0)
        elif moves is not None:
            (self._move if moves else self._lose)(reported)
        elif reported.epoch > newest:
            self._end(Sitting(reported.number, newest))
            self._vacancies.pop(reported.number, None)  # whoever told of that did not know yet that it had been taken
            self._missing[reported.number] = reported

    def _lose(self, seat: Seat) -> None:
        """The verdict: this sitting has ended."""
        self._end(seat.sitting)
        if seat.heirs is Heirs.KEEPER or (seat.heirs is not Heirs.NOBODY and self._settings.seat_losses):
            # without a keeper nobody would decide anything, so no loss of it is one too many
            wait = 0.0 if seat.heirs is Heirs.KEEPER else self._budget(seat.number).lose(self._time)
            self._vacate(seat, wait)

    def _move(self, seat: Seat) -> None:
        if seat.heirs is not Heirs.NOBODY:
            self._vacate(replace(seat, moved=True), 0.0)

    def _seat_of(self, sitting: Sitting) -> Seat | None:
        host = self._hosts.get(sitting.seat)
        seat = host.seat if host is not None else self._missing.get(sitting.seat)
        return seat if seat is not None and seat.sitting == sitting else None

    def _end(self, sitting: Sitting) -> None:
        """The seat is out of the table, whoever sat there."""
        number = sitting.seat
        self._endings.add(sitting)
        host, missing = self._hosts.get(number), self._missing.get(number)
        if host is not None and host.seat.epoch <= sitting.epoch:
            del self._hosts[number]
            if host.seat.heirs is not Heirs.KEEPER:  # whose root, with its names, outlives it
                self._names.release_all(number)
        if missing is not None and missing.epoch <= sitting.epoch:
            del self._missing[number]
        self._changes += 1

    def _vacate(self, seat: Seat, wait: float) -> None:
        self._changes += 1
        empty = replace(seat, vacant=True, withheld=wait > 0, backoff=wait, endpoints=(), pid=0, load=0, host="")
        version = (self.generation, self._changes)
        self._vacancies[seat.number] = Vacancy(self._counted(empty), version, self._time + wait)

    # ---- heirs ------------------------------------------------------------------------------------------------------

    def _appoint_due(self) -> None:
        """No seat is given away before the table is complete, and every host has acted on the verdict (rule A15)."""
        if not self._complete:
            return
        for vacancy in self._vacancies.values():
            if vacancy.appointment is None and not vacancy.seat.withheld and self._all_have_acted(vacancy.version):
                heir = self._pool.heir_of(vacancy.seat, self._time - SETTLING * self._settings.renewal)
                if heir is not None:
                    self._appoint(vacancy, heir.name)

    def _all_have_acted(self, version: Version) -> bool:
        """Whose lease has run out does nothing until it has heard of the verdict."""
        lease = CLOCK_DRIFT * self._settings.lease
        return all(host.acted >= version or self._time - host.heard > lease for host in self._hosts.values())

    def _appoint(self, vacancy: Vacancy, host: str) -> Sitting:
        sitting = Sitting(vacancy.seat.number, self._next_epoch())
        appointment = Appointment(host, sitting)
        vacancy.appointment, vacancy.appointed_at = appointment, self._time
        vacancy.seat = replace(vacancy.seat, host=host)
        self._sittings[host] = sitting
        self._pool.drop(host)
        self._changes += 1
        self._news.append(appointment)
        return sitting

    def _dismiss(self, vacancy: Vacancy) -> None:
        """An heir has died before it took its seat, or did not take it in time: one more loss of that seat."""
        if vacancy.appointment is not None:
            self._sittings.pop(vacancy.appointment.host, None)
            vacancy.appointment = None
            vacancy.seat = replace(vacancy.seat, host="")
            self._changes += 1
            self._withhold(vacancy, self._budget(vacancy.seat.number).lose(self._time))

    def _withhold(self, vacancy: Vacancy, wait: float) -> None:
        if wait:
            vacancy.until = self._time + wait
            vacancy.seat = self._counted(replace(vacancy.seat, withheld=True, backoff=wait))
            self._changes += 1

    def _budget(self, seat: int) -> SeatBudget:
        return self._budgets.setdefault(seat, SeatBudget(self._settings.seat_losses, self._settings.seat_window))

    def _counted(self, seat: Seat) -> Seat:
        budget, now = self._budget(seat.number), self._time
        return replace(seat, losses=budget.lost(now), deaths=budget.deaths(now), refusals=budget.refusals(now))

    def _table(self) -> Table:
        seats = [host.seat for host in self._hosts.values()] + [it.seat for it in self._vacancies.values()]
        return Table((self.generation, self._changes), tuple(seats), self._complete, self._pool.spares)
