"""The example that the documentation shows: how a user tests an actor of his own."""

from actors import Actor, Message, Reason, Ref, System, call
from actors.testing import ManualTime, Probe, expect_dead_letters, run


class Reminder(Message):
    text: str


class Desk(Actor):
    """Reminds its guest until the guest answers, at most three times."""

    def __init__(self, guest: "Ref[object]") -> None:
        self.guest = guest
        self.left = 3

    @call
    def remind(self, text: str) -> None:
        self.guest.tell(Reminder(text))
        self.left -= 1
        if self.left:
            self.context.timers.once("again", 60, Desk.remind(text))
        else:
            self.context.stop()


def test_a_guest_is_reminded_once_a_minute_and_three_times():
    time = ManualTime()

    async def main(system: System) -> None:
        guest = Probe(system)
        desk = await system.spawn(Desk, guest.ref)
        guest.watch(desk)
        desk.tell(Desk.remind("tea"))
        await guest.expect(Reminder("tea"))
        await time.advance(59)
        await guest.expect_no_message()
        await time.advance(61)
        assert await guest.receive_many(2) == [Reminder("tea")] * 2
        await guest.expect_terminated(desk)
        async with expect_dead_letters(system, count=1, reason=Reason.NOT_RUNNING, of=Desk.remind):
            desk.tell(Desk.remind("cake"))

    run(main, time=time)
