"""The mailbox as data: bounds, policies, waiting sends, lanes with ageing, conflation, and what it gives back."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from actors import Actor, Overflow, Priority, call
from actors.mail.envelope import Envelope
from actors.mail.mailbox import AGEING, CLOSED, Mailbox
from actors.messages.handlers import Handler, HandlerTable


class Taker(Actor):
    @call
    def take(self, item: object) -> None: ...


PLAIN = HandlerTable.for_class(Taker).declared[0]


def at(level: Priority, item: object, key: Callable[[Any], Any] | None = None) -> Envelope:
    handler: Handler = replace(PLAIN, priority=level, conflate_key=key)
    return Envelope(item, handler)


class Waiting:
    """Who waits for acceptance."""

    def __init__(self) -> None:
        self.ended = False
        self.accepted = False

    def reply(self, value: object, /) -> None:
        self.accepted = self.ended = True

    def fail(self, error: BaseException, /) -> None:
        self.ended = True


def drained(mailbox: Mailbox) -> list[object]:
    found = []
    while (envelope := mailbox.take()) is not None:
        found.append(envelope.message)
    return found


def test_an_empty_mailbox_has_no_queue_yet() -> None:
    mailbox = Mailbox(5)
    assert mailbox.take() is None
    assert mailbox.queue is None
    assert len(mailbox) == 0


def test_first_in_is_first_out_up_to_the_bound() -> None:
    mailbox = Mailbox(3)
    lost = [mailbox.put(Envelope(number)) for number in range(5)]
    assert [it is not None for it in lost] == [False, False, False, True, True]
    assert drained(mailbox) == [0, 1, 2]


def test_drop_oldest_gives_up_the_lowest_lane_first_and_never_what_needs_no_room() -> None:
    mailbox = Mailbox(3, Overflow.DROP_OLDEST, several=True)
    mailbox.put_exempt(Envelope("exempt", exempt=True))
    for envelope in (at(Priority.NORMAL, "n1"), at(Priority.LOW, "l1")):
        assert mailbox.put(envelope) is None
    lost = mailbox.put(at(Priority.HIGH, "h1"))
    assert lost is not None
    assert lost.message == "l1"
    lost = mailbox.put(at(Priority.HIGH, "h2"))
    assert lost is not None
    assert lost.message == "n1"
    assert drained(mailbox) == ["h1", "h2", "exempt"]


def test_a_full_mailbox_of_exempt_messages_refuses_the_new_one() -> None:
    mailbox = Mailbox(1, Overflow.DROP_OLDEST)
    mailbox.put_exempt(Envelope("exempt", exempt=True))
    envelope = Envelope("new")
    assert mailbox.put(envelope) is envelope


def test_while_anyone_waits_it_is_full_for_all_others_and_waiters_are_served_in_order() -> None:
    mailbox = Mailbox(1)
    mailbox.put(Envelope("first"))
    waiting = [Waiting() for _ in range(3)]
    for number, it in enumerate(waiting):
        mailbox.wait(Envelope(number, accepted=it))
    waiting[1].ended = True  # has given up
    first = mailbox.take()
    assert first is not None
    assert first.message == "first"
    assert [it.accepted for it in waiting] == [True, False, False]
    assert mailbox.put(late := Envelope("late")) is late
    assert drained(mailbox) == [0, 2]
    assert not waiting[1].accepted
    assert mailbox.put(Envelope("after")) is None


@given(st.lists(st.sampled_from(list(Priority)), max_size=200))
def test_order_holds_within_a_lane_and_every_waiting_lane_is_served_in_time(levels: list[Priority]) -> None:
    mailbox = Mailbox(1000, several=True)
    for number, level in enumerate(levels):
        mailbox.put(at(level, (level, number)))
    passed = dict.fromkeys(Priority, 0)
    left = {level: levels.count(level) for level in Priority}
    last = dict.fromkeys(Priority, -1)
    while (envelope := mailbox.take()) is not None:
        level, number = envelope.message  # type: ignore[misc]
        assert number > last[level]
        last[level] = number
        left[level] -= 1
        for other in Priority:
            passed[other] = passed[other] + 1 if other is not level and left[other] else 0
            assert passed[other] < AGEING
    assert not any(left.values())


def test_a_newer_message_of_a_key_replaces_the_waiting_one_in_its_place_until_that_is_taken() -> None:
    mailbox = Mailbox(2, several=True)
    by_first = lambda item: item[0]  # noqa: E731 - a key function, as users write them
    for item in (("a", 1), ("b", 1), ("a", 2), ("b", 2), ("a", 3)):
        assert mailbox.put(at(Priority.NORMAL, item, by_first)) is None
    assert len(mailbox) == 2
    first = mailbox.take()
    assert first is not None
    assert first.message == ("a", 3)
    mailbox.put(at(Priority.NORMAL, ("a", 4), by_first))
    assert drained(mailbox) == [("b", 2), ("a", 4)]


def test_what_is_put_back_comes_first_in_its_old_order_bound_or_not() -> None:
    mailbox = Mailbox(2)
    for number in (3, 4):
        mailbox.put(Envelope(number))
    mailbox.put_back([Envelope(1), Envelope(2)])
    assert drained(mailbox) == [1, 2, 3, 4]


def test_clear_gives_everything_that_was_accepted_and_then_what_waits() -> None:
    mailbox = Mailbox(1)
    mailbox.put(Envelope(1))
    mailbox.wait(Envelope(2, accepted=Waiting()))
    assert [it.message for it in mailbox.clear()] == [1, 2]
    assert len(mailbox) == 0


def test_a_closed_mailbox_takes_nothing() -> None:
    envelope = Envelope(1)
    assert CLOSED.put(envelope) is envelope
    CLOSED.put_exempt(envelope)
    CLOSED.put_back([envelope])
    assert len(CLOSED) == 0
