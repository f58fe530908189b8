"""The program as a user runs it: exit status, where results and progress go, and Ctrl-C."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from apps.ride_hailing.__main__ import main

ROOT = Path(__file__).parents[3]
COMMAND = (sys.executable, "-m", "apps.ride_hailing", "run", "--on", "local")
SMALL = ("--drivers", "40", "--requests", "30", "--speedup", "1500")
HEADER = "tpep_pickup_datetime,tpep_dropoff_datetime,PULocationID,DOLocationID\n"


def test_a_small_run_prints_its_summary_and_ends_with_0(tmp_path):
    path = tmp_path / "summary.json"
    run = subprocess.run(
        [*COMMAND, *SMALL, "--json", path], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert run.returncode == 0, run.stderr
    assert "verdict" in run.stdout
    assert "satisfied" in run.stdout
    assert "messages/s" not in run.stdout
    assert "messages/s" in run.stderr
    summary = json.loads(path.read_text())
    assert summary["requests"] == 30
    assert summary["served"] + summary["cancelled"] + summary["unserved"] == 30
    assert summary["violations"] == []


def test_a_trip_file_with_bad_rows_is_played_and_its_rows_are_accounted_for(tmp_path, capsys):
    trips = tmp_path / "trips.csv"
    good = [f"2020-01-17 18:0{n}:00,2020-01-17 18:1{n}:30,{100 + n},{140 + n}" for n in range(9)]
    trips.write_text(HEADER + "\n".join([*good, "broken", good[0].replace(",100,", ",264,")]) + "\n")
    arguments = ["run", "--on", "local", "--trips", str(trips), "--start", "18:00", "--minutes", "10", "--quiet"]
    assert main([*arguments, "--drivers", "60", "--speedup", "1500"]) == 0
    printed = capsys.readouterr()
    assert "11, of them 2 rejected" in printed.out
    assert "rejected: too few fields (line 11)" in printed.out
    assert "rejected: pickup zone 264 (unknown or outside New York) (line 12)" in printed.out
    assert printed.err == ""


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "the file is empty"), ("a,b\n1,2\n", "no column for"), (HEADER + "x\n", "none of its 1 rows is a trip")],
)
def test_a_trip_file_that_cannot_be_used_ends_the_program_with_2_and_a_word(tmp_path, capsys, text, words):
    trips = tmp_path / "trips.csv"
    trips.write_text(text)
    assert main(["run", "--on", "local", "--trips", str(trips)]) == 2
    printed = capsys.readouterr()
    assert words in printed.err
    assert printed.out == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a file that is always full")
def test_a_summary_that_cannot_be_written_is_an_error_after_the_table(capsys):
    assert main(["run", "--on", "local", *SMALL, "--quiet", "--json", "/dev/full"]) == 2
    printed = capsys.readouterr()
    assert "verdict" in printed.out
    assert "cannot be written" in printed.err


def test_ctrl_c_stops_the_run_with_130():
    with subprocess.Popen([*COMMAND], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        assert run.stderr is not None
        assert run.stdout is not None
        for line in run.stderr:
            if "messages/s" in line:
                break
        run.send_signal(signal.SIGINT)
        rest = run.stderr.read()
        assert run.wait(timeout=30) == 130
    assert rest.rstrip().endswith("ride-hailing: stopped")
    assert "Traceback" not in rest
