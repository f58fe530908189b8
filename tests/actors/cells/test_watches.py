"""Both ends of a watch forget it when it is over: no watch leaks, whoever ends it."""

import pytest

from actors import Actor, Ref, System, Terminated, call, receive
from actors.cells.watches import Watches
from actors.supervising.signals import Ended, EndReason
from tests.actors.town import Resident, Town, in_town, until


class Watcher(Actor):
    def __init__(self) -> None:
        self.heard = 0

    @call
    def watch(self, ref: Ref[Actor]) -> None:
        self.context.watch(ref)

    @call
    def unwatch(self, ref: Ref[Actor]) -> bool:
        return self.context.unwatch(ref)

    @call
    def restart(self) -> None:
        raise ValueError("planned")

    @call
    def settled(self) -> int:
        """What was signalled before this has been handled by then; how many ends were heard."""
        return self.heard

    @receive
    def ended(self, event: Terminated) -> None:
        self.heard += 1


def table(where: System | Resident, ref: Ref[Watcher]) -> Watches:
    return where.host.cells[ref.address.number].watches


async def settled(*refs: Ref[Watcher]) -> None:
    for _ in range(2):
        for ref in refs:
            await ref.ask(Watcher.settled())


async def both(system: System) -> tuple[Ref[Watcher], Ref[Watcher]]:
    """A watcher and whom it watches; each knows of it."""
    watcher, watched = await system.spawn(Watcher), await system.spawn(Watcher)
    await watcher.ask(Watcher.watch(watched))
    await settled(watched)
    assert (len(table(system, watcher)), len(table(system, watched))) == (1, 1)
    return watcher, watched


@pytest.mark.parametrize("times", [1, 2])
def test_a_watch_that_is_taken_back_is_forgotten_at_both_ends_however_often_it_was_begun(times):
    async def main(system: System) -> None:
        watcher, watched = await both(system)
        for _ in range(times - 1):
            await watcher.ask(Watcher.watch(watched))
        await settled(watched)
        assert len(table(system, watched)) == 1
        assert await watcher.ask(Watcher.unwatch(watched))
        assert not await watcher.ask(Watcher.unwatch(watched))
        await settled(watched)
        assert (len(table(system, watcher)), len(table(system, watched))) == (0, 0)

    System(on="local").run(main)


def test_a_watcher_that_ends_is_forgotten_by_whom_it_watched():
    async def main(system: System) -> None:
        watcher, watched = await both(system)
        await system.host.root.children.stop(system.host.root.children.table[watcher.address.number], EndReason.STOPPED)
        await settled(watched)
        assert len(table(system, watched)) == 0

    System(on="local").run(main)


def test_a_watcher_that_restarts_is_forgotten_and_hears_nothing_of_what_it_watched_before():
    async def main(system: System) -> None:
        watcher, watched = await both(system)
        watcher.tell(Watcher.restart())
        await settled(watcher, watched)
        assert (len(table(system, watcher)), len(table(system, watched))) == (0, 0)
        watched.tell(Watcher.restart())
        await settled(watched, watcher)
        assert await watcher.ask(Watcher.settled()) == 0

    System(on="local").run(main)


def test_whoever_was_watched_and_restarts_is_told_of_once_and_both_ends_forget():
    async def main(system: System) -> None:
        watcher, watched = await both(system)
        for _ in range(2):
            watched.tell(Watcher.restart())
            await settled(watched, watcher)
        assert await watcher.ask(Watcher.settled()) == 1
        assert (len(table(system, watcher)), len(table(system, watched))) == (0, 0)

    System(on="local").run(main)


def test_an_actor_that_would_watch_itself_is_told_so_and_nothing_is_kept():
    async def main(system: System) -> None:
        watcher = await system.spawn(Watcher)
        watches = table(system, watcher)
        with pytest.raises(ValueError, match="cannot watch itself"):
            watches.watch(watcher)
        assert len(watches) == 0

    System(on="local").run(main)


@pytest.mark.parametrize("count", [1, 2])
def test_two_that_watch_each_other_keep_nothing_when_one_or_both_have_ended(count: int):
    async def main(system: System) -> None:
        one, other = await both(system)
        await other.ask(Watcher.watch(one))
        await settled(one)
        assert (len(table(system, one)), len(table(system, other))) == (2, 2)
        for each in (one, other)[:count]:
            each.tell(Watcher.restart())
        await settled(one, other)
        assert (len(table(system, one)), len(table(system, other))) == (0, 0)
        assert await other.ask(Watcher.settled()) <= 1

    System(on="local").run(main)


def test_the_end_of_a_watch_that_is_over_is_not_heard_and_ends_no_other():
    async def main(system: System) -> None:
        watcher, watched = await both(system)
        [number] = table(system, watcher)._watched.values()

        async def notice(watch: int) -> int:
            system.host.signal(watcher.address, Ended(watched.address, watcher.address, watch, 1, EndReason.STOPPED))
            await settled(watcher)
            return await watcher.ask(Watcher.settled())

        assert await notice(number - 1) == 0
        assert len(table(system, watcher)) == 1
        assert await watcher.ask(Watcher.unwatch(watched))
        assert await notice(number) == 0
        await watcher.ask(Watcher.watch(watched))
        assert await notice(number) == 0
        assert len(table(system, watcher)) == 1
        [number] = table(system, watcher)._watched.values()
        assert await notice(number) == 1

    System(on="local").run(main)


# ---- on two hosts ----------------------------------------------------------------------------------------------------


async def apart(one: Resident, two: Resident) -> tuple[Ref[Watcher], Ref[Watcher]]:
    """A watcher on the first host and whom it watches on the second; each knows of it."""
    watcher, watched = await one.spawn(Watcher), await two.spawn(Watcher)
    await watcher.ask(Watcher.watch(one.ref(watched)))
    await until(lambda: len(table(two, watched)) == 1)
    return watcher, watched


def test_a_restart_on_another_host_is_heard_once_and_forgotten_at_both_ends():
    async def main(town: Town) -> None:
        one, two = await town.settle(), await town.settle()
        watcher, watched = await apart(one, two)
        watched.tell(Watcher.restart())
        await until(lambda: one.host.cells[watcher.address.number].actor.heard)
        watched.tell(Watcher.restart())
        await one.ref(watched).ask(Watcher.settled())
        assert await watcher.ask(Watcher.settled()) == 1
        assert (len(table(one, watcher)), len(table(two, watched))) == (0, 0)

    in_town(main)


def test_a_watch_that_is_taken_back_is_forgotten_on_the_other_host():
    async def main(town: Town) -> None:
        one, two = await town.settle(), await town.settle()
        watcher, watched = await apart(one, two)
        assert await watcher.ask(Watcher.unwatch(one.ref(watched)))
        await until(lambda: not len(table(two, watched)))
        assert len(table(one, watcher)) == 0

    in_town(main)


def test_a_watcher_whose_host_is_killed_is_forgotten_and_no_other_is():
    async def main(town: Town) -> None:
        older, two, lost = [await town.settle() for _ in range(3)]
        _, watched = await apart(lost, two)
        other = await older.spawn(Watcher)
        await other.ask(Watcher.watch(older.ref(watched)))
        await until(lambda: len(table(two, watched)) == 2)
        successor = await town.replace(lost)
        await until(lambda: len(table(two, watched)) == 1)
        heir = await successor.spawn(Watcher)
        await heir.ask(Watcher.watch(successor.ref(watched)))
        await until(lambda: len(table(two, watched)) == 2)
        table(two, watched).seat_lost(lost.host.sitting)  # once more, and late: the heir is of another sitting
        watched.tell(Watcher.restart())
        for host, ref in ((older, other), (successor, heir)):
            await until(lambda host=host, ref=ref: host.host.cells[ref.address.number].actor.heard)

    in_town(main)
