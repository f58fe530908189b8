"""The program on a real cluster of two nodes, with hosts on both: links over TCP between two network namespaces."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.ray.netns import PORT, ray_environment, ray_nodes
from tracing.reading import documents, traces

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")

ROOT = Path(__file__).parents[3]

SOME = {"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.3"}
"""Of the traces: enough to look at, and little work for two cores."""


def test_riders_and_drivers_on_two_nodes_agree_about_every_trip(tmp_path):
    summary = tmp_path / "summary.json"
    with ray_nodes(2, named=True) as (head, second):
        where = ["--address", f"{head.address}:{PORT}", "--node-address", head.address, "--hosts", "2"]
        what = ["--drivers", "60", "--requests", "60", "--speedup", "600", "--json", str(summary)]
        traced = ["--traces", str(tmp_path / "traces")]
        command = [sys.executable, "-m", "apps.ride_hailing", "run", "--quiet", *where, *what, *traced]
        run = subprocess.run(
            head.command(*command),
            cwd=ROOT,
            env=ray_environment() | SOME,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert run.returncode == 0, run.stdout + run.stderr
        _, alive = psutil.wait_procs([process for node in (head, second) for process in node.hosts()], timeout=30)
        assert alive == []  # on the other node Ray ends them a moment after the program has left
        assert second.has_raylet(), "the cluster is left as it was"
    figures = json.loads(summary.read_text())
    assert len(figures["hosts"]) == 2
    assert figures["trips_across_hosts"] > 0
    assert figures["served"] + figures["cancelled"] + figures["unserved"] == 60
    parts = documents([tmp_path / "traces"])
    machines = {facts["service.instance.id"]: facts["host.name"] for facts in (named(part) for part in parts)}
    assert set(machines.values()) == {head.namespace, second.namespace}
    requests = [it for it in traces(parts) if it.roots[0].name == "tick Rider.ask_for_trip"]
    assert [len(it.roots) for it in requests] == [1] * len(requests)  # whole, although from two machines
    assert any({machines[span.host] for span in it.spans} == set(machines.values()) for it in requests)


def named(part: dict[str, Any]) -> dict[str, str]:
    """What a document's spans say of where they were made, as far as it is text."""
    return {it["key"]: it["value"].get("stringValue", "") for it in part["resource"]["attributes"]}
