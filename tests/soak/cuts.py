"""Cuts of 70 s between two real Ray nodes, with the times of a real system; needs root. About 100 s for each way.

    python -m tests.soak.cuts [cut] [cut_outgoing] [cut_incoming]

An actor on the node that is cut off acts ten times a second, by a log outside of all processes. Its host has to rest,
and to end after a minute; a spare elsewhere has taken its seat by then, and nothing acts twice.
"""

import sys
import tempfile
import time
from pathlib import Path

import psutil

from tests.ray.netns import Node, ray_nodes
from tests.ray.test_partitions import LEASE, PATIENT, SLACK, Play, now

SECONDS = 70.0
ISOLATION = 60.0
WAYS = ("cut", "cut_outgoing", "cut_incoming")


def cut(nodes: list[Node], way: str, log: Path) -> str:
    """One cut; what was seen, in a line. Raises AssertionError where a promise was broken."""
    play = Play(nodes, log, ISOLATION)
    old = play.facts()
    getattr(nodes[1], way)()
    began = now()
    try:
        new = play.facts()
        answered = now() - began
        while psutil.pid_exists(old[0]) and now() < began + SECONDS:
            time.sleep(0.05)
        ended = now() - began
        time.sleep(max(0.0, began + SECONDS - now()))
    finally:
        nodes[1].heal()
    assert play.facts() == new
    assert new[0] != old[0]
    assert new[1] == 2
    assert not psutil.pid_exists(old[0])
    last_of_old = max(act.at for act in play.acts() if act.pid == old[0]) - began
    first_of_new = min(act.at for act in play.acts() if act.pid == new[0]) - began
    assert last_of_old < first_of_new
    assert last_of_old < LEASE + SLACK
    play.leave()
    return (
        f"{way}: the old one acted last after {last_of_old:.1f} s, the new one first after {first_of_new:.1f} s and "
        f"answered after {answered:.1f} s; the old process had ended after {ended:.1f} s"
    )


def main(ways: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder, ray_nodes(2, PATIENT) as nodes:
        for way in ways or WAYS:
            print(cut(nodes, way, Path(folder) / way), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
