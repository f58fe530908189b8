"""What cannot be placed is an error that names what is missing and what the cluster has."""

import pytest

from actors.backends.ray.cluster.cluster import Cluster
from actors.backends.ray.cluster.placement import HEAD_RESOURCE, Needs, Node, check, living_nodes, options
from actors.backends.ray.hosts.host_process import HostPlan
from actors.backends.ray.hosts.host_processes import HostProcesses
from actors.errors import Unplaceable

HEAD = Node("a" * 56, "10.0.0.1", "alpha", {"CPU": 4, HEAD_RESOURCE: 1, "node:10.0.0.1": 1}, {"zone": "east"})
SECOND = Node("b" * 56, "10.0.0.2", "beta", {"CPU": 2, "GPU": 1, "tape": 3}, {"zone": "west", "disk": "fast"})
NODES = [HEAD, SECOND]


@pytest.mark.parametrize(
    ("needs", "text"),
    [
        (Needs(node="gamma"), "No living node goes by 'gamma'; there are: alpha (10.0.0.1, aaaaaaaa…), beta"),
        (Needs(labels={"zone": "north"}), "No node in the cluster has the label zone=north; values there: east, west."),
        (Needs(labels={"rack": "1"}), "the label rack=1; nobody has that label."),
        (
            Needs(labels={"zone": "east", "disk": "fast"}),
            "No single node in the cluster has all the labels zone=",
        ),
        (Needs(num_gpus=2), "2 GPU asked for, but no node in the cluster has that: the most that one has is 1."),
        (Needs(num_cpus=5), "5 CPU asked for, but no node in the cluster has that: the most that one has is 4."),
        (Needs(resources={"film": 1}), "1 film asked for, but no node in the cluster has that: none has any."),
        (Needs(num_cpus=3, num_gpus=1), "No single node in the cluster has all of 3 CPU, 1 GPU."),
        (Needs(node="alpha", num_gpus=1), "1 GPU asked for, but no node by the name of alpha has that: none has any."),
        (
            Needs(node="10.0.0.2", labels={"zone": "east"}),
            "No node by the name of 10.0.0.2 has the label zone=east; values there: west",
        ),
        (Needs(num_cpus=-1), "-1 CPU is no amount"),
    ],
)
def test_what_no_node_can_give_is_named(needs: Needs, text: str) -> None:
    with pytest.raises(Unplaceable) as caught:
        check(needs, NODES)
    assert text in str(caught.value)
    assert needs.num_cpus < 0 or "alpha" in str(caught.value) or "beta" in str(caught.value)


def test_what_some_node_can_give_is_accepted() -> None:
    assert check(Needs(num_cpus=2, num_gpus=0.5, resources={"tape": 3}, labels={"disk": "fast"}), NODES) is None
    assert check(Needs(node="beta"), NODES) is SECOND
    assert check(Needs(node="b" * 56), NODES) is SECOND
    assert check(Needs(head=True), NODES) is None


def test_with_an_autoscaler_only_named_nodes_are_checked() -> None:
    assert check(Needs(num_gpus=64, labels={"rack": "1"}), NODES, autoscaling=True) is None
    with pytest.raises(Unplaceable, match="gamma"):
        check(Needs(node="gamma"), NODES, autoscaling=True)
    with pytest.raises(Unplaceable, match="64 GPU"):
        check(Needs(node="beta", num_gpus=64), NODES, autoscaling=True)


def test_needs_become_options_of_ray() -> None:
    assert options(Needs(), None) == {"num_cpus": 0}
    asked = options(Needs(num_cpus=1, num_gpus=0.5, memory=100, resources={"tape": 1}, labels={"disk": "fast"}), None)
    assert asked == {
        "num_cpus": 1,
        "num_gpus": 0.5,
        "memory": 100,
        "resources": {"tape": 1},
        "label_selector": {"disk": "fast"},
    }
    assert options(Needs(spread=True), None)["scheduling_strategy"] == "SPREAD"
    assert options(Needs(spread=True), SECOND)["scheduling_strategy"].node_id == SECOND.node_id


def test_demands_become_needs_again() -> None:
    for needs in (Needs(), Needs(num_cpus=1, num_gpus=0.5, memory=100, resources={"tape": 1}), Needs(num_cpus=2)):
        assert Needs.of(needs.demands()) == needs


def test_the_nodes_of_a_real_cluster_are_read(cluster: Cluster) -> None:
    (node,) = living_nodes()
    assert node.node_id == cluster.node_id
    assert node.is_head
    assert node.labels["zone"] == "east"
    assert node.resources["CPU"] == 2


def test_a_host_is_placed_by_node_label_and_resource(cluster: Cluster) -> None:
    processes = HostProcesses(cluster.namespace)
    plan = HostPlan("placed", "tests.ray.entries:obedient")
    needs = Needs(node=cluster.node_id, labels={"zone": "east"}, resources={"stage": 1})
    (host,) = processes.start([plan], needs, deadline=20)
    assert host.report.node_id == cluster.node_id
    processes.stop(budget=5)


def test_an_impossible_host_is_refused_at_once(cluster: Cluster) -> None:
    with pytest.raises(Unplaceable, match="0.5 GPU asked for"):
        HostProcesses(cluster.namespace).start(
            [HostPlan("gpu", "tests.ray.entries:obedient")], Needs(num_gpus=0.5), deadline=20
        )


def test_a_host_that_others_leave_no_room_for_is_an_error_at_the_deadline(cluster: Cluster) -> None:
    processes = HostProcesses(cluster.namespace)
    plans = [HostPlan(f"big {number}", "tests.ray.entries:obedient") for number in range(2)]
    with pytest.raises(Unplaceable, match=r"No node had room for 2 stage within 2 s. Free in the cluster now: CPU 2"):
        processes.start(plans, Needs(resources={"stage": 2}), deadline=2)
    assert processes.alive() == []


def test_with_an_autoscaler_what_nobody_has_waits_until_the_deadline(cluster: Cluster) -> None:
    processes = HostProcesses(cluster.namespace, autoscaling=True)
    with pytest.raises(Unplaceable, match="No node had room for 1 GPU within 1 s"):
        processes.start([HostPlan("hoping", "tests.ray.entries:obedient")], Needs(num_gpus=1), deadline=1)
