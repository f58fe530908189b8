"""Plays small days in simulated worlds, many seeds with faults in virtual time, and has each judged like any run."""

import asyncio
import io
import logging
import sys
from dataclasses import dataclass
from functools import partial

from actors import System
from actors.testing import Chaos, SeedFailed, explore, plan_as_text, plan_from_text, seed_of
from apps.ride_hailing.demand import Slice
from apps.ride_hailing.judge import judge_run
from apps.ride_hailing.pace import HOUR, Pace
from apps.ride_hailing.plan import generated_plan
from apps.ride_hailing.play import COMPANY, Company, play
from apps.ride_hailing.progress import Progress
from apps.ride_hailing.rules import Rules

HOSTS = 3
DRIVERS = 10
REQUESTS = 6
PART = Slice(18 * HOUR, 600.0)
SPEEDUP = 600.0
"""Ten minutes in one second of the simulated world, so that faults of a second matter as much as they can."""

CHAOS = Chaos(most=3, seconds=3.0, kinds=("reset", "pause", "slow", "lag", "cut", "directory"))
"""No host dies: it would take along the logs of its riders and drivers, by which the judge decides. The directory may;
nothing else lasts as long as a host may be silent."""

SHOWN = 5
"""Violations that a failure names."""


@dataclass(frozen=True, slots=True)
class Checks:
    """What was asked for: so many seeds from the first on, with these faults instead of each seed's own."""

    seeds: int
    first: int
    faults: str | None


class Refused(AssertionError):
    """The judge has refused a day."""


@dataclass(slots=True)
class Tally:
    """What all days together came to."""

    requests: int = 0
    served: int = 0


def check(checks: Checks, company: Company = COMPANY) -> int:
    """Play the days; print what came of them, and return 0, or 1 after the first that was refused.

    2 for faults that are no plan, or that can hit nobody here.
    """
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)  # what the runtime says of the faults
    tally = Tally()
    main = partial(day, tally=tally, company=company)
    faults = None
    try:
        faults = None if checks.faults is None else plan_from_text(checks.faults)
        seeds = range(checks.first, checks.first + checks.seeds)
        explored = explore(main, seeds, chaos=CHAOS, faults=faults, hosts=HOSTS)
    except SeedFailed as failed:
        seed, text = failed.run.seed, plan_as_text(failed.run.faults)
        print(failed, file=sys.stderr)
        print(f"Again: python -m apps.ride_hailing check --seeds 1 --first {seed} --faults '{text}'", file=sys.stderr)
        return 1
    except ValueError as error:
        if checks.faults is None:
            raise
        shown = "are no plan, such as '[]'" if faults is None else "cannot be"
        print(f"ride-hailing: these --faults {shown}: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    finally:
        logging.disable(disabled)
    print(explored)
    print(f"{tally.requests} requests, {tally.served} served; every one reached exactly one end, and all logs agree")
    return 0


async def day(system: System, tally: Tally, company: Company) -> None:
    """A small day, other for each seed; Refused unless the judge is satisfied."""
    plan = generated_plan(PART, REQUESTS, DRIVERS, seed_of(system))
    rules = Rules(Pace(SPEEDUP), drivers=DRIVERS)
    quiet = Progress(io.StringIO(), quiet=True)
    evidence = await play(system, plan, rules, quiet, asyncio.get_running_loop().time, company)
    verdict = judge_run((journey.trip for journey in plan.journeys), evidence)
    if not verdict.satisfied:
        raise Refused("; ".join(str(violation) for violation in verdict.violations[:SHOWN]))
    tally.requests += len(plan.journeys)
    tally.served += sum(entry.event == "completed" for log in evidence.riders.values() for entry in log)
