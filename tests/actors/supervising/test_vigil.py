"""Children on other hosts that were told to end are given up only when their host is out of reach at two looks."""

import asyncio
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from actors import Actor
from actors.address import Address
from actors.supervising.child import Child
from actors.supervising.signals import Spec, StopReport
from actors.supervising.vigil import Vigil

BUDGET, GRACE = 10.0, 1.0


class Part(Actor):
    """Stands in the spec."""


class Watched:
    """A vigil whose time is moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0
        self.away = False
        self.asked: list[float] = []
        self.looks: list[tuple[float, Callable[[], None]]] = []
        self.abandoned: list[int] = []
        self.loop = asyncio.new_event_loop()
        host: Any = SimpleNamespace(
            clock=lambda: self.now,
            is_away=lambda seat: self.away,
            loop=SimpleNamespace(call_later=self._call_later),
            settings=SimpleNamespace(stop_budget=BUDGET, cancel_grace=GRACE),
        )
        self.vigil = Vigil(host, lambda child: self.abandoned.append(child.number))

    def _call_later(self, seconds: float, look: Callable[[], None]) -> object:
        self.looks.append((seconds, look))
        return look

    def child(self, number: int, budget: float | None = None) -> Child:
        child = Child(Address("s", 1, number), Spec(Part, stop_budget=budget), None)
        child.ended = self.loop.create_future()
        self.vigil.begin(child)
        return child

    def look(self) -> float:
        """Let the time pass until the look that is due; the seconds it was put off."""
        [(seconds, look)] = self.looks
        self.looks.clear()
        self.now += seconds
        look()
        return seconds


@pytest.fixture
def watched() -> Iterator[Watched]:
    made = Watched()
    yield made
    made.loop.close()


def test_one_whose_host_is_out_of_reach_at_two_looks_after_its_time_is_given_up(watched: Watched):
    watched.child(7)
    watched.away = True
    assert watched.look() == BUDGET + GRACE
    assert watched.abandoned == []
    assert watched.look() == GRACE
    assert watched.abandoned == [7]
    assert watched.looks == []


def test_a_host_that_was_out_of_reach_at_one_look_only_is_waited_for(watched: Watched):
    watched.child(7)
    for away in (True, False, True, False):
        watched.away = away
        watched.look()
    assert watched.abandoned == []
    assert watched.looks


def test_the_budget_of_the_child_goes_before_that_of_the_system_and_may_be_none_at_all(watched: Watched):
    watched.child(7, budget=3.0)
    assert watched.look() == 3.0 + GRACE
    other = Watched()
    other.child(8, budget=0.0)
    assert other.look() == GRACE
    other.loop.close()


def test_before_its_time_nobody_is_given_up_however_long_the_host_is_away(watched: Watched):
    watched.child(7, budget=0.0)
    watched.child(8)
    watched.away = True
    watched.look()
    watched.look()
    assert watched.abandoned == [7]


def test_one_that_has_ended_is_looked_for_no_more(watched: Watched):
    child = watched.child(7)
    assert child.ended is not None
    child.ended.set_result(StopReport())
    watched.away = True
    watched.look()
    assert watched.looks == []
    assert watched.abandoned == []


def test_many_are_looked_at_together(watched: Watched):
    for number in range(100):
        watched.child(number)
    assert len(watched.looks) == 1
