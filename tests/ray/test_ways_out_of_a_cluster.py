"""An ordinary system on a cluster that others use too ends with its program, and the cluster is as it was before."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from actors import SettingsError, System
from actors.backends.ray import calls
from actors.backends.ray.cluster.cluster import Cluster
from actors.backends.ray.cluster.processes import is_gone
from actors.backends.ray.directory.control_store import ControlStore
from tests.ray.complaints import complaints

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")

PATIENCE = 40.0


@contextmanager
def program(
    cluster: Cluster, way: str, name: str = "stand", folder: Path | None = None
) -> Iterator["tuple[subprocess.Popen[str], list[int]]"]:
    """A program that has opened its system, and the processes of its host and its directory."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(Path.cwd()), os.environ.get("PYTHONPATH", "")])}
    where = str(folder or tempfile.gettempdir())
    command = [sys.executable, "-m", "tests.ray.ordinary_program", cluster.address, name, way, where]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as opened:
        assert opened.stdout is not None
        try:
            driver, *others = map(int, opened.stdout.readline().split())
            assert driver == opened.pid
            yield opened, others
        finally:
            opened.kill()


def until(holds: Callable[[], bool]) -> None:
    give_up = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < give_up
        time.sleep(0.02)  # the end of a process of another parent has no event for this one


def named() -> list[str]:
    return [name for _, name in calls.named_actors() if "stand" in name or "another" in name]


async def make(address: str) -> None:
    """Make a detached system of the same name."""
    async with System(on="ray", address=address, name="stand", detached=True):
        pass


def sockets(cluster: Cluster) -> set[Path]:
    return set((cluster.session_folder / "u").glob("*/*"))


def test_when_a_program_is_killed_its_processes_end_and_its_name_is_free_and_who_comes_next_removes_the_rest(
    cluster: Cluster,
) -> None:
    before = sockets(cluster)
    store = ControlStore("understudy/stand")
    with program(cluster, "wait") as (opened, processes):
        keys, files = store.keys(""), sockets(cluster) - before
        with pytest.raises(SettingsError, match="'stand' is open on this cluster already"):
            asyncio.run(make(cluster.address))
        assert len(keys) == len(files) == 2
        assert (store.keys(""), sockets(cluster) - before) == (keys, files)  # nobody removes what is in use
        opened.kill()
        until(lambda: all(map(is_gone, processes)) and named() == [])
        assert set(keys) <= set(store.keys(""))
        assert sockets(cluster) - before
    with program(cluster, "return", "another") as (opened, processes):
        assert store.keys("") == []
        assert not sockets(cluster) & files
        assert opened.wait(PATIENCE) == 0
    until(lambda: all(map(is_gone, processes)) and named() == [])
    assert ControlStore("understudy/another").keys("") == []
    assert sockets(cluster) <= before


@pytest.mark.parametrize(
    ("way", "signals", "code", "said", "stopped"),
    [
        ("return", [], 0, "", {"ada"}),
        ("raise", [], 1, "ValueError: the wrong stand\n", {"ada"}),
        ("wait", [signal.SIGINT], -signal.SIGINT, "KeyboardInterrupt\n", {"ada"}),
        ("wait", [signal.SIGTERM], 143, "", {"ada"}),
        ("slow", [signal.SIGINT, signal.SIGINT], -signal.SIGINT, "KeyboardInterrupt\n", {"bob"}),
        ("slow", [signal.SIGTERM, signal.SIGTERM], 143, "", {"bob"}),
        ("late", [signal.SIGINT, signal.SIGINT], -signal.SIGINT, "KeyboardInterrupt\n", {"ada", "bob"}),
    ],
)
def test_on_every_other_way_out_nothing_is_left(
    cluster: Cluster, tmp_path: Path, way: str, signals: list[int], code: int, said: str, stopped: set[str]
) -> None:
    files = sockets(cluster)
    store = ControlStore("understudy/stand")
    with program(cluster, way, folder=tmp_path) as (opened, processes):
        for number in signals:
            opened.send_signal(number)
            if len(signals) > 1:
                until((tmp_path / "bob").exists)  # it waits for him
        _, errors = opened.communicate(timeout=PATIENCE)
    assert (opened.returncode, errors.endswith(said)) == (code, True)
    assert stopped <= {file.name for file in tmp_path.iterdir()}  # who is hurried may stop ada yet
    assert said or way == "slow" or complaints(errors) == []
    until(lambda: all(map(is_gone, processes)) and named() == [])
    assert store.keys("") == []
    assert sockets(cluster) <= files
