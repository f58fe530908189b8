"""The real command line, in processes of its own, looks into a running program with two hosts and acts on it."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from actors.backends.ray.visitor import embedded_rays

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")

PROGRAM = Path(__file__).with_name("bakery.py")
PATIENCE = 60.0
PAUSE = 0.02
TRIES = 5


class Bakery:
    """A running program, and the command line beside it, which is told where: other programs may run here."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "told"
        self.folder.mkdir()
        environment = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
        paths = [str(Path.cwd()), environment.get("PYTHONPATH", "")]
        self.environment = environment | {"HOME": str(root)}
        self.environment["PYTHONPATH"] = os.pathsep.join(paths)
        self.log = root / "log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(PROGRAM), str(self.folder)], env=self.environment, stdout=log, stderr=log
            )

    def wait_until_ready(self) -> None:
        """The program has said where its Ray is."""
        self.until((self.folder / "session").exists)
        self.session = Path((self.folder / "session").read_text())
        self.private = self.session.parents[1]
        self.environment["RAY_ADDRESS"] = str(self.private)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """One command to its end; its input is no terminal."""
        return subprocess.run(
            [sys.executable, "-m", "actors", *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def well(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """As `run`, again while something does not answer in time: on a busy machine that is no error of anybody."""
        for _ in range(TRIES):
            done = self.run(*arguments)
            if done.returncode == 0:
                return done
        raise AssertionError(done.stdout + done.stderr)

    def until_said(self, word: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """As `run`, again until it says this: a process that is late is not among what it shows."""
        for _ in range(TRIES):
            done = self.run(*arguments)
            if word in done.stdout + done.stderr:
                return done
        raise AssertionError(done.stdout + done.stderr)

    def json(self, *arguments: str) -> Any:
        """What a command prints as JSON."""
        return json.loads(self.well(*arguments, "--json").stdout)

    def together(self, *commands: str) -> list[subprocess.CompletedProcess[str]]:
        """Several commands at once: most of the time of each is waiting."""
        with ThreadPoolExecutor(len(commands)) as threads:
            return list(threads.map(lambda command: self.well(*command.split()), commands))

    def logged(self, what: str) -> bool:
        """Whether a host has logged this; hosts log to where Ray keeps what its workers write."""
        files = self.session.glob("logs/worker-*.err")
        return any(what in file.read_text(errors="replace") for file in files)

    def tell(self, what: str) -> None:
        """Let the program do something."""
        (self.folder / what).touch()

    def until(self, there: Callable[[], bool]) -> None:
        """Look until it is so, while the program runs."""
        deadline = time.monotonic() + PATIENCE
        while not there():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(PAUSE)  # the program is another process, and says it in files


@pytest.fixture(scope="module")
def bakery() -> Iterator[Bakery]:
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="ops-") as root:  # a short name, for sockets
        opened = Bakery(Path(root))
        try:
            opened.wait_until_ready()
            yield opened
            opened.tell("cool")
            opened.tell("stop")
            assert opened.process.wait(PATIENCE) == 0, opened.log.read_text()
        finally:
            opened.process.kill()
            opened.process.wait()


def test_it_shows_who_there_is_and_what_is_in_them(bakery):
    systems, tree, inspected, well = bakery.together(
        "systems", "tree /bakery1", "inspect /bakery1/oven", "doctor --stacks"
    )
    [line] = systems.stdout.splitlines()[1:]
    assert (line.split()[1:3], line.split()[-1]) == (["understudy/bakery", "3"], "up")
    assert [line.split()[:6] for line in tree.stdout.splitlines()[1:]] == [
        ["bakery1", "Bakery", "idle", "0", "0", "1"],
        ["oven", "Oven", "idle", "0", "1", "1"],
    ]
    attributes = inspected.stdout.partition("\nattributes\n")[2]
    assert [line.split() for line in attributes.splitlines()] == [["degrees", "180"], ["code", "***"], ["baked", "[]"]]
    assert "Nothing is wrong." in well.stdout
    assert "seat 2, thread host-loop" in well.stdout
    assert "in main" in well.stdout  # a task of the program that opened the system


def test_a_program_with_an_embedded_ray_is_found_and_its_token_too(bakery):
    [found] = [it for it in embedded_rays() if it.folder == bakery.private]
    assert found.token.stat().st_mode & 0o777 == 0o600
    assert bakery.private.stat().st_mode & 0o777 == 0o700


def test_it_traces_an_actor_suspends_it_and_lets_it_go_on(bakery):
    bakery.tell("baking")
    traced = bakery.well("trace", "/bakery1/oven", "--seconds", "1")
    assert "Oven.bake  tell" in traced.stdout
    assert "roll" not in traced.stdout
    bakery.well("suspend", "/bakery1/oven", "--yes")
    [oven] = [it for it in bakery.json("tree")["actors"] if it["path"] == "/bakery1/oven"]
    assert (oven["state"], oven["waiting"] > 0) == ("suspended", True)
    (bakery.folder / "baking").unlink()
    assert bakery.json("resume", "/bakery1/oven", "--yes") == {"changed": True}
    bakery.until(lambda: bakery.logged("/bakery1/oven was resumed by"))
    assert bakery.logged("/bakery1/oven was suspended by")


def test_a_doctor_shows_where_the_loop_of_a_host_hangs_and_what_does_not_answer(bakery, tmp_path):
    bakery.tell("burn")
    report = tmp_path / "report"
    bakery.until(lambda: bakery.logged("hangs in /bakery0"))
    found = bakery.until_said("in burn", "doctor", "--file", str(report))
    tree = bakery.until_said("did not answer", "tree")
    assert found.returncode == 1, found.stderr
    assert "hangs in /bakery0." in found.stdout
    [stack] = [part for part in found.stdout.split("\n\n") if "in burn" in part]
    assert "thread host-loop" in stack
    assert report.stat().st_mode & 0o777 == 0o600
    assert "setting stall_limit = 300.0" in report.read_text()
    assert "in burn" in report.read_text()
    assert tree.returncode == 1
    assert "bakery0" not in tree.stdout
    assert "did not answer" in tree.stderr
    bakery.tell("cool")


def test_ctrl_c_ends_a_trace_without_a_word(bakery):
    with subprocess.Popen(
        [sys.executable, "-m", "actors", "trace", "/bakery1/oven", "--seconds", "60"],
        env=bakery.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as tracing:
        assert tracing.stdout is not None
        bakery.tell("baking")
        assert "Oven.bake" in tracing.stdout.readline()
        tracing.send_signal(signal.SIGINT)
        _, errors = tracing.communicate(timeout=PATIENCE)
    (bakery.folder / "baking").unlink()
    assert (tracing.returncode, errors) == (130, "")


def test_a_host_that_is_drained_has_left_when_the_command_returns_and_its_actors_start_elsewhere(bakery):
    before = idents(bakery)
    seat = before["/bakery1"].partition("/")[0]
    bakery.well("drain", seat, "--yes")
    assert idents(bakery).get("/bakery1/oven") != before["/bakery1/oven"]  # whoever started it has left
    while "/bakery1/oven" not in (after := idents(bakery)):
        pass  # each look is a process of its own, which takes its time
    for same in "/bakery1", "/bakery0", "/bakery0/oven":  # an address lasts, whoever sits on its seat
        assert after[same] == before[same]


def idents(bakery: Bakery) -> dict[str, str]:
    """Of each actor, by its path; it names the host that spawned it, so a parent's new start shows in its children."""
    return {it["path"]: it["ident"] for it in bakery.json("tree")["actors"]}
