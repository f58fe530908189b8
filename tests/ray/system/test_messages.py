"""Messages between hosts: encoded in the call, in order, and what cannot be sent or read is said by name."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
import ray

from actors import (
    Actor,
    Failed,
    MailboxFull,
    Message,
    NotHandled,
    Reason,
    Ref,
    SpawnFailed,
    TimedOut,
    Unplaceable,
    Unsendable,
    call,
    dedicated,
    receive,
)
from tests.ray.system.cast import Keeper, Narrow, NarrowOldest, Note, Worker
from tests.ray_stage import Stage


class Unreadable:
    """Can be pickled, and not read again."""

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return (_explode, ())


def _explode() -> None:
    raise ImportError("not here")


async def letters(system: Stage) -> dict[str, int]:
    found: dict[str, int] = {}
    for host in await system.stats():
        for reason, count in host.dead_letters.items():
            found[reason] = found.get(reason, 0) + count
    return found


async def held(system: Stage, narrow: Ref[Narrow]) -> "asyncio.Future[None]":
    """Keep the actor busy: its mailbox is empty, and fills from now on."""
    handled = sum(host.handled for host in await system.stats())
    holding = asyncio.ensure_future(narrow.ask(Narrow.wait(), timeout=None))
    while sum(host.handled for host in await system.stats()) == handled:
        pass
    return holding


def test_of_a_hundred_messages_of_which_one_cannot_be_pickled_ninety_nine_arrive_in_order(stage: Stage) -> None:
    async def main(system: Stage) -> None:
        keeper = await system.spawn(Keeper)
        for number in range(100):
            if number == 50:
                with pytest.raises(Unsendable, match="field 'text' of Note"):
                    keeper.tell(Note(threading.Lock()))
            else:
                keeper.tell(Note(number))
        assert await keeper.ask(Keeper.until(99)) == [number for number in range(100) if number != 50]

    stage.run(main)


def test_what_is_changed_after_it_was_sent_arrives_as_it_was(stage: Stage) -> None:
    async def main(system: Stage) -> None:
        keeper = await system.spawn(Keeper)
        items = [1, 2]
        keeper.tell(Note(items))
        items.append(3)
        keeper.tell(Note(items))
        assert await keeper.ask(Keeper.until(2)) == [[1, 2], [1, 2, 3]]

    stage.run(main)


def test_messages_of_several_hosts_keep_the_order_of_each_sender(stage: Stage) -> None:
    async def main(system: Stage) -> None:
        keeper = await system.spawn(Keeper)
        senders = [await system.spawn(Worker) for _ in range(4)]
        for place, sender in enumerate(senders):
            sender.tell(Worker.tell_many(keeper, 10_000 * place, 5_000))
        seen = await keeper.ask(Keeper.until(20_000))
        for place in range(4):
            assert [it for it in seen if it // 10_000 == place] == list(range(10_000 * place, 10_000 * place + 5_000))

    stage.run(main)


def test_a_reply_that_cannot_be_encoded_fails_the_ask_and_the_actor_lives_on(stage: Stage) -> None:
    async def main(system: Stage) -> None:
        worker = await system.spawn(LockGiver)
        with pytest.raises(Failed, match="reply cannot travel") as caught:
            await worker.ask(LockGiver.lock())
        assert caught.value.ran == "yes"
        assert await worker.ask(LockGiver.add(2)) == 2

    stage.run(main)


class LockGiver(Worker):
    @call
    def lock(self) -> Any:
        return threading.Lock()


def test_a_request_that_cannot_be_decoded_there_is_answered_and_a_message_is_a_dead_letter(stage: Stage) -> None:
    async def main(system: Stage) -> None:
        worker, keeper = await system.spawn(Worker), await system.spawn(Keeper)
        with pytest.raises(NotHandled, match="not here") as caught:
            await worker.ask(Worker.echo(Unreadable()))
        assert caught.value.ran == "no"
        keeper.tell(Note(Unreadable()))
        keeper.tell(Note("next"))
        assert await keeper.ask(Keeper.until(1)) == ["next"]
        assert await letters(system) == {Reason.UNDECODABLE: 1}
        assert await worker.ask(Worker.add(1)) == 1

    stage.run(main)


def test_a_spawn_whose_arguments_cannot_travel_names_the_argument_and_leaves_nothing(stage: Stage) -> None:
    async def main(system: Stage) -> None:
        with pytest.raises(Unsendable, match="argument 1 of Worker"):
            await system.options(name="unsendable").spawn(Worker, threading.Lock())
        with pytest.raises(SpawnFailed, match="not here"):
            await system.spawn(Worker, Unreadable())
        await system.options(name="unsendable").spawn(Worker)

    stage.run(main)


def test_a_bare_object_ref_is_refused_because_it_would_hang_the_receiver(stage: Stage) -> None:
    async def main(system: Stage) -> None:
        keeper = await system.spawn(Keeper)
        reference = await asyncio.to_thread(ray.put, 5)
        with pytest.raises(Unsendable, match="ObjectRef"):
            keeper.tell(Note(reference))

    stage.run(main)


def test_a_message_above_the_limit_is_refused_at_the_sender(stage: Stage) -> None:
    async def main(system: Stage) -> None:
        worker = await system.spawn(Worker)
        with pytest.raises(Unsendable, match="message_bytes"):
            await worker.ask(Worker.echo(b"x" * (128 * 1024 * 1024 + 1)))
        assert await worker.ask(Worker.add(1)) == 1

    stage.run(main)


def test_classes_made_in_a_function_work_on_other_hosts(stage: Stage) -> None:
    class Fact(Message):
        text: str

    class Local(Actor):
        def __init__(self) -> None:
            self.facts: list[str] = []

        @receive
        def fact(self, fact: Fact) -> None:
            self.facts.append(fact.text)

        @call
        def last(self) -> Fact:
            return Fact(self.facts[-1])

    async def main(system: Stage) -> None:
        local = await system.spawn(Local)
        local.tell(Fact("one"))
        found = await local.ask(Local.last())
        assert found == Fact("one")
        assert type(found) is Fact

    stage.run(main)


def test_send_waits_for_room_across_hosts_and_nobody_overtakes(stage: Stage) -> None:
    async def main(system: Stage) -> None:
        narrow = await system.spawn(Narrow)
        holding = await held(system, narrow)
        for number in range(2):
            await narrow.send(Note(number))
        waiting = asyncio.ensure_future(narrow.send(Note(2)))
        with pytest.raises(MailboxFull):
            await narrow.ask(Narrow.all())
        narrow.tell(Note("refused"))
        with pytest.raises(TimedOut):
            await narrow.send(Note("too late"), timeout=0.05)
        assert not waiting.done()
        assert (await letters(system))[Reason.MAILBOX_FULL] == 1
        holding.cancel()
        await system.stop_actor(narrow)
        with pytest.raises(Exception, match="not running"):
            await waiting

    stage.run(main)


def test_the_oldest_is_given_up_across_hosts_where_the_mailbox_says_so(stage: Stage) -> None:
    async def main(system: Stage) -> None:
        narrow = await system.options(stop_budget=0.1).spawn(NarrowOldest)
        holding = await held(system, narrow)
        for number in range(4):
            narrow.tell(Note(number))
        await narrow.send(Note(4))
        assert (await letters(system))[Reason.MAILBOX_FULL] == 3
        evicted = narrow.ask(Narrow.all())
        for number in range(5, 7):
            await narrow.send(Note(number))
        with pytest.raises(MailboxFull):
            await evicted
        holding.cancel()

    stage.run(main)


def test_a_placement_that_cannot_be_met_names_what_is_missing(stage: Stage) -> None:
    async def main(system: Stage) -> None:
        for placement, words in ((dedicated(num_gpus=3), "3 GPU"), (dedicated(resources={"moon": 1}), "1 moon")):
            with pytest.raises(Unplaceable, match=words):
                await system.options(placement=placement).spawn(Worker)

    stage.run(main)
