"""Measures the chosen rows and prints their table: `python -m tests.benchmarks [NAME ...]`."""

import argparse
import asyncio
import gc
import importlib
import json
import os
import platform
import sys
import traceback
from collections.abc import Callable, Iterable
from importlib.metadata import PackageNotFoundError, version
from itertools import groupby
from pathlib import Path

from tests.benchmarks.groups import GROUPS
from tests.benchmarks.peers.casty_peer import INTERPRETERS, VERSIONS
from tests.benchmarks.results import Result, table
from tests.benchmarks.rounds import Pace
from tests.benchmarks.rows import Row, registry
from tests.benchmarks.run import Missing, Opened, Run

PACKAGES = ("understudy", "msgspec", "uvloop", "pydantic", "numpy", "ray", "pykka", "thespian", "xoscar")
QUICK = Pace(rounds=2, most=2, seconds=0.02)


def main() -> int:
    """The command. The exit status is 1 if a row failed; a target that is not met is a result like any other."""
    options = _options()
    for group in GROUPS:
        importlib.import_module(f"tests.benchmarks.{group}")
    try:
        rows = registry.chosen(options.names)
    except LookupError as error:
        print(error, file=sys.stderr)
        return 2
    if options.list:
        for row in rows:
            print(f"{row.name:<24} {' and '.join(map(str, row.targets)) or '-':<30} {row.what}")
        return 0
    if options.python:
        INTERPRETERS.insert(0, options.python)
    pace = QUICK if options.quick else Pace()
    versions = _versions()
    results: list[Result] = []
    for _, group_rows in groupby(rows, lambda row: row.group):
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            results += runner.run(_measured(list(group_rows), pace, versions, quick=options.quick))
        gc.collect()
    versions |= VERSIONS
    print(table(results))
    print("\n" + ", ".join(f"{name} {number}" for name, number in versions.items()))
    if options.quick:
        print("--quick: small numbers and two short rounds; these figures mean nothing.")
    if options.json:
        text = json.dumps([result.as_object() for result in results], indent=2, ensure_ascii=False)
        options.json.write_text(text + "\n", encoding="utf-8")
    return int(any(result.failed for result in results))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks", description="Measure, with peers in the same run."
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="a row, or the beginning of some: tell, tell.struct")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there as well")
    parser.add_argument("--list", action="store_true", help="name the rows and their targets, and measure nothing")
    parser.add_argument("--quick", action="store_true", help="two short rounds: shows that rows work, not how fast")
    parser.add_argument(
        "--python", metavar="PATH", help="an interpreter (3.12 or newer) that has Casty, for its figures"
    )
    return parser.parse_args()


async def _measured(rows: Iterable[Row], pace: Pace, versions: dict[str, str], *, quick: bool) -> list[Result]:
    opened = Opened()
    try:
        return [await _one(row, opened, pace, versions, quick=quick) for row in rows]
    finally:
        await opened.close()


async def _one(row: Row, opened: Opened, pace: Pace, versions: dict[str, str], *, quick: bool) -> Result:
    print(f"{row.name}: {row.what} ...", file=sys.stderr, flush=True)
    run = Run(row, opened, pace, quick=quick)
    try:
        measured = await row.measure(run)
    except Missing as missing:
        result = Result(row, None, (*run.notes, str(missing)), versions=versions)
    except Exception as error:
        traceback.print_exc()
        result = Result(row, None, (*run.notes, f"{type(error).__name__}: {error}"), failed=True, versions=versions)
    else:
        result = Result(row, measured, tuple(run.notes), versions=versions)
    print("    " + "  ".join(result.as_line()[1:]), file=sys.stderr, flush=True)
    return result


def _versions() -> dict[str, str]:
    found = {platform.python_implementation(): platform.python_version(), "cores": str(os.cpu_count())}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            if package != "understudy":
                found[package] = "not installed"
    return found


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if sys.platform == "win32":
        return None
    import uvloop

    return uvloop.new_event_loop


if __name__ == "__main__":
    sys.exit(main())
