"""Both ends of a watch forget it when it is over: no watch leaks, whoever ends it."""

import pytest

from actors import Actor, Ref, System, Terminated, call, receive
from actors.cells.watches import Watches
from actors.supervising.signals import EndReason


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


def table(system: System, ref: Ref[Watcher]) -> Watches:
    return system.host.cells[ref.address.number].watches


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
