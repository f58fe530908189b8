"""The head is lost, the driver or a spare cut off, a node drained: who rests, ends, or goes on, and who hears what.

Times are a fraction of the defaults. Several programs share one cut, each with settings of its own.
"""

import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Iterator
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
def begun(*programs: Program) -> Iterator[None]:
    """Programs that started at the same time, until they are told to stop."""
    try:
        for program in programs:
            program.begin()
        for program in programs:
            program.wait_for_lines_after(0.0, "answered")
        yield
    finally:
        leave_all(*programs)


def leave_all(*programs: Program) -> list[int]:
    """Tell programs to stop, all at the same time; their exit codes."""
    living = [program for program in programs if program.process.poll() is None]
    for program in living:
        with contextlib.suppress(BrokenPipeError):
            program.say("stop")
    for program in living:
        program.leave()
    return [program.process.returncode for program in programs]


class HeadLost(NamedTuple):
    """Three programs whose driver and hosts are on the second and third node, and the cut of the first, the head."""

    cut: Cut
    patient: Program
    impatient: Program
    unfenced: Program
    verbs: dict[str, str]
    """What those of the impatient one said afterwards."""


@pytest.fixture(scope="module")
def head_lost(nodes: list[Node], tmp_path_factory: pytest.TempPathFactory) -> HeadLost:
    """All three have left when the tests look at what they wrote: later cuts are not to find them."""
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
    patient, impatient, unfenced = programs.values()
    with begun(patient, impatient, unfenced):
        began = now()
        head.cut()
        try:
            until(lambda: not any(psutil.pid_exists(impatient.pid(node)) for node in (second, third)))
            unfenced.wait_for_lines_after(began + TIMES["lease"] + SLACK, "answered")
        finally:
            head.heal()
        cut = Cut(began, now())
        patient.wait_for_lines_after(cut.healed, "ticked", "answered")
        unfenced.wait_for_lines_after(cut.healed, "answered")
        verbs = impatient.tell("verbs")
        until(lambda: set(unfenced.tell("states")["states"].values()) == {"up"})
        assert leave_all(patient, impatient, unfenced) == [0, 0, 0]
    return HeadLost(cut, patient, impatient, unfenced, verbs)


def test_hosts_rest_while_the_head_is_away_and_go_on_as_they_were_when_it_is_back(head_lost: HeadLost) -> None:
    cut, program = head_lost.cut, head_lost.patient
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
    assert_closed(head_lost.verbs)


def test_hosts_that_continue_without_the_head_go_on_answering_each_other(head_lost: HeadLost) -> None:
    cut, program = head_lost.cut, head_lost.unfenced
    for home in program.homes:
        lines = program.lines(home)
        assert {(it.pid, it.incarnation) for it in lines} == {(program.pids[program.seats[home]], 1)}
        assert {it.word for it in lines} == {"ticked", "answered"}
        without = [it for it in lines if cut.began + TIMES["lease"] + SLACK < it.at < cut.healed]
        assert {it.word for it in without} == {"ticked", "answered"}


def assert_closed(verbs: dict[str, str]) -> None:
    """Each verb of the driver has raised, and said why."""
    assert set(verbs) == {"ask", "send", "spawn", "stats", "members", "health"}
    for verb, word in verbs.items():
        assert word.startswith("SystemClosed: "), verb
        assert "not a part of it any more" in word, verb


ENDS = {"Unreachable-maybe", "Unreachable-no", "TimedOut-maybe", "Stopped-no", "NotRunning-no"}
"""How an ask may end; the last where a spare has taken the seat, and no parent is there to start the actor again."""


def test_of_a_driver_that_is_cut_off_the_whole_system_ends_and_nothing_acts_twice(
    nodes: list[Node], tmp_path: Path
) -> None:
    """There is a spare on each node: one may take the seat that is lost, and all of them end too."""
    _, second, _ = nodes
    program = Program(nodes, second, nodes, tmp_path / "log", hosts=3, spares=3, isolation=4.0)
    with begun(program):
        program.tell("spares 3")
        began = now()
        second.cut()
        try:
            assert_closed_soon(program)
            until(lambda: not host_processes(nodes))
            print(f"all processes had ended {now() - began:.1f} s after the cut")
        finally:
            second.heal()
        assert_nothing_acted_twice(program, second, began)
        assert leave_all(program) == [0]


def test_a_driver_that_nobody_hears_or_that_hears_nobody_is_cut_off_as_well(nodes: list[Node], tmp_path: Path) -> None:
    """Each of the two has an actor on its own node, and one on the head's."""
    head, second, third = nodes
    unheard = Program(nodes, second, [second, head], tmp_path / "unheard", hosts=3, isolation=4.0)
    deaf = Program(nodes, third, [third, head], tmp_path / "deaf", hosts=3, isolation=4.0)
    with begun(unheard, deaf):
        began = now()
        second.cut_outgoing()
        third.cut_incoming()
        try:
            assert_closed_soon(unheard, deaf)
            until(lambda: not host_processes(nodes))
            print(f"all processes had ended {now() - began:.1f} s after the cut")
        finally:
            second.heal()
            third.heal()
        assert_nothing_acted_twice(unheard, second, began)
        assert_nothing_acted_twice(deaf, third, began)
        assert leave_all(unheard, deaf) == [0, 0]


def assert_closed_soon(*programs: Program) -> None:
    """An ask that waits in the driver ends as one that may have run; then the system is closed."""
    for program in programs:
        program.say(f"ask {program.homes[-1]} 60")
    for program in programs:
        heard = program.hear()["heard"]
        assert heard.startswith("Unreachable: "), heard
        assert "not a part of it any more" in heard
        assert_closed(program.tell("verbs"))


def assert_nothing_acted_twice(program: Program, cut_off: Node, began: float) -> None:
    """Each actor has acted in one incarnation, and on the node that was cut off for no longer than its lease."""
    for home in program.homes:
        assert {(it.pid, it.incarnation) for it in program.lines(home)} == {(program.pids[program.seats[home]], 1)}
        assert {it.word for it in program.lines(home)} <= ENDS | {"ticked", "answered"}
    assert max(it.at for it in program.lines(cut_off.name)) < began + TIMES["lease"] + SLACK


def host_processes(nodes: list[Node]) -> set[int]:
    """All hosts and spares of these nodes, by the ids of their processes."""
    return {process.pid for node in nodes for process in node.hosts()}


def test_a_spare_that_is_cut_off_by_itself_never_acts_and_a_host_that_dies_meanwhile_comes_back_without_it(
    nodes: list[Node], tmp_path: Path
) -> None:
    """One is the only spare of its system, so it is called, in vain; the other is not needed, and ends by itself."""
    head, second, third = nodes
    lonely = {"hosts": 2, "spares": None}
    called = Program(nodes, head, [second], tmp_path / "called", renewal=1.0, verdict=4.0, **lonely)
    unneeded = Program(nodes, head, [second], tmp_path / "unneeded", isolation=4.0, **lonely)
    with begun(called, unneeded):
        in_vain, idle = leave_to_its_spare(third, called), leave_to_its_spare(third, unneeded)
        end_other_spares(called, in_vain)
        third.cut()
        try:
            for program in (called, unneeded):
                os.kill(program.pid(second), signal.SIGKILL)
            killed = now()
            assert called.tell("called")["called"] == in_vain.name
            for name, program in {"called": called, "unneeded": unneeded}.items():
                print(f"{name}: back {first_of_new(program, second).at - killed:.1f} s after the kill")
            until(lambda: not psutil.pid_exists(idle.pid))
        finally:
            third.heal()
        until(lambda: not psutil.pid_exists(in_vain.pid) or in_vain.name in called.tell("spares 0")["spares"])
        healed = now()
        for program, spare in ((called, in_vain), (unneeded, idle)):
            program.wait_for_lines_after(healed, "ticked")
            assert_one_came_back(program, second, spare)
        assert leave_all(called, unneeded) == [0, 0]


def first_of_new(program: Program, home: Node) -> Line:
    """What the actor of this node has written first in its second incarnation, once it has."""
    until(lambda: program.lines(home.name)[-1].incarnation == 2)
    return next(it for it in program.lines(home.name) if it.incarnation == 2)


def assert_one_came_back(program: Program, home: Node, spare: "Understudy") -> None:
    """By the log there were two incarnations, one after the other, in two processes, neither of which is the spare."""
    lines = program.lines(home.name)
    old, new = [[it for it in lines if it.incarnation == number] for number in (1, 2)]
    assert len(old) + len(new) == len(lines)
    (before,), (after,) = {it.pid for it in old}, {it.pid for it in new}
    assert before == program.pid(home)
    assert after not in (before, spare.pid)
    assert old[-1].at < new[0].at


class Understudy(NamedTuple):
    """A process that stands by."""

    name: str
    pid: int


def leave_to_its_spare(node: Node, program: Program) -> Understudy:
    """The program dismisses its host on this node, for good, so that only a spare is there."""
    spares = program.tell("spares 2")["spares"]
    program.tell(f"dismiss {node.name}")
    there = {process.pid for process in node.processes()}
    return next(Understudy(name, pid) for name, pid in spares.items() if pid in there)


def end_other_spares(program: Program, spare: Understudy) -> None:
    """Kill every spare of the program but this one."""
    for name, pid in program.tell("spares 2")["spares"].items():
        if name != spare.name:
            os.kill(pid, signal.SIGKILL)
    until(lambda: set(program.tell("spares 1")["spares"]) == {spare.name})


def test_hosts_of_a_node_that_ray_drains_finish_what_they_have_and_their_actors_go_on_elsewhere(
    nodes: list[Node], tmp_path: Path
) -> None:
    """The last of this file: the node is gone afterwards."""
    head, _, third = nodes
    program = Program(nodes, head, [third], tmp_path / "log", hosts=3, spares=3)
    with begun(program):
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
        until(lambda: not third.hosts())
        assert program.leave() == 0
