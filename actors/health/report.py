"""A system is ready when every host of its table answers in time and reports no trouble; each trouble is named."""

import asyncio
from typing import TYPE_CHECKING

import msgspec

from actors.address import Address
from actors.membership.withheld import Withheld, named
from actors.messages.message import Request

if TYPE_CHECKING:
    from actors.host import Host

PATIENCE = 1.0
"""Seconds that a host has to say how it is; one that needs longer is a problem by that alone."""

LATE = 1.0
"""Seconds for one trip through a host's loop that are a problem; rule A21 names a stalled loop after as many."""

LISTED = 100
"""Actors that a host lists for each seat that is withheld."""

TRIPS = 3
"""Trips through the loop that are timed."""

ROOT = 0
"""The number of every host's root, which answers for its host."""


class HostHealth(msgspec.Struct, frozen=True):
    """One host, as it says itself."""

    seat: int
    epoch: int
    actors: int
    lag: float
    """Seconds that the longest of some trips through its loop took: what every message waits for at least."""
    dead_letters: int
    """Since its start."""
    abandoned_threads: int
    draining: bool
    """Whether it takes no new actors because it is about to leave."""
    table: tuple[int, int]
    """The version of the table of seats that it knows."""
    complete: bool
    """Whether that table is whole; after the death of the directory it is not for some seconds."""
    seats: tuple[int, ...]
    """The seats that somebody sits on, by that table."""
    unreachable: tuple[int, ...]
    """Seats to which it has no connection, although it had one before."""
    waiting: dict[int, tuple[str, ...]] = {}
    """By the seat that is withheld, the actors that wait for it and have their parent here."""


class Health(msgspec.Struct, frozen=True):
    """All hosts of a system at one moment, as one of them found them."""

    hosts: tuple[HostHealth, ...]
    silent: tuple[int, ...] = ()
    """Seats of the table that did not answer within a second."""
    vacant: tuple[int, ...] = ()
    """Seats whose host was lost, and that nobody has taken yet; not those that nobody may take for now."""
    withheld: tuple[Withheld, ...] = ()
    """Seats that nobody may take for now."""
    stopping: bool = False
    """Whether the system is being stopped."""

    @property
    def ready(self) -> bool:
        """Whether there is no problem, so that new work should be given to it."""
        return not self.problems

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong, a sentence each; nothing for a system that is well. A host that drains is no problem."""
        found = ["The system is being stopped."] if self.stopping else []
        found += [f"The host of seat {seat} was lost, and nobody has taken the seat yet." for seat in self.vacant]
        found += [str(it) for it in self.withheld]
        found += [f"The host on seat {seat} did not answer within {PATIENCE:g} s." for seat in self.silent]
        for host in self.hosts:
            if host.lag >= LATE:
                found.append(f"The loop of the host on seat {host.seat} is late by {host.lag:.1f} s.")
            if not host.complete:
                found.append(f"The host on seat {host.seat} waits for a directory that is being rebuilt.")
            found += [f"The host on seat {host.seat} cannot reach seat {seat}." for seat in host.unreachable]
            found += [f"Waiting for seat {seat}: {named(labels)}." for seat, labels in host.waiting.items() if labels]
        return tuple(found)


class HowAreYou(Request[HostHealth]):
    """One host to another."""


async def examine(host: "Host") -> HostHealth:
    """How a host is; takes some trips through its loop."""
    lag = 0.0
    for _ in range(TRIPS):
        began = host.clock()
        await asyncio.sleep(0)
        lag = max(lag, host.clock() - began)
    return HostHealth(
        seat=host.seat,
        epoch=host.sitting.epoch,
        actors=len(host.cells),
        lag=lag,
        dead_letters=sum(host.dead_letters.counts.values()),
        abandoned_threads=host.work.abandoned_threads,
        draining=host.sitting in host.seating.leaving,
        table=host.table.version,
        complete=host.table.complete,
        seats=tuple(sorted(seat.number for seat in host.seating.taken)),
        unreachable=tuple(sorted(link.seat for link in host.link_stats() if link.state == "unreachable")),
        waiting={seat: tuple(host.seating.waiting_for(seat)[:LISTED]) for seat in sorted(host.seating.withheld)},
    )


async def examine_all(host: "Host", *, stopping: bool) -> Health:
    """How the system is, asked from one of its hosts."""
    others = sorted(seat.number for seat in host.seating.taken if seat.number != host.seat)
    asked = [
        host.delivery.ask_afar(host.ref_to(Address(host.system, seat, ROOT)), HowAreYou(), PATIENCE) for seat in others
    ]
    own = await examine(host)
    now = host.clock()
    found = await asyncio.gather(*asked, return_exceptions=True)
    hosts = [own, *(answer for answer in found if isinstance(answer, HostHealth))]
    silent = [seat for seat, answer in zip(others, found, strict=True) if not isinstance(answer, HostHealth)]
    return Health(
        hosts=tuple(sorted(hosts, key=lambda it: it.seat)),
        silent=tuple(silent),
        vacant=tuple(sorted(seat.number for seat in host.seats.values() if seat.vacant and not seat.withheld)),
        withheld=tuple(
            Withheld(seat.number, seat.deaths, max(0.0, seat.backoff - (now - host.seating.withheld.get(number, now))))
            for number, seat in sorted(host.seats.items())
            if seat.withheld
        ),
        stopping=stopping,
    )
