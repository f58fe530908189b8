"""Several real Ray nodes on one machine: a network namespace each, joined by a bridge, each pair of which can be cut.

A cut tells the sender a wrong hardware address: it needs no firewall and no traffic control in the kernel, goes one way
or both, and is silent. Needs root and iproute2: where CI is set both are required, elsewhere the tests are skipped with
a word.
"""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import psutil
import pytest

PORT = 6379

NO_IPV6 = "for conf in all default; do echo 1 > /proc/sys/net/ipv6/conf/$conf/disable_ipv6; done"
"""Its neighbour discovery goes to everybody, past every cut, and would be counted."""


def require_namespaces() -> None:
    """Skip the test, or fail it where CI is set, unless namespaces can be made here."""
    missing = "root" if os.geteuid() != 0 else "iproute2" if shutil.which("ip") is None else ""
    if not missing:
        return
    message = f"needs {missing} to make network namespaces, so nothing is proved about several nodes here"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


class Node:
    """One Ray node in a namespace of its own; `name` is also a resource of Ray that only this node has."""

    def __init__(self, net: "Net", number: int) -> None:
        self.name = f"n{number}"
        self.namespace = f"{net.prefix}{self.name}"
        self.port = f"{net.prefix}p{number}"
        self.address = f"10.77.{net.third}.{number}"
        self.folder = net.folder / self.name
        self.net = net
        self.hardware_address = ""

    def command(self, *command: str) -> list[str]:
        """The command, to be run in this node's namespace, where the machine may have the node's name."""
        named = ["unshare", "--uts", "sh", "-c", 'hostname "$0" && exec "$@"', self.namespace] if self.net.named else []
        return ["ip", "netns", "exec", self.namespace, *named, *command]

    def start_ray(self, *options: str, head: "Node | None" = None) -> None:
        """Start the node: the head if no head is named. Takes about 3 s."""
        head_options = ["--head", f"--port={PORT}", "--include-dashboard=false"]
        where = [f"--address={head.address}:{PORT}"] if head else head_options
        own = [f"--node-ip-address={self.address}", f"--temp-dir={self.folder}", "--num-cpus=1"]
        resources = f"--resources={json.dumps({self.name: 4})}"
        ray = str(Path(sys.executable).with_name("ray"))
        environment = ray_environment() | self.net.environment
        run(*self.command(ray, "start", *where, *own, resources, *options), environment=environment)

    def processes(self) -> list[psutil.Process]:
        """Everything that runs in this node's namespace."""
        pids = run("ip", "netns", "pids", self.namespace).split()
        found: list[psutil.Process] = []
        for pid in pids:
            with contextlib.suppress(psutil.NoSuchProcess):
                found.append(psutil.Process(int(pid)))
        return found

    def hosts(self) -> list[psutil.Process]:
        """Those of them that are hosts, or spares, and have not ended."""
        found: list[psutil.Process] = []
        for process in self.processes():
            with contextlib.suppress(psutil.NoSuchProcess):  # it has ended; a zombie is one that nobody has buried
                if "HostProcess" in "".join(process.cmdline()):
                    found.append(process)
        return found

    def has_raylet(self) -> bool:
        """Whether Ray still runs here."""
        for process in self.processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                if process.name() == "raylet":
                    return True
        return False

    def reaches(self, other: "Node") -> bool:
        """Whether a packet gets there and an answer back: a port that nobody listens on refuses, a cut says nothing."""
        program = f"import socket; socket.create_connection(({other.address!r}, 9), 0.5)"
        command = self.command(sys.executable, "-S", "-c", program)
        return b"ConnectionRefused" in subprocess.run(command, capture_output=True, check=False).stderr

    def received(self) -> int:
        """Packets that have come in from the others."""
        return int(run(*self.command("cat", "/sys/class/net/eth0/statistics/rx_packets")))

    def cut(self, *others: "Node") -> None:
        """Separate this node from the others (from all, if none are named), both ways. Both sides see only silence."""
        self.cut_outgoing(*others)
        self.cut_incoming(*others)

    def cut_outgoing(self, *others: "Node") -> None:
        """Nothing from this node arrives there any more; it still hears them."""
        for other in others or self.others():
            self.send_to(other, self.hardware_address)  # the bridge drops what would go back where it came from

    def cut_incoming(self, *others: "Node") -> None:
        """Nothing from there reaches this node any more; they still hear it."""
        for other in others or self.others():
            other.send_to(self, other.hardware_address)

    def heal(self) -> None:
        """Undo every cut of this node."""
        for other in self.others():
            self.send_to(other, other.hardware_address)
            other.send_to(self, self.hardware_address)

    def others(self) -> list["Node"]:
        return [node for node in self.net.nodes if node is not self]

    def send_to(self, other: "Node", hardware_address: str) -> None:
        """What goes from here to the other is addressed to this interface."""
        where = ["lladdr", hardware_address, "nud", "permanent", "dev", "eth0"]
        run(*self.command("ip", "neigh", "replace", other.address, *where))


class Net:
    """The nodes `n1`, `n2`, ... and the bridge between them. `n1` is the head."""

    def __init__(self, count: int, environment: Mapping[str, str], *, named: bool = False) -> None:
        self.environment = dict(environment)
        self.named = named
        self.third = os.getpid() % 200 + 20
        self.prefix = f"us{os.getpid() % 10000:x}"
        self.bridge = f"{self.prefix}sw"
        self.folder = Path(tempfile.mkdtemp(prefix="us-", dir="/tmp"))  # short, for the names of sockets
        self.nodes = [Node(self, number) for number in range(1, count + 1)]

    def inside(self, *command: str) -> str:
        """Run a command in the namespace of the bridge."""
        return run("ip", "netns", "exec", self.bridge, *command)

    def build(self) -> None:
        """Make the namespaces, the bridge, and a pair of interfaces for each node."""
        run("ip", "netns", "add", self.bridge)
        self.inside("sh", "-c", NO_IPV6)
        self.inside("ip", "link", "add", "br0", "type", "bridge", "mcast_snooping", "0")
        self.inside("ip", "link", "set", "br0", "up")
        for node in self.nodes:
            self._connect(node)
        for node in self.nodes:
            node.heal()  # who is where is told, not asked, so that a cut is silence and never "host unreachable"

    def _connect(self, node: Node) -> None:
        run("ip", "netns", "add", node.namespace)
        run(*node.command("sh", "-c", NO_IPV6))
        self.inside("ip", "link", "add", node.port, "type", "veth", "peer", "name", "eth0", "netns", node.namespace)
        self.inside("ip", "link", "set", node.port, "master", "br0", "up")
        run(*node.command("ip", "addr", "add", f"{node.address}/24", "dev", "eth0"))
        run(*node.command("ip", "link", "set", "eth0", "up"))
        run(*node.command("ip", "link", "set", "lo", "up"))
        node.hardware_address = run(*node.command("cat", "/sys/class/net/eth0/address")).strip()

    def clear(self) -> None:
        """End every process in the namespaces, by its id, and remove namespaces and folders."""
        for name in [node.namespace for node in self.nodes] + [self.bridge]:
            with contextlib.suppress(subprocess.CalledProcessError):
                end(run("ip", "netns", "pids", name).split())
                run("ip", "netns", "del", name)
        shutil.rmtree(self.folder, ignore_errors=True)


def end(pids: Sequence[str]) -> None:
    processes: list[psutil.Process] = []
    for pid in pids:
        with contextlib.suppress(psutil.NoSuchProcess):
            processes.append(psutil.Process(int(pid)))
            processes[-1].send_signal(signal.SIGKILL)
    psutil.wait_procs(processes, timeout=10)


def ray_environment() -> dict[str, str]:
    """No token, no report to outside, whatever the tests around have set."""
    inherited = {name: value for name, value in os.environ.items() if not re.match("RAY_", name)}
    return inherited | {"RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0"}


def run(*command: str, environment: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment, timeout=60)
    return done.stdout


@contextlib.contextmanager
def ray_nodes(
    count: int, environment: Mapping[str, str] = MappingProxyType({}), *, named: bool = False
) -> Iterator[list[Node]]:
    """Real Ray nodes, connected and known to the head; at the end nothing of them is left.

    `environment`: further variables for Ray's own processes. `named`: each node has a host name of its own.
    """
    require_namespaces()
    net = Net(count, environment, named=named)
    try:
        net.build()
        head, *others = net.nodes
        head.start_ray()
        for node in others:
            node.start_ray(head=head)
        yield net.nodes
    finally:
        net.clear()


def wait_until(path: Path, program: "subprocess.Popen[str]", patience: float = 60.0) -> str:
    """The content of a file that a program is about to write in one piece."""
    give_up = time.monotonic() + patience
    while not path.exists():
        assert program.poll() is None, program.communicate()
        assert time.monotonic() < give_up, f"{path.name} did not come"
        time.sleep(0.02)  # a file of another process tells nobody that it is there
    return path.read_text()
