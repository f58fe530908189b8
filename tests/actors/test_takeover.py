"""A seat is lost and taken again: what waits meanwhile, what is held; nothing is heard twice or out of order."""

import asyncio
import pickle
import time
from typing import Any

import pytest

from actors import (
    Actor,
    MailboxOptions,
    Ref,
    Settings,
    Terminated,
    TimedOut,
    Unreachable,
    call,
    receive,
)
from actors.ref import endpoints
from actors.supervising.signals import EndReason, Spec
from tests.actors.town import Keeper, Note, Resident, Town, actor, in_town, until


class Counter(Actor):
    def __init__(self) -> None:
        self.count = 0

    @call
    def add(self, number: int) -> tuple[int, int]:
        self.count += number
        return self.count, self.context.incarnation


class Roomy(Keeper):
    mailbox = MailboxOptions(bound=1_000_000)


class Watcher(Actor):
    """Watches again whoever ends, so often."""

    def __init__(self) -> None:
        self.seen: list[Any] = []
        self.again = 0

    @call
    def watch(self, ref: Ref[Any], again: int = 0) -> None:
        self.again = again
        self.context.watch(ref)

    @call
    def unwatch(self, ref: Ref[Any]) -> None:
        self.context.unwatch(ref)

    @receive
    def ended(self, event: Terminated) -> None:
        self.seen.append(event.reason.value)
        if self.again:
            self.again -= 1
            self.context.watch(event.ref)

    @receive
    def note(self, note: Note) -> None:
        self.seen.append(note.text)


class Talker(Actor):
    """Tells so many notes to another when it starts."""

    def __init__(self, to: Ref[Any], count: int) -> None:
        for number in range(count):
            to.tell(Note(number))


def lives(resident: Resident, ref: Ref[Any]) -> bool:
    """Whether the actor behind a ref lives on this host."""
    return ref.address.number in resident.host.cells


# ---- messages -------------------------------------------------------------------------------------------------------


def test_what_is_told_to_a_vacant_seat_waits_and_goes_in_order_to_the_actor_that_comes_back() -> None:
    async def main(town: Town) -> None:
        one, two, other = await town.settle(), await town.settle(), await town.settle()
        keeper = await one.spawn(Roomy, seat=two.host.seat)
        await town.kill(two)
        for number in range(1_000):
            keeper.tell(Note(("one", number)))
            other.ref(keeper).tell(Note(("other", number)))
        three = await town.settle(seat=two.host.seat)
        for number in range(1_000, 2_000):
            keeper.tell(Note(("one", number)))
            other.ref(keeper).tell(Note(("other", number)))
        await until(lambda: lives(three, keeper) and len(actor(three, keeper).seen) == 4_000)
        seen = actor(three, keeper).seen
        assert [number for who, number in seen if who == "one"] == list(range(2_000))
        assert [number for who, number in seen if who == "other"] == list(range(2_000))
        assert one.letters == other.letters == three.letters == []

    in_town(main)


def test_a_request_to_a_vacant_seat_is_answered_when_it_is_taken_or_ends_at_its_deadline() -> None:
    async def main(town: Town) -> None:
        one, two = await town.settle(), await town.settle()
        counter = await one.spawn(Counter, seat=two.host.seat)
        await town.kill(two)
        asked, sent = counter.ask(Counter.add(1)), asyncio.ensure_future(counter.send(Counter.add(1)))
        with pytest.raises(TimedOut):
            await counter.ask(Counter.add(1_000), timeout=0.05)
        assert not sent.done()
        await town.settle(seat=two.host.seat)
        assert await asked == (1, 2)
        await sent
        assert await counter.ask(Counter.add(1)) == (3, 2)

    in_town(main)


def test_what_a_vacant_seat_has_no_room_for_is_a_dead_letter_and_the_rest_keeps_its_order() -> None:
    async def main(town: Town) -> None:
        settings = Settings(link_buffer_bytes=64 * 1024, chunk_bytes=32 * 1024, cancel_grace=0.2, stop_budget=0.2)
        one, two = await town.settle(settings=settings), await town.settle(settings=settings)
        keeper = await one.spawn(Roomy, seat=two.host.seat)
        await town.kill(two)
        for number in range(3_000):
            keeper.tell(Note(number))
        lost = {letter.message.text for letter in one.letters}
        assert set(one.reasons()) == {"link_full"}
        three = await town.settle(seat=two.host.seat, settings=settings)
        await until(lambda: lives(three, keeper) and len(actor(three, keeper).seen) == 3_000 - len(lost))
        assert actor(three, keeper).seen == [number for number in range(3_000) if number not in lost]

    in_town(main)


def test_every_message_to_a_host_that_dies_is_handled_once_in_order_or_a_dead_letter_or_died_there() -> None:
    async def main(town: Town) -> None:
        one, two = await town.settle(), await town.settle()
        keeper = await one.spawn(Roomy, seat=two.host.seat)
        for number in range(500):
            keeper.tell(Note(number))
        await until(lambda: len(actor(two, keeper).seen) > 0)
        first = actor(two, keeper).seen
        for number in range(500, 1_000):
            keeper.tell(Note(number))
        await asyncio.sleep(0)
        three = await town.replace(two)
        for number in range(1_000, 1_500):
            keeper.tell(Note(number))
        await until(lambda: lives(three, keeper) and 1_499 in actor(three, keeper).seen)
        second, letters = actor(three, keeper).seen, [letter.message.text for letter in one.letters]
        handled = [*first, *second]
        assert handled == sorted(set(handled))
        surely_not = {letter.message.text for letter in one.letters if letter.reason.value != "unknown"}
        assert not surely_not & set(handled)
        assert set(handled) | set(letters) >= set(range(1_000, 1_500))

    in_town(main)


def test_a_ref_pickled_before_the_loss_reaches_the_restarted_actor_after_it() -> None:
    async def main(town: Town) -> None:
        one, two, other = await town.settle(), await town.settle(), await town.settle()
        counter = await one.spawn(Counter, seat=two.host.seat)
        data = pickle.dumps(counter)
        await town.replace(two)
        token = endpoints.decoding.set(other.host.delivery)
        try:
            ref = pickle.loads(data)
        finally:
            endpoints.decoding.reset(token)
        assert await ref.ask(Counter.add(1)) == (1, 2)

    in_town(main)


def test_a_new_host_holds_what_comes_before_its_actors_from_others_and_from_its_own() -> None:
    async def main(town: Town) -> None:
        one, two, other = await town.settle(), await town.settle(), await town.settle()
        keeper = await one.spawn(Roomy, seat=two.host.seat)
        await other.spawn(Talker, keeper, 100, seat=two.host.seat)
        await until(lambda: len(actor(two, keeper).seen) == 100)
        await town.kill(two)
        waiting, one.host.new_table = one.host.new_table, lambda table: None
        three = await town.settle(seat=two.host.seat)
        asked = other.ref(keeper).ask(Counter.add(1), timeout=5.0)
        other.ref(keeper).tell(Note("other"))
        three.ref(keeper).tell(Note("here"))
        await until(lambda: len(three.host.cells) == 1)  # the talker is back, and has told its notes
        await until(lambda: three.host.returning is not None and three.host.returning._count == 103)
        assert three.letters == []
        one.host.new_table = waiting
        one.host.new_table(await one.clerk.table())
        await until(lambda: three.host.returning is None)
        await until(lambda: len(actor(three, keeper).seen) == 102)
        seen = actor(three, keeper).seen
        assert [it for it in seen if isinstance(it, int)] == list(range(100))
        assert (await asyncio.gather(asked, return_exceptions=True))[0].ran == "no"  # a keeper does not count

    in_town(main)


def test_a_reply_that_the_dead_waited_for_reaches_nobody_on_its_seat() -> None:
    class Slow(Actor):
        @call
        async def answer(self, seconds: float) -> str:
            await asyncio.sleep(seconds)
            return "late"

    async def main(town: Town) -> None:
        one, two = await town.settle(), await town.settle()
        slow = await one.spawn(Slow)
        asked = two.ref(slow).ask(Slow.answer(0.2))
        await until(lambda: one.host.cells[slow.address.number].alone)
        three = await town.replace(two)
        with pytest.raises(TimedOut):  # the first ask of the new host has the number of the old one's
            await three.ref(slow).ask(Slow.answer(5.0), timeout=0.4)
        assert "unknown" in one.reasons() or "unreachable" in one.reasons()
        with pytest.raises(Unreachable):
            await asked

    in_town(main)


# ---- watching -------------------------------------------------------------------------------------------------------


def test_a_watch_made_while_the_seat_is_vacant_is_on_the_incarnation_that_comes() -> None:
    async def main(town: Town) -> None:
        one, two = await town.settle(), await town.settle()
        counter = await one.spawn(Counter, seat=two.host.seat)
        watcher = await one.spawn(Watcher)
        await watcher.ask(Watcher.watch(counter, again=2))
        for losses in range(1, 4):
            two = await town.replace(two)
            await until(lambda: lives(two, counter))  # noqa: B023
            await until(lambda: actor(one, watcher).seen == ["host_lost"] * losses)  # noqa: B023
        assert len(one.host.cells[watcher.address.number].watches) == 0

    in_town(main)


def test_a_watch_that_comes_before_its_actor_is_back_is_on_it() -> None:
    async def main(town: Town) -> None:
        one, two, other = await town.settle(), await town.settle(), await town.settle()
        keeper = await one.spawn(Keeper, seat=two.host.seat)
        taken_back, kept = await other.spawn(Watcher), await other.spawn(Watcher)
        await town.kill(two)
        waiting, one.host.new_table = one.host.new_table, lambda table: None
        three = await town.settle(seat=two.host.seat)
        for watcher in (taken_back, kept):
            await watcher.ask(Watcher.watch(keeper))
        await taken_back.ask(Watcher.unwatch(keeper))
        await until(lambda: three.host.returning is not None and three.host.returning._count == 3)
        one.host.new_table = waiting
        one.host.new_table(await one.clerk.table())
        await until(lambda: lives(three, keeper))
        assert [len(three.host.cells[keeper.address.number].watches)] == [1]
        await town.kill(three)
        await until(lambda: actor(other, kept).seen == ["host_lost"])
        assert actor(other, taken_back).seen == []

    in_town(main)


def test_a_watch_on_one_that_does_not_come_back_ends() -> None:
    async def main(town: Town) -> None:
        one, two = await town.settle(), await town.settle()
        mortal = await one.spawn(Keeper, seat=two.host.seat)
        await one.host.root.children.stop_all(EndReason.STOPPED)
        watcher = await one.spawn(Watcher)
        await town.kill(two)
        await watcher.ask(Watcher.watch(mortal))
        await town.settle(seat=two.host.seat)
        await until(lambda: actor(one, watcher).seen == ["not_running"])

    in_town(main)


def test_terminated_comes_once_after_the_last_words_and_before_the_first_of_the_next_incarnation() -> None:
    async def main(town: Town) -> None:
        one, two = await town.settle(), await town.settle()
        watcher = await one.spawn(Watcher)
        talker = await one.spawn(Talker, watcher, 3, seat=two.host.seat)
        await until(lambda: actor(one, watcher).seen == [0, 1, 2])
        await watcher.ask(Watcher.watch(talker))
        three = await town.replace(two)
        await until(lambda: lives(three, talker) and len(actor(one, watcher).seen) == 7)
        assert actor(one, watcher).seen == [0, 1, 2, "host_lost", 0, 1, 2]

    in_town(main)


# ---- the others -----------------------------------------------------------------------------------------------------


def test_one_host_that_looks_makes_all_others_look_at_once() -> None:
    async def main(town: Town) -> None:
        residents = [await town.settle() for _ in range(5)]
        dead = residents.pop()
        dead.crash()
        table = town.directory.verdict(time.monotonic(), dead.host.sitting)
        residents[0].host.new_table(table)
        await until(lambda: all(one.host.acknowledged == table.version for one in residents))
        assert [one.clerk.asked for one in residents] == [0, 1, 1, 1]

    in_town(main)


def test_a_host_that_takes_a_seat_makes_all_others_look_at_once() -> None:
    async def main(town: Town) -> None:
        one, two, other = await town.settle(), await town.settle(), await town.settle()
        counter = await one.spawn(Counter, seat=two.host.seat)
        await town.kill(two)
        await town.settle(seat=two.host.seat, known=False)
        assert await other.ref(counter).ask(Counter.add(1)) == (1, 2)

    in_town(main)


def test_ten_thousand_children_of_a_lost_seat_are_back_soon_and_the_loop_is_never_held_up_for_long() -> None:
    async def main(town: Town) -> None:
        one, two = await town.settle(), await town.settle()
        children = one.host.root.children
        for _ in range(10_000):
            children.start(Spec(Counter), None, two.host.seat, one.host.next_number())
        await until(lambda: len(two.host.cells) == 10_000)
        await town.kill(two)
        three = await town.settle(seat=two.host.seat)
        refs = [one.host.ref_to(child.address) for child in children.table.values()]
        answers = await asyncio.gather(*(ref.ask(Counter.add(1)) for ref in refs))
        assert set(answers) == {(1, 2)}
        assert len(three.host.cells) == 10_000

    in_town(main)
