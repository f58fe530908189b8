"""How long a new host waits for the actors of its seat: until each host that spawned some has sent them, or died."""

import asyncio

import pytest
from msgspec import structs

from actors import Actor, NotHandled, NotRunning, call
from actors.host import Host
from actors.membership.seats import Heirs
from actors.supervising.root import Root
from actors.supervising.signals import EndReason
from tests.actors.town import Keeper, Note, Town, in_town, until


class Asks(Actor):
    """Has a request that no keeper handles, so that whoever asks it of one hears whether it is there."""

    @call
    def this(self) -> None: ...


def test_when_every_host_has_sent_what_it_had_the_rest_has_nobody() -> None:
    async def main(town: Town) -> None:
        one, two = await town.settle(), await town.settle()
        mortal = await one.spawn(Keeper, seat=two.host.seat)
        await one.host.root.children.stop_all(EndReason.STOPPED)
        await town.kill(two)
        asked = mortal.ask(Asks.this())
        mortal.tell(Note("late"))
        three = await town.settle(seat=two.host.seat)
        with pytest.raises(NotRunning):
            await asked
        assert three.reasons() == ["not_running"]
        assert three.host.returning is None

    in_town(main)


def test_a_host_that_says_nothing_is_waited_for_until_it_is_pronounced_dead() -> None:
    async def main(town: Town) -> None:
        one, two, other = await town.settle(), await town.settle(), await town.settle()
        mute, heard = await one.spawn(Keeper, seat=two.host.seat), await other.spawn(Keeper, seat=two.host.seat)
        await other.host.root.children.stop_all(EndReason.STOPPED)
        await town.kill(two)
        one.host.new_table = lambda table: None
        three = await town.settle(seat=two.host.seat)
        asked = asyncio.ensure_future(three.ref(mute).ask(Asks.this()))
        with pytest.raises(NotRunning):  # whose parent has said that it does not come
            await three.ref(heard).ask(Asks.this())
        assert not asked.done()
        town.condemn(one)
        with pytest.raises(NotRunning):
            await asked
        assert three.host.returning is None

    in_town(main)


def test_one_that_sat_down_while_the_directory_was_rebuilt_waits_for_those_that_were_there_before() -> None:
    async def main(town: Town) -> None:
        one, two = await town.settle(), await town.settle()
        keeper = await one.spawn(Keeper, seat=two.host.seat)
        await town.kill(two)
        waiting, one.host.new_table = one.host.new_table, lambda table: None
        register = town.directory.register
        town.directory.register = lambda *facts: structs.replace(register(*facts), complete=False, seats=(facts[1],))
        three = await town.settle(seat=two.host.seat)
        asked = asyncio.ensure_future(three.ref(keeper).ask(Asks.this()))
        town.directory.register = register
        await town.settle()
        assert three.host.table.complete
        assert three.host.returning is not None
        assert not asked.done()
        one.host.new_table = waiting
        one.host.new_table(await one.clerk.table())
        with pytest.raises(NotHandled):
            await asked
        await until(lambda: three.host.returning is None)

    in_town(main)


def test_an_actor_that_ends_on_a_new_host_is_not_taken_for_one_that_is_on_its_way() -> None:
    async def main(town: Town) -> None:
        one, two, other = await town.settle(), await town.settle(), await town.settle()
        keeper = await one.spawn(Keeper, seat=two.host.seat)
        await town.kill(two)
        waiting, other.host.new_table = other.host.new_table, lambda table: None
        three = await town.settle(seat=two.host.seat)
        await until(lambda: keeper.address.number in three.host.cells)
        await one.host.root.children.stop_all(EndReason.STOPPED)
        assert three.host.returning is not None
        with pytest.raises(NotRunning):
            await keeper.ask(Asks.this())
        other.host.new_table = waiting

    in_town(main)


def test_a_keeper_that_speaks_before_the_first_table_has_come_has_spoken() -> None:
    async def main(town: Town) -> None:
        keeper, two = await town.settle(heirs=Heirs.KEEPER), await town.settle()
        await town.kill(two)
        silent, keeper.host.new_table = keeper.host.new_table, lambda table: None

        def early(host: Host) -> Root:
            host.seating.restored(keeper.host.sitting)
            return host.root

        three = await town.settle(seat=two.host.seat, root=early)
        assert three.host.seating.kept_root is not None
        assert three.host.returning is None
        keeper.host.new_table = silent

    in_town(main)
