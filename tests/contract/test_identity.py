"""Who an actor is (A2), what it is called (A3), when it has been spawned (A4), and what it is started from (A5)."""

import asyncio
import contextlib
from typing import Any

import pytest

from actors import (
    Actor,
    Deadlock,
    Directive,
    Failed,
    NameTaken,
    NotRunning,
    Ref,
    Settings,
    SpawnFailed,
    Supervision,
    System,
    call,
)
from tests.contract.cast import Gate, Note, Recorder, Worker, restarted


class Holder(Actor):
    """Shows what it was given, and changes it."""

    def __init__(self, items: list[int], *, table: dict[str, list[int]]) -> None:
        self.items = items
        self.table = table

    @call
    def grow(self) -> tuple[list[int], dict[str, list[int]]]:
        self.items.append(99)
        self.table["a"].append(99)
        return self.items, self.table

    @call
    def fail(self) -> None:
        raise ValueError("planned")


class BadInit(Actor):
    def __init__(self, what: BaseException) -> None:
        raise what


class BadStart(Actor):
    async def on_start(self) -> None:
        await asyncio.sleep(0)
        raise LookupError("no start")


class CancelledStart(Actor):
    async def on_start(self) -> None:
        raise asyncio.CancelledError


class SlowStart(Actor):
    def __init__(self, gate: Ref[Gate], log: Ref[Recorder]) -> None:
        self.gate = gate
        self.log = log

    async def on_start(self) -> None:
        try:
            await self.gate.ask(Gate.passed())
        except asyncio.CancelledError:
            self.log.tell(Note("cancelled"))
            raise


class AsksParent(Actor):
    async def on_start(self) -> None:
        await self.context.parent.ask(Parent.answer())


class AsksItself(Actor):
    async def on_start(self) -> None:
        await self.context.ref.ask(AsksItself.answer())

    @call
    def answer(self) -> int:
        return 1


class Parent(Actor):
    """Spawns what it is told, and reports how that went."""

    supervision = Supervision(restarts=1, within=60.0)

    @call
    def answer(self) -> int:
        return 1

    @call
    async def start(self, kind: type[Any], name: str | None = None) -> str:
        try:
            await self.context.options(name=name).spawn(kind)
        except SpawnFailed as error:
            return f"{type(error).__name__}: {type(error.__cause__).__name__}"
        return "started"

    @call
    async def stop_named(self, name: str) -> bool:
        child = self.context.child(name)
        if child is not None:
            await self.context.stop_child(child)
        return child is not None

    @call
    def named(self, name: str) -> Ref[Any] | None:
        return self.context.child(name)

    @call
    def family(self) -> int:
        return len(self.context.children)

    @call
    def life(self) -> int:
        return self.context.incarnation


def test_an_old_ref_says_not_running_and_never_reaches_the_next_actor_of_its_name(system: System) -> None:
    async def main(system: System) -> None:
        first = await system.options(name="ada").spawn(Worker)
        await system.stop_actor(first)
        second = await system.options(name="ada").spawn(Worker)
        assert first != second
        with pytest.raises(NotRunning):
            await first.ask(Worker.add(1))
        first.tell(Worker.add(10))
        assert await second.ask(Worker.add(1)) == 1

    system.run(main)


def test_a_ref_survives_a_restart_and_the_incarnation_counts_up(system: System) -> None:
    async def main(system: System) -> None:
        worker = await system.spawn(Worker)
        await worker.ask(Worker.add(5))
        for life in (2, 3):
            worker.tell(Worker.fail())
            assert await restarted(worker, life) == life
        assert await worker.ask(Worker.add(1)) == 1

    system.run(main)


def test_one_of_many_spawns_of_a_name_wins_and_the_others_hear_name_taken(system: System) -> None:
    async def main(system: System) -> None:
        found = await asyncio.gather(
            *(system.options(name="only").spawn(Worker) for _ in range(100)), return_exceptions=True
        )
        won = [it for it in found if isinstance(it, Ref)]
        assert len(won) == 1
        assert all(isinstance(it, NameTaken) for it in found if it is not won[0])
        assert await system.lookup("only") == won[0]
        assert "'only'" in str(next(it for it in found if isinstance(it, NameTaken)))

    system.run(main)


def test_a_name_is_kept_through_restarts_and_free_when_the_address_ends(system: System) -> None:
    async def main(system: System) -> None:
        worker = await system.options(name="ada").spawn(Worker)
        worker.tell(Worker.fail())
        await restarted(worker, 2)
        with pytest.raises(NameTaken):
            await system.options(name="ada").spawn(Worker)
        await system.stop_actor(worker)
        assert await system.lookup("ada") is None
        await system.options(name="ada").spawn(Worker)

    system.run(main)


def test_names_of_children_are_unique_among_siblings_only_and_make_the_path(system: System) -> None:
    async def main(system: System) -> None:
        one, two = await system.options(name="one").spawn(Parent), await system.spawn(Parent)
        assert await one.ask(Parent.start(Worker, "kid")) == "started"
        assert await two.ask(Parent.start(Worker, "kid")) == "started"
        assert await one.ask(Parent.start(Worker, "kid")) == "NameTaken: NoneType"
        assert await one.ask(Parent.stop_named("kid"))
        assert await one.ask(Parent.named("kid")) is None
        assert await one.ask(Parent.start(Worker, "kid")) == "started"

    system.run(main)


@pytest.mark.parametrize("kind", [BadStart, CancelledStart])
def test_spawn_raises_what_the_start_raised_once_and_leaves_no_orphan(system: System, kind: type[Actor]) -> None:
    async def main(system: System) -> None:
        parent = await system.spawn(Parent)
        assert (await parent.ask(Parent.start(kind))).startswith("SpawnFailed")
        assert await parent.ask(Parent.family()) == 0
        assert await parent.ask(Parent.life()) == 1  # one charge of a budget of one
        with contextlib.suppress(Failed):  # the parent's restart cuts the handler short, unless its answer is quicker
            await parent.ask(Parent.start(kind))
        assert await parent.ask(Parent.life()) == 2  # the second charge is one too many
        with pytest.raises(SpawnFailed):
            await system.spawn(kind)

    system.run(main)


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(1)])
def test_a_failing_constructor_reaches_the_spawner_with_its_cause(system: System, error: BaseException) -> None:
    async def main(system: System) -> None:
        with pytest.raises(SpawnFailed, match="BadInit") as caught:
            await system.options(name="bad").spawn(BadInit, error)
        assert type(caught.value.__cause__) is type(error)
        await system.options(name="bad").spawn(Worker)  # the name is free at once

    system.run(main)


def test_cancelling_a_spawn_stops_the_child(system: System) -> None:
    async def main(system: System) -> None:
        gate, log = await system.spawn(Gate), await system.spawn(Recorder)
        spawning = asyncio.ensure_future(system.options(name="slow").spawn(SlowStart, gate, log))
        await gate.ask(Gate.reached(1))
        spawning.cancel()
        with pytest.raises(asyncio.CancelledError):
            await spawning
        assert await log.ask(Recorder.until(1)) == ["cancelled"]

    system.run(main)


def test_a_start_that_hangs_is_stopped_after_the_spawn_timeout() -> None:
    async def main(system: System) -> None:
        gate, log = await system.spawn(Gate), await system.spawn(Recorder)
        with pytest.raises(SpawnFailed, match="did not finish its start within 0.5 s"):
            await system.options(name="slow").spawn(SlowStart, gate, log)
        assert await log.ask(Recorder.until(1)) == ["cancelled"]
        await system.options(name="slow").spawn(Worker)  # the name is free again

    System(on="local", settings=Settings(spawn_timeout=0.5)).run(main)


def test_messages_told_before_the_start_has_finished_are_handled_after_it(system: System) -> None:
    async def main(system: System) -> None:
        boss = await system.spawn(Hasty)
        gate, log = await system.spawn(Gate), await system.spawn(Recorder)
        await boss.ask(Hasty.spawn_and_tell(gate, log))
        await gate.ask(Gate.open())
        assert await log.ask(Recorder.until(2)) == ["started", "told"]

    system.run(main)


class SaysStart(Actor):
    def __init__(self, gate: Ref[Gate], log: Ref[Recorder]) -> None:
        self.gate = gate
        self.log = log

    async def on_start(self) -> None:
        await self.gate.ask(Gate.passed())
        self.log.tell(Note("started"))

    @call
    def told(self) -> None:
        self.log.tell(Note("told"))


class Hasty(Actor):
    @call
    def spawn_and_tell(self, gate: Ref[Gate], log: Ref[Recorder]) -> None:
        self.context.spawn_nowait(SaysStart, gate, log).tell(SaysStart.told())


@pytest.mark.parametrize(("kind", "whom"), [(AsksParent, "its parent"), (AsksItself, "itself")])
def test_a_start_hook_that_asks_its_parent_or_itself_is_told_so(system: System, kind: type[Actor], whom: str) -> None:
    async def main(system: System) -> None:
        parent = await system.spawn(Parent)
        assert await parent.ask(Parent.start(kind)) == "SpawnFailed: Deadlock"
        with pytest.raises(SpawnFailed, match="argument") as caught:
            await system.spawn(AsksItself)
        assert isinstance(caught.value.__cause__, Deadlock)

    system.run(main)


def test_every_incarnation_starts_from_the_arguments_as_they_were_at_spawn(system: System) -> None:
    async def main(system: System) -> None:
        items, table = [1], {"a": [1]}
        holder = await system.spawn(Holder, items, table=table)
        items.append(2)
        table["a"].append(2)
        for _ in range(2):
            assert await holder.ask(Holder.grow()) == ([1, 99], {"a": [1, 99]})
            holder.tell(Holder.fail())

    system.run(main)


def test_spawn_many_starts_all_or_none(system: System) -> None:
    async def main(system: System) -> None:
        refs = await system.spawn_many(Worker, [(None, str(number)) for number in range(300)])
        assert len(set(refs)) == 300
        assert await asyncio.gather(*(ref.ask(Worker.add(1)) for ref in refs)) == [1] * 300
        before = sum(host.actors for host in await system.stats())
        with pytest.raises(SpawnFailed):
            await system.spawn_many(Sometimes, [(number,) for number in range(20)])
        assert sum(host.actors for host in await system.stats()) == before

    system.run(main)


class Sometimes(Actor):
    def __init__(self, number: int) -> None:
        if number == 13:
            raise ValueError("unlucky")


class Stern(Actor):
    supervision = Supervision(decide=lambda error: Directive.STOP)


def test_spawning_what_is_no_actor_class_says_what_to_do(system: System) -> None:
    async def main(system: System) -> None:
        for what in (dict, Worker(), 5, None):
            with pytest.raises(TypeError, match="Spawn a subclass of Actor, and pass the class"):
                await system.spawn(what)  # type: ignore[arg-type]
        with pytest.raises(SpawnFailed, match="takes 2 positional"):
            await system.spawn(Sometimes, 1, 2)  # type: ignore[call-arg]

    system.run(main)
