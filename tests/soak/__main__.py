"""`python -m tests.soak [--kills N] [--seed S]`: strike hosts and the directory, and see that all is accounted for."""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from statistics import median

from actors import System
from tests.soak.blows import Blow
from tests.soak.oracles import WINDOWS, growth
from tests.soak.play import Plan, Report, Soak


def main() -> int:
    """The exit status is 1 if a law was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="blows (default %(default)s, some 15 minutes)")
    parser.add_argument("--seed", type=int, default=0, help="for the choice of blows, victims and moments")
    parser.add_argument(
        "--pauses",
        type=float,
        default=0.1,
        metavar="SHARE",
        help="share of blows that stop a host (SIGSTOP) until it is declared dead and replaced, and let it go on then "
        "(SIGCONT), when it has to end; some 12 s each (default %(default)s)",
    )
    parser.add_argument(
        "--directory",
        type=float,
        default=0.1,
        metavar="SHARE",
        help="share of blows that kill the directory (kill -9); the others kill a host (default %(default)s)",
    )
    parser.add_argument("--hosts", type=int, default=3, help="host processes besides this one (default %(default)s)")
    given = parser.parse_args()
    say = partial(print, file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(prefix="understudy-soak-") as folder:
        plan = Plan(given.kills, given.seed, pauses=given.pauses, directory=given.directory)
        # A soak kills more often than a seat may lose its host; that a seat then stays empty is tested elsewhere.
        system = System(on="ray", hosts=given.hosts, address="local", seat_losses=1000)
        report = system.run(lambda opened: Soak(opened, plan, Path(folder), say).run())
    print(described(report))
    return 1 if report.wrong else 0


def described(report: Report) -> str:
    """The report, for people."""
    asks = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(report.outcomes.items()))
    kinds = ", ".join(f"{len(report.away[blow])} {blow.value}" for blow in Blow if blow in report.away)
    lines = [
        f"blows     {report.kills}: {kinds}",
        *(
            f"away      {median(seconds):.2f} s median, {max(seconds):.2f} s at most, after a {blow.value}"
            for blow, seconds in sorted(report.away.items())
        ),
        f"asks      {asks}",
        f"told      {report.told:,}",
        f"endings   {report.endings:,}, each told once" if not report.wrong else f"endings   {report.endings:,}",
        memory("driver", report.requests, report.memory),
        memory("a host", report.requests, report.hosts),
        f"surprises {report.surprises} hosts were lost that nobody had struck" if report.surprises else "",
        *(f"WRONG     {wrong}" for wrong in report.wrong[:50]),
        f"verdict   {'all accounted for' if not report.wrong else f'{len(report.wrong)} laws broken'}",
    ]
    return "\n".join(line for line in lines if line)


def memory(who: str, requests: Sequence[int], sizes: Sequence[float]) -> str:
    """A line about a process' size from the first blow to the last, with the bound on its slope."""
    if not sizes:
        return ""
    found = growth(requests, sizes)
    judged = f"{found[0] / 1e6:+.1f} MB in the second half, at most {found[1] / 1e6:.1f}" if found is not None else ""
    told = judged or f"not judged: that takes {2 * WINDOWS} blows"
    return f"memory    {who} {', '.join(f'{size / 1e6:.0f}' for size in quarters(sizes))} MB; {told}"


def quarters(sizes: Sequence[float]) -> list[float]:
    """The first, the last, and three between them."""
    return [sizes[(len(sizes) - 1) * part // 4] for part in range(5)]


if __name__ == "__main__":
    sys.exit(main())
