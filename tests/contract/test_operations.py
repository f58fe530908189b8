"""Live operations: who there is, what is in an actor and what it handles; suspending and resuming one."""

import asyncio
from contextlib import aclosing
from typing import Annotated, Any

import pytest

from actors import (
    Actor,
    ActorReport,
    ActorState,
    Ambiguous,
    EndReason,
    Failed,
    MailboxFull,
    MailboxOptions,
    Message,
    NotRunning,
    Ref,
    Sensitive,
    Supervision,
    System,
    Terminated,
    Traced,
    call,
)
from tests.contract.cast import Gate, Note, Recorder
from tests.contract.eaters import Narrow, Poison, ours, scene


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host may be late on a busy machine, which operations would say of it."""
    monkeypatch.setattr("actors.operations.operations.PATIENCE", 20.0)


class Card(Message):
    holder: str
    number: Annotated[str, Sensitive]


class Teller(Actor):
    """Has secrets of all kinds."""

    vault: Annotated[str, Sensitive]

    def __init__(self, pin: Annotated[str, Sensitive], card: Card) -> None:
        self._pin = pin
        self.cards = {"first": [card]}
        self.vault = "left, right"
        self.balance = 3

    @call
    def add(self, amount: int) -> int:
        self.balance += amount
        return self.balance

    @call
    def fail(self) -> None:
        raise ValueError("planned")

    @call
    async def hold(self, gate: Ref[Gate]) -> None:
        await gate.ask(Gate.passed())

    @call
    async def hold_and_fail(self, gate: Ref[Gate]) -> None:
        await gate.ask(Gate.passed())
        raise ValueError("planned")


class Small(Recorder):
    mailbox = MailboxOptions(bound=3)

    @call
    async def hold(self, gate: Ref[Gate]) -> None:
        await gate.ask(Gate.passed())


class Desk(Actor):
    """Has a teller."""

    supervision = Supervision(restarts=5)

    async def on_start(self) -> None:
        self.teller = await self.context.options(name="teller").spawn(Teller, "1234", Card("Ada", "4000-1"))

    @call
    def give(self) -> Ref[Teller]:
        return self.teller


async def row(system: System, who: Ref[Any]) -> ActorReport:
    [found] = [it for it in (await system.operations.tree()).actors if it.address == who.address]
    return found


def test_the_tree_shows_actors_under_their_parents_with_what_they_are_at(system: System) -> None:
    async def main(system: System) -> None:
        desk = await system.options(name="desk").spawn(Desk)
        teller = await desk.ask(Desk.give())
        gate = await system.spawn(Gate)
        teller.tell(Teller.fail())
        assert await teller.ask(Teller.add(1)) == 4
        teller.tell(Teller.hold(gate))
        await gate.ask(Gate.reached(1))
        teller.tell(Teller.add(1))
        await teller.send(Teller.add(1))
        tree = await system.operations.tree()
        assert (tree.silent, tree.left_out, tree.complete) == ((), 0, True)
        shown = [(depth, it.path, it.kind, it.state, it.waiting, it.restarts, it.handled) for depth, it in tree.rows()]
        at = shown.index((0, "/desk", "Desk", ActorState.IDLE, 0, 0, 1))
        assert shown[at + 1] == (1, "/desk/teller", "Teller", ActorState.BUSY, 2, 1, 3)
        assert (await system.operations.tree(limit=0)).left_out == len(shown)
        await gate.ask(Gate.open())

    system.run(main)


def test_an_actor_is_found_by_ref_address_path_and_ident(system: System) -> None:
    async def main(system: System) -> None:
        desk = await system.options(name="desk").spawn(Desk)
        teller = await desk.ask(Desk.give())
        ident = (await row(system, teller)).ident
        for who in (teller, teller.address, "/desk/teller", "desk/teller", ident):
            assert (await system.operations.inspect(who)).actor.address == teller.address
        for nobody in ("/desk/nobody", "desk", ident.rpartition(".")[0] + ".999999"):
            if nobody == "desk":
                await system.stop_actor(desk)
            with pytest.raises(NotRunning):
                await system.operations.inspect(nobody)

    system.run(main)


def test_the_inside_of_an_actor_is_shown_with_stars_for_what_is_sensitive(system: System) -> None:
    async def main(system: System) -> None:
        desk = await system.options(name="desk").spawn(Desk)
        gate = await system.spawn(Gate)
        (await desk.ask(Desk.give())).tell(Teller.hold(gate))
        await gate.ask(Gate.reached(1))
        found = await system.operations.inspect("/desk/teller")
        assert found.attributes == {
            "_pin": "***",
            "cards": "{'first': [Card(holder='Ada', number=***)]}",
            "vault": "***",
            "balance": "3",
        }
        assert (found.incarnation, found.running, found.behaviour) == (1, ("Teller.hold",), "")
        await gate.ask(Gate.open())

    system.run(main)


def test_a_suspended_actor_handles_nothing_and_then_what_waits_in_its_order(system: System) -> None:
    async def main(system: System) -> None:
        small = await system.spawn(Small)
        assert await system.operations.suspend(small)
        assert not await system.operations.suspend(small)
        for number in (1, 2, 3):
            await small.send(Note(number))
        with pytest.raises(MailboxFull):
            await small.ask(Recorder.until(0))
        found = await row(system, small)
        assert (found.state, found.waiting, found.handled) == (ActorState.SUSPENDED, 3, 0)
        assert await system.operations.resume(small)
        assert not await system.operations.resume(small)
        await small.send(Note(4))
        assert await small.ask(Recorder.until(4)) == [1, 2, 3, 4]
        assert (await row(system, small)).state is ActorState.IDLE

    system.run(main)


def test_a_handler_in_progress_finishes_when_its_actor_is_suspended_and_no_other_begins(system: System) -> None:
    async def main(system: System) -> None:
        small, gate = await system.spawn(Small), await system.spawn(Gate)
        holding = asyncio.ensure_future(small.ask(Small.hold(gate)))
        await gate.ask(Gate.reached(1))
        await small.send(Note("after"))
        assert await system.operations.suspend(small)
        await gate.ask(Gate.open())
        await holding
        assert (await row(system, small)).handled == 1
        assert await system.operations.resume(small)
        assert await small.ask(Recorder.until(1)) == ["after"]

    system.run(main)


def test_a_suspended_actor_is_stopped_as_any_other_and_its_watchers_hear(system: System) -> None:
    async def main(system: System) -> None:
        small, log = await system.spawn(Small), await system.spawn(Recorder)
        await log.ask(Recorder.watch(small))
        await system.operations.suspend(small)
        await small.send(Note("never"))
        report = await system.stop_actor(small)
        assert (report.stopped, report.abandoned) == (1, ())
        [end] = await log.ask(Recorder.until(1))
        assert isinstance(end, Terminated)
        assert end.reason is EndReason.STOPPED
        with pytest.raises(NotRunning):
            await system.operations.resume(small)

    system.run(main)


def test_an_actor_that_fails_while_it_is_suspended_is_restarted_and_stays_suspended(system: System) -> None:
    async def main(system: System) -> None:
        desk = await system.options(name="desk").spawn(Desk)
        teller, gate = await desk.ask(Desk.give()), await system.spawn(Gate)
        failing = asyncio.ensure_future(teller.ask(Teller.hold_and_fail(gate)))
        await gate.ask(Gate.reached(1))
        await system.operations.suspend(teller)
        await teller.send(Teller.add(1))
        await gate.ask(Gate.open())
        with pytest.raises(Failed):
            await failing
        while (found := await row(system, teller)).state is not ActorState.SUSPENDED or not found.restarts:
            pass
        assert (found.waiting, found.restarts) == (1, 1)
        await system.operations.resume(teller)
        assert await teller.ask(Teller.add(1)) == 5  # a new object, which has handled what waited

    system.run(main)


def test_a_trace_shows_what_one_actor_handles_and_not_what_is_in_it(system: System) -> None:
    async def main(system: System) -> None:
        desk = await system.options(name="desk").spawn(Desk)
        teller, gate = await desk.ask(Desk.give()), await system.spawn(Gate)
        events: list[Traced] = []
        async with aclosing(system.operations.trace("/desk/teller", seconds=30.0)) as trace:
            following = asyncio.ensure_future(anext(trace))
            while not following.done():  # until the trace has begun
                await teller.ask(Teller.add(0))
                await system.operations.inspect(teller)
            events.append(await following)
            teller.tell(Teller.hold(gate))
            teller.tell(Teller.add(1))
            teller.tell(Teller.fail())
            await gate.ask(Gate.reached(1))
            await gate.ask(Gate.open())
            async for event in trace:
                events.append(event)
                if event.what == "failed":
                    break
        asks = [it for it in events if (it.what, it.message) == ("ask", "Teller.add")]
        assert events[: len(asks)] == asks
        assert [(it.what, it.message, it.error) for it in events[len(asks) :]] == [
            ("tell", "Teller.hold", ""),
            ("tell", "Teller.add", ""),
            ("tell", "Teller.fail", ""),
            ("failed", "Teller.fail", "ValueError"),
        ]
        assert [it.at for it in events] == sorted(it.at for it in events)

    system.run(main)


def test_a_message_in_quarantine_is_shown_as_text_by_its_host(system: System) -> None:
    async def main(system: System) -> None:
        _, eater = await scene(system, Narrow)
        eater.tell(Poison("a", 7))
        while not (found := await ours(system, eater)):
            pass
        assert await system.operations.quarantined(found[0]) == "Poison(name='a', failures=7)"
        assert await system.quarantine.drop(found[0])
        with pytest.raises(LookupError):
            await system.operations.quarantined(found[0])

    system.run(main)


def test_a_doctor_finds_nothing_wrong_with_a_system_that_is_well(system: System) -> None:
    async def main(system: System) -> None:
        small = await system.spawn(Small)
        await system.operations.suspend(small)
        while (found := await system.operations.doctor()).problems:  # a machine that is busy makes loops late
            pass
        seats = [it.seat for it in found.hosts if it.seat is not None]
        assert seats == [it.seat for it in found.members]
        assert sum(it.suspended for it in found.hosts) == 1
        assert all(it.stacks for it in found.hosts)

    system.run(main)


def test_who_opened_the_system_is_not_drained(system: System) -> None:
    async def main(system: System) -> None:
        with pytest.raises(ValueError, match="end the program"):
            await system.operations.drain(0)
        with pytest.raises(ValueError, match="Nobody sits on seat 99"):
            await system.operations.drain(99)

    system.run(main)


class Cook(Actor):
    """Has an oven, whatever it is called itself."""

    async def on_start(self) -> None:
        self.oven = await self.context.options(name="oven").spawn(Teller, "1234", Card("Ada", "4000-1"))

    @call
    def give(self) -> Ref[Teller]:
        return self.oven


def test_the_path_of_a_child_of_one_without_a_name_is_no_other_actors(system: System) -> None:
    async def main(system: System) -> None:
        top = await system.options(name="oven").spawn(Recorder)
        cooks = [await system.spawn(Cook) for _ in range(2)]
        ovens = [await cook.ask(Cook.give()) for cook in cooks]
        paths = [(await row(system, oven)).path for oven in ovens]
        for cook, path in zip(cooks, paths, strict=True):
            number = (await row(system, cook)).ident.partition("/")[2]
            assert path == f"/Cook#{number}/oven"
            assert (await row(system, cook)).path == ""
        assert await system.operations.find("/oven") == top.address
        assert [await system.operations.find(path) for path in paths] == [oven.address for oven in ovens]
        with pytest.raises(Failed):
            await ovens[0].ask(Teller.fail())
        assert (await row(system, ovens[0])).path == paths[0]

    system.run(main)


def test_a_path_that_two_living_actors_have_is_refused_with_their_idents(system: System) -> None:
    async def main(system: System) -> None:
        cook = await system.options(name="cook").spawn(Cook)
        one = await cook.ask(Cook.give())
        two = await system.options(name="cook/oven").spawn(Gate)
        found = [await row(system, who) for who in (one, two)]
        operations = system.operations
        for verb in (operations.inspect, operations.suspend, operations.resume, operations.find):
            with pytest.raises(Ambiguous, match="2 living actors have the path /cook/oven") as refused:
                await verb("/cook/oven")
            assert all(f"{it.ident} ({it.kind})" in str(refused.value) for it in found)
        with pytest.raises(Ambiguous):
            await anext(operations.trace("/cook/oven"))
        assert (await row(system, one)).state is ActorState.IDLE
        assert await operations.suspend(found[0].ident)
        await system.stop_actor(two)
        assert await operations.resume("/cook/oven")

    system.run(main)
