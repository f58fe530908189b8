"""A program that joins a cluster of several nodes and puts a host on each; it answers one line for each line it reads.

python -m tests.ray.cluster_driver ADDRESS NODE_IP_ADDRESS RESOURCE...
"""

import json
import sys
import time
from typing import Any

from actors.backends.ray.cluster.cluster import ClusterSettings, open_cluster
from actors.backends.ray.cluster.placement import Needs, living_nodes
from actors.backends.ray.hosts.host_process import HostPlan
from actors.backends.ray.hosts.host_processes import Host, HostProcesses


def main(address: str, node_ip_address: str, *resources: str) -> None:
    cluster = open_cluster(ClusterSettings(address=address, node_ip_address=node_ip_address))
    processes = HostProcesses(cluster.namespace)
    cluster.before_close(lambda: processes.stop(budget=8))
    hosts: list[Host] = []
    for name in resources:
        plan = HostPlan(name, "tests.ray.entries:obedient")
        hosts += processes.start([plan], Needs(resources={name: 1}), deadline=40)
    addresses = {node.node_id: node.address for node in living_nodes()}
    say(embedded=cluster.embedded, hosts={host.name: addresses[host.report.node_id] for host in hosts})
    for line in sys.stdin:
        if line.strip() == "stop":
            stopped = processes.stop(budget=8)
            say(stopped={each.name: [each.way, each.farewell and each.farewell.reason] for each in stopped})
        elif line.strip() == "ended":
            began = time.monotonic()
            verdict = hosts[-1].end.result(timeout=30)
            say(verdict=str(verdict)[:200], seconds=time.monotonic() - began)
        else:
            say(alive=[host.name for host in processes.alive()])


def say(**facts: Any) -> None:
    print(json.dumps(facts), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
