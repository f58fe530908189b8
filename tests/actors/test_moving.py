"""A host moves: it finishes what it has, and its actors start again on its seat, wherever that is then."""

import time
from collections.abc import Callable

from actors import Ref, Terminated, call, receive
from actors.supervising.draining import drain
from actors.supervising.signals import EndReason
from tests.actors.town import Keeper, Note, Resident, Town, actor, in_town, until


class Watching(Keeper):
    @call
    def watch(self, ref: Ref[Keeper]) -> None:
        self.context.watch(ref)

    @receive
    def ended(self, event: Terminated) -> None:
        self.seen.append((event.reason.value, event.incarnation))


async def move(town: Town, mover: Resident, parted: Callable[[], object] = lambda: None) -> None:
    """As a host process does that is told to; `parted` is called when it has said goodbye and nobody knows its seat."""
    assert await drain(mover.host, 5.0)
    await mover.host.stop_cells(EndReason.HOST_LOST)
    await mover.links.close(1.0)
    mover.crash()
    parted()
    town.directory.leave(time.monotonic(), mover.host.sitting, True)
    for one in town.living:
        one.host.new_table(town.directory.table(time.monotonic()))


def test_children_of_a_host_that_moves_start_again_on_its_seat_and_no_message_that_waited_is_lost() -> None:
    async def main(town: Town) -> None:
        one, mover = await town.settle(), await town.settle()
        keeper = await one.spawn(Keeper, seat=mover.host.seat)
        watcher = await one.spawn(Watching, seat=one.host.seat)
        watcher.tell(Watching.watch(keeper))
        await keeper.send(Note(0))
        for number in range(1, 100):
            keeper.tell(Note(number))
        old = actor(mover, keeper)
        await move(town, mover)
        assert old.seen == list(range(100))
        keeper.tell(Note("later"))
        heir = await town.settle(seat=mover.host.seat)
        await until(lambda: keeper.address.number in heir.host.cells)
        await until(lambda: actor(heir, keeper).seen == ["later"])
        assert heir.host.cells[keeper.address.number].incarnation == 2
        assert actor(one, watcher).seen == [("host_lost", 1)]
        assert one.reasons() == []
        assert one.host.dead_letters.hosts_lost == 0

    in_town(main)


def test_a_host_that_was_called_again_after_its_goodbye_has_left_in_order_and_is_not_lost() -> None:
    async def main(town: Town) -> None:
        one, mover = await town.settle(), await town.settle()
        keeper = await one.spawn(Keeper, seat=mover.host.seat)
        await keeper.send(Note(0))
        await move(town, mover, parted=lambda: keeper.tell(Note("between")))
        await until(lambda: one.reasons() == ["unreachable"])
        assert one.host.dead_letters.hosts_lost == 0
        heir = await town.settle(seat=mover.host.seat)
        await until(lambda: keeper.address.number in heir.host.cells)

    in_town(main)
