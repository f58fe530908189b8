"""A node dies with its hosts, not drained: its raylet is killed. Its actors return elsewhere, and nothing stays.

Nobody on the node is left to prove that a process has ended, and Ray gives up a node later than we do: so a verdict
decides (rule A15), here after 3 s of silence.
"""

import json
import sys
from collections.abc import Iterator

import pytest

from tests.ray.netns import Node, ray_nodes
from tests.ray.test_cut_off import TIMES, Program, begun, now, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")

VERDICT = float(TIMES["verdict"])
SLACK = 7.0
"""Seconds that a busy machine may add to a verdict and to what follows; Ray's own view of the node comes later."""

BRACKETS = str.maketrans("()", "[]")


@pytest.fixture(scope="module")
def nodes() -> Iterator[list[Node]]:
    with ray_nodes(2) as nodes:
        yield nodes


@pytest.fixture(scope="module")
def program(nodes: list[Node], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    program = Program(nodes, nodes[0], nodes, tmp_path_factory.mktemp("node") / "logs", hosts=2, spares=2)
    with begun(program):
        program.tell("spares 2")
        yield program


def hosts(node: Node) -> set[int]:
    """Hosts and spares."""
    return {process.pid for process in node.hosts()}


def facts(program: Program, home: Node) -> tuple[int, int]:
    """The process and the incarnation of the actor that was placed there at first."""
    pid, incarnation = json.loads(program.tell(f"ask {home.name} 60")["heard"].translate(BRACKETS))
    return pid, incarnation


def test_the_actors_of_a_node_that_dies_return_elsewhere_and_asks_in_flight_hear_it(
    nodes: list[Node], program: Program
) -> None:
    head, lost = nodes
    old, before = facts(program, lost)
    assert old in hosts(lost)
    program.tell(f"hold {lost.name}")
    until(lambda: "held" in {it.word for it in program.lines(lost.name)})
    [raylet] = [process for process in lost.processes() if process.name() == "raylet"]
    raylet.kill()
    struck = now()
    until(lambda: not hosts(lost))  # each ends by itself, because its raylet has
    ended = now()
    outcome, heard = program.tell("held")["heard"]
    new, after = facts(program, lost)
    back = now()
    print(f"hosts ended {ended - struck:.2f} s after the raylet; the ask in flight {heard - ended:.2f} s after them")
    print(f"all was back {back - ended:.2f} s after them")
    assert outcome == "Unreachable-maybe"
    assert back - ended < VERDICT + SLACK
    assert after == before + 1
    assert new in hosts(head)
    program.wait_for_lines_after(back, "ticked")
    lines = program.lines(lost.name)
    assert max(it.at for it in lines if it.pid == old) < min(it.at for it in lines if it.pid == new)
    until(lambda: set(program.tell("states")["states"].values()) <= {"up", "slow"})
