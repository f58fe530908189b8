"""Asking: the closed table of outcomes (A29), deadlines that travel (A30), and who hears which reply (A31)."""

import asyncio
import contextlib
from typing import Any, ClassVar

import pytest

from actors import (
    Actor,
    AskError,
    Backoff,
    Cancelled,
    Directive,
    Expired,
    Failed,
    MailboxFull,
    NotHandled,
    NotRunning,
    Ref,
    Reply,
    Stopped,
    Supervision,
    System,
    TimedOut,
    call,
)
from tests.contract.cast import Gate, Narrow, NarrowOldest, Worker


async def outcome(asked: Any) -> AskError:
    with pytest.raises(AskError) as caught:
        await asked
    return caught.value


class Keeper(Actor):
    """Promises replies and gives them when told, or does not."""

    def __init__(self) -> None:
        self.promised: list[Reply[int]] = []

    @call
    def later(self) -> int:
        self.promised.append(self.context.reply_later())
        return 0

    @call
    def keep(self, value: int) -> None:
        for reply in self.promised:
            reply.reply(value)

    @call
    def refuse(self) -> None:
        for reply in self.promised:
            reply.fail(LookupError("nothing there"))

    @call
    def fail(self) -> None:
        raise ValueError("planned")

    @call
    def finish(self) -> None:
        self.context.stop()

    @call
    def tokens(self) -> int:
        return len(self.promised)


class Shelf(Actor):
    """Outlives its keeper's incarnations and holds on to a token of an ended one."""

    tokens: ClassVar[list[Reply[int]]] = []


class LastKeeper(Keeper):
    """Gives its promises to the shelf, so that a later incarnation can try to keep them."""

    @call
    def later(self) -> int:
        Shelf.tokens.append(self.context.reply_later())
        return 0

    @call
    def keep(self, value: int) -> None:
        Shelf.tokens.pop().reply(value)


class Nested(Actor):
    """Asks another actor while it handles a request."""

    @call
    async def ask_on(self, gate: Ref[Gate], own: float | None) -> str:
        try:
            await gate.ask(Gate.passed(), timeout=own)
        except TimedOut:
            return "timed out"
        return "passed"

    @call
    def remaining(self) -> float | None:
        return self.context.remaining

    @call
    async def cancels_itself(self) -> None:
        raise asyncio.CancelledError

    @call
    def cancels_itself_at_once(self) -> None:
        raise asyncio.CancelledError

    @call
    def exits(self) -> None:
        raise SystemExit(3)

    @call
    async def exits_later(self) -> None:
        raise SystemExit(3)


class Guard(Actor):
    """Restarts its ward only after a while."""

    supervision = Supervision(backoff=Backoff(first=60.0, most=60.0))

    @call
    async def ward(self, kind: type[Any]) -> Ref[Any]:
        return await self.context.spawn(kind)


class Forgiving(Actor):
    """Lets its ward go on as it is."""

    supervision = Supervision(decide=lambda error: Directive.RESUME)

    @call
    async def ward(self, kind: type[Any]) -> Ref[Any]:
        return await self.context.spawn(kind)


def test_a_reply_is_what_the_handler_returns(system: System) -> None:
    async def main(system: System) -> None:
        worker = await system.spawn(Worker)
        assert [await worker.ask(Worker.add(2)) for _ in range(3)] == [2, 4, 6]

    system.run(main)


def test_failed_says_type_text_and_traceback_and_the_request_ran(system: System) -> None:
    async def main(system: System) -> None:
        worker = await system.spawn(Worker)
        error = await outcome(worker.ask(Worker.fail("too bad")))
        assert isinstance(error, Failed)
        assert (error.ran, error.type_name, error.text) == ("yes", "ValueError", "too bad")
        assert "in fail" in error.remote_traceback
        assert isinstance(error.__cause__, ValueError)

    system.run(main)


@pytest.mark.parametrize("request_", [Nested.exits(), Nested.exits_later()])
def test_a_handler_that_exits_fails_its_actor_and_not_the_process(system: System, request_: Any) -> None:
    async def main(system: System) -> None:
        actor = await system.spawn(Nested)
        error = await outcome(actor.ask(request_))
        assert isinstance(error, Failed)
        assert error.type_name == "SystemExit"
        assert await actor.ask(Nested.remaining()) is not None  # it was restarted

    system.run(main)


@pytest.mark.parametrize("request_", [Nested.cancels_itself(), Nested.cancels_itself_at_once()])
def test_cancelled_is_a_handler_that_was_cancelled_and_may_have_run(system: System, request_: Any) -> None:
    async def main(system: System) -> None:
        actor = await system.spawn(Nested)
        error = await outcome(actor.ask(request_))
        assert isinstance(error, Cancelled)
        assert error.ran == "maybe"
        assert await actor.ask(Nested.remaining()) is not None

    system.run(main)


def test_not_running_is_an_address_that_has_ended(system: System) -> None:
    async def main(system: System) -> None:
        worker = await system.spawn(Worker)
        await system.stop_actor(worker)
        error = await outcome(worker.ask(Worker.add(1)))
        assert isinstance(error, NotRunning)
        assert error.ran == "no"
        assert "parent" in str(error)

    system.run(main)


class Fickle(Actor):
    """Becomes what handles nothing it declares."""

    @call
    def shut(self) -> None:
        self.context.become(lambda message: "shut")

    @call
    async def numbers(self) -> int:
        return 1


def test_not_handled_is_a_request_that_nobody_has_a_handler_for(system: System) -> None:
    async def main(system: System) -> None:
        fickle = await system.spawn(Fickle)
        gate = await system.spawn(Gate)
        await fickle.ask(Fickle.shut())
        assert await fickle.ask(Worker.add(1)) == "shut"  # type: ignore[arg-type] - a behaviour takes everything
        holder = await system.spawn(Stashing)
        held = asyncio.ensure_future(holder.ask(Stashing.hold(gate)))
        await gate.ask(Gate.reached(1))
        queued = holder.ask(Worker.add(1))  # type: ignore[arg-type] - accepted while the actor handles anything
        await gate.ask(Gate.open())
        await held
        error = await outcome(queued)
        assert isinstance(error, NotHandled)
        assert error.ran == "no"

    system.run(main)


class Stashing(Actor):
    """Becomes something that takes everything, and goes back before the next message has its turn."""

    def on_start(self) -> None:
        self.context.become(self.anything)

    async def anything(self, message: object) -> object:
        if isinstance(message, Stashing.hold):  # type: ignore[arg-type]
            await message.gate.ask(Gate.passed())
        self.context.become(None)
        return "anything"

    @call
    async def hold(self, gate: Ref[Gate]) -> None: ...


def test_mailbox_full_is_a_request_that_was_refused_or_evicted(system: System) -> None:
    async def main(system: System) -> None:
        gate = await system.spawn(Gate)
        for kind, victim in ((Narrow, 2), (NarrowOldest, 0)):
            worker = await system.spawn(kind)
            held = asyncio.ensure_future(worker.ask(Worker.hold(gate)))
            await gate.ask(Gate.reached(1))
            asks = [asyncio.ensure_future(worker.ask(Worker.add(1))) for _ in range(3)]
            error = await outcome(asks.pop(victim))
            assert isinstance(error, MailboxFull)
            assert error.ran == "no"
            await gate.ask(Gate.open())
            assert (await held, [await ask for ask in asks]) == ("held", [1, 2])

    system.run(main)


def test_expired_is_a_request_whose_turn_came_too_late_and_it_never_runs(system: System) -> None:
    async def main(system: System) -> None:
        gate = await system.spawn(Gate)
        worker = await system.spawn(Worker)
        held = asyncio.ensure_future(worker.ask(Worker.hold(gate), timeout=None))
        await gate.ask(Gate.reached(1))
        error = await outcome(worker.ask(Worker.add(1), timeout=0.03))
        assert isinstance(error, TimedOut)
        assert isinstance(error, TimeoutError)
        assert error.ran == "maybe"
        await gate.ask(Gate.open())
        await held
        assert await worker.ask(Worker.add(1)) == 1  # the one that expired in the queue was not run
        error = await outcome(worker.ask(Worker.add(1), timeout=0.0))
        assert isinstance(error, Expired | TimedOut)
        assert await worker.ask(Worker.add(1)) == 2

    system.run(main)


def test_stopped_says_no_for_a_queued_request_and_yes_for_one_that_was_cut(system: System) -> None:
    async def main(system: System) -> None:
        gate = await system.spawn(Gate)
        worker = await system.options(stop_budget=0.01).spawn(Worker)
        running = asyncio.ensure_future(worker.ask(Worker.hold(gate)))
        await gate.ask(Gate.reached(1))
        queued = worker.ask(Worker.add(1))
        await system.stop_actor(worker)
        for asked, ran in ((queued, "no"), (running, "yes")):
            error = await outcome(asked)
            assert isinstance(error, Stopped)
            assert error.ran == ran

    system.run(main)


def test_a_nested_ask_inherits_the_deadline_where_that_is_sooner(system: System) -> None:
    async def main(system: System) -> None:
        gate = await system.spawn(Gate)
        nested = await system.spawn(Nested)
        for own in (None, 3600.0):
            loop = asyncio.get_running_loop()
            began = loop.time()
            asked = nested.ask(Nested.ask_on(gate, own), timeout=0.2)
            with contextlib.suppress(TimedOut):
                assert await asked == "timed out"  # from another host that may come just in time
            # The nested ask ended too, or this one would wait behind it.
            assert await nested.ask(Nested.remaining(), timeout=10.0) is not None
            assert loop.time() - began < 5.0
        assert await nested.ask(Nested.ask_on(gate, 0.01), timeout=None) == "timed out"

    system.run(main)


def test_a_handler_reads_what_remains_of_its_deadline(system: System) -> None:
    async def main(system: System) -> None:
        nested = await system.spawn(Nested)
        remaining = await nested.ask(Nested.remaining(), timeout=5.0)
        assert remaining is not None
        assert 0 < remaining < 5.1  # between two machines the clocks are compared with an error, which only adds
        assert await nested.ask(Nested.remaining(), timeout=None) is None

    system.run(main)
