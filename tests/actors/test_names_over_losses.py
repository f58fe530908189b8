"""A name is free again when a host dies between the claim and the start of its actor (A3)."""

import asyncio
from typing import Any

import pytest

from actors import NameTaken, SpawnFailed, Unreachable
from tests.actors.town import Keeper, Resident, Town, in_town, until

NAME = "ada"


def hold_back(resident: Resident) -> asyncio.Event:
    """Its next claim is granted, and it never hears of that. The event: it has been granted."""
    claim, granted = resident.clerk.claim, asyncio.Event()

    async def claimed(*claimant: Any) -> bool:
        assert await claim(*claimant)
        granted.set()
        return await asyncio.get_running_loop().create_future()

    resident.clerk.claim = claimed  # type: ignore[method-assign]
    return granted


def test_the_name_that_a_killed_host_had_claimed_is_free_after_its_verdict() -> None:
    async def main(town: Town) -> None:
        one, two = await town.settle(), await town.settle()
        granted = hold_back(one)
        claiming = asyncio.ensure_future(one.spawn(Keeper, name=NAME))
        await granted.wait()
        one.crash()
        with pytest.raises(NameTaken):
            await two.spawn(Keeper, name=NAME)
        town.condemn(one)
        ref = await two.spawn(Keeper, name=NAME)
        assert await two.clerk.lookup(NAME) == ref.address
        claiming.cancel()
        await asyncio.wait([claiming])

    in_town(main)


def test_the_name_of_an_actor_is_free_when_the_host_that_was_to_start_it_has_died() -> None:
    async def main(town: Town) -> None:
        one, two = await town.settle(), await town.settle()
        two.crash()  # nobody has heard of it
        starting = asyncio.ensure_future(one.spawn(Keeper, seat=two.host.seat, name=NAME))
        await until(lambda: town.directory._names.holder(NAME) is not None)
        town.bury(two)
        with pytest.raises((SpawnFailed, Unreachable)):
            await starting
        await until(lambda: town.directory._names.holder(NAME) is None)
        ref = await one.spawn(Keeper, name=NAME)
        assert await one.clerk.lookup(NAME) == ref.address

    in_town(main)
