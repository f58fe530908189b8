"""Replies that are promised, late, or given before a crash: who hears which, and when (A31)."""

from collections import Counter as Tally

from actors import (
    Actor,
    Failed,
    Reason,
    Ref,
    Stopped,
    System,
    TimedOut,
    call,
)
from tests.contract.cast import Note, Recorder, Worker, dead
from tests.contract.test_asking import Forgiving, Guard, Keeper, LastKeeper, outcome


def test_a_promised_reply_is_given_from_a_later_handler_and_the_first_one_counts(system: System) -> None:
    async def main(system: System) -> None:
        keeper = await system.spawn(Keeper)
        asked = keeper.ask(Keeper.later())
        await keeper.ask(Keeper.keep(7))
        await keeper.ask(Keeper.keep(8))
        assert await asked == 7
        asked = keeper.ask(Keeper.later())
        await keeper.ask(Keeper.refuse())
        error = await outcome(asked)
        assert isinstance(error, Failed)
        assert (error.type_name, error.text) == ("LookupError", "nothing there")

    system.run(main)


def test_askers_with_a_promise_hear_at_once_when_the_incarnation_ends(system: System) -> None:
    async def main(system: System) -> None:
        for end, kind in ((Keeper.fail(), Failed), (Keeper.finish(), Stopped)):
            keeper = await system.spawn(Keeper)
            asked = keeper.ask(Keeper.later(), timeout=None)
            keeper.tell(end)
            error = await outcome(asked)
            assert isinstance(error, kind)
            assert error.ran == "yes"

    system.run(main)


def test_askers_hear_at_once_even_if_the_restart_waits_for_its_backoff(system: System) -> None:
    async def main(system: System) -> None:
        guard = await system.spawn(Guard)
        keeper = await guard.ask(Guard.ward(Keeper))
        asked = keeper.ask(Keeper.later(), timeout=None)
        keeper.tell(Keeper.fail())
        assert isinstance(await outcome(asked), Failed)

    system.run(main)


def test_a_promise_kept_by_a_later_incarnation_reaches_nobody_and_is_a_late_letter(system: System) -> None:
    async def main(system: System) -> None:
        keeper = await system.spawn(LastKeeper)
        asked = keeper.ask(LastKeeper.later())
        keeper.tell(Keeper.fail())
        assert isinstance(await outcome(asked), Failed)
        await keeper.ask(LastKeeper.keep(9))
        assert (await dead(system))[Reason.LATE] == 1

    system.run(main)


def test_a_reply_after_the_asker_gave_up_is_a_late_letter_and_reaches_no_other_ask(system: System) -> None:
    async def main(system: System) -> None:
        keeper = await system.spawn(Keeper)
        error = None
        while not await keeper.ask(Keeper.tokens()):  # its time may be over before it has its turn
            error = await outcome(keeper.ask(Keeper.later(), timeout=0.1))
        assert isinstance(error, TimedOut)
        other = keeper.ask(Keeper.tokens())
        await keeper.ask(Keeper.keep(1))
        assert await other == 1
        assert await dead(system) == Tally({Reason.LATE: 1})

    system.run(main)


def test_reply_then_crash_gives_the_asker_the_reply(system: System) -> None:
    async def main(system: System) -> None:
        keeper = await system.spawn(ReplyThenCrash)
        assert await keeper.ask(ReplyThenCrash.both()) == 5
        assert await keeper.ask(ReplyThenCrash.life()) == 2

    system.run(main)


class ReplyThenCrash(Actor):
    """Answers before it fails."""

    @call
    def both(self) -> int:
        self.context.reply_later().reply(5)
        raise ValueError("after the reply")

    @call
    def life(self) -> int:
        return self.context.incarnation


def test_a_resumed_actor_has_failed_for_its_asker_and_keeps_its_state(system: System) -> None:
    async def main(system: System) -> None:
        guard = await system.spawn(Forgiving)
        worker: Ref[Worker] = await guard.ask(Forgiving.ward(Worker))
        await worker.ask(Worker.add(5))
        assert isinstance(await outcome(worker.ask(Worker.fail())), Failed)
        assert await worker.ask(Worker.add(1)) == 6
        assert await worker.ask(Worker.incarnation()) == 1

    system.run(main)


def test_an_ask_is_sent_at_once_in_order_with_tells(system: System) -> None:
    async def main(system: System) -> None:
        recorder = await system.spawn(Recorder)
        recorder.tell(Note(1))
        asked = recorder.ask(Recorder.until(1))
        recorder.tell(Note(2))
        assert await asked in ([1], [1, 2])
        assert await recorder.ask(Recorder.until(2)) == [1, 2]

    system.run(main)
