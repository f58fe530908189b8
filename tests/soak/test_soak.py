"""The soak's short form: a few hosts die under load on a real Ray, and all is accounted for."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
def test_hosts_die_under_load_and_all_is_accounted_for() -> None:
    command = [sys.executable, "-m", "tests.soak", "--kills", "3"]
    soak = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=180, check=False)
    assert soak.returncode == 0, soak.stdout + soak.stderr
    assert "verdict   all accounted for" in soak.stdout
