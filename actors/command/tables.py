"""Reports as people read them: columns of text."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from actors.address import Sitting
from actors.mail.quarantine import Quarantined
from actors.operations.reports import ActorReport, ActorTree, Diagnosis, HostReport, Inspection, Traced

NUMBERS = "0123456789.-"


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Columns under their heads; a column of numbers stands to the right."""
    lines = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(line[column]) for line in [list(heads), *lines]) for column in range(len(heads))]
    right = [bool(lines) and all(not line[column].strip(NUMBERS) for line in lines) for column in range(len(heads))]
    shown = (
        "  ".join(
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(line, widths, right, strict=True)
        ).rstrip()
        for line in [list(heads), *lines]
    )
    return "\n".join(shown) + "\n"


def tree(found: ActorTree, rows: Sequence[tuple[int, ActorReport]]) -> str:
    """The actors, each under its parent."""
    if not rows:
        return "There are no actors.\n"
    heads = ("actor", "class", "state", "waiting", "restarts", "handled", "ident")
    text = table(
        heads,
        (
            ("  " * depth + _name(it), it.kind, it.state.value, it.waiting, it.restarts, it.handled, it.ident)
            for depth, it in rows
        ),
    )
    if found.left_out:
        text += f"{found.left_out} more actors are not shown; see --limit.\n"
    return text


def _name(actor: ActorReport) -> str:
    return actor.path.rpartition("/")[2] or "-"


def inspection(found: Inspection) -> str:
    """One actor's inside."""
    actor = found.actor
    facts = {
        "actor": actor.path or actor.ident,
        "class": actor.kind,
        "address": str(actor.address),
        "state": actor.state.value,
        "incarnation": found.incarnation,
        "waiting": actor.waiting,
        "handled": actor.handled,
        "handles now": ", ".join(found.running),
        "has become": found.behaviour,
        "stashed": found.stashed or "",
        "owes replies": found.owed or "",
    }
    width = max(len(name) for name in [*facts, *found.attributes])
    lines = [f"{name.ljust(width)}  {value}" for name, value in facts.items() if value != ""]
    lines += ["", "attributes"] if found.attributes else ["", "no attributes"]
    lines += [f"{name.ljust(width)}  {value}" for name, value in found.attributes.items()]
    return "\n".join(lines) + "\n"


def traced(event: Traced) -> str:
    """One line of a trace."""
    who = f" from {event.sender}" if event.sender else ""
    what = f"failed: {event.error}" if event.error else f"{event.what}{who}"
    behind = f", {event.waiting} waiting" if event.waiting else ""
    return f"{event.at:9.3f} s  {event.message}  {what}{behind}\n"


def quarantine(entries: Sequence[Quarantined]) -> str:
    """What is in quarantine, a line each."""
    heads = ("number", "seat", "actor", "message", "attempts", "error", "age")
    return table(
        heads,
        (
            (it.number, it.seat, it.actor, it.message_type, it.attempts, it.error_type, f"{it.age:.0f} s")
            for it in entries
        ),
    )


def quarantined(it: Quarantined, message: str) -> str:
    """One message in quarantine, with the error."""
    facts = {
        "number": it.number,
        "actor": it.actor,
        "address": it.target,
        "message": message,
        "sender": it.sender.address if it.sender is not None else "",
        "attempts": it.attempts,
        "age": f"{it.age:.0f} s",
        "error": f"{it.error_type}: {it.error_text}",
    }
    lines = [f"{name.ljust(8)}  {value}" for name, value in facts.items() if value != ""]
    return "\n".join(lines) + f"\n\n{it.traceback}\n"


def diagnosis(found: Diagnosis, *, every_stack: bool) -> str:
    """What is wrong, and the hosts; stacks of hanging loops, or of everything."""
    reports = {it.seat: it for it in found.hosts if it.seat is not None}
    heads = ("seat", "state", "epoch", "node", "pid", "actors", "lease", "lag", "table", "cannot reach", "hangs in")
    rows = [
        (
            it.seat,
            it.state.value,
            _epoch(it.seat, it.epoch),
            it.node[:8],
            it.pid,
            it.actors,
            _lease(reports.get(it.seat)),
            f"{it.lag:.3f} s",
            _table(reports.get(it.seat)),
            _unreachable(reports.get(it.seat)),
            it.stalled,
        )
        for it in found.members
    ]
    known = {it.seat for it in found.members}
    rows += [
        (
            "-" if it.seat is None else it.seat,
            "spare" if it.seat is None else "?",
            "" if it.seat is None else _epoch(it.seat, it.epoch),
            it.node[:8],
            it.pid,
            it.actors,
            _lease(it),
            f"{it.lag:.3f} s",
            _table(it),
            _unreachable(it),
            it.stalled,
        )
        for it in found.hosts
        if it.seat not in known
    ]
    problems = [f"! {problem}" for problem in found.problems] or ["Nothing is wrong."]
    text = f"system {found.system}\n\n" + "\n".join(problems) + "\n\n" + table(heads, rows)
    text += _dead_letters(found.hosts)
    return text + _stacks(found, every_stack=every_stack)


def file(found: Diagnosis) -> str:
    """Everything, for a bug report."""
    facts = [f"made {datetime.now(UTC).isoformat(timespec='seconds')}"]
    facts += [f"{name} {version}" for name, version in found.versions.items()]
    facts += [f"setting {name} = {value}" for name, value in found.settings.items()]
    return diagnosis(found, every_stack=True) + "\n" + "\n".join(facts) + "\n"


def _epoch(seat: int, epoch: int) -> str:
    return str(Sitting(seat, epoch)).rpartition(" ")[2]


def _lease(report: HostReport | None) -> str:
    if report is None or report.lease is None:
        return ""
    return f"{report.lease:.1f} s" if report.lease > 0 else "none"


def _table(report: HostReport | None) -> str:
    return "" if report is None or report.seat is None else ".".join(map(str, report.table))


def _unreachable(report: HostReport | None) -> str:
    return ", ".join(map(str, report.unreachable)) if report is not None else ""


def _dead_letters(reports: Sequence[HostReport]) -> str:
    lines = [
        f"seat {it.seat}: {name} {count}\n"
        for it in reports
        for name, count in {
            **{f"dead letters {reason}": count for reason, count in sorted(it.dead_letters.items())},
            "suspended actors": it.suspended,
            "messages in quarantine": it.quarantined,
            "abandoned threads": it.abandoned_threads,
            "asks that wait": it.asks_waiting,
        }.items()
        if count
    ]
    return "\n" + "".join(lines) if lines else ""


def _stacks(found: Diagnosis, *, every_stack: bool) -> str:
    text = ""
    said: set[int] = set()
    for it in found.hosts:
        who = f"seat {it.seat}" if it.seat is not None else f"spare {it.name}"
        for name, stack in it.stacks.items():
            if every_stack or (it.stalled and name == "thread host-loop"):
                text += f"\n{who}, {name}\n{stack}"
                said.add(-1 if it.seat is None else it.seat)
    for it in found.members:
        if it.stack and it.seat not in said:
            text += f"\nseat {it.seat}, its loop, as it told the directory\n{it.stack}"
    return text
