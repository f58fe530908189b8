"""A node is cut off from the head: shortly and nothing happens; longer and it rests; longer still and it is replaced.

An actor on that node writes a line ten times a second into a file outside of all processes. By that log nothing ever
acts twice.
"""

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from tests.ray.line_program import LineProgram
from tests.ray.netns import PORT, Node, ray_nodes

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")

ISOLATION = 12.0
LEASE = 5.0
SLACK = 1.0
"""Seconds that may pass between a look at the lease and the line, on a machine with too much to do."""


PATIENT = {"RAY_health_check_failure_threshold": "100"}
"""Ray gives up a node that it has not heard of for some 15 s, and never takes it back: these tests come close to it."""


@pytest.fixture(scope="module")
def nodes() -> Iterator[list[Node]]:
    with ray_nodes(2, PATIENT) as nodes:
        yield nodes


class Act(NamedTuple):
    """A line of the log."""

    at: float
    pid: int
    incarnation: int


class Play(LineProgram):
    """The program on the first node, and the log of its actor on the second."""

    def __init__(self, nodes: list[Node], log: Path, isolation: float = ISOLATION) -> None:
        self.log = log
        head = nodes[0]
        where = [f"{head.address}:{PORT}", head.address, str(log), str(isolation)]
        super().__init__(head, "tests.ray.partition_driver", *where)
        self.seat = str(self.hear()["seat"])

    def facts(self) -> tuple[int, int]:
        pid, incarnation = self.tell("facts")["facts"]
        return pid, incarnation

    def state(self) -> str:
        return self.tell("states")["states"][self.seat]

    def acts(self) -> list[Act]:
        lines = self.log.read_text().splitlines()
        return [Act(float(at), int(pid), int(number)) for at, pid, number in map(str.split, lines)]

    def leave(self) -> None:
        self.process.communicate("stop\n", timeout=60)


@pytest.fixture
def play(nodes: list[Node], tmp_path: Path) -> Iterator[Play]:
    play = Play(nodes, tmp_path / "log")
    yield play
    if play.process.poll() is None:
        play.leave()


def now() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def until(holds: Callable[[], object], patience: float = 60.0) -> None:
    give_up = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < give_up
        time.sleep(0.05)  # what is waited for happens in another process, which tells nobody


def test_a_short_cut_changes_nothing(nodes: list[Node], play: Play) -> None:
    _, second = nodes
    facts = play.facts()
    healed_at = cut_for(second, 4.0)[1]
    until(lambda: play.acts()[-1].at > healed_at)
    assert play.facts() == facts
    until(lambda: play.state() == "up")
    assert {(act.pid, act.incarnation) for act in play.acts()} == {facts}


def test_a_host_rests_when_its_lease_has_run_out_and_goes_on_or_is_replaced_but_never_acts_twice(
    nodes: list[Node], play: Play
) -> None:
    """After the cut a connection sends again only when it thinks fit, so a verdict may come before it does."""
    _, second = nodes
    old = play.facts()
    cut_at, healed_at = cut_for(second, 7.0)
    until(lambda: play.acts()[-1].at > healed_at)
    new = play.facts()
    acts = play.acts()
    while_cut_off = [act for act in acts if act.pid == old[0] and cut_at + LEASE + SLACK < act.at < healed_at]
    assert while_cut_off == []
    if new != old:
        assert new[1] == 2
        until(lambda: not psutil.pid_exists(old[0]))
        assert max(act.at for act in play.acts() if act.pid == old[0]) < min(
            act.at for act in play.acts() if act.pid == new[0]
        )


def cut_for(node: Node, seconds: float) -> tuple[float, float]:
    """Cut a node off for a while; when that began, and when it was over."""
    node.cut()
    cut_at = now()
    time.sleep(seconds)  # this is the cut
    node.heal()
    return cut_at, now()


@pytest.mark.parametrize("way", ["cut", "cut_outgoing", "cut_incoming"])
def test_of_a_node_that_is_cut_off_a_spare_elsewhere_takes_the_seat_and_nothing_acts_twice(
    nodes: list[Node], play: Play, way: str
) -> None:
    _, second = nodes
    old = play.facts()
    getattr(second, way)()
    cut_at = now()
    try:
        new = play.facts()
        print(f"answered again {now() - cut_at:.1f} s after the cut")
        assert new[0] != old[0]
        assert new[1] == 2
        until(lambda: not psutil.pid_exists(old[0]))
        print(f"the old process was gone {now() - cut_at:.1f} s after the cut")
    finally:
        second.heal()
    assert play.facts() == new
    acts = play.acts()
    last_of_old = max(act.at for act in acts if act.pid == old[0])
    first_of_new = min(act.at for act in acts if act.pid == new[0])
    print(f"the old one acted last {last_of_old - cut_at:.1f} s after the cut, the new one {first_of_new - cut_at:.1f}")
    assert last_of_old < first_of_new
    assert {(act.pid, act.incarnation) for act in acts} == {old, new}
