"""What the post of one host does with messages to another, and what it says about those that cannot arrive."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from actors import Actor, MailboxOptions, Ref, Settings, Terminated, Unreachable, Unsendable, call, receive
from actors.address import Address
from actors.links import LinkSettings, LinkState
from actors.messages.message import Message
from actors.post.peer import LostMessage
from tests.actors.town import Keeper, Note, Town, actor, in_town, until

SMALL_LINK = LinkSettings(
    backoff_seconds=0.001, backoff_most_seconds=0.02, buffer_bytes=64 * 1024, batch_bytes=8 * 1024, ack_seconds=0.001
)


class Watcher(Actor):
    mailbox = MailboxOptions(bound=100_000)

    def __init__(self) -> None:
        self.seen: list[Any] = []

    @call
    def watch(self, ref: Ref[Any]) -> None:
        self.context.watch(ref)

    @receive
    def note(self, note: Note) -> None:
        self.seen.append(note.text)

    @receive
    def ended(self, event: Terminated) -> None:
        self.seen.append(event.reason.value)


class Fountain(Actor):
    """Streams for ever, and says when it has stopped."""

    def __init__(self) -> None:
        self.given = 0
        self.ended = False

    @call
    async def flow(self) -> AsyncIterator[int]:
        try:
            while True:
                self.given += 1
                yield self.given
        finally:
            self.ended = True


class Talker(Actor):
    mailbox = MailboxOptions(bound=100_000)

    @call
    def flood(self, to: Ref[Any], count: int) -> None:
        for number in range(count):
            to.tell(Note(number))

    @call
    def echo(self, value: object) -> object:
        return value

    @call
    async def never(self) -> None:
        await asyncio.Event().wait()


class Blob(Message, eq=False):
    data: bytes


def test_a_watch_on_an_actor_of_a_lost_seat_ends() -> None:
    async def main(town: Town) -> None:
        one, two = await town.settle(), await town.settle()
        far = await one.spawn(Keeper, seat=two.host.seat)
        watcher = await one.spawn(Watcher)
        await town.lose(two)
        await watcher.ask(Watcher.watch(far))
        await until(lambda: actor(one, watcher).seen == ["not_running"])

    in_town(main)


def test_a_watch_on_an_actor_of_a_seat_that_nobody_ever_had_ends() -> None:
    async def main(town: Town) -> None:
        one = await town.settle()
        watcher = await one.spawn(Watcher)
        await watcher.ask(Watcher.watch(one.host.ref_to(Address("town", 77, 5))))
        await until(lambda: actor(one, watcher).seen == ["not_running"])

    in_town(main)


def test_messages_to_a_host_that_is_not_known_yet_wait_until_it_is_found_and_keep_their_order() -> None:
    async def main(town: Town) -> None:
        one = await town.settle()
        two = await town.settle(known=False)
        keeper = await two.spawn(Keeper)
        far = one.ref(keeper)
        for number in range(100):
            far.tell(Note(number))
        far.tell(Note(b"x" * 200_000))
        await until(lambda: len(actor(two, keeper).seen) >= 100)
        assert actor(two, keeper).seen[:100] == list(range(100))
        assert one.clerk.asked == 1

    in_town(main)


def test_a_host_that_calls_while_it_is_looked_up_is_one_peer_and_not_two() -> None:
    async def main(town: Town) -> None:
        one = await town.settle()
        two = await town.settle(known=False)
        one.clerk.closed = asyncio.Event()
        mine, theirs = await one.spawn(Keeper), await two.spawn(Keeper)
        one.ref(theirs).tell(Note("first"))  # the directory does not answer yet
        two.ref(mine).tell(Note("called"))
        await until(lambda: actor(one, mine).seen == ["called"])
        one.ref(theirs).tell(Note("second"))
        await until(lambda: actor(two, theirs).seen == ["first", "second"])
        one.clerk.closed.set()
        two.ref(mine).tell(Note("called again"))
        await until(lambda: actor(one, mine).seen == ["called", "called again"])
        one.ref(theirs).tell(Note("third"))
        await until(lambda: actor(two, theirs).seen == ["first", "second", "third"])

    in_town(main)


def test_large_answers_to_a_seat_that_is_never_found_do_not_keep_the_loop_busy() -> None:
    async def main(town: Town) -> None:
        one = await town.settle()
        nobody = one.host.ref_to(Address("town", 9, 5))
        with pytest.raises(Unreachable) as caught:
            await nobody.ask(Talker.echo(b"x"))
        assert caught.value.ran == "no"
        nobody.tell(Note("lost"))
        await until(lambda: one.reasons() == ["unreachable"])

    in_town(main)


def test_what_is_sent_to_a_lost_seat_does_not_ask_the_directory_each_time() -> None:
    async def main(town: Town) -> None:
        one, two = await town.settle(), await town.settle()
        far = await one.spawn(Keeper, seat=two.host.seat)
        await town.lose(two)
        asked = one.clerk.asked
        for number in range(10):
            far.tell(Note(number))
        with pytest.raises(Unreachable) as caught:
            await far.ask(Talker.echo(1))
        assert caught.value.ran == "no"
        assert one.reasons() == ["unreachable"] * 10
        assert one.clerk.asked == asked

    in_town(main)


def test_an_ask_to_a_host_whose_link_has_ended_says_unreachable_and_not_that_a_mailbox_is_full() -> None:
    async def main(town: Town) -> None:
        one, two = await town.settle(), await town.settle()
        far = await one.spawn(Talker, seat=two.host.seat)
        one.links.give_up(two.host.sitting)
        with pytest.raises(Unreachable) as caught:
            await far.ask(Talker.echo(1))
        assert caught.value.ran == "no"
        far.tell(Note("lost"))
        assert one.reasons() == ["unreachable"]

    in_town(main)


def test_asks_end_with_the_session_that_carried_them() -> None:
    async def main(town: Town) -> None:
        one, two = await town.settle(), await town.settle()
        far = await one.spawn(Talker, seat=two.host.seat)
        waiting = far.ask(Talker.never(), timeout=None)
        await until(lambda: two.host.cells[far.address.number].alone)
        await two.links.close(1.0)  # a goodbye, and no verdict
        with pytest.raises(Unreachable) as caught:
            await waiting
        assert caught.value.ran == "maybe"

    in_town(main)


def test_answers_that_do_not_fit_in_the_link_arrive_all_the_same() -> None:
    async def main(town: Town) -> None:
        settings = Settings(link_buffer_bytes=64 * 1024, chunk_bytes=32 * 1024, cancel_grace=0.2)
        one = await town.settle(settings=settings, links=SMALL_LINK)
        two = await town.settle(settings=settings, links=SMALL_LINK)
        far = await one.spawn(Producer, seat=two.host.seat)
        asks = [far.ask(Producer.make(12_000), timeout=10) for _ in range(50)]  # ten times the link's buffer
        assert [len(found) for found in await asyncio.gather(*asks)] == [12_000] * 50

    in_town(main)


class Producer(Actor):
    @call
    def make(self, size: int) -> bytes:
        return b"x" * size


def test_a_stream_ends_when_its_reader_leaves() -> None:
    async def main(town: Town) -> None:
        one, two = await town.settle(), await town.settle()
        far = await one.spawn(Fountain, seat=two.host.seat)
        async for item in (items := far.stream(Fountain.flow())):
            if item == 10:
                break
        await items.aclose()
        await until(lambda: actor(two, far).ended)
        assert actor(two, far).given < 200
        await until(lambda: not one.host.asks.remote)

    in_town(main)


def test_a_stream_ends_when_the_host_of_its_reader_is_lost() -> None:
    async def main(town: Town) -> None:
        one, two = await town.settle(), await town.settle()
        far = await one.spawn(Fountain, seat=two.host.seat)
        items = far.stream(Fountain.flow())
        assert await anext(items) == 1
        fountain = actor(two, far)
        await until(lambda: fountain.given >= 64)  # it waits for credit
        await town.lose(one)
        await until(lambda: fountain.ended)
        with pytest.raises(Unreachable):  # noqa: PT012 - items that had come already are read first
            while True:
                await anext(items)

    in_town(main)


def test_terminated_comes_after_everything_the_dead_had_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.post.last_words.PATIENCE", 60.0)

    async def main(town: Town) -> None:
        one, two = await town.settle(), await town.settle()
        far = await one.spawn(Talker, seat=two.host.seat)
        watcher = await one.spawn(Watcher)
        await watcher.ask(Watcher.watch(far))
        await far.ask(Talker.echo(1))
        two.ref(far).tell(Talker.flood(two.ref(watcher), 20_000))
        await until(lambda: actor(one, watcher).seen)
        town.bury(two)  # the verdict comes while the last words are on their way
        await until(lambda: len(actor(one, watcher).seen) == 20_000)
        two.crash()
        await until(lambda: "host_lost" in actor(one, watcher).seen)
        assert actor(one, watcher).seen == [*range(20_000), "host_lost"]

    in_town(main)


def test_a_verdict_on_a_host_that_stays_silent_waits_no_longer_than_a_few_seconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("actors.post.last_words.PATIENCE", 0.05)

    async def main(town: Town) -> None:
        one, two = await town.settle(), await town.settle()
        far = await one.spawn(Keeper, seat=two.host.seat)
        watcher = await one.spawn(Watcher)
        await watcher.ask(Watcher.watch(far))
        town.bury(two)
        await until(lambda: actor(one, watcher).seen == ["host_lost"])

    in_town(main)


def test_large_messages_that_a_lost_link_had_not_confirmed_are_dead_letters() -> None:
    async def main(town: Town) -> None:
        one, two = await town.settle(), await town.settle()
        far = await one.spawn(Keeper, seat=two.host.seat)
        two.crash()
        await until(lambda: one.links.to(two.host.sitting).state is LinkState.UNREACHABLE)
        far.tell(Blob(b"x" * 1_000_000))
        far.tell(Note(1))
        waiting = far.ask(Talker.echo(b"y" * 1_000_000))
        town.bury(two)
        await until(lambda: len(one.letters) == 2)
        assert sorted((letter.reason.value, type(letter.message).__name__) for letter in one.letters) == [
            ("unreachable", "LostMessage"),
            ("unreachable", "Note"),
        ]
        assert LostMessage("Blob") in [letter.message for letter in one.letters]
        with pytest.raises(Unreachable) as caught:
            await waiting
        assert caught.value.ran == "no"

    in_town(main)


def test_a_message_larger_than_the_limit_is_refused_by_name_and_holds_nothing_up() -> None:
    async def main(town: Town) -> None:
        settings = Settings(message_bytes=1024 * 1024, cancel_grace=0.2)
        one, two = await town.settle(settings=settings), await town.settle(settings=settings)
        far = await one.spawn(Keeper, seat=two.host.seat)
        with pytest.raises(Unsendable, match="message_bytes"):
            far.tell(Blob(b"x" * 2_000_000))
        with pytest.raises(Unsendable, match="message_bytes"):
            await far.ask(Talker.echo(b"x" * 2_000_000))
        far.tell(Note("next"))
        await until(lambda: actor(two, far).seen == ["next"])

    in_town(main)


def test_a_stop_does_not_overtake_the_start_of_an_actor_with_a_large_argument() -> None:
    class Heavy(Actor):
        def __init__(self, load: bytes) -> None:
            self.load = load

    async def main(town: Town) -> None:
        one, two = await town.settle(), await town.settle()
        await one.spawn(Keeper, seat=two.host.seat)
        for _ in range(20):
            spawning = asyncio.ensure_future(one.spawn(Heavy, b"x" * 3_000_000, seat=two.host.seat))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            spawning.cancel()
            with pytest.raises(asyncio.CancelledError):
                await spawning
        await until(lambda: len(one.host.root.children) == 1)
        assert len(two.host.cells) == 1

    in_town(main)


def test_hosts_that_dial_each_other_at_once_have_one_link() -> None:
    async def main(town: Town) -> None:
        for _ in range(20):
            one, two = await town.settle(), await town.settle()
            mine, theirs = await one.spawn(Keeper), await two.spawn(Keeper)
            for number in range(100):
                one.ref(theirs).tell(Note(number))
                two.ref(mine).tell(Note(number))
            await until(lambda: len(actor(one, mine).seen) == len(actor(two, theirs).seen) == 100)  # noqa: B023
            assert actor(one, mine).seen == actor(two, theirs).seen == list(range(100))

    in_town(main)


def test_the_time_of_a_message_is_the_receivers() -> None:
    async def main(town: Town) -> None:
        one, two = await town.settle(), await town.settle()
        far = await one.spawn(Talker, seat=two.host.seat)
        began = time.monotonic()
        assert await far.ask(Talker.echo(1), timeout=5.0) == 1
        assert time.monotonic() - began < 5.0

    in_town(main)


def test_a_host_that_died_before_anybody_saw_it_in_a_table_is_lost_all_the_same() -> None:
    async def main(town: Town) -> None:
        one = await town.settle()
        two = await town.settle(known=False)
        watcher = await one.spawn(Watcher)
        keeper = await two.spawn(Keeper)
        two.ref(watcher).tell(Note("hello"))
        await until(lambda: actor(one, watcher).seen == ["hello"])
        await watcher.ask(Watcher.watch(one.ref(keeper)))
        two.crash()
        await until(one.post.away)
        town.directory.leave(time.monotonic(), two.host.sitting)
        away = one.post.away()
        one.host.new_table(await one.clerk.table())
        one.host.missing(away)
        await until(lambda: actor(one, watcher).seen == ["hello", "host_lost"])

    in_town(main)
