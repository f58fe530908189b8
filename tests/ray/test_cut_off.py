"""The head is lost, the driver is cut off, a node is drained: who rests, ends, or goes on, and what everybody hears.

Times are a fraction of the defaults. Several programs share one cut, each with settings of its own.
"""

import contextlib
import json
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import pytest

from tests.ray.line_program import LineProgram
from tests.ray.netns import PORT, Node, ray_nodes

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")

TIMES = {"renewal": 0.5, "lease": 2.0, "verdict": 3.0, "spares": 0, "log_level": "CRITICAL"}
SLACK = 1.0
"""Seconds that may pass between a look at the lease and the line, on a machine with too much to do."""

CONNECTIONS = {
    "RAY_health_check_failure_threshold": "100",
    "RAY_grpc_client_keepalive_time_ms": "1000",
    "RAY_grpc_client_keepalive_timeout_ms": "1500",
}
"""Ray's verdict on a node comes later than ours, and its connections are made anew soon after a cut."""


class Line(NamedTuple):
    """A line of the log of an actor."""

    at: float
    pid: int
    incarnation: int
    word: str


class Program(LineProgram):
    """A driver on a node, and the logs of its actors on some nodes."""

    def __init__(self, nodes: list[Node], driver: Node, homes: list[Node], folder: Path, **settings: Any) -> None:
        self.folder = folder
        folder.mkdir()
        self.homes = [node.name for node in homes]
        plan = {
            "address": f"{nodes[0].address}:{PORT}",
            "node_address": driver.address,
            "folder": str(folder),
            "settings": TIMES | settings,
            "nodes": self.homes,
        }
        super().__init__(driver, "tests.ray.cut_driver", json.dumps(plan), environment=CONNECTIONS)

    def begin(self) -> None:
        """Wait until its actors are there."""
        started = self.hear()
        self.seats: dict[str, int] = started["seats"]
        self.pids = {int(seat): pid for seat, pid in started["pids"].items()}

    def pid(self, home: Node) -> int:
        return self.pids[self.seats[home.name]]

    def lines(self, home: str) -> list[Line]:
        log = self.folder / home
        split = [line.split() for line in log.read_text().splitlines()] if log.exists() else []
        return [Line(float(at), int(pid), int(number), word) for at, pid, number, word in split]

    def wait_for_lines_after(self, moment: float, *words: str) -> None:
        """Until each actor has written each of these words after a moment."""
        until(lambda: all({it.word for it in self.lines(home) if it.at > moment} >= set(words) for home in self.homes))

    def leave(self) -> int:
        """Tell it to stop; its exit code."""
        with contextlib.suppress(BrokenPipeError):
            self.process.communicate("stop\n", timeout=60)
        return self.process.returncode


def now() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def until(holds: Any, patience: float = 60.0) -> None:
    give_up = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < give_up
        time.sleep(0.05)  # what is waited for happens in another process, which tells nobody


@pytest.fixture(scope="module")
def nodes() -> Iterator[list[Node]]:
    with ray_nodes(3, CONNECTIONS) as nodes:
        yield nodes


class Cut(NamedTuple):
    """When it began and ended."""

    began: float
    healed: float


@contextlib.contextmanager
def begun(programs: dict[str, Program]) -> Iterator[dict[str, Program]]:
    """Programs that started at the same time, until they are told to stop."""
    try:
        for program in programs.values():
            program.begin()
        for program in programs.values():
            program.wait_for_lines_after(0.0, "answered")
        yield programs
    finally:
        for program in programs.values():
            if program.process.poll() is None:
                program.leave()


class HeadLost(NamedTuple):
    """Three programs whose driver and hosts are on the second and third node, and the cut of the first, the head."""

    cut: Cut
    patient: Program
    impatient: Program
    unfenced: Program


@pytest.fixture(scope="module")
def head_lost(nodes: list[Node], tmp_path_factory: pytest.TempPathFactory) -> Iterator[HeadLost]:
    head, second, third = nodes
    folder = tmp_path_factory.mktemp("head")
    wishes: dict[str, dict[str, Any]] = {
        "patient": {"isolation": 40.0},
        "impatient": {"isolation": 2.0},
        "unfenced": {"isolation": 2.0, "without_head": "continue"},
    }
    programs = {
        name: Program(nodes, second, [second, third], folder / name, hosts=1, **wish) for name, wish in wishes.items()
    }
    with begun(programs):
        began = now()
        head.cut()
        try:
            until(lambda: not any(psutil.pid_exists(programs["impatient"].pid(node)) for node in (second, third)))
        finally:
            head.heal()
        yield HeadLost(Cut(began, now()), **programs)


def test_hosts_rest_while_the_head_is_away_and_go_on_as_they_were_when_it_is_back(head_lost: HeadLost) -> None:
    cut, program = head_lost.cut, head_lost.patient
    program.wait_for_lines_after(cut.healed, "ticked", "answered")
    for home in program.homes:
        lines = program.lines(home)
        assert [it for it in lines if cut.began + TIMES["lease"] + SLACK < it.at < cut.healed] == []
        assert {(it.pid, it.incarnation) for it in lines} == {(program.pids[program.seats[home]], 1)}
        back = min(it.at for it in lines if it.at > cut.healed)
        print(f"{home} went on {back - cut.healed:.1f} s after the head was back, away {cut.healed - cut.began:.1f} s")


def test_hosts_end_when_the_head_is_away_for_too_long_and_every_verb_of_the_driver_says_so(
    head_lost: HeadLost,
) -> None:
    cut, program = head_lost.cut, head_lost.impatient
    for home in program.homes:
        assert max(it.at for it in program.lines(home)) < cut.began + TIMES["lease"] + SLACK
    assert_closed(program)
    assert program.leave() == 0


def test_hosts_that_continue_without_the_head_go_on_answering_each_other(head_lost: HeadLost) -> None:
    cut, program = head_lost.cut, head_lost.unfenced
    program.wait_for_lines_after(cut.healed, "answered")
    for home in program.homes:
        lines = program.lines(home)
        assert {(it.pid, it.incarnation) for it in lines} == {(program.pids[program.seats[home]], 1)}
        assert {it.word for it in lines} == {"ticked", "answered"}
        answered = [it.at for it in lines if it.word == "answered" and cut.began - 1.0 < it.at < cut.healed]
        assert max(after - before for before, after in pairwise(answered)) < 2.0
    assert set(program.tell("states")["states"].values()) == {"up"}


def assert_closed(program: Program) -> None:
    """Each verb of its driver raises, and says why."""
    heard = program.tell("verbs")
    assert set(heard) == {"ask", "send", "spawn", "stats", "members", "health"}
    for verb, word in heard.items():
        assert word.startswith("SystemClosed: "), verb
        assert "not a part of it any more" in word, verb


OUTCOMES = {"ticked", "answered", "Stopped-no", "Unreachable-maybe", "Unreachable-no", "TimedOut-maybe"}


def test_of_a_driver_that_is_cut_off_the_whole_system_ends_and_nothing_acts_twice(
    nodes: list[Node], tmp_path: Path
) -> None:
    _, second, _ = nodes
    program = Program(nodes, second, nodes, tmp_path / "log", hosts=3, isolation=2.0)
    with begun({"it": program}):
        began = now()
        second.cut()
        try:
            assert_closed_soon(program)
            until(lambda: not any(psutil.pid_exists(program.pid(node)) for node in nodes))
            ended = now()
        finally:
            second.heal()
        print(f"all hosts had ended {ended - began:.1f} s after the cut")
        for home in program.homes:
            assert {(it.pid, it.incarnation) for it in program.lines(home)} == {(program.pids[program.seats[home]], 1)}
            assert {it.word for it in program.lines(home)} <= OUTCOMES
        assert max(it.at for it in program.lines(second.name)) < began + TIMES["lease"] + SLACK
        assert program.leave() == 0


def assert_closed_soon(program: Program) -> None:
    """An ask that waits in the driver ends as one that may have run; then the system is closed."""
    heard = program.tell(f"ask {program.homes[-1]} 60")["heard"]
    assert heard.startswith("Unreachable: "), heard
    assert "not a part of it any more" in heard
    assert_closed(program)


def test_hosts_of_a_node_that_ray_drains_finish_what_they_have_and_their_actors_go_on_elsewhere(
    nodes: list[Node], tmp_path: Path
) -> None:
    """The last of this file: the node is gone afterwards."""
    head, _, third = nodes
    program = Program(nodes, head, [third], tmp_path / "log", hosts=3, spares=3)
    with begun({"it": program}):
        program.tell("spares 3")
        program.tell(f"load {third.name} 50")
        began = now()
        assert program.tell(f"drain {third.name} 20") == {"accepted": True}
        until(lambda: program.lines(third.name)[-1].incarnation == 2)
        lines = program.lines(third.name)
        old, new = [[it for it in lines if it.incarnation == number] for number in (1, 2)]
        assert [it.word for it in old if "worked" in it.word] == [f"worked-{number}" for number in range(50)]
        assert {it.pid for it in old} == {program.pid(third)}
        print(f"drained in {new[0].at - began:.1f} s, away for {new[0].at - old[-1].at:.1f} s")
        assert old[-1].at < new[0].at
        assert program.tell(f"ask {third.name} 30")["heard"] == f"({new[0].pid}, 2)"
        until(lambda: not [it for it in third.processes() if "HostProcess" in "".join(it.cmdline())])
        assert program.leave() == 0
