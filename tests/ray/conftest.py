"""One embedded Ray serves all tests of a run; it takes 3 seconds to start and is closed at the end."""

from collections.abc import Iterator

import pytest

from actors.backends.ray.cluster import Cluster, ClusterSettings, open_cluster


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    opened = open_cluster(
        ClusterSettings(namespace="tests", num_cpus=2, labels={"zone": "east"}, resources={"stage": 2})
    )
    yield opened
    opened.close()
