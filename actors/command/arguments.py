"""What may be written on the command line, and what `--help` says about it."""

import argparse
import math

ABOUT = """\
Look inside a running system of actors on Ray, and act on it.

An embedded Ray of a running program of yours on this machine is found by itself. On a cluster, run this on one of its
nodes with --address HEAD:6379, or with RAY_ADDRESS set. A system with on="local" lives inside its program, where
`system.operations` does the same."""

EXAMPLES = """\
examples:
  python -m actors systems                          which systems there are
  python -m actors doctor                           what is wrong, by host
  python -m actors doctor --file report.txt         everything, for a bug report
  python -m actors tree                             all actors: state, mailbox, restarts, messages
  python -m actors inspect /kitchen/oven            the attributes of one actor
  python -m actors trace /kitchen/oven --seconds 30 what it handles, as it comes
  python -m actors suspend /kitchen/oven --yes      let it handle nothing until `resume`
  python -m actors quarantine requeue 979253303963022622982201 --yes
                                                    give a message back to its actor
  python -m actors drain 3 --yes                    stop the actors of one host, and let it leave
  python -m actors stop shop --yes                  end a detached system, for everybody

An actor is named by its path, or by its ident as `tree` shows it (2/1.17).

Only suspend, resume, drain, stop, quarantine requeue and quarantine drop change anything. They ask first, or want
--yes, and the host concerned logs who did it. Whoever may run code in the Ray cluster may do all of this.

exit codes: 0 all is well, 1 something is wrong or did not answer, 2 wrong usage or nothing found, 130 Ctrl-C"""

STOP = """\
Stop a detached system as `system.shutdown()` does in a program: handlers finish within their budgets, every on_stop
runs, then hosts, keeper and directory end. Programs that are attached hear that it is closed, and go on. Returns when
nothing is left of it; the exit code is 1 if an actor did not stop in time and was abandoned."""

ACTOR = "path or ident of the actor"


def parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    whole = argparse.ArgumentParser(
        "python -m actors", description=ABOUT, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = whole.add_subparsers(dest="verb", required=True, metavar="VERB")
    where = _where()
    sure = argparse.ArgumentParser(add_help=False)
    sure.add_argument("--yes", action="store_true", help="do it without asking")

    verbs.add_parser("systems", parents=[where], help="which systems there are")

    tree = verbs.add_parser("tree", parents=[where], help="the actors of all hosts")
    tree.add_argument("actor", nargs="?", help=f"{ACTOR} whose part of the tree is to be shown")
    tree.add_argument("--limit", type=_count, default=1000, help="actors of each host at most (default %(default)s)")

    doctor = verbs.add_parser("doctor", parents=[where], help="what is wrong: seats, leases, loops, links, stacks")
    doctor.add_argument("--stacks", action="store_true", help="show the stacks of all hosts, not only of hanging loops")
    doctor.add_argument("--file", help="write everything into this file too, for a bug report")

    inspect = verbs.add_parser("inspect", parents=[where], help="the inside of one actor")
    inspect.add_argument("actor", help=ACTOR)

    trace = verbs.add_parser("trace", parents=[where], help="what one actor handles, as it comes, without bodies")
    trace.add_argument("actor", help=ACTOR)
    trace.add_argument("--seconds", type=_seconds, default=10.0, help="for how long (default %(default)g)")

    for verb, text in (("suspend", "let an actor handle no message"), ("resume", "let a suspended actor go on")):
        verbs.add_parser(verb, parents=[where, sure], help=f"{text} (changes it)").add_argument("actor", help=ACTOR)

    drain = verbs.add_parser(
        "drain", parents=[where, sure], help="stop the actors of one host, which leaves (for good)"
    )
    drain.add_argument("seat", type=_number, help="the seat of the host, as `doctor` shows it")

    stop = verbs.add_parser(
        "stop", parents=[_place(), sure], help="end a detached system, for every program (for good)", description=STOP
    )
    stop.add_argument("system", help="the name of the system, as `systems` shows it, with or without its namespace")

    quarantine = verbs.add_parser("quarantine", help="messages that made their actors fail too often")
    actions = quarantine.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", parents=[where], help="what is there")
    for action, parents, text in (
        ("show", [where], "one of them, with the error"),
        ("requeue", [where, sure], "give it back to its actor (changes it)"),
        ("drop", [where, sure], "let it go for good (changes it)"),
    ):
        one = actions.add_parser(action, parents=parents, help=text)
        one.add_argument("number", type=_number, help="the number of the message, as `list` shows it")
    return whole


def _where() -> argparse.ArgumentParser:
    where = _place()
    where.add_argument("--system", help="the system's name, where there are several")
    return where


def _place() -> argparse.ArgumentParser:
    where = argparse.ArgumentParser(add_help=False)
    where.add_argument(
        "--address",
        help="host:port of a Ray, `auto` for the one that `ray start` began here, or a program's private folder "
        "(default: RAY_ADDRESS, else the embedded Ray of a program on this machine)",
    )
    where.add_argument("--json", action="store_true", help="print JSON")
    return where


def _count(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 1 or more")
    return number


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0.0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0, such as 30 or 0.5")
    return seconds


def _number(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 0 or more")
    return int(text)
