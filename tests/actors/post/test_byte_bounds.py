"""Told too much (A33): bytes are bounded where messages arrive and where they leave, and each verb hears its word."""

import asyncio
import threading
from typing import Any

import numpy as np
import pytest

from actors import Actor, MailboxFull, MailboxOptions, Overflow, Reason, Settings, call, receive
from actors.links import LinkSettings
from actors.post.peer import INLINE
from tests.actors.post.test_payloads import LARGE, Shelf
from tests.actors.town import Note, Resident, Town, actor, in_town, until

BOUND = 100_000
BODY = 30_000
"""Three of these fit."""

SMALL_LINK = LinkSettings(
    backoff_seconds=0.001, backoff_most_seconds=0.02, buffer_bytes=64 * 1024, batch_bytes=8 * 1024, ack_seconds=0.001
)


class Busy(Actor):
    """Does nothing until it is released, and keeps what it was told then."""

    mailbox = MailboxOptions(byte_bound=BOUND)

    def __init__(self) -> None:
        self.begun = False
        self.released = asyncio.Event()
        self.seen: list[Any] = []

    @call
    async def hold(self) -> None:
        self.begun = True
        await self.released.wait()

    @receive
    def note(self, note: Note) -> None:
        self.seen.append(note.text[0])

    @call
    def take(self, number: int, body: bytes) -> int:
        self.seen.append(number)
        return number


class Newest(Busy):
    mailbox = MailboxOptions(byte_bound=BOUND, overflow=Overflow.DROP_NEWEST)


class Oldest(Busy):
    mailbox = MailboxOptions(byte_bound=BOUND, overflow=Overflow.DROP_OLDEST)


class Ordinary(Busy):
    mailbox = MailboxOptions()


async def held_up(one: Resident, two: Resident, kind: type[Busy]) -> tuple[Any, Busy]:
    """A ref of one to an actor of the other that handles nothing yet."""
    far = one.ref(await two.spawn(kind))
    busy = actor(two, far)
    far.tell(Busy.hold())
    await until(lambda: busy.begun)
    return far, busy


@pytest.mark.parametrize(("kind", "kept"), [(Busy, [0, 1, 2]), (Newest, [0, 1, 2]), (Oldest, [2, 3, 4])])
def test_of_more_bytes_than_have_room_the_policy_decides_what_is_kept(kind: type[Busy], kept: list[int]) -> None:
    async def main(town: Town) -> None:
        one, two = await town.settle(), await town.settle()
        far, busy = await held_up(one, two, kind)
        for number in range(5):
            far.tell(Note((number, b"x" * BODY)))
        far.tell(Note(("light",)))
        await until(lambda: len(two.letters) == 2)
        assert two.reasons() == [Reason.MAILBOX_FULL] * 2
        busy.released.set()
        await until(lambda: busy.seen == [*kept, "light"])
        assert not one.letters

    in_town(main)


@pytest.mark.parametrize(("kind", "losers"), [(Busy, [3, 4]), (Newest, [3, 4]), (Oldest, [0, 1])])
def test_an_ask_that_finds_no_bytes_or_is_evicted_hears_mailbox_full(kind: type[Busy], losers: list[int]) -> None:
    async def main(town: Town) -> None:
        one, two = await town.settle(), await town.settle()
        far, busy = await held_up(one, two, kind)
        asks = [asyncio.ensure_future(far.ask(Busy.take(number, b"x" * BODY))) for number in range(5)]
        await until(lambda: sum(it.done() for it in asks) == 2)
        busy.released.set()
        outcomes = await asyncio.gather(*asks, return_exceptions=True)
        assert [number for number, it in enumerate(outcomes) if isinstance(it, MailboxFull)] == losers
        assert [it for it in outcomes if not isinstance(it, MailboxFull)] == busy.seen
        assert not two.letters

    in_town(main)


def test_a_send_waits_until_there_are_bytes_enough_and_nobody_overtakes_it() -> None:
    async def main(town: Town) -> None:
        one, two = await town.settle(), await town.settle()
        far, busy = await held_up(one, two, Busy)
        sends = [asyncio.ensure_future(far.send(Note((number, b"x" * BODY)))) for number in range(5)]
        await until(lambda: sum(it.done() for it in sends) == 3)
        with pytest.raises(MailboxFull):
            await far.ask(Busy.take(9, b""))
        busy.released.set()
        await asyncio.gather(*sends)
        await until(lambda: busy.seen == [0, 1, 2, 3, 4])
        assert not one.letters + two.letters

    in_town(main)


def test_large_records_count_with_all_their_memory_and_one_is_always_taken() -> None:
    async def main(town: Town) -> None:
        one, two = await town.settle(), await town.settle()
        far, busy = await held_up(one, two, Busy)
        for number in range(3):
            far.tell(Note((number, bytearray(4 * INLINE))))  # larger than the bound by itself
        await until(lambda: len(two.letters) == 2)
        busy.released.set()
        await until(lambda: busy.seen == [0])

    in_town(main)


def test_what_was_held_back_behind_a_large_record_counts_as_well() -> None:
    async def main(town: Town) -> None:
        one, two = await town.settle(), await town.settle()
        far, busy = await held_up(one, two, Busy)
        far.tell(Note((0, bytearray(4 * INLINE))))
        for number in range(1, 4):
            far.tell(Note((number, b"x" * BODY)))
        await until(lambda: len(two.letters) == 3)
        busy.released.set()
        await until(lambda: busy.seen == [0])
        assert not two.post._arrivals._heavy._sizes

    in_town(main)


class SlowShelf(Shelf):
    """A store from which nothing can be loaded until it is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.opened = threading.Event()

    def load(self, ticket: Any, timeout: float | None = None) -> list[memoryview]:
        self.opened.wait(10.0)
        return super().load(ticket, timeout)


@pytest.mark.parametrize(("body", "kept", "handled"), [(1, 10, 10), (BODY, 3, 0)])
def test_behind_a_large_message_on_its_way_waits_no_more_than_a_mailbox_holds(
    body: int, kept: int, handled: int
) -> None:
    async def main(town: Town) -> None:
        shelf = SlowShelf()
        settings = Settings(
            cancel_grace=0.2, stop_budget=0.2, socket_payload_bytes=LARGE, mailbox_bound=11, mailbox_byte_bound=BOUND
        )
        one = await town.settle(settings=settings, store=shelf)
        two = await town.settle(settings=settings, store=shelf)
        far = await one.spawn(Busy, seat=two.host.seat)
        far.tell(Note(np.zeros(LARGE)))
        for number in range(30):
            far.tell(Note((number, b"x" * body)))
        await until(lambda: len(two.letters) == 30 - kept)
        assert set(two.reasons()) == {Reason.MAILBOX_FULL}
        with pytest.raises(MailboxFull):
            await far.ask(Busy.take(30, b"x" * body))
        shelf.opened.set()
        busy = actor(two, far)
        await until(lambda: busy.seen == [0.0, *range(handled)])  # the large one has all the bytes for itself
        assert len(two.letters) == 30 - handled
        assert not two.post._arrivals._heavy.held_bytes
        assert not two.post._arrivals._heavy._sizes

    in_town(main)


def test_a_mailbox_that_says_nothing_has_the_bound_of_the_settings() -> None:
    async def main(town: Town) -> None:
        one = await town.settle()
        two = await town.settle(settings=Settings(cancel_grace=0.2, stop_budget=0.2, mailbox_byte_bound=BOUND))
        far, busy = await held_up(one, two, Ordinary)
        for number in range(5):
            far.tell(Note((number, b"x" * BODY)))
        await until(lambda: len(two.letters) == 2)
        busy.released.set()
        await until(lambda: busy.seen == [0, 1, 2])

    in_town(main)


def test_within_one_host_bytes_are_not_counted_for_the_object_is_the_senders_own() -> None:
    async def main(town: Town) -> None:
        one = await town.settle()
        far, busy = await held_up(one, one, Busy)
        for number in range(5):
            far.tell(Note((number, b"x" * BODY)))
        busy.released.set()
        await until(lambda: len(busy.seen) == 5)
        assert not one.letters

    in_town(main)


def test_a_flood_to_a_host_that_does_not_read_is_refused_where_it_leaves_and_takes_bounded_room() -> None:
    async def main(town: Town) -> None:
        one, two = await town.settle(links=SMALL_LINK), await town.settle(links=SMALL_LINK)
        far = one.ref(await two.spawn(Ordinary))
        assert await far.ask(Busy.take(0, b"")) == 0
        [link] = one.links._links.values()
        [back] = two.links._links.values()
        back._connection._wire.pause_reading()
        sent, limit = 2_000, SMALL_LINK.buffer_bytes
        for number in range(sent):
            far.tell(Note((number, b"x" * 1000)))
        refused = len(one.letters)
        assert set(one.reasons()) == {Reason.LINK_FULL}
        assert sent - refused <= limit / 1000  # what was taken fits
        assert link.stats().unacked_bytes <= limit
        with pytest.raises(MailboxFull, match="no room"):
            await far.ask(Busy.take(1, b"x" * 1000))
        sending = asyncio.ensure_future(far.send(Note(("sent", b"x" * 1000))))
        await asyncio.sleep(0)
        assert not sending.done()
        back._connection._wire.resume_reading()
        await sending
        busy = actor(two, far)
        await until(lambda: len(busy.seen) == sent - refused + 2)
        assert busy.seen[1:-1] == list(range(sent - refused))  # what was refused came last, so nothing is missing

    in_town(main)
