"""What no node can give is an error before anything is created; what stays pending is one at the deadline.

Ray waits for ever for a label nobody has, a GPU nobody has, or more CPUs than any node, and says nothing. So the
demands are compared with the cluster's nodes first, node by node: a process fits on one node or on none.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from actors.errors import Unplaceable

HEAD_RESOURCE = "node:__internal_head__"
"""The resource that only the head node has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What a host process asks of Ray. The default fits everywhere: a host takes no CPU from the user's Ray tasks.

    `node` is a node's id, address or host name. `labels` are the node's Ray labels. `head` asks for the head node.
    `memory` is in bytes. `spread` puts several hosts on different nodes as far as there are any.
    """

    num_cpus: float = 0
    num_gpus: float = 0
    memory: int = 0
    resources: Mapping[str, float] = field(default_factory=dict[str, float])
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    node: str | None = None
    head: bool = False
    spread: bool = False

    @classmethod
    def of(cls, demands: Mapping[str, float]) -> "Needs":
        """The needs whose demands these are."""
        others = {name: amount for name, amount in demands.items() if name not in {"CPU", "GPU", "memory"}}
        return cls(
            num_cpus=demands.get("CPU", 0),
            num_gpus=demands.get("GPU", 0),
            memory=int(demands.get("memory", 0)),
            resources=others,
        )

    def demands(self) -> dict[str, float]:
        """The amounts it asks for, by Ray's names of resources."""
        named = {"CPU": self.num_cpus, "GPU": self.num_gpus, "memory": self.memory, **self.resources}
        if self.head:
            named[HEAD_RESOURCE] = 0.001
        return {name: amount for name, amount in named.items() if amount}


@dataclass(frozen=True, slots=True)
class Node:
    """A living node of the cluster: its names, all it has (used or not), and its labels."""

    node_id: str
    address: str
    host_name: str
    resources: Mapping[str, float]
    labels: Mapping[str, str]

    @property
    def is_head(self) -> bool:
        """Whether it is the head node, where the directory lives."""
        return HEAD_RESOURCE in self.resources

    def goes_by(self, name: str) -> bool:
        """Whether `name` is its id, its address or its host name."""
        return name in {self.node_id, self.address, self.host_name}


def living_nodes() -> list[Node]:
    """The nodes that Ray counts as alive; one call to Ray's control store, 0.4 ms. Blocks."""
    listed = cast("list[dict[str, Any]]", ray.nodes())
    return [
        Node(
            node_id=found["NodeID"],
            address=found["NodeManagerAddress"],
            host_name=found["NodeManagerHostname"],
            resources=found["Resources"],
            labels=found["Labels"],
        )
        for found in listed
        if found["Alive"]
    ]


def check(needs: Needs, nodes: Iterable[Node], *, autoscaling: bool = False) -> Node | None:
    """Raise `Unplaceable` if no node can ever meet the needs; return the node they name, if they name one.

    With `autoscaling`, new nodes may come: then only an unknown node and amounts below zero are errors.
    """
    nodes = list(nodes)
    for name, amount in needs.demands().items():
        if amount < 0:
            raise Unplaceable(f"{amount:g} {name} is no amount; ask for zero or more.")
    named = _named(needs.node, nodes) if needs.node is not None else None
    if autoscaling and named is None:
        return None
    candidates = nodes if named is None else [named]
    where = "in the cluster" if named is None else f"by the name of {needs.node}"
    labelled = _with_labels(needs.labels, candidates, where)
    _check_amounts(needs, labelled, where)
    return named


def options(needs: Needs, named: Node | None) -> dict[str, Any]:
    """The needs as options of a Ray actor. `named` is what `check` returned."""
    asked: dict[str, Any] = {"num_cpus": needs.num_cpus}
    if needs.num_gpus:
        asked["num_gpus"] = needs.num_gpus
    if needs.memory:
        asked["memory"] = needs.memory
    others = {name: amount for name, amount in needs.demands().items() if name not in {"CPU", "GPU", "memory"}}
    if others:
        asked["resources"] = others
    if needs.labels:
        asked["label_selector"] = dict(needs.labels)
    if named is not None:
        asked["scheduling_strategy"] = NodeAffinitySchedulingStrategy(named.node_id, soft=False)
    elif needs.spread:
        asked["scheduling_strategy"] = "SPREAD"
    return asked


def still_pending(needs: Needs, nodes: Iterable[Node], waited: float) -> Unplaceable:
    """The error for what fits some node but was not placed in time: others hold it, or new nodes did not come."""
    wanted = ", ".join(_words(needs)) or "a process"
    free = cast("dict[str, float]", ray.available_resources())
    left = ", ".join(f"{name} {amount:g}" for name, amount in sorted(free.items()) if _is_telling(name))
    return Unplaceable(
        f"No node had room for {wanted} within {waited:g} s. Free in the cluster now: {left or 'nothing'}. "
        f"It has {_inventory(nodes)}"
    )


def _named(name: str, nodes: list[Node]) -> Node:
    for node in nodes:
        if node.goes_by(name):
            return node
    known = ", ".join(f"{node.host_name} ({node.address}, {node.node_id[:8]}…)" for node in nodes)
    raise Unplaceable(f"No living node goes by {name!r}; there are: {known}.")


def _with_labels(labels: Mapping[str, str], nodes: list[Node], where: str) -> list[Node]:
    for name, value in labels.items():
        if not any(node.labels.get(name) == value for node in nodes):
            there = sorted({node.labels[name] for node in nodes if name in node.labels})
            known = f"values there: {', '.join(there)}" if there else "nobody has that label"
            raise Unplaceable(f"No node {where} has the label {name}={value}; {known}. It has {_inventory(nodes)}")
    fitting = [node for node in nodes if all(node.labels.get(name) == value for name, value in labels.items())]
    if labels and not fitting:
        wanted = ", ".join(f"{name}={value}" for name, value in labels.items())
        raise Unplaceable(f"No single node {where} has all the labels {wanted}. It has {_inventory(nodes)}")
    return fitting


def _check_amounts(needs: Needs, nodes: list[Node], where: str) -> None:
    demands = needs.demands()
    for name, amount in demands.items():
        most = max((node.resources.get(name, 0.0) for node in nodes), default=0.0)
        if amount > most:
            have = f"the most that one has is {most:g}" if most else "none has any"
            raise Unplaceable(
                f"{amount:g} {name} asked for, but no node {where} has that: {have}. It has {_inventory(nodes)}"
            )
    if not any(all(node.resources.get(name, 0.0) >= amount for name, amount in demands.items()) for node in nodes):
        raise Unplaceable(f"No single node {where} has all of {', '.join(_words(needs))}. It has {_inventory(nodes)}")


def _words(needs: Needs) -> list[str]:
    amounts = [f"{amount:g} {name}" for name, amount in needs.demands().items()]
    return [*amounts, *(f"label {name}={value}" for name, value in needs.labels.items())]


def _is_telling(resource: str) -> bool:
    """Whether a resource helps a reader; every node has one named after itself."""
    return not resource.startswith("node:") and resource not in {"memory", "object_store_memory"}


def _inventory(nodes: Iterable[Node]) -> str:
    """What the nodes have, one clause each."""
    clauses: list[str] = []
    for node in nodes:
        amounts = [f"{name} {amount:g}" for name, amount in sorted(node.resources.items()) if _is_telling(name)]
        labels = [f"{name}={value}" for name, value in sorted(node.labels.items()) if not name.startswith("ray.io/")]
        clauses.append(f"{node.host_name} ({node.address}): {', '.join(amounts + labels) or 'no resources'}")
    return "; ".join(clauses) + "."
