"""The command line: sensible defaults, and a clear word about what does not go together."""

from pathlib import Path

import pytest

from apps.ride_hailing.demand import Slice
from apps.ride_hailing.options import parse
from apps.ride_hailing.pace import DAY, HOUR


def test_without_options_a_slice_of_the_evening_is_played_on_ray():
    options = parse(["run"])
    assert (options.on, options.address, options.trips) == ("ray", None, None)
    assert options.part == Slice(18 * HOUR, 20 * 60)


def test_a_trip_file_is_played_for_a_whole_day_and_faster():
    options = parse(["run", "--trips", "t.csv"])
    assert options.part == Slice(0.0, DAY)
    assert options.speedup > parse(["run"]).speedup


def test_the_slice_and_the_pace_can_be_chosen():
    options = parse(["run", "--on", "local", "--start", "7:30", "--minutes", "45", "--speedup", "50.5", "--seed", "-3"])
    assert options.part == Slice(7.5 * HOUR, 45 * 60)
    assert (options.on, options.speedup, options.seed) == ("local", 50.5, -3)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "required: run"),
        (["fly"], "invalid choice: 'fly'"),
        (["run", "--on", "mars"], "invalid choice: 'mars'"),
        (["run", "--drivers", "0"], "no number from 1"),
        (["run", "--drivers", "many"], "no number from 1"),
        (["run", "--speedup", "0"], "no number above 0"),
        (["run", "--speedup", "nan"], "no number above 0"),
        (["run", "--minutes", "-5"], "no number above 0"),
        (["run", "--minutes", "2000"], "at most 1440 minutes"),
        (["run", "--start", "25:00"], "write it as 18:00"),
        (["run", "--on", "local", "--address", "auto"], "leave it out, or use --on ray"),
        (["run", "--on", "local", "--hosts", "3"], "leave it out, or use --on ray"),
        (["run", "--zones", "z.geojson"], "give the file with --trips"),
        (["run", "--trips", "t.csv", "--requests", "5"], "use --limit with --trips"),
        (["run", "--json", "/nowhere/at/all.json"], "its folder does not exist"),
        (["run", "--json", "."], "is a folder"),
    ],
)
def test_what_cannot_be_is_refused_with_status_2_and_a_word(arguments, words, capsys):
    with pytest.raises(SystemExit) as left:
        parse(arguments)
    assert left.value.code == 2
    assert words in capsys.readouterr().err


def test_help_says_what_the_exit_status_means(capsys):
    with pytest.raises(SystemExit) as left:
        parse(["run", "--help"])
    assert left.value.code == 0
    assert "exit status" in capsys.readouterr().out


def test_traces_are_written_only_when_they_are_asked_for():
    assert parse(["run"]).traces is None
    assert parse(["run", "--traces"]).traces == Path("traces")
    assert parse(["run", "--traces", "elsewhere"]).traces == Path("elsewhere")
