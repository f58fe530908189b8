"""One system on Ray with two hosts and a spare serves all tests of this folder, which take its hosts away."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from actors import Settings
from tests.ray_stage import Stage, open_stage

if TYPE_CHECKING:
    from actors.backends.ray.cluster.cluster import Cluster

SETTINGS = Settings(
    cancel_grace=0.2,
    ask_timeout=30.0,
    stop_budget=2.0,
    hosts=2,
    spares=1,
    seat_losses=100,
    renewal=0.5,
    lease=3.0,
    verdict=5.0,
    isolation=30.0,
    stall_limit=8.0,
)


@pytest.fixture(scope="session", autouse=True)
def stage(cluster: "Cluster") -> Iterator[Stage]:
    del cluster  # the system borrows the Ray that all tests of the backend share
    with open_stage(SETTINGS) as stage:
        yield stage
