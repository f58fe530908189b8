"""The figures of a finished run, as a table for people and as JSON for programs."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from math import ceil
from typing import Any

from apps.ride_hailing.evidence import Evidence
from apps.ride_hailing.judge import Violation, judge_run
from apps.ride_hailing.lifecycle import Stage
from apps.ride_hailing.log import ASKED, Entry
from apps.ride_hailing.plan import Plan

SHOWN = 10
"""Violations shown; the JSON has all of them."""


@dataclass(frozen=True, slots=True)
class RowCount:
    """Rows of the trip file: how many of them became what, and in which lines the first ones are."""

    what: str
    rows: int
    lines: str = ""


@dataclass(frozen=True, slots=True)
class Summary:
    """A run in figures."""

    source: str
    backend: str
    drivers: int
    requests: int
    served: int
    cancelled: int
    unserved: int
    pickup_wait_p50_minutes: float | None
    pickup_wait_p95_minutes: float | None
    messages: int
    messages_per_second: float
    seconds: float
    hosts: tuple[str, ...]
    """Processes that had actors, without the one that ran the program."""
    trips_across_hosts: int
    """Served trips whose driver and rider lived on different hosts."""
    rows: int | None
    """Rows of the trip file after its header; all of them are accounted for in `row_counts`."""
    rejected: int | None
    row_counts: tuple[RowCount, ...]
    wrong_features: tuple[RowCount, ...]
    satisfied: bool
    violations: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain data for `json.dump`."""
        return asdict(self)

    def as_table(self) -> str:
        """Aligned lines for the terminal."""
        rows = [*self._head(), *self._figures(), *self._input(), *self._verdict()]
        width = max(len(name) for name, _ in rows)
        return "\n".join(f"{name:<{width}}  {value}".rstrip() for name, value in rows)

    def _head(self) -> Iterable[tuple[str, str]]:
        yield "played", self.source
        yield "on", self.backend
        yield "", ""

    def _figures(self) -> Iterable[tuple[str, str]]:
        yield "drivers", f"{self.drivers:,}"
        yield "requests", f"{self.requests:,}"
        yield "  served", self._share(self.served)
        yield "  cancelled", self._share(self.cancelled)
        yield "  unserved", self._share(self.unserved)
        yield "pickup wait p50", _minutes(self.pickup_wait_p50_minutes)
        yield "pickup wait p95", _minutes(self.pickup_wait_p95_minutes)
        yield "run time", f"{self.seconds:.1f} s"
        yield "messages", f"{self.messages:,}, {self.messages_per_second:,.0f} per second"
        yield "hosts used", f"{len(self.hosts)} besides the program itself{_listed(self.hosts)}"
        yield "across hosts", f"{self.trips_across_hosts:,} served trips had driver and rider on different hosts"

    def _input(self) -> Iterable[tuple[str, str]]:
        if self.rows is not None:
            yield "rows read", f"{self.rows:,}, of them {self.rejected:,} rejected"
        for count in self.row_counts:
            yield f"  {count.rows:,}", f"{count.what}{f' ({count.lines})' if count.lines else ''}"
        for count in self.wrong_features:
            yield "zones file", f"{count.rows:,} x {count.what} ({count.lines.replace('line', 'feature')})"

    def _verdict(self) -> Iterable[tuple[str, str]]:
        yield "", ""
        if self.satisfied:
            yield "verdict", "satisfied: every request reached exactly one terminal stage, and the logs agree"
            return
        yield "verdict", f"REFUSED: {len(self.violations)} violations"
        for violation in self.violations[:SHOWN]:
            yield "", violation
        if len(self.violations) > SHOWN:
            yield "", f"and {len(self.violations) - SHOWN} more (--json has all of them)"

    def _share(self, count: int) -> str:
        return f"{count:,} ({100 * count / self.requests:.1f} %)" if self.requests else "0"


def summarize(plan: Plan, evidence: Evidence, *, backend: str, spread: bool) -> Summary:
    """Judge the run and gather its figures.

    `spread`: whether the run was to use several hosts; then fewer than two of them, or no trip across two, is a
    violation as well.
    """
    verdict = judge_run((journey.trip for journey in plan.journeys), evidence)
    stages = [_outcome(log) for log in evidence.riders.values()]
    waits = sorted(wait for log in evidence.riders.values() if (wait := _wait(log)) is not None)
    hosts = _hosts(evidence)
    across = _across(evidence)
    violations = [*verdict.violations, *(_narrow(len(hosts), across, stages) if spread else ())]
    return Summary(
        source=plan.source,
        backend=backend,
        drivers=len(plan.drivers),
        requests=len(plan.journeys),
        served=stages.count(Stage.COMPLETED),
        cancelled=stages.count(Stage.CANCELLED),
        unserved=stages.count(Stage.NO_SUPPLY),
        pickup_wait_p50_minutes=percentile(waits, 0.50),
        pickup_wait_p95_minutes=percentile(waits, 0.95),
        messages=evidence.messages,
        messages_per_second=evidence.messages / evidence.seconds if evidence.seconds > 0 else 0.0,
        seconds=evidence.seconds,
        hosts=hosts,
        trips_across_hosts=across,
        rows=plan.file.rows if plan.file is not None else None,
        rejected=plan.file.rejects.total if plan.file is not None else None,
        row_counts=_row_counts(plan),
        wrong_features=tuple(RowCount(*wrong) for wrong in plan.wrong_features),
        satisfied=not violations,
        violations=tuple(str(violation) for violation in violations),
    )


def percentile(values: Sequence[float], share: float) -> float | None:
    """The nearest-rank percentile of sorted values, None when there are none."""
    return values[max(0, ceil(share * len(values)) - 1)] if values else None


def _outcome(log: Sequence[Entry]) -> str:
    return max(log, key=lambda entry: entry.seq).event if log else ""


def _wait(log: Sequence[Entry]) -> float | None:
    """Simulated minutes from the request until the car that took the rider was there; None if none did."""
    asked = next((entry.at for entry in log if entry.event == ASKED), None)
    rode = any(entry.event == Stage.IN_TRIP for entry in log)
    arrived = [entry.at for entry in log if entry.event == Stage.ARRIVED]
    return (max(arrived) - asked) / 60 if rode and arrived and asked is not None else None


def _hosts(evidence: Evidence) -> tuple[str, ...]:
    return tuple(sorted({str(home) for home in evidence.homes.values() if home[:2] != evidence.program}))


def _across(evidence: Evidence) -> int:
    count = 0
    for trip, log in evidence.riders.items():
        completed = next((entry for entry in log if entry.event == Stage.COMPLETED), None)
        if completed is not None:
            driver = evidence.homes.get(completed.driver)
            count += driver is not None and driver != evidence.homes[trip]
    return count


def _narrow(hosts: int, across: int, stages: Sequence[str]) -> Iterable[Violation]:
    if hosts <= 1:
        yield Violation("spread", "the run", f"{hosts} hosts besides the program had actors; 2 were to be used")
    if across == 0 and Stage.COMPLETED in stages:
        yield Violation("spread", "the run", "no served trip had its driver and its rider on different hosts")


def _row_counts(plan: Plan) -> tuple[RowCount, ...]:
    file = plan.file
    if file is None:
        return ()
    counts = [
        RowCount("played", len(file.journeys)),
        RowCount("outside the slice of the day", file.outside),
        RowCount("beyond --limit", file.beyond),
        *(RowCount(f"rejected: {reason}", n, file.rejects.lines(reason)) for reason, n in file.rejects.counts.items()),
    ]
    return tuple(count for count in counts if count.rows)


def _minutes(value: float | None) -> str:
    return f"{value:.1f} simulated minutes" if value is not None else "nobody was picked up"


def _listed(hosts: Sequence[str]) -> str:
    return f" ({', '.join(hosts)})" if hosts else ""
