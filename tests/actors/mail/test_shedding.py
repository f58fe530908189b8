"""When messages are shed (A44): the judge as a pure rule over waits and times, and the mailbox that asks it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors import Overflow, Priority, Shedding
from actors.mail.envelope import SHED, Envelope
from actors.mail.shedding import Judge
from actors.mail.shedding_mailbox import SheddingMailbox
from tests.actors.mail.test_mailbox import Waiting, at

TARGET = 0.1


def test_a_burst_that_ends_within_an_interval_is_handled_whole() -> None:
    judge = Judge(Shedding(TARGET))
    waits = [min(n, 99 - n) * 0.02 for n in range(100)]  # up to a second, and down again
    assert not any(judge.too_long(wait, now * 0.009) for now, wait in enumerate(waits))


def test_what_waits_too_long_for_an_interval_is_shed_until_something_comes_through_quickly() -> None:
    judge = Judge(Shedding(TARGET, interval=1.0))
    assert [judge.too_long(0.5, now) for now in (0.0, 0.5, 0.9)] == [False] * 3
    assert [judge.too_long(0.5, now) for now in (1.0, 1.1)] == [True] * 2
    assert not judge.too_long(0.09, 1.2)  # within the target
    assert judge.too_long(0.5, 1.3)
    assert not judge.too_long(0.01, 1.4)  # the queue has been empty
    assert not judge.too_long(0.5, 1.5)


def test_after_a_silence_longer_than_an_interval_the_past_says_nothing() -> None:
    judge = Judge(Shedding(TARGET, interval=1.0))
    judge.too_long(0.5, 0.0)
    assert not judge.too_long(9.0, 9.0)


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 0.2)), max_size=200))
def test_nothing_within_the_target_is_ever_shed(steps: list[tuple[float, float]]) -> None:
    judge, now = Judge(Shedding(TARGET)), 0.0
    for wait, passing in steps:
        now += passing
        assert not (judge.too_long(wait, now) and wait <= TARGET)


@pytest.mark.parametrize(("target", "interval"), [(0.0, None), (-1.0, None), (1.0, 0.5)])
def test_impossible_times_are_refused(target: float, interval: float | None) -> None:
    with pytest.raises(ValueError, match="0 < target <= interval"):
        Shedding(target, interval)


class Box:
    """A mailbox whose time the test moves, two minutes into an overload."""

    def __init__(self, bound: int = 100, policy: Overflow = Overflow.REJECT) -> None:
        self.now = 0.0
        self.mailbox = SheddingMailbox(bound, policy, Shedding(TARGET, interval=1.0), lambda: self.now)
        for _ in range(2):
            self.mailbox.put(Envelope("before"))
            self.now += 1.0
            assert self.taken() is not None

    def taken(self) -> Envelope | None:
        return self.mailbox.take()

    def shed(self) -> bool:
        envelope = self.taken()
        assert envelope is not None
        return envelope.deadline == SHED


def test_the_mailbox_marks_what_has_waited_too_long_and_nothing_else() -> None:
    box = Box()
    box.mailbox.put(Envelope("old"))
    box.now += 0.5
    box.mailbox.put(Envelope("young"))
    box.now += 0.08
    assert [box.shed(), box.shed()] == [True, False]
    assert box.taken() is None


def test_what_needs_no_room_or_was_put_back_is_never_shed() -> None:
    box = Box()
    box.mailbox.put_exempt(Envelope("exempt", exempt=True))
    box.mailbox.put_back([Envelope("stashed")])
    box.now += 0.5
    assert [box.shed(), box.shed()] == [False, False]


def test_a_send_waits_from_its_acceptance_on() -> None:
    box = Box(bound=1)
    box.mailbox.put(Envelope("full"))
    waiting = Waiting()
    box.mailbox.wait(Envelope("send", accepted=waiting))
    box.now += 0.5
    assert box.shed()
    assert waiting.accepted
    assert not box.shed()


def test_a_conflated_message_waits_from_its_newest_value_on() -> None:
    box = Box()
    key = lambda item: item[0]  # noqa: E731 - a key function, as users write them
    box.mailbox.put(at(Priority.NORMAL, ("a", 1), key))
    box.now += 0.5
    box.mailbox.put(at(Priority.NORMAL, ("a", 2), key))
    assert not box.shed()


def test_each_priority_is_judged_by_itself() -> None:
    box = Box()
    box.mailbox.put(at(Priority.URGENT, "urgent"))
    box.mailbox.put(at(Priority.NORMAL, "normal"))
    box.now += 0.5
    assert [box.shed(), box.shed()] == [False, True]  # no other urgent one has waited too long


def test_nothing_is_remembered_of_what_has_gone() -> None:
    box = Box(bound=2, policy=Overflow.DROP_OLDEST)
    for number in range(5):
        box.mailbox.put(Envelope(number))
    assert len(box.mailbox._since) == 2
    box.mailbox.clear()
    assert not box.mailbox._since
