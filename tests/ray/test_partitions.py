"""A node is cut off from the head: shortly and nothing happens; longer and it rests; longer still and it is replaced.

An actor on that node writes a line ten times a second into a file outside of all processes. By that log nothing ever
acts twice.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from tests.ray.line_program import LineProgram
from tests.ray.netns import PORT, Node, ray_nodes

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")

ISOLATION = 12.0
LEASE = 5.0
PATIENT_VERDICT = 12.0
"""Seconds after which a host that is not heard of is dead, where none is to be."""
SLACK = 1.0
"""Seconds that may pass between a look at the lease and the line, on a machine with too much to do."""


PATIENT = {"RAY_health_check_failure_threshold": "100"}
"""Ray gives up a node that it has not heard of for some 15 s, and never takes it back: these tests come close to it."""


@pytest.fixture(scope="module")
def nodes() -> Iterator[list[Node]]:
    with ray_nodes(2, PATIENT) as nodes:
        yield nodes


class Line(NamedTuple):
    """What one of the family did, in which of its lives."""

    at: float
    pid: int
    life: str
    word: str


class Play(LineProgram):
    """The program on the first node, and the logs of its actors on both."""

    def __init__(self, nodes: list[Node], folder: Path, **settings: float) -> None:
        self.folder = folder
        head = nodes[0]
        where = [f"{head.address}:{PORT}", head.address, str(folder), json.dumps(settings)]
        super().__init__(head, "tests.ray.partition_driver", *where)
        self.seat = str(self.hear()["seat"])

    def facts(self) -> tuple[int, str]:
        pid, life = self.tell("facts")["facts"]
        return pid, life

    def state(self) -> str:
        return self.tell("states")["states"][self.seat]

    def lines(self, who: str = "clockwork") -> list[Line]:
        split = [line.split() for line in (self.folder / who).read_text().splitlines()]
        return [Line(float(at), int(pid), life, word) for at, pid, life, word in split]

    def lives(self, who: str) -> list[list[Line]]:
        """Its lines by its lives, in the order in which these began."""
        lines = self.lines(who)
        return [[it for it in lines if it.life == life] for life in dict.fromkeys(it.life for it in lines)]

    def leave(self) -> None:
        self.process.communicate("stop\n", timeout=60)


@contextmanager
def playing(nodes: list[Node], folder: Path, **settings: float) -> Iterator[Play]:
    """The program, until all is seen."""
    play = Play(nodes, folder, **settings)
    try:
        yield play
    finally:
        if play.process.poll() is None:
            play.leave()


@pytest.fixture
def play(nodes: list[Node], tmp_path: Path) -> Iterator[Play]:
    with playing(nodes, tmp_path, isolation=ISOLATION) as play:
        yield play


def now() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def until(holds: Callable[[], object], patience: float = 60.0) -> None:
    give_up = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < give_up
        time.sleep(0.05)  # what is waited for happens in another process, which tells nobody


SECOND = ("clockwork", "supervisor", "asker")
"""Who lives on the second node."""


def test_a_short_cut_changes_nothing(nodes: list[Node], tmp_path: Path) -> None:
    """A connection sends again only some 7 s after a cut, which leaves a busy machine little time before a verdict."""
    with playing(nodes, tmp_path, verdict=PATIENT_VERDICT) as play:
        assert_a_short_cut_changes_nothing(nodes, play)


def assert_a_short_cut_changes_nothing(nodes: list[Node], play: Play) -> None:
    """Nobody is replaced, and all go on; prints for how long they rested."""
    _, second = nodes
    facts = play.facts()
    healed_at = cut_for(second, 4.0)[1]
    until(lambda: all(play.lines(who)[-1].at > healed_at for who in (*SECOND, "child", "oracle")))
    assert play.facts() == facts
    until(lambda: play.state() == "up")
    lines = play.lines()
    assert {(it.pid, it.life) for it in lines} == {facts}
    assert [len(play.lives(who)) for who in (*SECOND, "child", "oracle")] == [1] * 5
    rest = max(after.at - before.at for before, after in pairwise(lines))
    print(f"cut for 4 s: nobody was replaced, and nobody rested for longer than {rest:.1f} s")


def test_a_host_rests_when_its_lease_has_run_out_and_goes_on_or_is_replaced_but_never_acts_twice(
    nodes: list[Node], play: Play
) -> None:
    """After the cut a connection sends again only when it thinks fit, so a verdict may come before it does."""
    _, second = nodes
    old = play.facts()
    cut_at, healed_at = cut_for(second, 7.0)
    until(lambda: all(play.lines(who)[-1].at > healed_at for who in (*SECOND, "child")))
    new = play.facts()
    for who in SECOND:
        while_cut_off = [
            it for it in play.lines(who) if it.pid == old[0] and cut_at + LEASE + SLACK < it.at < healed_at
        ]
        assert while_cut_off == []
    if new != old:
        until_all_are_replaced(play, old[0])
        assert_nobody_acted_twice(play)
    else:
        assert [len(play.lives(who)) for who in (*SECOND, "child", "oracle")] == [1] * 5


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
    """On it are a supervisor, whose child is on the other side, and an asker, of whose questions one is under way."""
    _, second = nodes
    old = play.facts()
    getattr(second, way)()
    cut_at = now()
    try:
        new = play.facts()
        print(f"answered again {now() - cut_at:.1f} s after the cut")
        assert new[0] != old[0]
        until_all_are_replaced(play, old[0])
        print(f"the old process was gone {now() - cut_at:.1f} s after the cut")
    finally:
        second.heal()
    healed_at = now()
    until(lambda: any(it.at > healed_at and it.word.endswith(":answered") for it in play.lines("asker")))
    assert play.facts() == new
    assert_nobody_acted_twice(play)
    for who in SECOND:
        before, after = play.lives(who)
        last, first = before[-1].at - cut_at, after[0].at - cut_at
        print(f"the old {who} acted last {last:.1f} s after the cut, the new one first {first:.1f}")
        assert before[-1].at < cut_at + LEASE + SLACK
    assert {(it.pid, it.life) for it in play.lines()} == {old, new}


def until_all_are_replaced(play: Play, old: int) -> None:
    """Until each has a second life, and the old process has ended."""
    until(lambda: all(len(play.lives(who)) == 2 for who in (*SECOND, "child")))
    until(lambda: not psutil.pid_exists(old))


def assert_nobody_acted_twice(play: Play) -> None:
    """By the logs, of those that were on the node that was cut off and of those that these needed."""
    for who in SECOND:
        before, after = play.lives(who)
        assert before[-1].at < after[0].at
        assert (before[0].life.rpartition(".")[2], after[0].life) == ("1", before[0].life[:-1] + "2")
    assert_the_child_had_ended_before_its_parent_began_again(play)
    assert_each_question_was_handled_once_and_has_one_outcome(play)


def assert_the_child_had_ended_before_its_parent_began_again(play: Play) -> None:
    """It was on the other side, where its parent could not stop it any more (rule A6)."""
    before, after = play.lives("child")
    assert before[-1].at < play.lives("supervisor")[1][0].at < after[0].at


def assert_each_question_was_handled_once_and_has_one_outcome(play: Play) -> None:
    """Nothing of the old asker comes after the first question of the new one."""
    askers = play.lives("asker")
    [oracle] = play.lives("oracle")
    questions = [it.word for it in oracle if "-" in it.word]
    assert len(questions) == len({*questions})
    whose = [it.partition("-")[0] for it in questions]
    assert whose == sorted(whose, key=[life[0].life for life in askers].index)
    for life in askers:
        outcomes = [it.word.partition(":")[0] for it in life if ":" in it.word]
        assert outcomes == [f"{life[0].life}-{count}" for count in range(1, len(outcomes) + 1)]
