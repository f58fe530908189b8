"""Large payloads: read-only on every way, in their place, stored once for many, and no obstacle when lost."""

import asyncio
import os
import signal

import numpy as np
import pytest

from actors import Ref, Unreachable, call, dedicated
from tests.ray.system.cast import Keeper, Note, Worker
from tests.ray_stage import Stage

SOCKET, STORE = 5_000_000, 50_000_000


@pytest.mark.parametrize("size", [800, 200_000, SOCKET, STORE])
def test_an_array_keeps_its_place_and_is_read_only_and_the_senders_is_not(stage: Stage, size: int) -> None:
    async def main(system: Stage) -> None:
        keeper = await system.spawn(Keeper)
        array = np.arange(size // 8)
        keeper.tell(Note("before"))
        keeper.tell(Note(array))
        array[-1] = -5
        keeper.tell(Note(7))
        await keeper.ask(Keeper.until(3), timeout=20)
        assert await keeper.ask(Keeper.look()) == [("before",), (size, False, size // 8 - 1), (7,)]

    stage.run(main)


@pytest.mark.parametrize("size", [800, SOCKET, STORE])
def test_an_array_in_a_reply_is_read_only(stage: Stage, size: int) -> None:
    async def main(system: Stage) -> None:
        worker = await system.spawn(Worker)
        found = await worker.ask(Worker.echo(np.ones(size // 8)))
        assert found.nbytes == size
        assert not found.flags.writeable
        assert found[-1] == 1.0

    stage.run(main)


def test_one_array_for_three_hosts_is_put_into_the_store_once_and_freed_when_all_have_it(stage: Stage) -> None:
    async def main(system: Stage) -> None:
        keepers = [await system.spawn(Keeper) for _ in range(3)]
        seats = {keeper.address.seat for keeper in keepers}
        assert len(seats) == 3
        store = system.host.post._payloads._store
        puts: list[int] = []
        put = store.put

        def counted(parts, link):
            puts.append(sum(part.nbytes for part in parts))
            return put(parts, link)

        array = np.zeros(500_000)
        array.flags.writeable = False
        store.put = counted
        try:
            for keeper in keepers:
                keeper.tell(Note(array))
            for keeper in keepers:
                await keeper.ask(Keeper.until(1))
                assert await keeper.ask(Keeper.look()) == [(4_000_000, False, 0)]
        finally:
            del store.put
        assert puts == [4_000_000]
        async with asyncio.timeout(10):
            while store.held:  # noqa: ASYNC110 - the store tells nobody
                await asyncio.sleep(0.01)

    stage.run(main)


@pytest.mark.parametrize("size", [SOCKET, STORE])
def test_a_sender_that_is_killed_with_a_payload_on_its_way_holds_nothing_up(stage: Stage, size: int) -> None:
    async def main(system: Stage) -> None:
        keeper = await system.spawn(Keeper)
        doomed = await system.options(placement=dedicated()).spawn(Doomed)
        with pytest.raises(Unreachable):
            await doomed.ask(Doomed.tell_large_and_die(keeper, size))
        keeper.tell(Note("next"))
        async with asyncio.timeout(10):
            while "next" not in str(await keeper.ask(Keeper.look())):
                pass
        seen = await keeper.ask(Keeper.look())
        assert seen in (
            [(1,), ("next",)],
            [(1,), (size, False, 0), (2,), ("next",)],
            [(1,), (2,), ("next",)],
            [("next",)],
        )

    stage.run(main)


class Doomed(Worker):
    @call
    async def tell_large_and_die(self, to: Ref, size: int) -> None:
        to.tell(Note(1))
        to.tell(Note(np.zeros(size // 8)))
        to.tell(Note(2))
        await asyncio.sleep(0)
        os.kill(os.getpid(), signal.SIGKILL)
