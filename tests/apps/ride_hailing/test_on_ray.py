"""The program on an embedded Ray: several hosts take part, and on every way out nothing is left behind."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")

ROOT = Path(__file__).parents[3]
PATIENCE = "10"
"""Seconds that the processes of an embedded Ray may take to end after the program."""


def program(report: Path, *options: str) -> "subprocess.Popen[str]":
    """The program, with a warden around it that reports who outlives it."""
    command = [sys.executable, "-m", "apps.ride_hailing", "run", *options]
    return subprocess.Popen(
        [sys.executable, "-m", "tests.ray.warden", str(report), PATIENCE, *command],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={name: value for name, value in os.environ.items() if not name.startswith("RAY_")},
    )


def test_drivers_and_riders_meet_across_two_hosts_besides_the_program(tmp_path):
    summary, report = tmp_path / "summary.json", tmp_path / "report.json"
    options = ("--drivers", "60", "--requests", "60", "--speedup", "600", "--json", str(summary))
    with program(report, *options) as run:
        output, errors = run.communicate(timeout=120)
    ended = json.loads(report.read_text())
    assert ended["code"] == 0, output + errors
    assert ended["left"] == []
    figures = json.loads(summary.read_text())
    assert len(figures["hosts"]) >= 2
    assert figures["trips_across_hosts"] > 0
    assert figures["served"] > 10
    assert figures["served"] + figures["cancelled"] + figures["unserved"] == 60
    assert output.startswith("played "), "only the summary is printed on stdout"
    assert "raylet" not in errors, "Ray's noise is kept out"


@pytest.mark.parametrize("way", [signal.SIGINT, signal.SIGTERM], ids=lambda way: way.name)
def test_a_run_that_is_interrupted_cleans_up(tmp_path, way):
    report = tmp_path / "report.json"
    with program(report) as run:
        assert run.stderr is not None
        for line in run.stderr:
            if "messages/s" in line:
                break
        (pid,) = Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()
        os.kill(int(pid), way)
        output, errors = run.communicate(timeout=60)
    ended = json.loads(report.read_text())
    assert ended["left"] == []
    assert output == ""
    assert "Traceback" not in errors
    if way is signal.SIGINT:
        assert ended["code"] == 130
        assert errors.rstrip().endswith("ride-hailing: stopped")
    else:
        assert ended["code"] == 143


def test_an_address_of_ray_client_is_refused_with_a_word(tmp_path):
    report = tmp_path / "report.json"
    with program(report, "--address", "ray://127.0.0.1:10001") as run:
        _, errors = run.communicate(timeout=60)
    assert json.loads(report.read_text())["code"] == 2
    assert "ray job submit" in errors.splitlines()[-1]


def test_a_cluster_that_does_not_answer_is_one_clear_error(tmp_path):
    report = tmp_path / "report.json"
    with program(report, "--address", "127.0.0.1:1") as run:
        output, errors = run.communicate(timeout=60)
    assert json.loads(report.read_text()) == {"code": 1, "left": [], "seconds": pytest.approx(0.0, abs=10.0)}
    assert output == ""
    assert "127.0.0.1:1" in errors.splitlines()[-1]
    assert "Traceback" not in errors
