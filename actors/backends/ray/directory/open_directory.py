"""The directory as its Ray actor runs it: admits clients, has a memory that outlives it, calls spares to their seats.

The appointment goes to the spare in one Ray call, which takes a few ms; a spare that the call does not reach hears of
it when it stands by again.
"""

import contextlib
from dataclasses import dataclass, field
from typing import Any

from actors.address import Sitting
from actors.backends.ray import calls
from actors.backends.ray.directory.control_store import GENERATIONS, ControlStore
from actors.backends.ray.system_name import full_name, keeper_name
from actors.directory import Directory
from actors.membership.seats import Cue, Spare, Version
from actors.settings import Settings

USED_SEATS = "seats/"
"""How the control store's keys begin for how many seats a system has given away; each directory has its own.

So nobody who removes what another system of this name has left can remove what this one has written.
"""

DIRECTORY_KEYS = (GENERATIONS, USED_SEATS)
"""How all keys begin that directories write; the others of a system are those of its keeper."""


@dataclass(frozen=True, slots=True)
class Admission:
    """What the directory gives to processes that are no hosts; whoever may call it may run code there anyway."""

    secret: bytes = field(repr=False)
    settings: Settings
    system: str
    namespace: str


class OpenDirectory(Directory):
    """The directory with what clients need to be admitted, and with the Ray actors of its spares."""

    def __init__(self, generation: int, admission: Admission) -> None:
        self._store = ControlStore(full_name(admission.namespace, admission.system))
        used = max((int(self._store.get(key) or 0) for key in self._store.keys(USED_SEATS)), default=0)
        super().__init__(generation, used, admission.settings)
        self._admission = admission
        self._actors: dict[str, Any] = {}

    def sit(self, now: float, host: str) -> Sitting:
        """As `Directory.sit`; that the seat is used is known to the next directory too."""
        sitting = super().sit(now, host)
        self._store.put(f"{USED_SEATS}{self.generation}", str(self.used_seats).encode())
        return sitting

    def stand_by_as(self, now: float, spare: Spare, actor: Any, known: Version) -> Cue:
        """As `stand_by`; `actor` is the handle of the spare's Ray actor, `known` the version of the table it has."""
        self._actors[spare.name] = actor
        sitting, table = self.stand_by(now, spare), self.table(now)
        return Cue(sitting, table if table.version > known else None)

    def admission(self, now: float) -> Admission:
        """What a client needs."""
        del now
        return self._admission

    def errands(self, now: float) -> list[tuple[Any, Sitting]]:
        """What is to be told to whom after this call: the Ray actors of spares, and the sittings they are to take.

        A keeper that was silent until its verdict is ended first, for only then Ray starts another one (rule A14).
        """
        if self.keeper_is_silent:
            self.keeper_is_silent = False
            with contextlib.suppress(ValueError):  # there is none: it is being started again
                keeper = calls.find(keeper_name(self._admission.system), self._admission.namespace)
                calls.kill(keeper, restart=True)
        appointed = [(self._actors.get(host), sitting) for host, sitting in self.appointments(now)]
        waiting = {spare.name for spare in self.table(now).spares}
        self._actors = {name: actor for name, actor in self._actors.items() if name in waiting}
        return [(actor, sitting) for actor, sitting in appointed if actor is not None]


def open_directory(generation: int, config: Admission) -> OpenDirectory:
    """The directory's entry: what the Ray actor builds."""
    return OpenDirectory(generation, config)
