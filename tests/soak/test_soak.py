"""The soak's short form: hosts and the directory are struck under load on a real Ray, and all is accounted for."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
def test_hosts_and_the_directory_are_struck_under_load_and_all_is_accounted_for() -> None:
    command = [sys.executable, "-m", "tests.soak", "--kills", "3", "--seed", "31"]
    soak = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=180, check=False)
    assert soak.returncode == 0, soak.stdout + soak.stderr
    assert "blows     3: 1 kill, 1 pause, 1 directory" in soak.stdout
    assert "verdict   all accounted for" in soak.stdout
