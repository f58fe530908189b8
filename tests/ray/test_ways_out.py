"""On every way out the hosts are stopped in order, the output is the program's own, and nothing is left behind."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.ray.shared_memory import segments, segments_that_stay
from tests.ray.warden import patience

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")

BOTH_DRAINED = {"one": "bye", "two": "bye"}


@dataclass
class Outcome:
    code: int
    left: list[str]
    seconds: float
    output: str
    errors: str
    records: dict[str, str]


class Stage:
    """A place for one program: its own home, its own folder for temporary files, its own folder for records."""

    def __init__(self, root: Path) -> None:
        self.home, self.temporary, self.records = (root / name for name in ("home", "t", "records"))
        for folder in (self.home, self.temporary, self.records):
            folder.mkdir()
        self.shm = segments()

    def run(self, way: str, *, send: int | None = None) -> Outcome:
        report = self.records / "report"
        command = [sys.executable, "-m", "tests.ray.driver", way, str(self.records)]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
        environment |= {"HOME": str(self.home), "TMPDIR": str(self.temporary)}
        with subprocess.Popen(
            [sys.executable, "-m", "tests.ray.warden", str(report), patience(send), *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        ) as program:
            if send is not None:
                until((self.records / "pid").exists, program)
                os.kill(int((self.records / "pid").read_text()), send)
            output, errors = program.communicate(timeout=60)
        found: dict[str, Any] = json.loads(report.read_text())
        records = {name: (self.records / name).read_text() for name in ("one", "two") if (self.records / name).exists()}
        return Outcome(**found, output=output, errors=errors, records=records)

    def assert_empty(self) -> None:
        assert list(self.home.iterdir()) == []
        assert list(self.temporary.iterdir()) == []
        assert str(self.temporary) not in Path("/proc/net/unix").read_text()
        assert segments_that_stay(self.shm) == set()


def until(condition: Callable[[], bool], program: "subprocess.Popen[str]") -> None:
    give_up = time.monotonic() + 45
    while not condition():
        assert program.poll() is None, program.communicate()
        assert time.monotonic() < give_up
        time.sleep(0.02)  # a file of another process tells nobody that it is there


@pytest.fixture
def stage() -> Iterator[Stage]:
    root = Path(tempfile.mkdtemp(prefix="stage-", dir="/tmp"))  # short, for the names of sockets
    yield Stage(root)
    shutil.rmtree(root)


@pytest.mark.parametrize("way", ["return", "close", "thread"])
def test_a_program_that_returns_leaves_nothing(stage: Stage, way: str) -> None:
    outcome = stage.run(way)
    assert (outcome.code, outcome.errors) == (0, "")
    assert outcome.output == "curtain up\ncurtain down\n"
    assert outcome.records == BOTH_DRAINED
    assert outcome.left == []
    stage.assert_empty()


def test_a_program_that_raises_leaves_nothing_but_its_traceback(stage: Stage) -> None:
    outcome = stage.run("raise")
    assert outcome.code == 1
    assert outcome.output == "curtain up\n"
    assert outcome.errors.startswith("Traceback")
    assert outcome.errors.endswith("ValueError: the wrong play\n")
    assert outcome.records == BOTH_DRAINED
    assert outcome.left == []
    stage.assert_empty()


def test_a_program_that_is_terminated_leaves_nothing(stage: Stage) -> None:
    outcome = stage.run("wait", send=signal.SIGTERM)
    assert (outcome.code, outcome.errors) == (128 + signal.SIGTERM, "")
    assert outcome.output == "curtain up\n"
    assert outcome.records == BOTH_DRAINED
    assert outcome.left == []
    stage.assert_empty()


def test_a_program_that_is_interrupted_leaves_nothing(stage: Stage) -> None:
    outcome = stage.run("wait", send=signal.SIGINT)
    assert outcome.code != 0
    assert outcome.errors.endswith("KeyboardInterrupt\n")
    assert outcome.records == BOTH_DRAINED
    assert outcome.left == []
    stage.assert_empty()


def test_a_program_that_is_killed_leaves_nothing(stage: Stage) -> None:
    outcome = stage.run("wait", send=signal.SIGKILL)
    print(f"all gone after {outcome.seconds:.1f} s")
    assert (outcome.code, outcome.errors) == (-signal.SIGKILL, "")
    assert set(outcome.records.values()) <= {"the driver is gone"}  # unless Ray ended them first, which is a race
    assert outcome.left == []
    stage.assert_empty()


def test_a_start_that_fails_leaves_nothing_but_its_error(stage: Stage) -> None:
    outcome = stage.run("broken")
    assert outcome.code == 1
    assert "ClusterUnavailable: An embedded Ray did not start: ValueError" in outcome.errors
    assert outcome.left == []
    stage.assert_empty()
