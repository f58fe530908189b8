"""The contract runs on every backend: a test takes `system` and gives its `run` a main function."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace
from typing import Any, TypeVar

import pytest

from actors import Placement, Settings, Spawner, System, spread
from actors.backends.simulation.network import Delays
from tests.ray_stage import Stage, open_stage

T = TypeVar("T")

SETTINGS = Settings(cancel_grace=0.2, ask_timeout=20.0, deadlock_after=0.05)

CALM = Delays(least=0.0001, spread=0.0, seldom=0)
"""Every trip takes as long as any other, as it mostly does between processes of one machine. Many of these tests expect
that a message overtakes no other on a shorter way, which the runtime does not promise; see tests.laws for the rest."""


# "package" would mean the session as well: these folders are no packages.
@pytest.fixture(scope="session", params=["local", "simulation", "ray"])
def stage(request: pytest.FixtureRequest) -> Iterator[Stage | str]:
    """One system on Ray for the whole contract, since to open one for each test would take minutes; else the name."""
    if request.param != "ray":
        yield request.param
        return
    request.getfixturevalue("cluster")  # the system borrows the Ray that all tests share
    with open_stage(replace(SETTINGS, hosts=2)) as stage:
        yield stage


@pytest.fixture
def system(stage: Any) -> System:
    """A system that is not open yet: `system.run(main)`. On Ray it is one that serves all tests."""
    if stage == "simulation":
        return SpreadOut(on="simulation", settings=replace(SETTINGS, hosts=2, copy_messages=True), delays=CALM)
    return System(on="local", settings=SETTINGS) if stage == "local" else stage


class SpreadOut(System):
    """A system whose actors live on the hosts in turn, as on the stage of Ray."""

    def options(self, *, placement: Placement | None = None, **options: Any) -> Spawner:
        """As any system's, but spread over the hosts."""
        return super().options(placement=placement or spread(), **options)

    def run(self, main: Callable[[System], Coroutine[Any, Any, T]]) -> T:
        """As any system's, but that all hosts have met before, as those on the stage have."""

        async def whole(system: System) -> T:
            processes = [it for it in self._backend.processes.values() if it.host is not None]
            for one in processes:
                one.host.new_table(self.host.table)
                for other in processes:
                    if one is not other:
                        one.host.post._peer(other.host.seat)
            await asyncio.sleep(1.0)
            return await main(system)

        return super().run(whole)


@pytest.fixture
def own_system() -> System:
    """A system that serves one test, which may close it."""
    return System(on="local", settings=SETTINGS)
