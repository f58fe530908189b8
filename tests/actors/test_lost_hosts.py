"""What is said of a host that was lost: once, by each other one, with how many messages at most died in it."""

import asyncio

import pytest

from actors import Actor, HostLost, MailboxOptions, receive
from actors.post.account import TOGETHER
from tests.actors.town import Keeper, Note, Town, actor, in_town, until


class Roomy(Keeper):
    mailbox = MailboxOptions(bound=1_000_000)


class Slow(Actor):
    """Handles a note, and then only what its gate lets through."""

    mailbox = MailboxOptions(bound=1_000_000)

    def __init__(self) -> None:
        self.handled = 0

    @receive
    async def note(self, note: Note) -> None:
        if self.handled == 100:
            await asyncio.Event().wait()
        self.handled += 1


def test_the_loss_of_a_host_is_told_once_with_at_most_what_died_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.post.arrivals.REPORTING", 0.02)

    async def main(town: Town) -> None:
        one, two, other = await town.settle(), await town.settle(), await town.settle()
        events: list[HostLost] = []
        one.host.dead_letters.on_host_lost(events.append)
        slow = await one.spawn(Slow, seat=two.host.seat)
        keeper = await one.spawn(Roomy, seat=two.host.seat)
        for number in range(1_000):
            keeper.tell(Note(number))
        await asyncio.gather(*(keeper.send(Note(number)) for number in range(100)))
        await until(lambda: len(actor(two, keeper).seen) == 1_100)
        for number in range(300):
            slow.tell(Note(number))
        await until(lambda: one.post._peers[two.host.seat].account.confirmed >= 1_200 - TOGETHER)
        await town.kill(two)
        await until(lambda: len(events) == 1)
        died = events[0].at_most
        assert events == [HostLost(two.host.seat, two.host.sitting.epoch, died)]
        assert 200 <= died <= 200 + TOGETHER
        assert one.host.look().hosts_lost == other.host.look().hosts_lost == 1
        assert (one.host.look().died_at_most, other.host.look().died_at_most) == (died, 0)
        assert one.letters == []

    in_town(main)


def test_what_was_told_is_handled_or_a_dead_letter_or_within_what_is_said_to_have_died() -> None:
    async def main(town: Town) -> None:
        town.bears_losses()
        one, two = await town.settle(), await town.settle()
        events: list[HostLost] = []
        one.host.dead_letters.on_host_lost(events.append)
        keeper = await one.spawn(Roomy, seat=two.host.seat)
        told = 0
        for _ in range(20):
            first = actor(two, keeper)
            for _ in range(500):
                keeper.tell(Note(told))
                told += 1
            await until(lambda: first.seen)  # noqa: B023
            before = len(one.letters)
            two = await town.replace(two)
            await until(lambda: keeper.address.number in two.host.cells)  # noqa: B023
            assert len(first.seen) + len(one.letters) - before + events[-1].at_most >= 500
            await until(lambda: one.host.acknowledged == one.host.table.version)
        assert len(events) == 20

    in_town(main)


def test_a_host_that_leaves_in_order_is_not_lost() -> None:
    async def main(town: Town) -> None:
        one, two = await town.settle(), await town.settle()
        keeper = await one.spawn(Keeper, seat=two.host.seat)
        keeper.tell(Note(1))
        await two.links.close(1.0)
        town.bury(two)
        assert one.host.look().hosts_lost == 0

    in_town(main)
