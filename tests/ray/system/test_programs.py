"""Whole programs: a script's classes work on the hosts, the output is its own, and no way out leaves anything."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.ray.complaints import complaints
from tests.ray.shared_memory import segments, segments_that_stay
from tests.ray.warden import patience

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")

PROGRAM = Path(__file__).with_name("program.py")
LINES = [
    "doubled: 42",
    "found: hello Fact(text='inner', again=None) True",
    "ordered: TEA asked: hello",
    "failed: Failed True",
]
STOPPED = {"one": "stopped", "two": "stopped"}


class Outcome:
    """How a program ended, what it printed, and what it left."""

    def __init__(self, report: dict[str, Any], output: str, errors: str, notes: dict[str, str]) -> None:
        self.code = report["code"]
        self.left = report["left"]
        self.output = output.splitlines()
        self.errors = errors
        self.notes = notes


class House:
    """A place for one program: its own home, its own folder for temporary files, its own folder for notes."""

    def __init__(self, root: Path) -> None:
        self.home, self.temporary, self.notes = (root / name for name in ("home", "t", "notes"))
        for folder in (self.home, self.temporary, self.notes):
            folder.mkdir()
        self.shm = segments()

    def run(self, way: str, *, send: int | None = None, again: int | None = None) -> Outcome:
        report = self.notes / "report"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
        environment |= {"HOME": str(self.home), "TMPDIR": str(self.temporary)}
        environment["PYTHONPATH"] = os.pathsep.join([str(Path.cwd()), environment.get("PYTHONPATH", "")])
        command = [sys.executable, "-m", "tests.ray.warden", str(report), patience(send)]
        command += [sys.executable, str(PROGRAM), way, str(self.notes)]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        ) as program:
            if send is not None:
                until((self.notes / ("pid" if again is None else "slow")).exists, program)
                os.kill(int((self.notes / "pid").read_text()), send)
            if again is not None:
                until((self.notes / "stopping").exists, program)
                os.kill(int((self.notes / "pid").read_text()), again)
            output, errors = program.communicate(timeout=90)
        notes = {name: (self.notes / name).read_text() for name in ("one", "two") if (self.notes / name).exists()}
        return Outcome(json.loads(report.read_text()), output, errors, notes)

    def assert_empty(self) -> None:
        assert list(self.home.iterdir()) == []
        assert list(self.temporary.iterdir()) == []
        assert str(self.temporary) not in Path("/proc/net/unix").read_text()
        assert segments_that_stay(self.shm) == set()


def until(condition: Callable[[], bool], program: "subprocess.Popen[str]") -> None:
    give_up = time.monotonic() + 60
    while not condition():
        assert program.poll() is None, program.communicate()
        assert time.monotonic() < give_up
        time.sleep(0.02)  # a file of another process tells nobody that it is there


@pytest.fixture
def house() -> Iterator[House]:
    root = Path(tempfile.mkdtemp(prefix="house-", dir="/tmp"))  # short, for the names of sockets
    yield House(root)
    shutil.rmtree(root)


def test_a_script_that_returns(house: House) -> None:
    outcome = house.run("return")
    assert outcome.output == [*LINES, "curtain down"]
    assert (outcome.code, outcome.notes, outcome.left) == (0, STOPPED, [])
    assert outcome.errors.count("Traceback") == outcome.errors.count("Problem: planned")  # logged, and nothing else
    assert "Ray" not in outcome.errors
    house.assert_empty()


def test_a_script_that_opens_one_system_after_the_other(house: House) -> None:
    outcome = house.run("twice")
    assert outcome.output == [*LINES, *LINES, "curtain down"]
    assert (outcome.code, outcome.notes, outcome.left) == (0, STOPPED, [])
    house.assert_empty()


def test_a_script_that_raises(house: House) -> None:
    outcome = house.run("raise")
    assert outcome.output == LINES
    assert (outcome.code, outcome.notes, outcome.left) == (1, STOPPED, [])
    assert outcome.errors.endswith("ValueError: the wrong play\n")
    house.assert_empty()


def test_a_script_that_exits_by_itself(house: House) -> None:
    outcome = house.run("exit")
    assert outcome.output == LINES
    assert (outcome.code, outcome.notes, outcome.left) == (7, STOPPED, [])
    house.assert_empty()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, None)])
def test_a_script_that_is_told_to_end(house: House, number: int, code: int | None) -> None:
    outcome = house.run("wait", send=number)
    assert outcome.output == LINES
    assert (outcome.notes, outcome.left) == (STOPPED, [])
    assert outcome.code == code if code is not None else outcome.code != 0
    if code is None:
        assert outcome.errors.endswith("KeyboardInterrupt\n")
    house.assert_empty()


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [
        (signal.SIGINT, signal.SIGINT, -signal.SIGINT),
        (signal.SIGTERM, signal.SIGINT, 143),
        (signal.SIGTERM, signal.SIGTERM, 143),
    ],
)
def test_a_script_that_is_told_twice_waits_for_nobody(house: House, first: int, second: int, code: int) -> None:
    began = time.monotonic()
    outcome = house.run("slow", send=first, again=second)
    print(f"ended after {time.monotonic() - began:.1f} s, of which 4 are the start")
    assert outcome.output == LINES
    assert (outcome.code, outcome.left) == (code, [])
    house.assert_empty()


def test_a_script_that_is_killed(house: House) -> None:
    outcome = house.run("wait", send=signal.SIGKILL)
    assert outcome.output == LINES
    assert (outcome.code, outcome.left) == (-signal.SIGKILL, [])
    house.assert_empty()


def test_a_script_with_a_ray_of_its_own_keeps_it(house: House) -> None:
    outcome = house.run("borrowed")
    assert outcome.output == [*LINES, "Ray goes on: True", "curtain down"]
    assert (outcome.code, outcome.notes) == (0, STOPPED)


def test_a_script_without_await(house: House) -> None:
    outcome = house.run("blocking")
    assert outcome.output == ["blocking: blocking", "curtain down"]
    assert (outcome.code, outcome.left) == (0, [])
    assert complaints(outcome.errors) == []
    house.assert_empty()
