"""What is wrong with a system, from all who can say: the directory, the hosts' threads, the hosts' loops.

Each is asked at the same time and none is waited for longer than two seconds: who does not answer is a finding.
"""

import asyncio
import platform
import sys
from collections.abc import Awaitable, Iterable, Sequence
from typing import TYPE_CHECKING, TypeVar

import msgspec

from actors.health.report import LATE, Health, examine_all
from actors.membership.seats import HostState, Member
from actors.membership.withheld import Withheld
from actors.operations.reports import Diagnosis, HostReport
from actors.settings import DEFAULTS, Settings

if TYPE_CHECKING:
    from actors.host import Host
    from actors.operations.operations import Outlook

T = TypeVar("T")

PATIENCE = 2.0
"""Seconds that anybody has to answer."""

REBUILDING = "The directory is being rebuilt after its end, so hosts may be missing; that takes some seconds."

PACKAGES = ("understudy", "ray", "msgspec", "uvloop", "cloudpickle", "pydantic")


async def diagnose(system: str, outlook: "Outlook", host: "Host | None") -> Diagnosis:
    """Examine a system; `host` is one that can ask the others, None where there is none because nobody answers."""
    problems: list[str] = []
    members, looks, health = await asyncio.gather(
        _within(outlook.members(), "The directory does not answer", problems),
        _within(outlook.look_closely(), "The host processes cannot be asked", problems),
        _health(host),
    )
    if host is not None and not host.table.complete:
        problems.append(REBUILDING)
    reports, silent = looks or ([], [])
    problems += [*findings(members or (), reports, health), *silent]
    return Diagnosis(
        system=system,
        problems=tuple(dict.fromkeys(problems)),
        members=tuple(members or ()),
        hosts=tuple(sorted(reports, key=lambda it: (it.seat is None, it.seat or 0, it.name))),
        versions=versions(),
        settings={} if host is None else _changed(host.settings),
    )


def findings(members: Sequence[Member], reports: Sequence[HostReport], health: Health | None) -> list[str]:
    """What is wrong, by what the directory and the hosts say; each trouble once."""
    hanging = {it.seat: it.stalled for it in members if it.state is HostState.STALLED}
    hanging |= {it.seat: it.stalled for it in reports if it.seat is not None and it.stalled}
    found = [f"The loop of the host on seat {seat} hangs in {actor}." for seat, actor in sorted(hanging.items())]
    found += _of_members(members, hanging)
    for it in reports:
        if it.seat is None:
            continue
        if it.lease is not None and it.lease <= 0.0:
            found.append(f"The host on seat {it.seat} has no lease (any more), so its actors wait.")
        if it.lag >= LATE and it.seat not in hanging:
            found.append(f"The loop of the host on seat {it.seat} is late by {it.lag:.1f} s.")
        found += [f"The host on seat {it.seat} cannot reach seat {seat}." for seat in it.unreachable]
    if health is not None:
        seated = tuple(it for it in health.hosts if it.seat >= 0)  # not the command line's own
        silent = tuple(seat for seat in health.silent if seat not in hanging)  # that is why
        withheld = tuple(it for it in health.withheld if not any(other.seat == it.seat for other in members))
        found += msgspec.structs.replace(health, hosts=seated, silent=silent, withheld=withheld).problems
    return list(dict.fromkeys(found))


def _of_members(members: Iterable[Member], hanging: dict[int, str]) -> list[str]:
    found: list[str] = []
    for it in members:
        if it.state is HostState.UNREACHABLE:
            found.append(f"The host on seat {it.seat} has not renewed its lease for {it.silence:.1f} s.")
        elif it.withheld:
            found.append(str(Withheld(it.seat, it.deaths, it.withheld)))
        elif it.state is HostState.DEAD:
            found.append(f"The host of seat {it.seat} was lost, and nobody has taken the seat yet.")
        elif it.lag >= LATE and it.seat not in hanging:
            found.append(f"The loop of the host on seat {it.seat} is late by {it.lag:.1f} s.")
    return found


def versions() -> dict[str, str]:
    """Of what runs here."""
    from importlib import metadata  # it takes 10 ms to import, and nobody needs it before

    found = {"python": sys.version.split()[0], "platform": platform.platform()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _changed(settings: Settings) -> dict[str, str]:
    names = [name for name, default in DEFAULTS.items() if getattr(settings, name) != default]
    return {name: f"{getattr(settings, name)} ({settings.origin(name)})" for name in names}


async def _within(answer: Awaitable[T], what: str, problems: list[str]) -> T | None:
    """The answer; None if there is none in time, and then that is one of the problems."""
    try:
        async with asyncio.timeout(PATIENCE):
            return await answer
    except TimeoutError:
        problems.append(f"{what}: nothing was heard for {PATIENCE:g} s.")
    except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
        problems.append(f"{what}: {type(error).__name__}: {error}")
    return None


async def _health(host: "Host | None") -> Health | None:
    """What the loops of all hosts say, if there is one that can ask them."""
    return await examine_all(host, stopping=False) if host is not None else None
