"""Mistakes that a checker cannot see are a TypeError at the sender, which names actor, message and known handlers."""

import math
from typing import Any

import pytest

from actors import Actor, MailboxOptions, Message, System, SystemClosed, call, here, receive
from tests.contract.cast import Gate, Narrow, Note, Worker


class Odd(Message):
    """Nobody handles this."""


class Both(Actor):
    @call
    def look(self) -> int:
        return 1

    @receive
    def note(self, note: Note) -> None: ...


def test_an_unknown_message_is_a_type_error_at_the_sender_and_the_actor_lives_on(system: System) -> None:
    async def main(system: System) -> None:
        both = await system.options(placement=here()).spawn(Both)  # where it is known what it handles
        for verb in (both.tell, both.ask, both.send):
            for wrong in (Odd(), 5, None, Gate.open(), Both.look, Note):
                with pytest.raises(
                    TypeError, match=r"Both .*It handles: .*look\(\.\.\.\).*Note|Both .*It handles"
                ) as caught:
                    verb(wrong)  # type: ignore[operator]
                assert "look" in str(caught.value)
                assert "Note" in str(caught.value)
        assert await both.ask(Both.look()) == 1

    system.run(main)


def test_options_that_cannot_be_are_refused_where_they_are_written() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        MailboxOptions(bound=0)
    with pytest.raises(ValueError, match="choose one of"):
        System(on="elsewhere")  # type: ignore[arg-type]


def test_an_actor_class_whose_supervision_is_none_is_refused_when_it_is_spawned(system: System) -> None:
    class Wrong(Actor):
        supervision: Any = "one_for_one"

    async def main(system: System) -> None:
        with pytest.raises(TypeError, match="`supervision = Supervision"):
            await system.spawn(Wrong)

    system.run(main)


@pytest.mark.parametrize(
    ("wrong", "error", "why"),
    [
        ({"restart": "permanent"}, TypeError, r"restart='permanent'\): give a Restart: Restart.PERMANENT"),
        ({"restart": None}, TypeError, "give a Restart"),
        ({"stop_budget": "3"}, TypeError, r"stop_budget='3'\): give seconds, 0 or more"),
        ({"stop_budget": -1}, ValueError, "give seconds, 0 or more"),
        ({"stop_budget": math.nan}, ValueError, "give seconds, 0 or more"),
        ({"stop_budget": math.inf}, ValueError, "give seconds, 0 or more"),
    ],
)
def test_options_of_a_spawn_that_cannot_be_are_refused_where_they_are_given(
    system: System, wrong: dict[str, Any], error: type[Exception], why: str
) -> None:
    async def main(system: System) -> None:
        with pytest.raises(error, match=why):
            system.options(**wrong)

    system.run(main)


def test_a_system_is_opened_once_and_used_while_it_is_open(own_system: System) -> None:
    with pytest.raises(SystemClosed, match="not open"):
        own_system.options()

    async def main(system: System) -> None:
        await system.spawn(Narrow)

    own_system.run(main)
    with pytest.raises(SystemClosed, match="new System"):
        own_system.options()
    with pytest.raises(SystemClosed, match="new System"):
        own_system.run(main)


def test_after_the_end_ask_and_send_say_closed_and_tell_is_silent(own_system: System) -> None:
    kept = []

    async def main(system: System) -> None:
        kept.append(await system.spawn(Worker))
        await system.stop()
        kept[0].tell(Worker.add(1))
        for verb in (kept[0].ask, kept[0].send):
            with pytest.raises(SystemClosed):
                await verb(Worker.add(1))

    own_system.run(main)
    kept[0].tell(Worker.add(1))
