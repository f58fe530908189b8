"""What each verb does to one system, and what it has to say: text, data for JSON, an exit code."""

import asyncio
import os
import sys
from argparse import Namespace
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from actors.command import tables
from actors.command.plain import as_json
from actors.mail.quarantine import Quarantined
from actors.operations.diagnosis import REBUILDING, diagnose
from actors.operations.operations import IDENT, only
from actors.operations.reports import ActorReport, ActorTree
from actors.supervising.quarantines import Quarantines

if TYPE_CHECKING:
    from actors.backends.ray.visitor import Visit

FINE, WRONG, NOTHING = 0, 1, 2
"""Exit codes."""


class NothingFound(Exception):
    """What was named is not there, or was not allowed; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a verb has found."""

    text: str
    data: object
    code: int = FINE


async def tree(visit: "Visit", given: Namespace) -> Answer:
    """All actors, or those under one."""
    found = await visit.operations.tree(limit=given.limit)
    rows = list(found.rows())
    if given.actor is not None:
        rows = _under(rows, given.actor, found)
    silent = [f"The host on seat {seat} did not answer, so its actors are missing." for seat in found.silent]
    if not found.complete:
        silent.append(REBUILDING)
    for line in silent:
        complain(line)
    data = {
        "actors": [{"ident": it.ident, "depth": depth, **_fields(it)} for depth, it in rows],
        "silent": found.silent,
        "left_out": found.left_out,
        "complete": found.complete,
    }
    return Answer(tables.tree(found, rows), data, WRONG if silent else FINE)


def _fields(actor: ActorReport) -> Mapping[str, object]:
    return {name: getattr(actor, name) for name in actor.__struct_fields__}


def _under(rows: list[tuple[int, ActorReport]], who: str, found: ActorTree) -> list[tuple[int, ActorReport]]:
    path = f"/{who.strip('/')}"
    is_ident = IDENT.fullmatch(who) is not None
    hits = [at for at, (_, it) in enumerate(rows) if (it.ident if is_ident else it.path) == (who if is_ident else path)]
    if hits:
        only(path, [rows[at][1] for at in hits])
        depth, actor = rows[hits[0]]
        return [(0, actor), *((other - depth, it) for other, it in _until(rows[hits[0] + 1 :], depth))]
    more = f" {found.left_out} actors were left out; try a larger --limit." if found.left_out else ""
    raise NothingFound(f"No actor {who} is in the tree.{more}")


def _until(rows: list[tuple[int, ActorReport]], depth: int) -> list[tuple[int, ActorReport]]:
    for index, (other, _) in enumerate(rows):
        if other <= depth:
            return rows[:index]
    return rows


async def inspect(visit: "Visit", given: Namespace) -> Answer:
    """The inside of one actor."""
    found = await visit.operations.inspect(given.actor)
    return Answer(tables.inspection(found), found)


async def trace(visit: "Visit", given: Namespace) -> Answer:
    """What one actor handles, printed as it comes."""
    async with aclosing(visit.operations.trace(given.actor, seconds=given.seconds)) as events:
        async for event in events:
            say(as_json(event) if given.json else tables.traced(event))
    return Answer("", None)


async def doctor(visit: "Visit", given: Namespace) -> Answer:
    """What is wrong."""
    found = await diagnose(visit.system, visit, visit.host)
    if given.file is not None:
        await asyncio.to_thread(_write, given.file, tables.file(found))
        complain(f"Everything is in {given.file}. It has no messages and no secrets, but names, paths and settings.")
    return Answer(tables.diagnosis(found, every_stack=given.stacks), found, WRONG if found.problems else FINE)


def _write(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


async def suspend(visit: "Visit", given: Namespace) -> Answer:
    """Let an actor handle nothing."""
    confirm(given, f"Suspend {given.actor} of {visit.system}? It handles no message until it is resumed.")
    if await visit.operations.suspend(given.actor):
        return Answer(f"{given.actor} is suspended. `resume` lets it go on.\n", {"changed": True})
    return Answer(f"{given.actor} is suspended already, or about to end.\n", {"changed": False})


async def resume(visit: "Visit", given: Namespace) -> Answer:
    """Let an actor go on."""
    confirm(given, f"Resume {given.actor} of {visit.system}?")
    if await visit.operations.resume(given.actor):
        return Answer(f"{given.actor} goes on.\n", {"changed": True})
    return Answer(f"{given.actor} was not suspended.\n", {"changed": False})


async def drain(visit: "Visit", given: Namespace) -> Answer:
    """Let a host leave."""
    confirm(
        given,
        f"Drain seat {given.seat} of {visit.system}? Its host finishes what it has and leaves; another takes the seat, "
        "and its actors start again there.",
    )
    await visit.operations.drain(given.seat)
    return Answer(f"The host on seat {given.seat} has left.\n", {"changed": True})


async def stop(visit: "Visit", given: Namespace) -> Answer:
    """End a detached system, for everybody."""
    if not await asyncio.to_thread(visit.is_detached):
        programs = ", ".join(f"process {it.pid} on node {it.node[:8]}" for it in visit.programs())
        raise NothingFound(
            f"{visit.system} is no detached system: it ends with the program that has opened it. "
            f"End that one{f' ({programs})' if programs else ''}, by Ctrl-C or SIGTERM."
        )
    confirm(given, f"Stop {visit.system}? All its actors and hosts end, for every program, and nothing of it is left.")
    report = await visit.shut_down()
    text = f"{visit.system} has been stopped; actors that ended: {report.stopped}.\n"
    text += "".join(f"! {path} did not stop in time, and was abandoned.\n" for path in report.abandoned)
    data = {"changed": True, "stopped": report.stopped, "abandoned": report.abandoned}
    return Answer(text, data, WRONG if report.abandoned else FINE)


async def quarantine(visit: "Visit", given: Namespace) -> Answer:
    """What to do with messages in quarantine."""
    quarantines = Quarantines(visit.guest(), visit.by)
    entries = await quarantines.list()
    if given.action == "list":
        text = tables.quarantine(entries) if entries else "Nothing is in quarantine.\n"
        return Answer(text, [_entry(entry) for entry in entries])
    entry = _numbered(entries, given.number)
    if given.action == "show":
        message = await visit.operations.quarantined(entry)
        return Answer(tables.quarantined(entry, message), {**_entry(entry), "message": message})
    if given.action == "requeue":
        confirm(given, f"Give {entry.message_type}, number {entry.number}, back to {entry.actor}?")
        done = await quarantines.requeue(entry)
    else:
        confirm(given, f"Drop {entry.message_type}, number {entry.number}, of {entry.actor} for good?")
        done = await quarantines.drop(entry)
    if not done:
        raise NothingFound(f"Number {entry.number} is not in quarantine any more: somebody was quicker.")
    what = f"was given back to {entry.actor}" if given.action == "requeue" else "is gone"
    return Answer(f"Number {entry.number} {what}.\n", {"changed": True})


def _entry(entry: Quarantined) -> Mapping[str, object]:
    """Its number as text: it has some 24 digits, and many readers of JSON keep 16 of them."""
    return {name: getattr(entry, name) for name in entry.__struct_fields__} | {"number": str(entry.number)}


def _numbered(entries: list[Quarantined], number: int) -> Quarantined:
    for entry in entries:
        if entry.number == number:
            return entry
    raise NothingFound(f"Number {number} is not in quarantine (any more). `quarantine list` shows what is.")


VERBS: Mapping[str, "Callable[[Visit, Namespace], Awaitable[Answer]]"] = {
    "tree": tree,
    "inspect": inspect,
    "trace": trace,
    "doctor": doctor,
    "suspend": suspend,
    "resume": resume,
    "drain": drain,
    "stop": stop,
    "quarantine": quarantine,
}


def confirm(given: Namespace, question: str) -> None:
    """Ask on a terminal, unless `--yes` was given. Raises NothingFound for anything but a yes."""
    if given.yes:
        return
    if not sys.stdin.isatty():
        raise NothingFound(f"{question} Nothing was done: add --yes, or run this on a terminal to be asked.")
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise NothingFound("Nothing was done.")


def say(text: str) -> None:
    """To standard output, at once."""
    sys.stdout.write(text)
    sys.stdout.flush()


def complain(text: str) -> None:
    """To standard error."""
    sys.stderr.write(f"understudy: {text}\n")
