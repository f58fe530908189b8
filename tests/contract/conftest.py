"""The contract runs on every backend: a test takes `system` and gives its `run` a main function."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from actors import Settings, System
from tests.ray_stage import Stage, open_stage

SETTINGS = Settings(cancel_grace=0.2, ask_timeout=20.0)


# "package" would mean the session as well: these folders are no packages.
@pytest.fixture(scope="session", params=["local", "ray"])
def stage(request: pytest.FixtureRequest) -> Iterator[Stage | None]:
    """One system on Ray for the whole contract, since to open one for each test would take minutes; None on `local`."""
    if request.param == "local":
        yield None
        return
    request.getfixturevalue("cluster")  # the system borrows the Ray that all tests share
    with open_stage(replace(SETTINGS, hosts=2)) as stage:
        yield stage


@pytest.fixture
def system(stage: Any) -> System:
    """A system that is not open yet: `system.run(main)`. On Ray it is one that serves all tests."""
    return stage or System(on="local", settings=SETTINGS)


@pytest.fixture
def own_system() -> System:
    """A system that serves one test, which may close it."""
    return System(on="local", settings=SETTINGS)
