"""The command line: what may be asked for, and what is wrong with what was asked."""

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Literal

from apps.ride_hailing.check import Checks
from apps.ride_hailing.demand import Slice
from apps.ride_hailing.pace import DAY, HOUR

PROGRAM = "python -m apps.ride_hailing"

RUN = """\
Play a part of a taxi day with riders, trips, drivers and a dispatcher as actors, and judge it afterwards from the
logs that riders, dispatcher and drivers have each kept for themselves.

Without --trips the city and the day are generated: a Manhattan-like grid, with the hourly speeds and demand measured
there.
"""

AFTER = f"""\
examples:
  {PROGRAM} run
      some of the evening in a minute, on an embedded Ray
  {PROGRAM} run --on local
      the same in this process, without Ray
  {PROGRAM} run --address 10.0.0.1:6379 --hosts 6 --drivers 2000 --requests 3000
      on a Ray cluster
  {PROGRAM} check --seeds 1000
      a thousand small days with faults, in virtual time
  {PROGRAM} run --trips yellow_tripdata.csv --zones taxi_zones.geojson
      the trips of a file of the New York taxi commission

exit status:
  0  every request reached exactly one terminal stage, and all logs agree
  1  the judge refused the run, or it could not be finished; the reasons are printed
  2  the options or an input file cannot be used
  130, 143  stopped with Ctrl-C or SIGTERM, after cleaning up
"""

TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")

EVENING = 18 * HOUR

MOST = 1_000_000
"""The largest number that any option takes."""


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for, complete and consistent."""

    on: Literal["local", "ray"]
    address: str | None
    node_address: str | None
    hosts: int | None
    drivers: int
    requests: int
    part: Slice
    speedup: float
    seed: int
    trips: Path | None
    zones: Path | None
    limit: int
    json: Path | None
    traces: Path | None
    """Where spans go, unless an `OTEL_*` variable names a collector; None for no tracing."""
    quiet: bool


CHECK = """\
Play small days in simulated worlds: all hosts in this process, in virtual time, with connections that break, hosts that
stand still and networks that are cut, as the seed says. Each day is judged like any run. A failure is printed with the
command that repeats it.
"""


def parse(arguments: Sequence[str]) -> Options | Checks:
    """Read the command line; `--help` and errors leave with SystemExit (0 and 2) after printing what to do."""
    parser = argparse.ArgumentParser(prog=PROGRAM, description="Ride-hailing on actors.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="run|check")
    run = commands.add_parser(
        "run",
        help="play a part of a day and judge it",
        description=RUN,
        epilog=AFTER,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_options(run)
    check = commands.add_parser(
        "check", help="play many small days in simulated worlds, with faults", description=CHECK
    )
    check.add_argument("--seeds", type=_count, default=1000, metavar="N", help="how many (default: %(default)s)")
    check.add_argument("--first", type=int, default=0, metavar="S", help="the first of them (default: %(default)s)")
    check.add_argument("--faults", metavar="JSON", help="these faults instead of each seed's own")
    given = parser.parse_args(arguments)
    if given.command == "check":
        return Checks(given.seeds, given.first, given.faults)
    wrong = _contradiction(given)
    if wrong is not None:
        run.error(wrong)
    return _complete(given)


def _add_options(run: argparse.ArgumentParser) -> None:
    add = run.add_argument_group("where it runs").add_argument
    add("--on", choices=("ray", "local"), default="ray", help="the backend (default: %(default)s)")
    add("--address", metavar="A", help="join the Ray cluster at host:port (default: RAY_ADDRESS, else an embedded Ray)")
    add("--node-address", metavar="A", help="this machine's address in the cluster, if Ray takes the wrong one")
    add("--hosts", type=_count, metavar="N", help="host processes besides this one (default: cores - 1, at least 2)")
    add = run.add_argument_group("what is played").add_argument
    add("--drivers", type=_count, default=300, metavar="N", help="drivers (default: %(default)s)")
    add("--requests", type=_count, metavar="N", help="requests of the generated day (default: 450)")
    add("--start", type=_time, metavar="HH:MM", help="begin of the slice (default: 18:00; with --trips 00:00)")
    add("--minutes", type=_positive, metavar="M", help="its length (default: 20; with --trips 1440)")
    add("--speedup", type=_positive, metavar="X", help="simulated time to real time (default: 100; with --trips 600)")
    add("--seed", type=int, default=0, metavar="S", help="another seed, another city (default: %(default)s)")
    add = run.add_argument_group("recorded trips").add_argument
    add("--trips", type=Path, metavar="FILE", help="a yellow-cab CSV file of the NYC TLC, of July 2016 or later")
    add("--zones", type=Path, metavar="FILE", help="GeoJSON with the TLC's taxi zones, to place those trips")
    add("--limit", type=_count, default=20_000, metavar="N", help="play the first N trips only (default: %(default)s)")
    add = run.add_argument_group("results").add_argument
    add("--json", type=Path, metavar="FILE", help="write the summary as JSON, too")
    add(
        "--traces",
        type=Path,
        nargs="?",
        const=Path("traces"),
        metavar="FOLDER",
        help="trace every message: into files in FOLDER (default: traces), or to the collector that OTEL_* names",
    )
    add("--quiet", action="store_true", help="no progress on stderr")


def _contradiction(given: argparse.Namespace) -> str | None:
    """The first thing that is wrong with options that are right one by one."""
    local, recorded, json = given.on == "local", given.trips is not None, given.json
    wrong = {
        "--address names a Ray cluster; leave it out, or use --on ray": local and given.address is not None,
        "--hosts is for Ray; leave it out, or use --on ray": local and given.hosts is not None,
        "--zones places the trips of a file; give the file with --trips": given.zones is not None and not recorded,
        "--requests is for the generated day; use --limit with --trips": given.requests is not None and recorded,
        "--minutes: a slice has at most 1440 minutes, one day": (given.minutes or 0.0) * 60 > DAY,
        f"--json {json}: its folder does not exist": json is not None and not json.absolute().parent.is_dir(),
        f"--json {json}: is a folder; give the name of a file": json is not None and json.is_dir(),
    }
    return next((text for text, holds in wrong.items() if holds), None)


def _complete(given: argparse.Namespace) -> Options:
    recorded = given.trips is not None
    start = given.start if given.start is not None else (0.0 if recorded else EVENING)
    minutes = given.minutes or (1440.0 if recorded else 20.0)
    return Options(
        on=given.on,
        address=given.address,
        node_address=given.node_address,
        hosts=given.hosts,
        drivers=given.drivers,
        requests=given.requests or 450,
        part=Slice(start, minutes * 60),
        speedup=given.speedup or (600.0 if recorded else 100.0),
        seed=given.seed,
        trips=given.trips,
        zones=given.zones,
        limit=given.limit,
        json=given.json,
        traces=given.traces,
        quiet=given.quiet,
    )


def _count(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= number <= MOST:
        message = f"{text!r} is no number from 1 to 1000000"
        raise argparse.ArgumentTypeError(message)
    return number


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not (isfinite(number) and 0 < number <= MOST):
        message = f"{text!r} is no number above 0"
        raise argparse.ArgumentTypeError(message)
    return number


def _time(text: str) -> float:
    parts = TIME.fullmatch(text)
    if parts is None:
        message = f"{text!r} is no time of day; write it as 18:00"
        raise argparse.ArgumentTypeError(message)
    return int(parts[1]) * HOUR + int(parts[2]) * 60
