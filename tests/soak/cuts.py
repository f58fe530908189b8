"""Cuts of 4 s and of 70 s between two real Ray nodes, with the times of a real system; needs root. About 2 min each.

    python -m tests.soak.cuts [short] [cut] [cut_outgoing] [cut_incoming]

A short one changes nothing. The others take 70 s, and go both ways or one way.

A supervisor, an asker and a clockwork on the node that is cut off act ten times a second, by logs outside of all
processes. Their host has to rest, and to end after a minute; a spare elsewhere has taken its seat by then, and nothing
acts twice.
"""

import sys
import tempfile
import time
from pathlib import Path

import psutil

from tests.ray.netns import Node, ray_nodes
from tests.ray.test_partitions import (
    LEASE,
    PATIENT,
    SECOND,
    SLACK,
    Play,
    assert_a_short_cut_changes_nothing,
    assert_nobody_acted_twice,
    now,
    playing,
    until_all_are_replaced,
)

SECONDS = 70.0
WAYS = ("short", "cut", "cut_outgoing", "cut_incoming")


def cut(nodes: list[Node], way: str, folder: Path) -> str:
    """One cut; what was seen, in a line. Raises AssertionError where a promise was broken."""
    play = Play(nodes, folder)
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
    assert not psutil.pid_exists(old[0])
    until_all_are_replaced(play, old[0])
    assert_nobody_acted_twice(play)
    before, after = play.lives("clockwork")
    last_of_old, first_of_new = before[-1].at - began, after[0].at - began
    assert max(play.lives(who)[0][-1].at for who in SECOND) < began + LEASE + SLACK
    play.leave()
    return (
        f"{way}: the old one acted last after {last_of_old:.1f} s, the new one first after {first_of_new:.1f} s and "
        f"answered after {answered:.1f} s; the old process had ended after {ended:.1f} s"
    )


def main(ways: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder, ray_nodes(2, PATIENT) as nodes:
        for way in ways or WAYS:
            logs = Path(folder) / way
            logs.mkdir()
            if way == "short":
                with playing(nodes, logs) as play:
                    assert_a_short_cut_changes_nothing(nodes, play)
            else:
                print(cut(nodes, way, logs), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
