"""Every host process is a Ray actor with a name, so that operators can look at it also while its loop hangs.

They ask Ray, whose calls a host answers in threads of their own. Who does not answer in time is named, not waited for.
"""

import asyncio
import re
from typing import Any

from ray.exceptions import RayError

from actors.backends.ray import calls
from actors.operations.reports import HostReport

PATIENCE = 1.5
"""Seconds that a process has to answer."""

NAME = re.compile(r"(.+)-host-[0-9a-f]{8}")
"""Of a host process and its Ray actor."""


def system_of(actor: str) -> str | None:
    """The system that a Ray actor of this name is a host process of; None for any other."""
    found = NAME.fullmatch(actor)
    return found[1] if found is not None else None


async def look_at_hosts(namespace: str, system: str) -> tuple[list[HostReport], list[str]]:
    """What every host process of a system says of itself; and, a sentence each, those that do not answer."""
    named = await asyncio.to_thread(calls.named_actors)
    names = sorted(actor for where, actor in named if where == namespace and system_of(actor) == system)
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
