"""The summary: figures from the logs, a table that lines up, plain data for programs."""

import json

import pytest

from apps.ride_hailing.city import Point
from apps.ride_hailing.demand import Journey, Slice
from apps.ride_hailing.evidence import Evidence, Home
from apps.ride_hailing.lifecycle import Stage
from apps.ride_hailing.log import ASKED, CLAIMED, DONE, OPENED, Entry
from apps.ride_hailing.plan import Plan
from apps.ride_hailing.summary import percentile, summarize

A, B, PROGRAM = Home("node-a", 11, 1), Home("node-b", 22, 2), Home("node-a", 10, 0)
STAGES = (Stage.REQUESTED, Stage.ACCEPTED, Stage.ARRIVED, Stage.IN_TRIP, Stage.COMPLETED)


def plan(trips: int) -> Plan:
    journeys = tuple(Journey(f"t{n}", 0.0, Point(0.0, 0.0), Point(1.0, 1.0)) for n in range(trips))
    return Plan("a small day", Slice(0.0, 60.0), journeys, (("ada", Point(0.0, 0.0)),))


def evidence(waits: list[float], homes: tuple[Home, Home]) -> Evidence:
    """Served trips with these waits in simulated seconds; the riders live on one home, the driver on the other."""
    riders, drivers, dispatcher = {}, [], []
    for n, wait in enumerate(waits):
        trip, spell = f"t{n}", n + 1
        times = (1.0, 2.0, wait, wait + 30, wait + 600)
        steps = [
            Entry(trip, stage.value, seq, at, 1, *(("ada", spell) if seq > 1 else ("", 0)))
            for seq, (stage, at) in enumerate(zip(STAGES, times, strict=True), start=1)
        ]
        riders[trip] = (Entry(trip, ASKED, 0, 0.0), *steps)
        dispatcher += [Entry(trip, OPENED, 0, 0.0), *steps]
        drivers.append(Entry(trip, CLAIMED, 0, 2.0, 1, "ada", spell, expires=15.0))
        drivers.append(Entry(trip, DONE, 0, wait + 600, 1, "ada", spell, expires=15.0))
    return Evidence(
        riders=riders,
        dispatcher=tuple(dispatcher),
        drivers={"ada": tuple(drivers)},
        homes={"dispatcher": homes[0], "ada": homes[1], **dict.fromkeys(riders, homes[0])},
        program=PROGRAM[:2],
        seconds=20.0,
        messages=5000,
    )


def test_the_figures_come_from_the_logs():
    summary = summarize(plan(3), evidence([60.0, 120.0, 300.0], (A, B)), backend="ray", spread=True)
    assert summary.satisfied, summary.violations
    assert (summary.requests, summary.served, summary.cancelled, summary.unserved) == (3, 3, 0, 0)
    assert (summary.pickup_wait_p50_minutes, summary.pickup_wait_p95_minutes) == (2.0, 5.0)
    assert summary.messages_per_second == 250.0
    assert summary.hosts == ("node-a pid 11", "node-b pid 22")
    assert summary.trips_across_hosts == 3


def test_the_program_is_no_host_and_one_host_is_too_few_where_two_were_to_be_used():
    alone = evidence([60.0], (PROGRAM, A))
    summary = summarize(plan(1), alone, backend="ray", spread=True)
    assert summary.hosts == ("node-a pid 11",)
    assert not summary.satisfied
    assert "2 were to be used" in summary.violations[0]
    assert summarize(plan(1), alone, backend="local", spread=False).satisfied


def test_a_run_whose_riders_and_drivers_never_met_across_hosts_is_refused():
    run = evidence([60.0], (A, A))
    summary = summarize(plan(1), run, backend="ray", spread=True)
    assert any("no served trip had its driver and its rider on different hosts" in it for it in summary.violations)


def test_a_request_without_an_end_is_refused_and_shown():
    summary = summarize(plan(2), evidence([60.0], (A, B)), backend="ray", spread=True)
    assert not summary.satisfied
    assert "REFUSED" in summary.as_table()
    assert "R4 t1" in summary.as_table()


def test_the_table_lines_up_and_the_json_is_plain():
    summary = summarize(plan(1), evidence([60.0], (A, B)), backend="ray", spread=True)
    lines = [line for line in summary.as_table().splitlines() if line]
    column = lines[0].index("a small day")
    assert all(line[:column].rstrip() != line[:column] and line[column] != " " for line in lines)
    assert json.loads(json.dumps(summary.as_json()))["served"] == 1


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [([], 0.5, None), ([3.0], 0.95, 3.0), ([1.0, 2.0], 0.5, 1.0), ([1.0, 2.0], 0.95, 2.0)],
)
def test_a_percentile_is_a_value_that_occurred(values, share, expected):
    assert percentile(values, share) == expected
