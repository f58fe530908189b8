"""The program on a real cluster of two nodes, with hosts on both: links over TCP between two network namespaces."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ray.netns import PORT, ray_environment, ray_nodes

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")

ROOT = Path(__file__).parents[3]


def test_riders_and_drivers_on_two_nodes_agree_about_every_trip(tmp_path):
    summary = tmp_path / "summary.json"
    with ray_nodes(2) as (head, second):
        where = ["--address", f"{head.address}:{PORT}", "--node-address", head.address, "--hosts", "2"]
        what = ["--drivers", "60", "--requests", "60", "--speedup", "600", "--json", str(summary)]
        command = [sys.executable, "-m", "apps.ride_hailing", "run", "--quiet", *where, *what]
        run = subprocess.run(
            head.command(*command),
            cwd=ROOT,
            env=ray_environment(),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert run.returncode == 0, run.stdout + run.stderr
        assert any("raylet" in process.name() for process in second.processes()), "the cluster is left as it was"
        assert not any("HostProcess" in process.name() for node in (head, second) for process in node.processes())
    figures = json.loads(summary.read_text())
    assert len(figures["hosts"]) == 2
    assert figures["trips_across_hosts"] > 0
    assert figures["served"] + figures["cancelled"] + figures["unserved"] == 60
