"""A send that waits for room, when one of the two hosts dies (A32)."""

import asyncio
from typing import Any

import pytest

from actors import MailboxOptions, TimedOut, Unreachable, call
from tests.actors.town import Keeper, Note, Resident, Town, actor, in_town, until


class Narrow(Keeper):
    """Has room for one message, and takes none until it is let go."""

    mailbox = MailboxOptions(bound=1)

    def __init__(self) -> None:
        super().__init__()
        self.going = asyncio.Event()

    @call
    async def stay(self) -> None:
        self.seen.append("stays")
        await self.going.wait()


async def full(town: Town) -> tuple[Resident, Resident, Narrow, Any]:
    """Two hosts, and an actor on the second whose mailbox is full."""
    one, two = await town.settle(), await town.settle()
    ref = await two.spawn(Narrow)
    ref.tell(Narrow.stay())
    narrow = actor(two, ref)
    await until(lambda: narrow.seen == ["stays"])
    ref.tell(Note("in the mailbox"))
    return one, two, narrow, ref


def waiting(two: Resident, ref: Any) -> int:
    """How many sends wait for room."""
    return len(two.host.cells[ref.address.number].mailbox.waiting or ())


def test_a_send_that_waits_hears_when_the_host_of_its_actor_is_lost() -> None:
    async def main(town: Town) -> None:
        one, two, _, ref = await full(town)
        sending = asyncio.ensure_future(one.ref(ref).send(Note("waits")))
        await until(lambda: waiting(two, ref) == 1)
        two.crash()
        town.bury(two)
        with pytest.raises(Unreachable) as caught:
            await sending
        assert caught.value.ran == "maybe"

    in_town(main)


def test_a_send_whose_own_host_is_lost_is_never_seen_and_holds_nobody_up() -> None:
    async def main(town: Town) -> None:
        one, two, narrow, ref = await full(town)
        lost = asyncio.ensure_future(one.ref(ref).send(Note("of the dead")))
        await until(lambda: waiting(two, ref) == 1)
        sending = asyncio.ensure_future(ref.send(Note("of the living")))
        with pytest.raises(TimedOut):
            await ref.send(Note("too late"), timeout=0.05)
        one.crash()
        town.bury(one)
        await until(lambda: one.host.sitting not in two.post._by_sitting)
        narrow.going.set()
        await sending
        await until(lambda: narrow.seen[1:] == ["in the mailbox", "of the living"])
        lost.cancel()
        await asyncio.wait([lost])

    in_town(main)
