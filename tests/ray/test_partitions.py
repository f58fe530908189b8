"""A node is cut off from the head: shortly and nothing happens; longer and it rests; longer still and it is replaced.

An actor on that node writes a line ten times a second into a file outside of all processes. By that log nothing ever
acts twice.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import pytest

from tests.ray.netns import PORT, Node, ray_environment, ray_nodes

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")

ISOLATION = 12.0
LEASE = 5.0
SLACK = 1.0
"""Seconds that may pass between a look at the lease and the line, on a machine with too much to do."""


@pytest.fixture(scope="module")
def nodes() -> Iterator[list[Node]]:
    with ray_nodes(2) as nodes:
        yield nodes


class Act(NamedTuple):
    """A line of the log."""

    at: float
    pid: int
    incarnation: int


class Play:
    """The program on the first node, and the log of its actor on the second."""

    def __init__(self, nodes: list[Node], log: Path) -> None:
        self.log = log
        head = nodes[0]
        where = [f"{head.address}:{PORT}", head.address, str(log), str(ISOLATION)]
        self.process = subprocess.Popen(
            head.command(sys.executable, "-m", "tests.ray.partition_driver", *where),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=ray_environment(),
        )
        self.seat = str(self.hear()["seat"])

    def hear(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.process.communicate()
        return json.loads(line)

    def tell(self, word: str) -> dict[str, Any]:
        assert self.process.stdin is not None
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()
        return self.hear()

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


def test_a_short_cut_is_not_noticed_and_a_longer_one_makes_the_host_rest_until_it_is_over(
    nodes: list[Node], play: Play
) -> None:
    _, second = nodes
    facts = play.facts()
    for seconds in (4.0, 7.0):
        second.cut()
        cut_at = now()
        time.sleep(seconds)  # this is the cut
        second.heal()
        healed_at = now()
        until(lambda healed_at=healed_at: play.acts()[-1].at > healed_at)
        assert play.facts() == facts
        while_resting = [act for act in play.acts() if cut_at + LEASE + SLACK < act.at < healed_at]
        assert while_resting == []
        until(lambda: play.state() == "up")
    assert {(act.pid, act.incarnation) for act in play.acts()} == {facts}


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
