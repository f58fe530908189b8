"""A directory with hosts that renew every second by a made-up clock, unless a test lets them be silent."""

from typing import Any

from actors import Settings
from actors.address import Sitting
from actors.directory import Directory
from actors.membership.seats import (
    Answer,
    Appointment,
    Heartbeat,
    Heirs,
    HostState,
    Seat,
    Spare,
    Standing,
    Table,
    Version,
)

SETTINGS = Settings()


class Party:
    """One host: what it knows of the table, and what it has acted on."""

    def __init__(self, court: "Court", sitting: Sitting, **facts: Any) -> None:
        self.court = court
        self.seat = Seat(sitting.seat, sitting.epoch, node=facts.pop("node", "node"), **facts)
        self.known: Table | None = None
        self.acted: Version = (0, 0)
        self.standing = Standing.UNKNOWN
        self.silent = False
        self.acts = True
        """Whether it acts on tables at once."""
        self.suspended = False
        self.last: Answer | None = None

    @property
    def sitting(self) -> Sitting:
        return self.seat.sitting

    def register(self) -> Table:
        known = self.known.seats if self.known is not None else ()
        table = self.court.directory.register(self.court.now, self.seat, {}, known)
        self.standing = Standing.MEMBER if table.holds(self.sitting) else Standing.ENDED
        self._hear(table)
        return table

    def renew(self, **beat: Any) -> Answer:
        known = self.known.version if self.known is not None else (0, 0)
        beat = {"known": known, "acted": self.acted, "suspended": self.suspended, **beat}
        answer = self.last = self.court.directory.renew(self.court.now, self.sitting, Heartbeat(**beat))
        self.standing = answer.standing
        if answer.standing is Standing.UNKNOWN:
            self.register()
        elif answer.table is not None:
            self._hear(answer.table)
        return answer

    def _hear(self, table: Table) -> None:
        self.known = table
        if self.acts:
            self.acted = table.version


class Court:
    """Time goes on by `wait`; what the directory decides is in `appointments`."""

    def __init__(self, hosts: int = 3, settings: Settings = SETTINGS, **driver: Any) -> None:
        self.now = 1000.0
        self.settings = settings
        self.directory = Directory(1, settings=settings)
        self.parties: list[Party] = []
        self.spares: list[Spare] = []
        self.appointments: list[Appointment] = []
        self.join(heirs=Heirs.NOBODY, takes_anybody=False, **driver)
        for _ in range(hosts):
            self.join()
        self.driver, *self.hosts = self.parties

    def join(self, **facts: Any) -> Party:
        """A new host, on a new seat."""
        name = f"host {len(self.parties)}"
        party = Party(self, self.directory.sit(self.now, name), host=name, **facts)
        party.register()
        self.parties.append(party)
        return party

    def take(self, appointment: Appointment, **facts: Any) -> Party:
        """A spare does as it was told."""
        party = Party(self, appointment.sitting, host=appointment.host, **facts)
        party.register()
        self.parties.append(party)
        return party

    def stand_by(self, name: str, node: str = "node", seat: int | None = None) -> Sitting | None:
        spare = Spare(name, node, seat)
        if spare not in self.spares:
            self.spares.append(spare)
        return self.directory.stand_by(self.now, spare)

    def renew(self) -> None:
        """Everybody who is not silent renews once; then the directory looks whom to appoint."""
        for party in self.parties:
            if not party.silent and party.standing is not Standing.ENDED:
                party.renew()
        for spare in self.spares:
            if spare in self.directory.table(self.now).spares:
                self.directory.stand_by(self.now, spare)
        self.appointments += self.directory.appointments(self.now)

    def wait(self, seconds: float) -> None:
        """Let time go on; everybody renews once a second."""
        until = self.now + seconds
        while self.now + 1.0 <= until:
            self.now += 1.0
            self.renew()
        self.now = until

    def verdict(self, party: Party) -> Table:
        """There is proof that this host has died."""
        party.silent = True
        return self.directory.verdict(self.now, party.sitting)

    def successor(self) -> None:
        """The directory dies; the next one knows nothing but how many seats there were."""
        used = self.directory.used_seats
        self.directory = Directory(self.directory.generation + 1, used, self.settings)

    @property
    def table(self) -> Table:
        return self.directory.table(self.now)

    def seat(self, party: Party) -> Seat | None:
        """The seat of this host as the table shows it."""
        return next((seat for seat in self.table.seats if seat.number == party.sitting.seat), None)

    def state(self, party: Party) -> HostState | None:
        members = self.directory.members(self.now)
        return next((member.state for member in members if member.seat == party.sitting.seat), None)
