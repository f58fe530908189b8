"""Traces and suspensions leave nothing behind: a cell is what it was, its turns are neither lost nor doubled."""

import asyncio
from contextlib import aclosing

import pytest

from actors import Actor, Message, System, call, receive
from actors.cells.cell import Cell
from actors.cells.observed import ObservedCell
from actors.operations import eavesdropping
from actors.operations.eavesdropping import TracedCell, TracedObservedCell
from actors.operations.operations import ask_root
from actors.operations.requests import ResumeActor, SuspendActor, TraceActor
from tests.actors.recorder import Recorder


class Tick(Message):
    pass


class Counter(Actor):
    def __init__(self) -> None:
        self.total = 0
        self.order: list[int] = []

    @call
    def add(self, amount: int) -> int:
        self.total += amount
        self.order.append(amount)
        return self.total

    @call(interleaved=True)
    async def read(self, gate: object) -> int:
        del gate
        await asyncio.sleep(0)
        return self.total

    @call
    def wait_for_a_tick(self) -> None:
        self.context.timers.once("soon", 0.0, Tick())

    @receive
    def tick(self, tick: Tick) -> None:
        self.total += 100

    @call
    def seen(self) -> list[int]:
        return self.order


@pytest.mark.parametrize(
    ("instrument", "plain", "traced"), [(None, Cell, TracedCell), (Recorder, ObservedCell, TracedObservedCell)]
)
def test_a_cell_is_traced_while_somebody_listens_and_then_as_it_was(instrument, plain, traced):
    async def main(system):
        counter = await system.spawn(Counter)
        other = await system.spawn(Counter)
        cell = system.host.cell_at(counter.address)
        assert type(cell) is plain
        number = counter.address.number
        assert await ask_root(system.host, 0, TraceActor(number, 1)) == []
        await ask_root(system.host, 0, TraceActor(number, 2))
        assert type(cell) is traced
        assert type(system.host.cell_at(other.address)) is plain
        await counter.ask(Counter.add(1))
        reading = [asyncio.ensure_future(counter.ask(Counter.read(None))) for _ in range(2)]
        counter.tell(Counter.add(2))
        counter.tell(Counter.wait_for_a_tick())
        assert await asyncio.gather(*reading) == [1, 1]
        while await counter.ask(Counter.read(None)) != 103:
            pass
        for trace in (1, 2):
            events = await ask_root(system.host, 0, TraceActor(number, trace))
            kinds = [(it.what, it.message) for it in events if it.message != "Counter.read"]
            assert kinds == [
                ("ask", "Counter.add"),
                ("tell", "Counter.add"),
                ("tell", "Counter.wait_for_a_tick"),
                ("tick", "Tick"),
            ]
        async with aclosing(system.operations.trace(counter, seconds=0.01)) as third:
            assert [event async for event in third] == []
        assert type(cell) is traced
        system.host.attendant.close()
        for trace in (1, 2):
            await ask_root(system.host, 0, TraceActor(number, trace))
            system.host.attendant._end_trace(number, trace)
        assert type(cell) is plain
        assert cell.direct
        assert await counter.ask(Counter.add(0)) == 103

    System(on="local", instrument=instrument).run(main)


def test_a_trace_that_nobody_asks_for_any_more_ends_by_itself(monkeypatch):
    monkeypatch.setattr(eavesdropping, "SILENCE", 0.02)

    async def main(system):
        counter = await system.spawn(Counter)
        cell = system.host.cell_at(counter.address)
        await ask_root(system.host, 0, TraceActor(counter.address.number, 1))
        while type(cell) is not Cell:
            await counter.ask(Counter.add(1))

    System(on="local").run(main)


def test_only_the_latest_events_are_kept(monkeypatch):
    monkeypatch.setattr(eavesdropping, "KEPT", 3)

    async def main(system):
        counter = await system.spawn(Counter)
        await ask_root(system.host, 0, TraceActor(counter.address.number, 1))
        for _ in range(5):
            await counter.ask(Counter.add(1))
        assert len(await ask_root(system.host, 0, TraceActor(counter.address.number, 1))) == 3

    System(on="local").run(main)


def test_suspending_and_resuming_in_every_state_neither_loses_nor_doubles_nor_reorders():
    async def main(system):
        counter = await system.spawn(Counter)
        number = counter.address.number

        def change(request):
            return ask_root(system.host, 0, request)

        for amount in range(200):
            counter.tell(Counter.add(amount))
            if amount % 3 == 0:  # it waits for its turn
                await change(SuspendActor(number, "test"))
            if amount % 5 == 0:
                await asyncio.sleep(0)
            if amount % 7 == 0:
                await change(ResumeActor(number, "test"))
        await change(ResumeActor(number, "test"))
        assert await counter.ask(Counter.seen()) == list(range(200))
        assert not system.host._ready
        assert system.host.look().handled == 201

    System(on="local").run(main)


def test_what_changes_something_is_logged_with_who_wanted_it(caplog):
    async def main(system):
        counter = await system.options(name="counter").spawn(Counter)
        await system.operations.suspend(counter)
        await system.operations.suspend(counter)
        await system.operations.resume(counter)
        await system.operations.inspect(counter)

    with caplog.at_level("WARNING", "understudy.operations"):
        System(on="local").run(main)
    assert [record.message.partition(",")[0] for record in caplog.records] == [
        "/counter was suspended by system.operations",
        "/counter was resumed by system.operations",
    ]
