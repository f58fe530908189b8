"""However a program ends, short of being killed, its last spans have left."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tracing.caught import from_otlp

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("way", ["returns", "raises", "exits", "SIGTERM", "SIGINT"])
def test_every_span_is_in_the_file(tmp_path, way):
    environ = {name: text for name, text in os.environ.items() if not name.startswith("OTEL_")}
    environ |= {"PYTHONPATH": str(ROOT), "OTEL_BSP_SCHEDULE_DELAY": "60000"}  # nothing leaves by itself
    program = subprocess.Popen(
        [sys.executable, str(ROOT / "tests" / "tracing" / "program.py"), str(tmp_path), way],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    with program:
        assert program.stdout is not None
        assert program.stdout.readline() == b"sent\n"
        if way.startswith("SIG"):
            program.send_signal(getattr(signal, way))
        program.wait(30.0)
    [file] = tmp_path.glob("*.json")
    spans = from_otlp(json.loads(file.read_bytes())["resourceSpans"])
    assert sum(span.name == "Worker/work" for span in spans) == 200
