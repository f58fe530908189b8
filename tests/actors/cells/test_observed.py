"""An instrument hears of every message and every life, heads messages, and can do no harm."""

import asyncio
import contextlib
from typing import Any

import pytest

from actors import (
    Actor,
    Failed,
    Listing,
    MailboxOptions,
    Operation,
    Overflow,
    Role,
    ServiceKey,
    System,
    TimedOut,
    call,
    receive,
    retry,
)
from actors.testing import run
from tests.actors.echo import Ask, Echo, Items, Ping
from tests.actors.recorder import Recorders, current


def recorded(main: Any, **options: Any) -> Any:
    recorders = Recorders(**options)
    run(main, instrument=recorders, allow_dead_letters=True)
    return recorders.only


def test_a_tell_is_observed_until_it_is_queued_and_its_handling_belongs_to_it():
    async def main(system: System) -> None:
        last = await system.spawn(Echo)
        first = await system.spawn(Echo, last)
        first.tell(Ping())
        await last.ask(Echo.look())
        await first.ask(Echo.look())

    found = recorded(main)
    sent, on = found.all("tell Ping")
    first, last = found.all("handle Ping")
    assert sent.facts == (None,)
    assert on.facts == ("Echo",)
    assert first.parent == sent.header
    assert on.parent == first.header
    assert last.parent == on.header
    assert all(line.ended == 1 and line.error is None for line in found.lines)
    assert first.facts[1].waited >= 0.0


def test_an_ask_is_observed_until_its_outcome_and_both_sides_hear_of_an_error():
    async def main(system: System) -> None:
        last = await system.spawn(Echo)
        first = await system.spawn(Echo, last)
        assert await first.ask(Ask()) == "answer"
        with pytest.raises(Failed):
            await first.ask(Ask("fail"))

    found = recorded(main)
    outer, inner, failing = found.all("ask Ask")
    assert inner.parent == found.all("handle Ask")[0].header
    assert outer.error is None
    assert outer.ended == inner.ended == failing.ended == 1
    assert isinstance(failing.error, Failed)
    assert isinstance(found.all("handle Ask")[2].error, ValueError)


def test_an_ask_that_is_given_up_ends_its_observation_once():
    async def main(system: System) -> None:
        echo = await system.spawn(Echo)
        with pytest.raises(TimedOut):
            await echo.ask(Echo.slow(), timeout=0.5)
        waiting = asyncio.ensure_future(echo.ask(Echo.look(), timeout=None))
        await asyncio.sleep(0)
        waiting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await waiting
        await system.stop_actor(echo)

    found = recorded(main)
    assert isinstance(found.line("ask slow").error, TimedOut)
    assert isinstance(found.line("ask look").error, asyncio.CancelledError)
    assert {line.ended for line in found.all("ask slow") + found.all("ask look")} == {1}


def test_each_handler_runs_in_the_context_of_its_own_message():
    async def main(system: System) -> list[bytes]:
        echo = await system.spawn(Echo)
        await asyncio.gather(*(echo.ask(Ask()) for _ in range(20)))
        for _ in range(20):
            echo.tell(Ping())
        seen = await echo.ask(Echo.look())
        seen.append(await echo.ask(Echo.block()))
        return seen

    recorders = Recorders()
    seen = run(main, instrument=recorders)
    handled = [line for line in recorders.only.lines if line.what in {"handle Ask", "handle Ping", "handle block"}]
    assert seen == [line.header for line in handled]
    assert len(set(seen)) == 41


def test_what_a_message_that_nobody_watches_leads_to_is_not_asked_about():
    async def main(system: System) -> list[bytes]:
        last = await system.spawn(Echo)
        first = await system.spawn(Echo, last)
        first.tell(Ping())
        await first.ask(Ask())
        return await last.ask(Echo.look())

    recorders = Recorders(watches=False)
    assert run(main, instrument=recorders) == [b"", b""]
    assert recorders.only.lines == []


def test_a_gap_is_counted_exactly_and_what_has_something_around_it_is_watched_and_not_counted():
    recorders = Recorders(gaps=(2, 0, 1, 10**30))

    async def main(system: System) -> list[int]:
        watched: list[int] = []
        echo = await system.spawn(Echo)
        for number in range(8):
            token = current.set(b"around" if number == 1 else b"")
            echo.tell(Ping())
            current.reset(token)
            watched.append(len(recorders.only.all("tell Ping")))
        await echo.ask(Echo.look())
        return watched

    assert run(main, instrument=recorders) == [0, 1, 1, 2, 3, 3, 4, 4]
    assert recorders.only.all("tell Ping")[0].parent == b"around"


def test_a_forwarded_ask_is_one_step_more_and_its_outcome_is_the_first_askers():
    async def main(system: System) -> None:
        last = await system.spawn(Echo)
        first = await system.spawn(Echo, last)
        assert await first.ask(Echo.pass_on()) == "answer"

    found = recorded(main)
    assert found.line("forward Ask").parent == found.line("handle pass_on").header
    assert found.line("handle Ask").parent == found.line("forward Ask").header
    assert found.line("ask pass_on").error is None


class Clockwork(Actor):
    """Ticks, stashes, becomes, pipes."""

    def __init__(self) -> None:
        self.done = 0

    @call
    def start(self) -> None:
        self.context.timers.once("tick", 0.001, Clockwork.tick())

    @call
    def tick(self) -> None:
        self.done += 1

    @call
    def put_aside(self) -> int:
        if not self.done:
            self.context.stash()
        return self.done

    @call
    def back(self) -> None:
        self.done = 7
        self.context.unstash()

    @call
    def fetch(self) -> None:
        self.context.pipe(asyncio.sleep(0), lambda _: Clockwork.tick())

    @call
    def turn(self) -> None:
        self.context.become(self._other)

    async def _other(self, message: Any) -> str:
        await asyncio.sleep(0)
        return current.get().decode()

    @call
    def see(self) -> int:
        return self.done


def test_a_tick_belongs_to_nothing_but_says_where_it_was_scheduled():
    async def main(system: System) -> None:
        clock = await system.spawn(Clockwork)
        await clock.ask(Clockwork.start())
        while not await clock.ask(Clockwork.see()):  # noqa: ASYNC110 - a message is its own event
            await asyncio.sleep(0.001)

    found = recorded(main)
    assert found.line("handle tick").parent == found.line("handle start").header
    assert found.line("handle tick").facts[1].verb.value == "tick"


def test_a_stashed_message_keeps_its_header_and_counts_its_attempts():
    async def main(system: System) -> None:
        clock = await system.spawn(Clockwork)
        waiting = clock.ask(Clockwork.put_aside())
        await clock.ask(Clockwork.back())
        assert await waiting == 7

    found = recorded(main)
    first, again = found.all("handle put_aside")
    assert first.parent == again.parent == found.line("ask put_aside").header
    assert [line.facts[1].attempt for line in (first, again)] == [1, 2]


def test_piped_results_belong_to_the_handler_that_began_the_work():
    async def main(system: System) -> None:
        clock = await system.spawn(Clockwork)
        await clock.ask(Clockwork.fetch())
        while not await clock.ask(Clockwork.see()):  # noqa: ASYNC110 - a message is its own event
            await asyncio.sleep(0.001)

    found = recorded(main)
    assert found.line("tell tick").parent == found.line("handle fetch").header
    assert found.line("handle tick").parent == found.line("tell tick").header


def test_what_an_actor_has_become_is_observed_too():
    async def main(system: System) -> str:
        clock = await system.spawn(Clockwork)
        await clock.ask(Clockwork.turn())
        return str(await clock.ask(Clockwork.see()))

    recorders = Recorders()
    assert run(main, instrument=recorders).encode() == recorders.only.line("handle see").header


def test_a_stream_is_one_observation_on_each_side():
    async def main(system: System) -> None:
        items = await system.spawn(Items)
        assert [it async for it in items.stream(Items.count(3))] == [0, 1, 2]
        async for _ in items.stream(Items.count(1000)):
            break

    found = recorded(main)
    assert len(found.all("stream count")) == 2
    assert {line.ended for line in found.lines} == {1}


class Stubborn(Actor):
    """Is given what it fails at once more."""

    mailbox = MailboxOptions(on_failure=retry(2))
    failures = 0

    @receive
    def asked(self, message: Ask) -> str:
        Stubborn.failures += 1
        if Stubborn.failures < 3:
            raise ValueError("not yet")
        return "answer"

    @receive
    def listed(self, listing: Listing[Echo]) -> None:
        pass

    @call
    def subscribe(self) -> None:
        self.context.subscribe(KEY)

    @call
    def look(self) -> None:
        pass


KEY = ServiceKey(Echo)


@pytest.mark.parametrize("watches", [True, False])
def test_a_message_that_is_tried_again_is_observed_each_time(watches):
    Stubborn.failures = 0

    async def main(system: System) -> None:
        assert await (await system.spawn(Stubborn)).ask(Ask()) == "answer"

    found = recorded(main, watches=watches)
    tries = found.all("handle Ask")
    assert [line.facts[1].attempt for line in tries] == ([1, 2, 3] if watches else [])
    assert len({line.parent for line in tries}) <= 1


def test_news_of_a_subscription_reach_an_actor_that_is_observed():
    async def main(system: System) -> None:
        stubborn = await system.spawn(Stubborn)
        await stubborn.ask(Stubborn.subscribe())
        echo = await system.spawn(Echo)
        await system.receptionist.register(KEY, echo)
        await stubborn.ask(Stubborn.look())
        while not system.host.observer.guarded.instrument.all("handle Listing"):  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.001)

    assert recorded(main).all("handle Listing")[0].parent == b""


class Full(Actor):
    """Has little room."""

    mailbox = MailboxOptions(bound=1, overflow=Overflow.DROP_OLDEST)

    @receive
    def ping(self, message: Ping) -> None:
        pass


class Parent(Actor):
    """Has a child that fails."""

    async def on_start(self) -> None:
        self.child = await self.context.spawn(Echo)

    @call
    async def hurt(self) -> None:
        with contextlib.suppress(Failed):
            await self.child.ask(Echo.fail())
        assert await self.child.ask(Echo.look()) == []


def test_lives_and_dead_letters_are_told_with_the_message_that_led_there():
    async def main(system: System) -> None:
        parent = await system.spawn(Parent)
        await parent.ask(Parent.hurt())
        full = await system.spawn(Full)
        full.tell(Ping())
        full.tell(Ping())
        await system.stop_actor(parent)

    found = recorded(main)
    events = {event.what.value: event for event in found.events}
    assert events["restart"].header == found.line("handle fail").header
    assert events["dead letter"].header == found.all("tell Ping")[0].header
    assert events["dead letter"].facts["reason"] == "mailbox_full"
    assert "text" not in str(events["dead letter"].facts)
    assert [event.facts["actor_class"] for event in found.events if event.what.value == "spawn"] == [
        "Parent",
        "Echo",
        "Full",
    ]
    assert events["stop"].facts["reason"] == "stopped"


def test_a_host_that_closes_lets_its_instrument_go_in_another_thread():
    found = recorded(_nothing)
    assert found.closed > 0.0
    assert found.thread.name != "MainThread"


async def _nothing(system: System) -> None:
    pass


@pytest.mark.parametrize("faulty", ["prepare", "current", "gap", "sends", "handles", "happens", "operates"])
def test_an_instrument_that_raises_is_counted_and_the_message_handled_all_the_same(faulty):
    async def main(system: System) -> int:
        last = await system.spawn(Echo)
        first = await system.spawn(Echo, last)
        assert await first.ask(Ask()) == "answer"
        first.tell(Ping())
        with pytest.raises(Failed):
            await first.ask(Ask("fail"))
        with system.telemetry.operation(Operation(role=Role.INTERNAL, name="work")):
            assert await last.ask(Ask()) == "answer"
        return system.host.observer.guarded.faults

    assert run(main, instrument=Recorders(faulty=frozenset((faulty,)))) > 0


def test_without_an_instrument_nothing_of_it_is_there():
    async def main(system: System) -> None:
        echo = await system.spawn(Echo)
        cell = system.host.cells[echo.address.number]
        assert type(cell).__name__ == "Cell"
        assert system.host.observer is None
        assert echo.cell is cell
        with system.telemetry.operation(Operation(role=Role.PRODUCER, name="publish")) as operation:
            assert operation.header == b""
        assert system.telemetry.carrier() == {}

    run(main)
