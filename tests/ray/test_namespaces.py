"""Systems of one name in two namespaces of Ray do not see each other: neither actors, nor seats, nor keys."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from actors import Ref, System
from actors.backends.ray import calls
from actors.backends.ray.cluster.cluster import Cluster
from actors.backends.ray.directory.control_store import ControlStore
from actors.backends.ray.system_name import directory_name
from tests.ray.detached_cast import Account

PATIENCE = 60.0


def in_time(steps: Coroutine[Any, Any, None]) -> None:
    async def whole() -> None:
        async with asyncio.timeout(PATIENCE):
            await steps

    asyncio.run(whole())


def opened(cluster: Cluster, namespace: str, name: str = "twin") -> System:
    return System(on="ray", address=cluster.address, name=name, namespace=namespace, hosts=1, spares=0, stop_budget=2.0)


async def ada(system: System) -> list[int]:
    """What the account of this name has in it."""
    ref: Ref[Account] | None = await system.lookup("ada")
    assert ref is not None
    return (await ref.ask(Account.state()))[3]


def test_two_of_one_name_do_not_see_each_other_and_the_end_of_one_is_none_of_the_other(cluster: Cluster) -> None:
    north_keys, south_keys = ControlStore("north/twin"), ControlStore("south/twin")

    async def main() -> None:
        async with opened(cluster, "north") as north:
            await north.options(name="ada").spawn(Account, "ada", [1])
            keys = north_keys.keys("")
            assert len(keys) == 2
            async with opened(cluster, "south") as south:
                assert await south.lookup("ada") is None
                assert south.host.seat == 0
                await south.options(name="ada").spawn(Account, "ada", [2])
                assert (await ada(north), await ada(south)) == ([1], [2])
                assert len(await north.members()) == len(await south.members()) == 2
                assert (north_keys.keys(""), len(south_keys.keys(""))) == (keys, 2)
            assert (north_keys.keys(""), south_keys.keys("")) == (keys, [])
            calls.kill(calls.find(directory_name("twin"), "north"), restart=True)
            assert await ada(north) == [1]  # the next directory has read how many seats there are, and has asked them
        assert north_keys.keys("") == []

    in_time(main())


def test_a_name_that_goes_on_with_a_colon_is_another_name(cluster: Cluster) -> None:
    short, long = ControlStore("north/a"), ControlStore("north/a:b")
    long.put("seats/7", b"1")
    try:
        assert short.keys("") == []
        short.clear()
        assert long.keys("") == ["seats/7"]
    finally:
        long.clear()
