"""`python -m apps.ride_hailing run|check`: read the options, play, print what came of it, set the exit status."""

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from actors import SettingsError, System, UnderstudyError
from apps.ride_hailing.check import Checks, check
from apps.ride_hailing.evidence import Evidence
from apps.ride_hailing.options import Options, parse
from apps.ride_hailing.pace import Pace
from apps.ride_hailing.plan import Plan, generated_plan, recorded_plan
from apps.ride_hailing.play import play
from apps.ride_hailing.progress import Progress
from apps.ride_hailing.rejects import BadInput
from apps.ride_hailing.rules import Rules
from apps.ride_hailing.summary import Summary, summarize
from tracing import traced

SATISFIED, REFUSED, UNUSABLE, INTERRUPTED = 0, 1, 2, 130


def main(arguments: Sequence[str]) -> int:
    """Run the program; returns its exit status."""
    options = parse(arguments)
    if isinstance(options, Checks):
        return check(options)
    progress = Progress(sys.stderr, quiet=options.quiet)
    try:
        return _run(options, progress)
    except (BadInput, SettingsError) as error:
        _complain(progress, str(error))
        return UNUSABLE
    except UnderstudyError as error:
        _complain(progress, f"{type(error).__name__}: {error}")
        return REFUSED
    except KeyboardInterrupt:
        _complain(progress, "stopped")
        return INTERRUPTED


def _run(options: Options, progress: Progress) -> int:
    plan = _plan(options)
    evidence = _play(options, plan, progress)
    summary = summarize(plan, evidence, backend=options.on, spread=options.on == "ray" and options.hosts != 1)
    progress.close()
    print(summary.as_table())
    if options.json is not None:
        _write(summary, options.json)
    return SATISFIED if summary.satisfied else REFUSED


def _plan(options: Options) -> Plan:
    if options.trips is None:
        return generated_plan(options.part, options.requests, options.drivers, options.seed)
    return recorded_plan(options.trips, options.zones, options.part, options.limit, options.drivers, options.seed)


def _play(options: Options, plan: Plan, progress: Progress) -> Evidence:
    rules = Rules(Pace(options.speedup), drivers=options.drivers)

    async def run(system: System) -> Evidence:
        return await play(system, plan, rules, progress, time.monotonic)

    instrument = None if options.traces is None else traced("ride-hailing", folder=options.traces)
    if options.on == "local":
        return System(on="local", instrument=instrument).run(run)
    progress.note("opening Ray ..." if options.address is None else f"joining Ray at {options.address} ...")
    return System(
        on="ray",
        address=options.address,
        node_address=options.node_address,
        hosts=options.hosts,
        instrument=instrument,
    ).run(run)


def _write(summary: Summary, path: Path) -> None:
    try:
        path.write_text(json.dumps(summary.as_json(), indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        message = f"{path}: the summary cannot be written ({error.strerror or error})."
        raise BadInput(message) from error


def _complain(progress: Progress, text: str) -> None:
    progress.close()
    print(f"ride-hailing: {text}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
