"""What `system.operations` is: look at the actors and hosts of a running system, and suspend, resume, trace, drain.

It works from any host of the system, and from a process that is none: the command line, `python -m actors`.
"""

import asyncio
import contextlib
import re
from collections.abc import AsyncGenerator, Awaitable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from actors.address import COUNTER_BITS, Address
from actors.errors import Ambiguous, AskError, NotRunning, TimedOut
from actors.mail.quarantine import Quarantined
from actors.membership.seats import Member
from actors.operations.diagnosis import diagnose
from actors.operations.reports import ActorReport, ActorTree, Diagnosis, HostReport, Inspection, Traced
from actors.operations.requests import (
    EndTrace,
    FindActor,
    InspectActor,
    LeaveSystem,
    ListActors,
    LookClosely,
    ResumeActor,
    ShowQuarantined,
    SuspendActor,
    TraceActor,
)
from actors.ref import Ref

if TYPE_CHECKING:
    from actors.host import Host

PATIENCE = 1.5
"""Seconds that a host has to answer; what does not answer is named, and the rest is shown."""

LOOK = 0.1
"""Seconds between two questions of a trace, and between two looks at whether a host has left."""

ROOT = 0
"""The number of every host's root, which answers for its host."""

IDENT = re.compile(r"(\d+)/(\d+)\.(\d+)")

Actors = Ref[Any] | Address | str
"""How an actor can be named: by a ref, its address, its path (`/kitchen/oven`), or its ident (`2/1.17`)."""


class Outlook(Protocol):
    """What a backend lets see of a system without the loops of its hosts."""

    async def members(self) -> list[Member]:
        """Every host as the directory sees it."""
        ...

    async def look_closely(self) -> tuple[list[HostReport], list[str]]:
        """Every host process as it sees itself; and, a sentence each, those that did not answer."""
        ...


class Operations:
    """Live operations on one system. What changes something is logged on the host concerned, with `by`."""

    __slots__ = ("_by", "_host", "_outlook")

    def __init__(self, host: "Host", outlook: Outlook, by: str) -> None:
        self._host = host
        self._outlook = outlook
        self._by = by

    # ---- looking ----------------------------------------------------------------------------------------------------

    async def tree(self, *, limit: int = 1000) -> ActorTree:
        """The actors of all hosts, `limit` of each host at most; a host that does not answer is named."""
        seats = self._seats()
        found = await asyncio.gather(*(self._ask(seat, ListActors(limit)) for seat in seats), return_exceptions=True)
        actors: list[ActorReport] = []
        silent: list[int] = []
        left_out = 0
        for seat, answer in zip(seats, found, strict=True):
            if isinstance(answer, BaseException):
                silent.append(seat)
                continue
            some, count = answer
            actors += some
            left_out += count - len(some)
        return ActorTree(tuple(actors), tuple(silent), left_out, self._host.table.complete)

    async def find(self, who: Actors) -> Address:
        """The address of an actor; for that of a path, every host looks at all its actors.

        Raises NotRunning if no host that answers has one of this path, Ambiguous if there are several.
        """
        if isinstance(who, Ref):
            return who.address
        if isinstance(who, Address):
            return who
        ident = IDENT.fullmatch(who)
        if ident is not None:
            seat, epoch, counter = map(int, ident.groups())
            return Address(self._host.system, seat, epoch << COUNTER_BITS | counter)
        path = f"/{who.strip('/')}"
        seats = self._seats()
        found = await asyncio.gather(*(self._ask(seat, FindActor(path)) for seat in seats), return_exceptions=True)
        actors = [actor for answer in found if not isinstance(answer, BaseException) for actor in answer]
        if actors:
            return only(path, actors).address
        silent = [str(seat) for seat, answer in zip(seats, found, strict=True) if isinstance(answer, BaseException)]
        but = f" Seat {', '.join(silent)} did not answer, and may have it." if silent else ""
        raise NotRunning(f"No actor has the path {path}. The tree shows those there are.{but}")

    async def inspect(self, who: Actors) -> Inspection:
        """The inside of one actor: attributes as text, and what it is at. Sensitive attributes have stars.

        The text is made on the actor's host, between two messages. Raises NotRunning if it has ended, Unreachable or
        TimedOut if its host does not answer.
        """
        address = await self.find(who)
        found: list[Inspection] = await self._ask(address.seat, InspectActor(address.number))
        if not found:
            raise NotRunning(f"No actor has the address {address} (any more).")
        return found[0]

    async def trace(self, who: Actors, *, seconds: float = 10.0) -> AsyncGenerator[Traced]:
        """What an actor handles from the first look on, as it comes, for so many seconds or until it ends. No bodies.

        Of more than 2,000 events between two looks (0.1 s) the oldest are left out. Tracing makes this one actor slower
        and no other. Raises as `inspect` does.
        """
        host = self._host
        address = await self.find(who)
        trace = host.random.getrandbits(62)
        until = host.clock() + seconds
        try:
            for event in await self._ask(address.seat, TraceActor(address.number, trace)):
                yield event
            while (left := until - host.clock()) > 0:
                await asyncio.sleep(min(LOOK, left))
                try:
                    events: list[Traced] = await self._ask(address.seat, TraceActor(address.number, trace))
                except NotRunning:
                    return
                for event in events:
                    yield event
        finally:
            await _quietly(self._ask(address.seat, EndTrace(address.number, trace)))

    async def quarantined(self, entry: Quarantined) -> str:
        """A message in quarantine as text, made on its host; sensitive fields have stars. Raises LookupError."""
        found: list[str] = await self._ask(entry.seat, ShowQuarantined(entry.number))
        if not found:
            raise LookupError(f"Number {entry.number} is not in quarantine (any more).")
        return found[0]

    async def doctor(self) -> Diagnosis:
        """What is wrong with the system, and how each host is, with the stacks of its threads and tasks.

        It takes two seconds at most, also where a loop hangs, a host does not answer or the directory is gone; that is
        then among the problems. Looks at every actor.
        """
        return await diagnose(self._host.system, self._outlook, self._host)

    # ---- acting -----------------------------------------------------------------------------------------------------

    async def suspend(self, who: Actors) -> bool:
        """Let an actor handle no message until it is resumed; False if it is suspended already, or stopping.

        A handler in progress finishes. The mailbox accepts messages up to its bound; asks that wait meet their
        deadlines. Parent, children and watchers notice nothing, and it can be stopped and restarted: then it is still
        suspended. The loss of its host ends it. Raises as `inspect` does.
        """
        address = await self.find(who)
        return bool(await self._ask(address.seat, SuspendActor(address.number, self._by)))

    async def resume(self, who: Actors) -> bool:
        """Let a suspended actor go on, with what waits in its order; False if it was not suspended."""
        address = await self.find(who)
        return bool(await self._ask(address.seat, ResumeActor(address.number, self._by)))

    async def drain(self, seat: int) -> None:
        """Let a host finish what it has, within `drain_budget`, stop all its actors, and leave; returns when it has.

        Somebody else takes its seat, as after the loss of a host, and the actors that come back after one start again
        there. Raises ValueError for a seat without a host, for that of a program and for that of a detached system's
        keeper; TimedOut if the host has not left in time.
        """
        leaving = next((it.sitting for it in self._host.seating.taken if it.number == seat), None)
        if leaving is None:
            raise ValueError(f"Nobody sits on seat {seat}. There are {', '.join(map(str, self._seats()))}.")
        refused = await self._ask(seat, LeaveSystem(self._by))
        if refused:
            raise ValueError(refused)
        host, patience = self._host, self._host.settings.drain_budget + 10.0
        until = host.clock() + patience
        while any(it.sitting == leaving and not it.vacant for it in (await host.directory.table()).seats):
            if host.clock() > until:
                raise TimedOut(f"The host on seat {seat} has not left within {patience:g} s; see `doctor`.")
            await asyncio.sleep(LOOK)

    # ---- asking -----------------------------------------------------------------------------------------------------

    def _seats(self) -> list[int]:
        return sorted(seat.number for seat in self._host.seating.taken)

    def _ask(self, seat: int, request: Any) -> "Awaitable[Any]":
        return ask_root(self._host, seat, request)


def only(path: str, actors: Sequence[ActorReport]) -> ActorReport:
    """The one actor of this path; Ambiguous if there are several."""
    if len(actors) > 1:
        idents = ", ".join(f"{actor.ident} ({actor.kind})" for actor in actors)
        raise Ambiguous(f"{len(actors)} living actors have the path {path}. Name one by its ident: {idents}.")
    return actors[0]


def ask_root(host: "Host", seat: int, request: Any) -> "Awaitable[Any]":
    """Ask a host of the system, or this one."""
    address = Address(host.system, seat, ROOT)
    if seat != host.seat:
        return host.delivery.ask_afar(host.ref_to(address), request, PATIENCE)
    ask = host.asks.open(address, host.clock() + PATIENCE)
    host.root.take(request, ask)
    return ask.future


async def ask_hosts(host: "Host", seats: list[int]) -> tuple[list[HostReport], list[str]]:
    """The hosts on these seats as their loops say; and, a sentence each, those that did not answer."""
    found = await asyncio.gather(*(ask_root(host, seat, LookClosely()) for seat in seats), return_exceptions=True)
    reports = [report for report in found if isinstance(report, HostReport)]
    silent = [
        f"The host on seat {seat} did not answer within {PATIENCE:g} s."
        for seat, answer in zip(seats, found, strict=True)
        if not isinstance(answer, HostReport)
    ]
    return reports, silent


async def _quietly(answer: "Awaitable[Any]") -> None:
    with contextlib.suppress(AskError):  # it ends by itself, too
        await answer
