"""Every host process is a Ray actor with a name, so that operators can look at it also while its loop hangs.

They ask Ray, whose calls a host answers in threads of their own. Who does not answer in time is named, not waited for.
"""

import asyncio
from typing import Any

from ray.exceptions import RayError

from actors.backends.ray import calls
from actors.backends.ray.system_name import part_of
from actors.host import Host
from actors.membership.seats import Heirs
from actors.operations.operations import ask_hosts
from actors.operations.reports import HostReport

PATIENCE = 1.5
"""Seconds that a process has to answer."""


def systems() -> list[tuple[str, str]]:
    """Namespace and name of every system of the cluster of which there is anything. Blocks."""
    found = ((namespace, part_of(actor)) for namespace, actor in calls.named_actors())
    return sorted({(namespace, part[0]) for namespace, part in found if part is not None})


def is_host_of(system: str, actor: str) -> bool:
    """Whether a Ray actor of this name is a host process, or the keeper, of a system."""
    return part_of(actor) in {(system, "host"), (system, "keeper")}


async def look_at_all(namespace: str, system: str, host: Host | None) -> tuple[list[HostReport], list[str]]:
    """What every process of a system says of itself; and, a sentence each, those that do not answer.

    Programs are no Ray actors: their loops are asked, by `host`, where there is one that can.
    """
    reports, silent = await look_at_hosts(namespace, system)
    if host is None:
        return reports, [*silent, "Programs that opened the system were not asked, because that needs the directory."]
    programs = [it.number for it in host.seating.taken if it.heirs is Heirs.NOBODY and it.number != host.seat]
    more, also_silent = await ask_hosts(host, programs)
    return [*reports, *more], [*silent, *also_silent]


async def look_at_hosts(namespace: str, system: str) -> tuple[list[HostReport], list[str]]:
    """As `look_at_all`, without programs."""
    named = await asyncio.to_thread(calls.named_actors)
    names = sorted(actor for where, actor in named if where == namespace and is_host_of(system, actor))
    found = await asyncio.gather(*(_look(name, namespace) for name in names))
    reports = [each for each in found if isinstance(each, HostReport)]
    return reports, [each for each in found if isinstance(each, str)]


async def _look(name: str, namespace: str) -> HostReport | str:
    try:
        async with asyncio.timeout(PATIENCE):
            handle: Any = await asyncio.to_thread(calls.find, name, namespace)
            report = await asyncio.wrap_future(calls.future(handle.look.remote()))
    except TimeoutError:
        return (
            f"The host process {name} did not answer within {PATIENCE:g} s, not even in a thread: it is stopped, or "
            "code in C holds it up, or its node cannot be reached."
        )
    except (RayError, ValueError, AttributeError) as error:  # it has ended meanwhile, or is something else
        return f"The host process {name} cannot be asked: {type(error).__name__}: {str(error).splitlines()[0]}"
    return report if isinstance(report, HostReport) else f"The host process {name} has nothing to say of itself."
