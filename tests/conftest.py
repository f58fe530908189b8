"""What holds for every test: nothing is left behind, what is skipped is said, and no test is judged by its speed."""

import signal
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from actors.backends.ray.cluster.cluster import Cluster

pytest_plugins = ["tests.leftovers", "tests.not_proved", "tests.side_by_side", "tests.jaeger.building"]

# A shared machine may stop for a second at any time; an example that took long is no failure.
settings.register_profile("understudy", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("understudy")


def pytest_configure() -> None:
    """Let Ctrl-C mean what it means at a terminal, also in a run that was started in the background."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def cluster() -> Iterator["Cluster"]:
    """One embedded Ray serves all tests of a run: it takes 3 seconds to start, and a process has at most one."""
    from actors.backends.ray.cluster.cluster import ClusterSettings, open_cluster
    from tests.leftovers import shared_by_all_files

    described = ClusterSettings(namespace="tests", num_cpus=2, labels={"zone": "east"}, resources={"stage": 2})
    with shared_by_all_files():
        opened = open_cluster(described)
    yield opened
    opened.close()
