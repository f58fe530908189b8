"""Dead letters are expected exactly, or not at all; those that nobody expected fail the test."""

import asyncio

import pytest

from actors import Actor, Message, Reason, System, call, receive
from actors.testing import BlockingProbe, SystemUnderTest, expect_dead_letters, no_dead_letters, run


class Joined(Message):
    name: str


class Left(Message):
    name: str


class Room(Actor):
    @receive
    def joined(self, event: Joined | Left) -> None: ...

    @call
    async def wait(self) -> None:
        await asyncio.sleep(0.02)


async def stopped(system: System):
    room = await system.spawn(Room)
    await system.stop_actor(room)
    return room


def test_expected_dead_letters_are_those_of_the_class_and_reason():
    async def main(system: System) -> None:
        room = await stopped(system)
        async with expect_dead_letters(system, count=2, reason=Reason.NOT_RUNNING, of=Joined) as letters:
            room.tell(Joined("ada"))
            room.tell(Left("ada"))
            room.tell(Joined("bob"))
        assert [letter.message for letter in letters] == [Joined("ada"), Joined("bob")]
        async with expect_dead_letters(system):
            room.tell(Left("bob"))
        async with no_dead_letters(system, of=Joined):
            room.tell(Left("eve"))

    run(main, allow_dead_letters=True)


def test_a_call_can_be_expected():
    async def main(system: System) -> None:
        room = await stopped(system)
        async with expect_dead_letters(system, count=1, of=Room.wait):
            room.tell(Room.wait())

    run(main)


def test_dead_letters_that_come_late_are_waited_for():
    async def main(system: System) -> None:
        room = await system.spawn(Room)
        async with expect_dead_letters(system, count=1, reason=Reason.STOPPED):
            room.tell(Room.wait())
            room.tell(Joined("late"))
            stopping = asyncio.ensure_future(system.stop_actor(room))
        await stopping

    run(main)


@pytest.mark.parametrize(("sent", "said"), [(0, "there were none"), (1, "there were 1:"), (3, "there were 3:")])
def test_too_few_and_too_many_fail_and_are_shown(sent, said):
    async def main(system: System) -> None:
        room = await stopped(system)
        async with expect_dead_letters(system, count=2, of=Joined, reason=Reason.NOT_RUNNING, within=0.01):
            for number in range(sent):
                room.tell(Joined(str(number)))

    with pytest.raises(
        AssertionError, match=f"Expected 2 dead letters of Joined with reason 'not_running', and {said}"
    ):
        run(main)


def test_no_dead_letters_means_none():
    async def main(system: System) -> None:
        room = await system.spawn(Room)
        async with no_dead_letters(system):
            room.tell(Joined("ada"))
        await system.stop_actor(room)
        with pytest.raises(
            AssertionError, match=r"Expected no dead letters, and there were 1:\n.*Joined\(name='ada'\)"
        ):
            async with no_dead_letters(system):
                room.tell(Joined("ada"))

    run(main, allow_dead_letters=True)


def test_what_the_block_raises_is_raised():
    async def main(system: System) -> None:
        with pytest.raises(ZeroDivisionError):
            async with expect_dead_letters(system, count=1):
                raise ZeroDivisionError

    run(main)


def test_dead_letters_that_nobody_expected_fail_the_test():
    async def main(system: System) -> str:
        room = await stopped(system)
        async with expect_dead_letters(system, of=Left):
            room.tell(Joined("ada"))
            room.tell(Left("ada"))
        return "done"

    with pytest.raises(AssertionError, match=r"1 dead letters that the test did not expect:\n.*Joined\(name='ada'\)"):
        run(main)
    assert run(main, allow_dead_letters=True) == "done"


def test_what_closing_gives_up_is_no_failure():
    async def main(system: System) -> None:
        room = await system.options(stop_budget=0.01).spawn(Room)
        room.tell(Room.wait())
        room.tell(Joined("too late"))

    run(main)


def test_a_failing_test_fails_with_its_own_error():
    async def main(system: System) -> None:
        room = await stopped(system)
        room.tell(Joined("ada"))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(main)


def test_the_blocking_form_has_the_same_assertions():
    with SystemUnderTest().blocking() as system:
        room = system.spawn(Room)
        with no_dead_letters(system):
            room.tell(Joined("ada"))
        probe = BlockingProbe(system)
        probe.watch(room)
        system.stop_actor(room)
        probe.expect_terminated(room)
        with expect_dead_letters(system, count=1) as letters:
            room.tell(Joined("ada"))
        assert letters[0].message == Joined("ada")
        with pytest.raises(AssertionError), no_dead_letters(system):
            room.tell(Joined("ada"))
        with pytest.raises(TypeError, match="async with"), no_dead_letters(system.system):
            pass
