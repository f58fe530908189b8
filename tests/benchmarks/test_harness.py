"""The harness itself: rounds are interleaved, statistics are right, targets are judged, and the two forms agree."""

import asyncio
import json
import subprocess
import sys
from contextlib import asynccontextmanager
from functools import partial

import pytest

from tests.benchmarks.groups import GROUPS
from tests.benchmarks.processes import ROOT, standing_by
from tests.benchmarks.results import HEADER, Result, figure, table
from tests.benchmarks.rounds import Measured, Pace, calibrated, interleave, spread
from tests.benchmarks.rows import Registry, Row, at_least, at_most
from tests.benchmarks.run import Missing, Opened, Run

PACE = Pace(rounds=2, most=4, seconds=1.0)


async def nothing(run):
    raise AssertionError("not measured in this test")


def a_row(*targets, name="group.row", measure=nothing):
    return Row(name, "1/s", "something", targets, measure)


def samples(log, name, figures):
    left = list(figures)

    async def sample():
        log.append(name)
        return left.pop(0)

    return sample


def test_rounds_are_interleaved():
    log = []
    peers = {"a": samples(log, "a", [1, 1]), "b": samples(log, "b", [2, 4])}
    measured = asyncio.run(interleave(samples(log, "ours", [2, 2]), peers, PACE, lambda _: False))
    assert log == ["ours", "a", "b"] * 2
    assert measured == Measured([2, 2], {"a": [1, 1], "b": [2, 4]})


def test_noisy_figures_get_more_rounds_up_to_the_most():
    ours = samples([], "ours", [1, 9, 1, 9, 1, 9])
    assert len(asyncio.run(interleave(ours, {}, PACE, lambda _: True)).ours) == PACE.most
    ours = samples([], "ours", [1, 9, 1, 9])
    assert len(asyncio.run(interleave(ours, {}, PACE, lambda measured: len(measured.ours) < 3)).ours) == 4


def test_a_ratio_is_the_median_of_the_rounds_ratios():
    measured = Measured([10, 20, 60], {"peer": [10, 10, 10]})
    assert measured.ratios("peer") == [1, 2, 6]
    assert measured.ratio("peer") == 2
    assert measured.value == 20


@pytest.mark.parametrize(
    ("figures", "expected"), [([], 0), ([5], 0), ([1, 1, 1], 0), ([90, 100, 110], 0.1), ([0, 0], 0)]
)
def test_a_spread_is_the_distance_of_the_quartiles_as_a_share_of_the_median(figures, expected):
    assert spread(figures) == pytest.approx(expected)


def test_calibrating_finds_how_many_operations_fill_a_round():
    async def contest(count):
        return count * 0.01

    assert asyncio.run(calibrated(contest, 1.0)) == 100


@pytest.mark.parametrize(
    ("target", "text", "met", "missed"),
    [
        (at_least(3, over="Pykka"), "≥ 3x Pykka", 3, 2.9),
        (at_most(1 / 15, over="Ray"), "≤ 1/15 Ray", 0.06, 0.07),
        (at_least(400_000), "≥ 400,000", 400_000, 399_999),
        (at_most(1.5), "≤ 1.5", 1.5, 1.6),
        (at_most(1, beyond="Ray's process start"), "≤ Ray's process start + 1", 1.0, 1.01),
    ],
)
def test_a_target_says_what_it_is_and_judges(target, text, met, missed):
    assert str(target) == text
    assert target.met(met)
    assert not target.met(missed)


@pytest.mark.parametrize(
    ("targets", "met"),
    [
        ((), None),
        ((at_least(10),), True),
        ((at_least(10), at_least(3, over="peer")), False),
        ((at_least(2, over="peer"),), True),
        ((at_least(2, over="absent"),), None),
        ((at_least(30), at_least(2, over="absent")), False),
        ((at_most(10, beyond="peer"),), True),
        ((at_most(9, beyond="peer"),), False),
        ((at_most(9, beyond="absent"),), None),
    ],
)
def test_a_row_has_met_its_targets_only_if_all_of_them_could_be_judged(targets, met):
    assert Result(a_row(*targets), Measured([20, 20], {"peer": [10, 10]})).met is met
    assert Result(a_row(at_least(1)), None).met is None


def test_the_json_form_has_the_promised_keys():
    row = a_row(at_least(2, over="b"), at_least(5))
    measured = Measured([6, 6], {"a": [6, 6], "b": [2, 2]})
    found = Result(row, measured, notes=("a note",), versions={"b": "1.0"}).as_object()
    assert json.loads(json.dumps(found)) == found
    wanted = {"name": "group.row", "unit": "1/s", "value": 6, "peers": {"a": 6, "b": 2}, "ratio": 3, "met": True}
    wanted |= {"target": "≥ 2x b and ≥ 5", "ratios": {"a": 1, "b": 3}, "spread": 0, "rounds": 2, "noisy": False}
    wanted |= {"notes": ["a note"], "versions": {"b": "1.0"}}
    assert {key: found[key] for key in wanted} == wanted


def test_the_json_form_of_a_row_without_figures_says_so():
    found = Result(a_row(at_least(1)), None, notes=("no Ray",)).as_object()
    assert [found[key] for key in ("value", "peers", "ratio", "met", "spread")] == [None, {}, None, None, None]


def test_the_table_marks_noisy_and_missed_rows_and_tells_each_note_once():
    results = [
        Result(a_row(at_least(5, over="peer"), name="one"), Measured([1, 2, 3], {"peer": [1, 1, 1]}), notes=("why",)),
        Result(a_row(name="two"), Measured([1000.0, 1000.0]), notes=("why",)),
        Result(a_row(name="three"), None, notes=("not installed",)),
    ]
    head, rule, one, two, three, empty, *notes = table(results).splitlines()
    assert [cell.strip() for cell in head.strip("|").split("|")] == list(HEADER)
    assert len({len(line) for line in (head, rule, one, two, three)}) == 1
    assert "noisy (50%)" in one
    assert "**no**" in one
    assert "peer 1.00 (2.00x)" in one
    assert "1,000" in two
    assert "noisy" not in two
    assert "not measured" in three
    assert not empty
    assert notes == ["* one, two: why", "* three: not installed"]


@pytest.mark.parametrize(
    ("value", "text"), [(1234567.8, "1,234,568"), (99.94, "99.9"), (1.5, "1.50"), (0.0667, "0.0667"), (0, "0")]
)
def test_figures_are_written_with_three_digits_that_count(value, text):
    assert figure(value) == text


def test_rows_are_chosen_by_their_name_or_its_beginning():
    registry = Registry()
    for name in ("tell.struct.new", "tell.struct.same", "tells", "ask"):
        registry.row(name, unit="", what="")(nothing)
    names = [[row.name for row in registry.chosen(wanted)] for wanted in (["tell"], ["tell.struct.new", "ask"], [])]
    assert names == [
        ["tell.struct.new", "tell.struct.same"],
        ["tell.struct.new", "ask"],
        ["tell.struct.new", "tell.struct.same", "tells", "ask"],
    ]
    with pytest.raises(LookupError, match="nonsense"):
        registry.chosen(["nonsense"])
    with pytest.raises(ValueError, match="already"):
        registry.row("ask", unit="", what="")


def test_what_rows_share_is_opened_once_and_closed_and_missing_peers_are_notes():
    log = []

    @asynccontextmanager
    async def thing():
        log.append("open")
        yield "thing"
        log.append("close")

    @asynccontextmanager
    async def absent():
        raise Missing("not installed.")
        yield

    @asynccontextmanager
    async def broken():
        raise OSError("no port")
        yield

    async def whole():
        opened = Opened()
        run = Run(a_row(), opened, PACE)
        assert await run.use(thing) == "thing"
        assert await run.peers({"A": thing, "B": absent, "C": broken}) == {"A": "thing"}
        with pytest.raises(Missing):
            await run.use(absent)
        await opened.close()
        return run.notes

    assert asyncio.run(whole()) == ["B: not installed.", "C did not start: OSError: no port"]
    assert log == ["open", "close"]


def test_a_process_stands_by_answers_and_ends():
    async def whole():
        async with standing_by("tests.benchmarks.population") as process:
            spawned = await process.tell("spawn", 10)
            took = await process.contest("eight")(160)
            with pytest.raises(RuntimeError, match="population: KeyError"):
                await process.tell("nonsense")
        return spawned, took, process._process.returncode

    spawned, took, status = asyncio.run(whole())
    assert set(spawned) == {"each", "total", "seconds", "pause"}
    assert took > 0
    assert status == 0


def test_a_row_measures_rates_and_times():
    async def contest(count, each):
        return count * each

    async def whole():
        run = Run(a_row(), Opened(), PACE)
        rates = await run.rates(partial(contest, each=0.001), {"peer": partial(contest, each=0.002)})
        times = await run.times(partial(contest, each=0.001))
        return rates, times

    rates, times = asyncio.run(whole())
    assert rates.value == pytest.approx(1000)
    assert rates.ratio("peer") == pytest.approx(2)
    assert times.value == pytest.approx(1000)


def test_the_command_lists_every_group_and_refuses_what_it_does_not_know():
    def command(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "tests.benchmarks", *arguments],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )

    listed = command("--list")
    assert listed.returncode == 0, listed.stderr
    assert list(dict.fromkeys(line.split(".")[0] for line in listed.stdout.splitlines())) == list(GROUPS)
    unknown = command("nonsense")
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert "nonsense" in unknown.stderr
