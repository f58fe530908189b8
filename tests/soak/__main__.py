"""`python -m tests.soak [--kills N] [--seed S]`: kill hosts, and see that all is accounted for."""

import argparse
import sys
import tempfile
from functools import partial
from pathlib import Path
from statistics import median

from actors import System
from tests.soak.play import Plan, Report, Soak


def main() -> int:
    """The exit status is 1 if a law was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="hosts to kill (default %(default)s, some 10 minutes)")
    parser.add_argument("--seed", type=int, default=0, help="for the choice of victims and moments")
    parser.add_argument("--hosts", type=int, default=3, help="host processes besides this one (default %(default)s)")
    given = parser.parse_args()
    say = partial(print, file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(prefix="understudy-soak-") as folder:
        plan = Plan(given.kills, given.seed)
        # A soak kills more often than a seat may lose its host; that a seat then stays empty is tested elsewhere.
        system = System(on="ray", hosts=given.hosts, address="local", seat_losses=1000)
        report = system.run(lambda opened: Soak(opened, plan, Path(folder), say).run())
    print(described(report))
    return 1 if report.wrong else 0


def described(report: Report) -> str:
    """The report, for people."""
    asks = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(report.outcomes.items()))
    sizes = [size / 1e6 for size in report.memory]
    lines = [
        f"kills     {report.kills}",
        f"away      {median(report.away):.2f} s median, {max(report.away):.2f} s at most" if report.away else "",
        f"asks      {asks}",
        f"told      {report.told:,}",
        f"endings   {report.endings:,}, each told once" if not report.wrong else f"endings   {report.endings:,}",
        f"memory    {', '.join(f'{size:.0f}' for size in quarters(sizes))} MB, from the first kill to the last"
        if sizes
        else "",
        *(f"WRONG     {wrong}" for wrong in report.wrong[:50]),
        f"verdict   {'all accounted for' if not report.wrong else f'{len(report.wrong)} laws broken'}",
    ]
    return "\n".join(line for line in lines if line)


def quarters(sizes: list[float]) -> list[float]:
    """The first, the last, and three between them."""
    return [sizes[(len(sizes) - 1) * part // 4] for part in range(5)]


if __name__ == "__main__":
    sys.exit(main())
