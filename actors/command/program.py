"""The whole run of one command: find a Ray and a system, do the verb, say what came out, leave nothing behind."""

import asyncio
import logging
import os
import sys
from argparse import Namespace
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from actors.command import tables
from actors.command.arguments import parser
from actors.command.plain import as_json
from actors.command.verbs import FINE, NOTHING, VERBS, WRONG, Answer, NothingFound, complain, say
from actors.errors import AskError, NotRunning, UnderstudyError

if TYPE_CHECKING:
    from actors.backends.ray.visitor import EmbeddedRay

INTERRUPTED = 130
"""The exit code of a command that Ctrl-C has ended, as a shell shows it."""

NO_RAY = """\
No program of yours with an embedded Ray runs on this machine, and RAY_ADDRESS is not set.
On a cluster, run this on one of its nodes with --address HEAD:6379, or --address auto for a Ray that `ray start` began
here. For a program that keeps its temporary files elsewhere, set TMPDIR as it does, or give --address its private
folder (understudy-...). A program of another user can be looked at by that user. Systems with on="local" live inside
their program: use `system.operations` there."""


def main(arguments: Sequence[str]) -> int:
    """Run one command, and return its exit code; wrong usage ends in SystemExit(2)."""
    given = parser().parse_args(arguments)
    logging.getLogger("understudy.quarantine").addHandler(logging.StreamHandler())  # names hosts that do not answer
    try:
        answer = _run(given)
        say(as_json(answer.data) if given.json and answer.data is not None else "" if given.json else answer.text)
    except BrokenPipeError:  # whoever reads has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FINE
    except KeyboardInterrupt:
        return INTERRUPTED
    except (NothingFound, NotRunning) as error:
        complain(str(error))
        return NOTHING
    except AskError as error:
        complain(f"{type(error).__name__}: {error} `doctor` may say why.")
        return WRONG
    except (UnderstudyError, ValueError, OSError) as error:
        complain(str(error))
        return NOTHING
    return answer.code


def _run(given: Namespace) -> Answer:
    from actors.backends.ray.visitor import join

    places = _places(given.address)
    if given.verb == "systems":
        return _systems(places)
    if len(places) > 1:
        found = "\n".join(f"  --address {_name(place)}" for place in places)
        raise NothingFound(
            f"Several programs with an embedded Ray run here; choose one (`systems` shows them):\n{found}"
        )
    with closing(join(places[0])):
        return asyncio.run(_do(given))


def _places(address: str | None) -> "list[str | EmbeddedRay]":
    from actors.backends.ray.visitor import embedded_in, embedded_rays

    address = address or os.environ.get("RAY_ADDRESS") or None
    if address is None:
        found = embedded_rays()
        if not found:
            raise NothingFound(NO_RAY)
        return list(found)
    folder = Path(address)
    if not folder.is_dir():
        return [address]
    embedded = embedded_in(folder)
    if embedded is None:
        raise NothingFound(f"{address} is no private folder of a running program, or may not be read.")
    return [embedded]


async def _do(given: Namespace) -> Answer:
    from actors.backends.ray.hosts.host_actors import systems
    from actors.backends.ray.visitor import visit

    found = await asyncio.to_thread(systems)
    names = [f"{namespace}/{name}" for namespace, name in found]
    wanted = [it for it, name in zip(found, names, strict=True) if given.system in (None, it[1], name)]
    if not wanted:
        there = f"There are: {', '.join(names)}." if names else "There is none."
        raise NothingFound(f"No system {given.system or ''} runs on this Ray. {there}".replace("  ", " "))
    if len(wanted) > 1:
        which = [f"{namespace}/{name}" for namespace, name in wanted]
        how = "choose one by --system" if given.system is None else f"{given.system} is one of several, name it whole"
        raise NothingFound(f"Several systems run on this Ray; {how}: {', '.join(which)}.")
    async with visit(*wanted[0]) as seen:
        return await VERBS[given.verb](seen, given)


def _systems(places: "Sequence[str | EmbeddedRay]") -> Answer:
    from actors.backends.ray.visitor import join

    rows: list[tuple[str, str, int, int, str]] = []
    for place in places:
        try:
            with closing(join(place)):
                rows += [(_name(place), *row) for row in asyncio.run(_looked_at())]
        except UnderstudyError as error:
            if len(places) == 1:
                raise
            complain(str(error))  # it ends just now
    if not rows:
        raise NothingFound("No system runs on this Ray.")
    heads = ("address", "system", "hosts", "actors", "state")
    data = [dict(zip(heads, row, strict=True)) for row in rows]
    return Answer(tables.table(heads, rows), data, WRONG if any(row[-1] != "up" for row in rows) else FINE)


async def _looked_at() -> list[tuple[str, int, int, str]]:
    """Each system with its hosts and actors as the directory knows them."""
    from actors.backends.ray.hosts.host_actors import systems
    from actors.backends.ray.visitor import Visit

    rows: list[tuple[str, int, int, str]] = []
    for namespace, name in await asyncio.to_thread(systems):
        try:
            members = await Visit(namespace, name).members()
        except UnderstudyError as error:
            complain(str(error))
            rows.append((f"{namespace}/{name}", 0, 0, "silent"))
        else:
            states = {member.state.value for member in members} - {"up", "slow"}
            state = ", ".join(sorted(states)) or "up"
            rows.append((f"{namespace}/{name}", len(members), sum(member.actors for member in members), state))
    return rows


def _name(place: "str | EmbeddedRay") -> str:
    return place if isinstance(place, str) else str(place.folder)
