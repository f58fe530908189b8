"""A cluster is found or started as named; its folder and token are private; what is not ours is left alone."""

import logging
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import ray

from actors.backends.ray.cluster.cluster import Cluster, ClusterSettings, open_cluster
from actors.backends.ray.cluster.session import Environment, PrivateFolder
from actors.backends.ray.errors import ClusterUnavailable
from actors.errors import SettingsError


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_an_embedded_ray_lives_in_a_private_folder_with_a_private_token(cluster: Cluster) -> None:
    assert cluster.embedded
    private = cluster.session_folder.parent.parent
    assert mode(private) == 0o700
    token = Path(os.environ["RAY_AUTH_TOKEN_PATH"])
    assert token.parent == private
    assert mode(token) == 0o600
    assert os.environ["RAY_AUTH_MODE"] == "token"
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"


def test_a_stranger_without_the_token_is_refused(cluster: Cluster) -> None:
    program = (
        "from actors.backends.ray.cluster.cluster import ClusterSettings, open_cluster\n"
        "import ray\n"
        f"open_cluster(ClusterSettings(address={cluster.address!r}))\n"
        "print(len(ray.nodes()))\n"
    )
    stranger = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    with_token = {"RAY_AUTH_TOKEN_PATH": os.environ["RAY_AUTH_TOKEN_PATH"]}
    for environment, code, expected in [(stranger, 1, "it wants its token"), (stranger | with_token, 0, "1\n")]:
        command = [sys.executable, "-c", program]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == code, done.stderr
        assert expected in (done.stderr if code else done.stdout)


@pytest.mark.parametrize("address", ["ray://head:10001", "http://head:8265"])
def test_ray_client_is_refused(address: str) -> None:
    with pytest.raises(SettingsError, match="Ray Client"):
        open_cluster(ClusterSettings(address=address))


def test_an_address_where_nobody_listens_is_an_error_within_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{closed.getsockname()[1]}"
    monkeypatch.setenv("RAY_ADDRESS", address)
    # A Ray that is there already would be used instead of the address.
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    before = dict(os.environ), signal.getsignal(signal.SIGTERM), logging.getLogger("ray").level
    began = time.monotonic()
    with pytest.raises(ClusterUnavailable, match=f"No Ray cluster answers at {address}"):
        Knocking(ClusterSettings(address=address), embedded=False, borrowed=False).join()
    assert time.monotonic() - began < 10
    assert (dict(os.environ), signal.getsignal(signal.SIGTERM), logging.getLogger("ray").level) == before


class Knocking(Cluster):
    """Does not leave the Ray of the other tests when its own start fails."""

    def _leave(self) -> None:
        self._undo.close()


def test_something_that_is_no_address_is_an_error() -> None:
    with pytest.raises(ClusterUnavailable, match="write host:port"):
        Knocking(ClusterSettings(address="somewhere"), embedded=False, borrowed=False).join()


def test_a_ray_that_the_program_initialised_is_used_and_left_running(cluster: Cluster) -> None:
    stopped: list[str] = []
    borrowed = open_cluster(ClusterSettings(namespace="other"))
    assert borrowed.borrowed
    assert borrowed.address == cluster.address
    borrowed.before_close(lambda: stopped.append("first"))
    borrowed.before_close(lambda: stopped.append("second"))
    borrowed.close()
    borrowed.close()
    assert stopped == ["second", "first"]
    assert ray.is_initialized()


def test_a_call_after_ray_was_left_starts_no_other_ray_until_the_cluster_is_closed() -> None:
    program = (
        "import ray\n"
        "from ray.exceptions import RaySystemError\n"
        "from actors.backends.ray.cluster.cluster import ClusterSettings, open_cluster\n"
        "cluster = open_cluster(ClusterSettings(num_cpus=1))\n"
        "ray.shutdown()\n"
        "try:\n"
        "    ray.put(1)\n"
        "except RaySystemError:\n"
        "    print('refused', ray.is_initialized())\n"
        "{end}\n"
        "print(ray._private.auto_init_hook.enable_auto_connect)\n"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    for end, then in [("cluster.close()", "True"), ("cluster.abandon()", "False")]:
        command = [sys.executable, "-c", program.format(end=end)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
        assert done.stdout.split() == ["refused", "False", then], done.stderr


def test_a_stop_that_fails_is_logged_and_the_others_run(cluster: Cluster, caplog: pytest.LogCaptureFixture) -> None:
    stopped: list[str] = []
    borrowed = open_cluster(ClusterSettings())
    borrowed.before_close(lambda: stopped.append("first"))
    borrowed.before_close(lambda: 1 / 0)
    borrowed.close()
    assert stopped == ["first"]
    assert "ZeroDivisionError" in caplog.text


def test_what_ray_says_goes_to_logging(cluster: Cluster, caplog: pytest.LogCaptureFixture, capfd: Any) -> None:
    caplog.set_level(logging.INFO, "actors.ray")
    victim = ray.remote(num_cpus=0)(Victim).remote()
    os.kill(ray.get(victim.pid.remote()), signal.SIGKILL)
    give_up = time.monotonic() + 15
    while "A worker died or was killed" not in caplog.text:
        assert time.monotonic() < give_up
        time.sleep(0.02)  # the message comes from a thread of Ray's
    assert capfd.readouterr() == ("", "")


class Victim:
    def pid(self) -> int:
        return os.getpid()


def test_a_private_folder_goes_with_everything_in_it(tmp_path: Path) -> None:
    folder = PrivateFolder(tmp_path)
    folder.ray.mkdir()
    folder.remove()
    folder.remove()
    assert list(tmp_path.iterdir()) == []


def test_a_private_folder_that_is_kept_loses_its_token(tmp_path: Path) -> None:
    folder = PrivateFolder(tmp_path, keep=True)
    folder.ray.mkdir()
    folder.remove()
    assert [path.name for path in folder.path.iterdir()] == ["ray"]


def test_the_environment_is_put_back() -> None:
    environ = {"KEPT": "1", "CHANGED": "2", "REMOVED": "3"}
    environment = Environment(environ)
    environment.remember("OTHERS")
    environment.set({"CHANGED": "4", "REMOVED": None, "ADDED": "5"})
    environment.set({"CHANGED": "6"})
    environ["OTHERS"] = "7"
    assert environ == {"KEPT": "1", "CHANGED": "6", "ADDED": "5", "OTHERS": "7"}
    environment.restore()
    assert environ == {"KEPT": "1", "CHANGED": "2", "REMOVED": "3"}
