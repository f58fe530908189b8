"""What a handler may do with its message and its actor: become, stash, forward, pipe, answer later, know the sender."""

import asyncio
from typing import ClassVar

import pytest

from actors import (
    Actor,
    Failed,
    Fenced,
    MailboxOptions,
    Message,
    NoContext,
    NotRunning,
    ReceiveTimeout,
    Ref,
    StashFull,
    System,
    call,
    receive,
)
from tests.contract.cast import Gate, Note, Recorder, Worker


class Got(Message):
    """A piped result."""

    value: object


class Lost(Message):
    """A piped failure."""

    error: str


class Door(Actor):
    """Stashes whoever knocks until it is opened, and then answers them in order."""

    mailbox = MailboxOptions(stash=3)

    def __init__(self) -> None:
        self.opened = False
        self.knocks = 0

    @call
    def knock(self, name: str) -> str:
        if not self.opened:
            self.context.stash()
            return "ignored: what a handler that stashed returns is no reply"
        self.knocks += 1
        return f"{name} is number {self.knocks}"

    @call
    def open(self) -> int:
        self.opened = True
        return self.context.unstash()


class Shifting(Actor):
    """Becomes something else, by `def` and by `async def`."""

    @call
    def name(self) -> str:
        return "declared"

    @call
    def shift(self, kind: str) -> None:
        self.context.become(self.plain if kind == "plain" else self.waiting)

    def plain(self, message: object) -> str:
        if isinstance(message, Note):
            self.context.become(None)
        return "plain"

    async def waiting(self, message: object) -> str:
        await asyncio.sleep(0)
        if isinstance(message, Note):
            self.context.become(None)
        return "waiting"

    @receive
    def note(self, note: Note) -> None: ...


class Front(Actor):
    """Forwards."""

    def __init__(self, back: "Ref[Back]") -> None:
        self.back = back

    @call
    def compute(self, number: int) -> int:
        self.context.forward(self.back, Back.square(number))
        return -1

    @receive
    def note(self, note: Note) -> None:
        self.context.forward(self.back)

    @call
    def wrongly(self) -> int:
        self.context.forward(self.back, Worker.add(1))  # type: ignore[arg-type]
        return -1


class Back(Actor):
    def __init__(self, log: Ref[Recorder]) -> None:
        self.log = log

    @call
    def square(self, number: int) -> int:
        return number * number

    @receive
    def note(self, note: Note) -> None:
        self.log.tell(Note((note.text, self.context.sender)))


class Teller(Actor):
    @call
    def tell(self, to: Ref[Front], text: str) -> None:
        to.tell(Note(text))


class Piper(Actor):
    """Pipes work to itself and goes on meanwhile."""

    def __init__(self) -> None:
        self.got: list[object] = []

    @call
    def pipe(self, gate: Ref[Gate]) -> None:
        self.context.pipe(gate.ask(Gate.passed()), lambda _: Got("passed"))

    @call
    def pipe_failing(self, worker: Ref[Worker], *, handled: bool) -> None:
        failure = (lambda error: Lost(type(error).__name__)) if handled else None
        self.context.pipe(worker.ask(Worker.fail()), Got, failure)

    @call
    def pipe_cancelled(self) -> None:
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        future.cancel()
        self.context.pipe(future, Got, lambda error: Lost(type(error).__name__))

    @call
    def pipe_unknown(self) -> None:
        self.context.pipe(asyncio.sleep(0), lambda _: Note("nobody handles this"))

    @receive
    def on_got(self, got: Got) -> None:
        self.got.append(got.value)

    @receive
    def on_lost(self, lost: Lost) -> None:
        self.got.append(lost.error)

    @call
    def look(self) -> tuple[int, list[object]]:
        return self.context.incarnation, self.got


class Sleepy(Actor):
    """Counts the times when nothing came."""

    def __init__(self, log: Ref[Recorder], gate: Ref[Gate]) -> None:
        self.log = log
        self.gate = gate

    @call
    def wait(self, seconds: float | None) -> None:
        self.context.receive_timeout(seconds)

    @call
    async def busy(self) -> None:
        await self.gate.ask(Gate.passed())
        self.log.tell(Note("busy no more"))

    @receive
    def idle(self, event: ReceiveTimeout) -> None:
        self.log.tell(Note(event.seconds))


def test_stashed_messages_come_back_at_the_front_in_order_with_their_askers(system: System) -> None:
    async def main(system: System) -> None:
        door = await system.spawn(Door)
        knocks = [door.ask(Door.knock(name)) for name in "abc"]
        opening, late = door.ask(Door.open()), door.ask(Door.knock("d"))
        assert await opening == 3
        assert await asyncio.gather(*knocks, late) == [
            f"{it} is number {number}" for number, it in enumerate("abcd", 1)
        ]

    system.run(main)


def test_the_stash_is_bounded(system: System) -> None:
    async def main(system: System) -> None:
        door = await system.spawn(Door)
        for name in "abc":
            door.tell(Door.knock(name))
        with pytest.raises(Failed, match="3 messages in its stash") as caught:
            await door.ask(Door.knock("d"))
        assert isinstance(caught.value.__cause__, StashFull)

    system.run(main)


@pytest.mark.parametrize("kind", ["plain", "waiting"])
def test_a_behaviour_gets_every_message_until_the_actor_becomes_itself_again(system: System, kind: str) -> None:
    async def main(system: System) -> None:
        actor = await system.spawn(Shifting)
        assert await actor.ask(Shifting.name()) == "declared"
        await actor.ask(Shifting.shift(kind))
        assert [await actor.ask(Shifting.name()) for _ in range(3)] == [kind] * 3
        actor.tell(Note("back"))
        assert await actor.ask(Shifting.name()) == "declared"

    system.run(main)


def test_a_forwarded_request_is_answered_to_its_asker_and_keeps_its_sender(system: System) -> None:
    async def main(system: System) -> None:
        log, teller = await system.spawn(Recorder), await system.spawn(Teller)
        back = await system.spawn(Back, log)
        front = await system.spawn(Front, back)
        assert await front.ask(Front.compute(7)) == 49
        await teller.ask(Teller.tell(front, "hello"))
        front.tell(Note("from outside"))
        assert await log.ask(Recorder.until(2)) == [("hello", teller), ("from outside", None)]
        await system.stop_actor(back)
        with pytest.raises(NotRunning):
            await front.ask(Front.compute(7))

    system.run(main)


def test_a_forward_that_nobody_handles_is_the_askers_to_hear(system: System) -> None:
    async def main(system: System) -> None:
        back = await system.spawn(Back, await system.spawn(Recorder))
        front = await system.spawn(Front, back)
        with pytest.raises(Exception, match="Back has no call"):
            await front.ask(Front.wrongly())

    system.run(main)


def test_piped_work_leaves_the_actor_free_and_comes_back_as_a_message(system: System) -> None:
    async def main(system: System) -> None:
        gate, piper, worker = await system.spawn(Gate), await system.spawn(Piper), await system.spawn(Worker)
        await piper.ask(Piper.pipe(gate))
        await gate.ask(Gate.reached(1))
        assert await piper.ask(Piper.look()) == (1, [])
        await gate.ask(Gate.open())
        await piper.ask(Piper.pipe_failing(worker, handled=True))
        await piper.ask(Piper.pipe_cancelled())
        while len((await piper.ask(Piper.look()))[1]) < 3:
            pass
        assert sorted(map(str, (await piper.ask(Piper.look()))[1])) == ["CancelledError", "Failed", "passed"]

    system.run(main)


@pytest.mark.parametrize("unhandled", ["failing", "unknown"])
def test_piped_work_whose_failure_or_result_nobody_handles_fails_the_actor(system: System, unhandled: str) -> None:
    async def main(system: System) -> None:
        piper, worker = await system.spawn(Piper), await system.spawn(Worker)
        if unhandled == "failing":
            piper.tell(Piper.pipe_failing(worker, handled=False))
        else:
            piper.tell(Piper.pipe_unknown())
        while (await piper.ask(Piper.look()))[0] == 1:
            pass

    system.run(main)


def test_a_time_without_messages_is_told_again_and_again_until_it_is_switched_off(system: System) -> None:
    async def main(system: System) -> None:
        log, gate = await system.spawn(Recorder), await system.spawn(Gate)
        sleepy = await system.spawn(Sleepy, log, gate)
        await sleepy.ask(Sleepy.wait(0.01))
        assert await log.ask(Recorder.until(3)) == [0.01] * 3
        await sleepy.ask(Sleepy.wait(None))
        before = len(await log.ask(Recorder.until(0)))
        busy = asyncio.ensure_future(sleepy.ask(Sleepy.busy()))
        await gate.ask(Gate.open())
        await busy
        assert (await log.ask(Recorder.until(before + 1)))[before:] == ["busy no more"]

    system.run(main)


class Leaky(Actor):
    """Lets its context out."""

    contexts: ClassVar[list[object]] = []

    def on_start(self) -> None:
        self.contexts.append(self.context)

    @call
    def fail(self) -> None:
        raise ValueError("planned")

    @call
    def use_old(self) -> list[str]:
        old = self.contexts[0]
        found = []
        for verb in (
            old.stop,  # type: ignore[attr-defined]
            lambda: old.spawn_nowait(Worker),  # type: ignore[attr-defined]
            lambda: old.watch(self.context.ref),  # type: ignore[attr-defined]
            lambda: old.timers,  # type: ignore[attr-defined]
            lambda: old.become(None),  # type: ignore[attr-defined]
            old.reply_later,  # type: ignore[attr-defined]
            old.now,  # type: ignore[attr-defined]
        ):
            try:
                verb()
                found.append("done")
            except Fenced:
                found.append("fenced")
        return found


def test_the_context_of_an_ended_incarnation_refuses_every_verb(system: System) -> None:
    async def main(system: System) -> None:
        Leaky.contexts.clear()
        leaky = await system.spawn(Leaky)
        leaky.tell(Leaky.fail())
        assert await leaky.ask(Leaky.use_old()) == ["fenced"] * 7

    system.run(main)


def test_an_actor_made_by_hand_has_no_context_and_its_calls_are_methods() -> None:
    worker = Worker()
    assert worker.add(2) == 2
    with pytest.raises(NoContext, match="Spawn it"):
        worker.incarnation()
