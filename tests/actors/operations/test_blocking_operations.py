"""Operations without await: a script looks at actors, suspends and traces one, and gives a message back."""

import threading
from collections.abc import Iterator
from typing import Annotated

import pytest

from actors import (
    Actor,
    ActorState,
    BlockingSystem,
    Failed,
    MailboxOptions,
    NotRunning,
    Sensitive,
    System,
    SystemClosed,
    call,
    retry,
)
from actors.cells.cell import Cell


class Oven(Actor):
    mailbox = MailboxOptions(on_failure=retry(0))
    melts = True

    def __init__(self, degrees: int, code: Annotated[str, Sensitive]) -> None:
        self.degrees = degrees
        self.code = code

    @call
    def bake(self, dish: str) -> str:
        if dish == "plastic" and Oven.melts:
            raise ValueError("that melts")
        return dish

    @call
    def look_on_the_loop(self, system: System) -> int:
        return len(system.blocking().operations.tree().actors)


@pytest.fixture
def system() -> Iterator[BlockingSystem]:
    with System(on="local").blocking() as opened:
        yield opened


def test_actors_are_found_looked_into_suspended_and_resumed(system: BlockingSystem) -> None:
    oven = system.options(name="oven").spawn(Oven, 180, "1234")
    operations = system.operations
    assert [it.path for it in operations.tree().actors] == ["/oven"]
    assert operations.tree(limit=0).left_out == 1
    assert operations.find("/oven") == oven.address
    assert operations.inspect(oven).attributes == {"degrees": "180", "code": "***"}
    assert (operations.suspend("/oven"), operations.suspend("/oven")) == (True, False)
    oven.tell(Oven.bake("bread"))
    assert [(it.state, it.waiting) for it in operations.tree().actors] == [(ActorState.SUSPENDED, 1)]
    assert (operations.resume("/oven"), operations.resume("/oven")) == (True, False)
    assert system.ask(oven, Oven.bake("bread")) == "bread"
    assert operations.doctor().problems == ()
    assert [it.seat for it in system.members()] == [0]
    with pytest.raises(NotRunning):
        operations.inspect("/stove")
    with pytest.raises(ValueError, match="Nobody sits on seat 99"):
        operations.drain(99)


def test_a_trace_is_an_iterator_and_ends_when_it_is_left(system: BlockingSystem) -> None:
    oven = system.spawn(Oven, 180, "1234")
    cell, seen = system.system.host.cell_at(oven.address), threading.Event()

    def bake() -> None:
        while not seen.is_set():
            system.ask(oven, Oven.bake("bread"))

    baking = threading.Thread(target=bake)
    baking.start()
    for event in system.operations.trace(oven, seconds=60.0):
        assert (event.what, event.message) == ("ask", "Oven.bake")
        assert type(cell) is not Cell
        break
    seen.set()
    baking.join()
    while type(cell) is not Cell:  # it is told that nobody looks any more, and is not waited for
        system.ask(oven, Oven.bake("bread"))


def test_a_message_in_quarantine_is_shown_given_back_or_dropped(system: BlockingSystem) -> None:
    oven = system.options(name="oven").spawn(Oven, 180, "1234")
    for _ in range(2):
        with pytest.raises(Failed, match="melts"):
            system.ask(oven, Oven.bake("plastic"))
    one, other = system.quarantine.list()
    assert system.operations.quarantined(one) == "Oven.bake(dish='plastic')"
    assert system.quarantine.message(one) == Oven.bake("plastic")
    assert (system.quarantine.drop(other), system.quarantine.drop(other)) == (True, False)
    Oven.melts = False
    try:
        assert system.quarantine.requeue(one, timeout=5.0)
        system.ask(oven, Oven.bake("bread"))
    finally:
        Oven.melts = True
    assert system.quarantine.list() == []


def test_they_are_refused_on_the_own_loop_and_after_the_end() -> None:
    with System(on="local").blocking() as system:
        oven = system.spawn(Oven, 180, "1234")
        with pytest.raises(Failed, match="Await the verb"):
            system.ask(oven, Oven.look_on_the_loop(system.system))
        operations = system.operations
    with pytest.raises(SystemClosed):
        operations.tree()
    with pytest.raises(SystemClosed):
        _ = system.operations
    with pytest.raises(SystemClosed):
        _ = System(on="local").blocking().quarantine
