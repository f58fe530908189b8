"""On a real cluster of two nodes: join it, place hosts on both, lose one, cut the network, leave it as it was."""

import sys
from collections.abc import Callable, Iterator

import psutil
import pytest

from tests.ray.line_program import LineProgram
from tests.ray.netns import PORT, Node, ray_nodes

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")


@pytest.fixture(scope="module")
def nodes() -> Iterator[list[Node]]:
    with ray_nodes(2) as nodes:
        yield nodes


class Program(LineProgram):
    """A driver in the first node's namespace."""

    def __init__(self, nodes: list[Node]) -> None:
        head = nodes[0]
        names = [node.name for node in nodes]
        super().__init__(head, "tests.ray.cluster_driver", f"{head.address}:{PORT}", head.address, *names)

    def leave(self) -> tuple[str, str]:
        return self.process.communicate(timeout=30)


@pytest.fixture
def program(nodes: list[Node]) -> Iterator[Program]:
    program = Program(nodes)
    yield program
    program.process.kill()
    program.process.communicate()


def test_hosts_live_on_both_nodes_and_stop_in_order(nodes: list[Node], program: Program) -> None:
    head, second = nodes
    assert program.hear() == {"embedded": False, "hosts": {"n1": head.address, "n2": second.address}}
    assert program.tell("stop") == {"stopped": {"n2": ["ended", "bye"], "n1": ["ended", "bye"]}}
    assert program.leave() == ("", "")
    assert program.process.returncode == 0


def test_hosts_that_were_not_stopped_are_stopped_at_the_end_and_the_cluster_lives_on(
    nodes: list[Node], program: Program
) -> None:
    program.hear()
    assert program.leave() == ("", "")
    hosts = [process for node in nodes for process in node.hosts()]
    _, alive = psutil.wait_procs(hosts, timeout=15)  # on the other node Ray ends it a moment after the program has left
    assert alive == []
    assert nodes[1].has_raylet()


def test_a_host_killed_on_the_other_node_is_known_by_ray_at_once(nodes: list[Node], program: Program) -> None:
    program.hear()
    (host,) = nodes[1].hosts()
    host.kill()
    answer = program.tell("ended")
    print(f"known after {answer['seconds']:.3f} s")
    assert "ActorDiedError" in answer["verdict"]
    assert program.tell("alive") == {"alive": ["n1"]}


def test_a_cut_is_silent_and_goes_both_ways_or_one(nodes: list[Node]) -> None:
    head, second = nodes
    assert head.reaches(second)
    assert cut_and_count(head, second, second.cut) == (False, False)
    assert cut_and_count(head, second, second.cut_outgoing) == (False, True)
    assert cut_and_count(head, second, second.cut_incoming) == (True, False)
    assert head.reaches(second)


def cut_and_count(head: Node, second: Node, cut: Callable[[], None]) -> tuple[bool, bool]:
    """Whether the head, and the second node, still received anything while it was cut."""
    cut()
    try:
        before = head.received(), second.received()
        assert not head.reaches(second)
        assert not second.reaches(head)
        return head.received() > before[0], second.received() > before[1]
    finally:
        second.heal()
        assert head.reaches(second)
