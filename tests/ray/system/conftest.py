"""One system on Ray with three hosts serves all tests of this folder; a test that kills makes its own victim."""

from collections.abc import Iterator

import pytest

from actors import Settings
from actors.backends.ray.cluster import Cluster
from tests.ray_stage import Stage, open_stage


@pytest.fixture(scope="session", autouse=True)
def stage(cluster: Cluster) -> Iterator[Stage]:
    del cluster  # the system borrows the Ray that all tests of the backend share
    with open_stage(Settings(cancel_grace=0.2, ask_timeout=20.0, stop_budget=2.0, hosts=3)) as stage:
        yield stage
