"""A probe stands where an actor is meant: what it gets is expected in order, and silence is known without sleeping."""

import asyncio
import threading
from typing import Any, assert_type

import pytest

from actors import Actor, EndReason, Failed, Message, Ref, Request, System, Terminated, call, receive
from actors.testing import BlockingProbe, Probe, run


class Joined(Message):
    name: str


class Left(Message):
    name: str


class Price(Request[int]):
    item: str


class Account(Actor):
    @call
    def deposit(self, amount: int) -> int:
        return amount


class Porter(Actor):
    """Passes on what it is told, in many ways."""

    def __init__(self, to: "Ref[Any]") -> None:
        self.to = to

    @receive
    def joined(self, event: Joined) -> None:
        self.to.tell(event)

    @call
    def deposit(self, amount: int, account: Ref[Account]) -> None:
        account.tell(Account.deposit(amount))

    @call
    async def price(self, item: str) -> int:
        return await self.to.ask(Price(item)) + 1

    @call
    async def after(self, opened: asyncio.Event, event: Joined) -> None:
        await opened.wait()
        self.to.tell(event)

    @call
    async def after_a_while(self, event: Joined) -> None:
        await asyncio.sleep(0.03)
        self.to.tell(event)

    @call(blocking=True)
    def in_thread(self, go: threading.Event, event: Joined) -> None:
        go.wait()
        self.to.tell(event)

    @call
    def round(self, left: int) -> None:
        if left:
            self.context.ref.tell(Porter.round(left - 1))
        else:
            self.to.tell(Joined("round"))

    @call
    def for_ever(self) -> None:
        self.context.ref.tell(Porter.for_ever())

    @call
    def end(self, event: Joined) -> None:
        self.to.tell(event)
        self.context.stop()

    @call
    async def both(self, first: str, second: str) -> int:
        return sum(await asyncio.gather(self.to.ask(Price(first)), self.to.ask(Price(second))))


def test_expect_takes_the_next_message_by_class_by_value_and_by_call():
    async def main(system: System) -> None:
        probe = Probe(system)
        porter = await system.spawn(Porter, probe.ref)
        porter.tell(Joined("ada"))
        porter.tell(Joined("bob"))
        assert_type(await probe.expect(Joined), Joined)
        assert await probe.expect(Joined("bob")) == Joined("bob")
        account = Probe(system, Account)
        assert_type(account.ref, Ref[Account])
        porter.tell(Porter.deposit(5, account.ref))
        porter.tell(Porter.deposit(6, account.ref))
        assert await account.expect(Account.deposit) == Account.deposit(5)
        await account.expect(Account.deposit(6))

    run(main)


def test_another_message_than_the_expected_one_is_named():
    async def main(system: System) -> None:
        probe = Probe(system, Account)
        probe.ref.tell(Joined("ada"))
        with pytest.raises(AssertionError, match=r"The probe for Account expected Left, and got Joined\(name='ada'\)"):
            await probe.expect(Left)
        probe.ref.tell(Joined("bob"))
        with pytest.raises(AssertionError, match=r"expected Joined\(name='eve'\), and got Joined\(name='bob'\)"):
            await probe.expect(Joined("eve"))
        with pytest.raises(AssertionError, match=r"expected Account.deposit, and nothing more came"):
            await probe.expect(Account.deposit, within=0.01)

    run(main)


def test_several_messages_are_expected_together():
    async def main(system: System) -> None:
        probe = Probe(system)

        def tell(*names: str) -> None:
            for name in names:
                probe.ref.tell(Joined(name))

        tell("ada", "bob", "eve")
        assert await probe.expect_all(Joined("eve"), Joined("ada"), Joined) == list(map(Joined, ("eve", "ada", "bob")))
        tell("1", "2", "3", "4")
        assert await probe.receive_many(3) == [Joined("1"), Joined("2"), Joined("3")]
        assert await probe.receive() == Joined("4")
        tell("a", "b", "c", "d")
        assert await probe.fish(lambda event: event.name == "c") == Joined("c")
        await probe.expect(Joined("d"))
        tell("x")
        with pytest.raises(AssertionError, match=r"expected 2 messages, and nothing more came"):
            await probe.receive_many(2, within=0.01)
        tell("x", "y")
        with pytest.raises(
            AssertionError, match=r"expected all of Joined\(name='x'\), Left, and got Joined\(name='y'\)"
        ):
            await probe.expect_all(Joined("x"), Left)

    run(main)


def test_a_probe_answers_what_it_is_asked():
    async def main(system: System) -> None:
        probe = Probe(system)
        porter = await system.spawn(Porter, probe.ref)
        asked = porter.ask(Porter.price("tea"))
        await probe.expect(Price("tea"))
        assert probe.sender == porter
        probe.reply(4)
        assert await asked == 5
        asked = probe.ref.ask(Price("tea"))
        await probe.expect(Price)
        probe.fail(LookupError("no tea"))
        with pytest.raises(Failed, match="no tea"):
            await asked

    run(main)


def test_terminated_comes_after_what_the_dead_had_sent():
    async def main(system: System) -> None:
        probe = Probe(system)
        porter = await system.spawn(Porter, probe.ref)
        probe.watch(porter)
        porter.tell(Porter.end(Joined("last")))
        await probe.expect(Joined("last"))
        ended = await probe.expect_terminated(porter)
        assert (type(ended), ended.reason) == (Terminated, EndReason.STOPPED)
        other = await system.spawn(Porter, probe.ref)
        probe.watch(other)
        assert probe.unwatch(other)
        await system.stop_actor(other)
        await probe.expect_no_message()

    run(main)


def test_silence_is_known_at_once_when_nobody_has_anything_to_do():
    async def main(system: System) -> None:
        probe = Probe(system)
        porter = await system.spawn(Porter, probe.ref)
        await probe.expect_no_message()
        porter.tell(Porter.round(2000))
        with pytest.raises(AssertionError, match=r"expected no message, and got Joined\(name='round'\)"):
            await probe.expect_no_message()

    run(main)


def test_silence_waits_for_handlers_that_are_at_work():
    async def main(system: System) -> None:
        probe = Probe(system)
        porter = await system.spawn(Porter, probe.ref)
        go = threading.Event()
        porter.tell(Porter.after_a_while(Joined("slow")))
        with pytest.raises(AssertionError, match="got Joined"):
            await probe.expect_no_message()
        await probe.expect(Joined)
        porter.tell(Porter.in_thread(go, Joined("thread")))
        threading.Timer(0.02, go.set).start()
        with pytest.raises(AssertionError, match="got Joined"):
            await probe.expect_no_message()

    run(main)


def test_a_handler_that_waits_for_an_answer_of_the_test_is_silent():
    async def main(system: System) -> None:
        probe = Probe(system)
        porter = await system.spawn(Porter, probe.ref)
        asked = porter.ask(Porter.price("tea"))
        await probe.expect(Price)
        await probe.expect_no_message()
        probe.reply(1)
        assert await asked == 2
        together = porter.ask(Porter.both("tea", "milk"))
        await probe.expect(Price("tea"))
        probe.reply(1)
        await probe.expect(Price("milk"))
        await probe.expect_no_message()
        probe.reply(2)
        assert await together == 3

    run(main)


def test_who_is_still_at_work_is_named(monkeypatch):
    monkeypatch.setattr("actors.testing.probe.AT_WORK", 0.02)

    async def main(system: System) -> None:
        probe, opened = Probe(system), asyncio.Event()
        porter = await system.options(name="porter").spawn(Porter, probe.ref)
        porter.tell(Porter.after(opened, Joined("late")))
        with pytest.raises(AssertionError, match=r"still at work are /porter, which handles Porter.after"):
            await probe.expect_no_message()
        opened.set()
        await probe.expect(Joined("late"))

    run(main)


def test_actors_that_never_rest_are_said_to(monkeypatch):
    monkeypatch.setattr("actors.testing.rest.MOST_ROUNDS", 500)

    async def main(system: System) -> None:
        probe = Probe(system)
        porter = await system.spawn(Porter, probe.ref)
        porter.tell(Porter.for_ever())
        with pytest.raises(AssertionError, match="send messages without end"):
            await probe.expect_no_message()

    run(main, allow_dead_letters=True)


def test_on_the_real_clock_silence_can_be_given_a_time():
    async def main(system: System) -> None:
        probe = Probe(system)
        await probe.expect_no_message(during=0.01)
        porter = await system.spawn(Porter, probe.ref)
        porter.tell(Porter.after_a_while(Joined("slow")))
        with pytest.raises(AssertionError, match="got Joined"):
            await probe.expect_no_message(during=10)

    run(main)


def test_nothing_was_expected_yet_so_there_is_nothing_to_answer():
    async def main(system: System) -> None:
        with pytest.raises(RuntimeError, match="Expect one first"):
            Probe(system).reply(1)

    run(main)


def test_the_blocking_probe_has_the_same_expectations():
    with System(on="local").blocking() as system:
        probe, account = BlockingProbe(system), BlockingProbe(system, Account)
        assert_type(account.ref, Ref[Account])
        porter = system.spawn(Porter, probe.ref)
        probe.expect_no_message()
        porter.tell(Joined("ada"))
        assert_type(probe.expect(Joined), Joined)
        porter.tell(Joined("ada"))
        with pytest.raises(AssertionError, match="expected no message"):
            probe.expect_no_message()
        probe.expect_all(Joined("ada"))
        porter.tell(Porter.deposit(1, account.ref))
        account.expect(Account.deposit(1))
        porter.tell(Porter.price("tea"))
        probe.expect(Price)
        assert probe.sender == porter
        probe.reply(1)
        porter.tell(Porter.price("tea"))
        probe.receive_many(1)
        probe.fail(LookupError("no tea"))
        porter.tell(Joined("eve"))
        assert probe.fish(lambda event: event.name == "eve") == Joined("eve")
        probe.watch(porter)
        assert probe.unwatch(porter)
        probe.watch(porter)
        porter.tell(Porter.end(Joined("last")))
        assert probe.receive() == Joined("last")
        probe.expect_terminated(porter)
        probe.expect_no_message(during=0.01)
