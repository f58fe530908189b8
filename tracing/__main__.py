"""`python -m tracing view` shows the traces of a run; `merge` writes its files as one, for Jaeger's upload page."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from tracing.reading import Unreadable, documents, traces
from tracing.view import chosen, drawn, summary

UNUSABLE = 2


def main(arguments: Sequence[str]) -> int:
    """Run the program; returns its exit status."""
    given = _parsed(arguments)
    try:
        parts = documents(given.files)
        if given.command == "merge":
            given.output.write_bytes(msgspec.json.encode({"resourceSpans": parts}))
            print(f"{given.output}: {summary(traces(parts))}")  # noqa: T201 - a program prints
            return 0
        found = traces(parts)
    except (Unreadable, OSError) as error:
        print(f"tracing: {error}", file=sys.stderr)  # noqa: T201
        return UNUSABLE
    those = chosen(
        found,
        service=given.service,
        errors=given.errors,
        slowest=given.slowest,
        trace=given.trace,
        saying=given.saying,
    )
    print(summary(found))  # noqa: T201
    for trace in those[: given.limit]:
        print()  # noqa: T201
        for line in drawn(trace, short=given.short, without=given.without):
            print(line)  # noqa: T201
    if len(those) > given.limit:
        print(f"\n... and {len(those) - given.limit:,} traces more; --limit shows more of them")  # noqa: T201
    return 0


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tracing", description="Look at traces of a run.")
    commands = parser.add_subparsers(dest="command", required=True)
    view = commands.add_parser("view", help="draw traces as trees", description=_VIEW)
    merge = commands.add_parser("merge", help="write all files of a run as one, for Jaeger's upload page")
    for command in (view, merge):
        command.add_argument("files", nargs="*", type=Path, default=[Path("traces")], help="files or folders")
    view.add_argument("--slowest", type=int, metavar="N", help="the N slowest traces, slowest first")
    view.add_argument("--errors", action="store_true", help="only traces with errors")
    view.add_argument("--service", default="", metavar="S", help="only traces in which this service takes part")
    view.add_argument("--trace", default="", metavar="ID", help="only the trace whose id begins so")
    view.add_argument(
        "--saying", default="", metavar="TEXT", help="only traces with this in an attribute: an actor's id"
    )
    view.add_argument("--short", action="store_true", help="a message that was told is one line, its handler's")
    view.add_argument("--without", default="", metavar="TEXT", help="leave out spans with this in their names")
    view.add_argument("--limit", type=int, default=20, metavar="N", help="draw at most N (default: %(default)s)")
    merge.add_argument("--output", "-o", type=Path, default=Path("traces.json"), help="default: %(default)s")
    return parser.parse_args(arguments)


_VIEW = """\
A tree per trace. Each line: when the span began, how long it took, ! for an error, * where it is on the critical path
(the spans without which the trace would have ended sooner), the service, and what it did.
"""

if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except BrokenPipeError:  # into `head`
        sys.exit(0)
