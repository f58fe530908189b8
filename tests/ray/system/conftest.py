"""One system on Ray with three hosts serves all tests of this folder; a test that kills makes its own victim."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from actors import Settings
from tests.ray_stage import Stage, open_stage

if TYPE_CHECKING:
    from actors.backends.ray.cluster.cluster import Cluster


@pytest.fixture(scope="session", autouse=True)
def stage(cluster: "Cluster") -> Iterator[Stage]:
    del cluster  # the system borrows the Ray that all tests of the backend share
    # No seat is taken over here: what these tests look at is what becomes of actors whose host is gone for good.
    lost_for_good = Settings(
        cancel_grace=0.2, ask_timeout=20.0, stop_budget=2.0, hosts=3, spares=0, seat_losses=0, isolation=20.0
    )
    with open_stage(lost_for_good) as stage:
        yield stage
