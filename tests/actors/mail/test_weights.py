"""Bytes in a mailbox (A33): heavy messages are counted while they wait, and the policy decides which must go."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors import MailboxOptions, Overflow, Priority, Shedding
from actors.mail.envelope import Envelope
from actors.mail.mailbox import CLOSED, Mailbox
from actors.mail.shedding_mailbox import SheddingMailbox
from tests.actors.mail.test_mailbox import Waiting, at, drained

BOUND = 100


def put_heavy(mailbox: Mailbox, envelope: Envelope, size: int, *, waits: bool = False) -> list[Envelope]:
    """What lost its place for a message of this size, as it happens on arrival; a `send` that is refused waits."""
    mailbox.expect(size, BOUND)
    lost = mailbox.put(envelope)
    if lost is envelope and waits:
        mailbox.wait(envelope)
    return [*mailbox.arrived(), *([lost] if lost is not None else [])]


def heavy(mailbox: Mailbox, item: object, size: int) -> list[object]:
    """The messages that lost their places."""
    return [it.message for it in put_heavy(mailbox, Envelope(item), size)]


@pytest.mark.parametrize("policy", [Overflow.REJECT, Overflow.DROP_NEWEST])
def test_a_message_for_which_there_are_not_bytes_enough_is_refused_and_light_ones_are_not(policy: Overflow) -> None:
    mailbox = Mailbox(10, policy)
    assert [heavy(mailbox, number, 40) for number in range(4)] == [[], [], [2], [3]]
    assert mailbox.put(Envelope("light")) is None
    assert heavy(mailbox, "small", 20) == []
    assert drained(mailbox) == [0, 1, "light", "small"]


def test_as_many_of_the_oldest_heavy_ones_give_way_as_it_takes() -> None:
    mailbox = Mailbox(10, Overflow.DROP_OLDEST)
    mailbox.put(Envelope("light"))
    for number in range(3):
        heavy(mailbox, number, 30)
    assert heavy(mailbox, "large", 50) == [0, 1]
    assert drained(mailbox) == ["light", 2, "large"]


@pytest.mark.parametrize("policy", Overflow)
def test_one_that_is_larger_than_the_bound_is_taken_where_no_other_heavy_one_waits(policy: Overflow) -> None:
    mailbox = Mailbox(10, policy)
    assert heavy(mailbox, "huge", 1000) == []
    assert heavy(mailbox, "more", 1) == (["huge"] if policy is Overflow.DROP_OLDEST else ["more"])


def test_what_is_taken_makes_room_and_the_quick_way_is_open_again() -> None:
    mailbox = Mailbox(10)
    heavy(mailbox, 1, 100)
    mailbox.put(Envelope(2))
    assert mailbox.special
    taken = mailbox.take()
    assert taken is not None
    assert not mailbox.special
    assert heavy(mailbox, 3, 100) == []


def test_the_bound_in_messages_holds_for_heavy_ones_too() -> None:
    mailbox = Mailbox(1)
    mailbox.put(Envelope("full"))
    assert heavy(mailbox, "refused", 10) == ["refused"]
    assert not mailbox.special


def test_a_send_waits_for_bytes_and_those_behind_it_wait_for_it() -> None:
    mailbox = Mailbox(10)
    heavy(mailbox, "first", 80)
    waiting = [Waiting() for _ in range(2)]
    large = Envelope("large", accepted=waiting[0])
    assert put_heavy(mailbox, large, 50, waits=True) == [large]
    mailbox.wait(Envelope("light", accepted=waiting[1]))
    mailbox.admit()
    assert [it.accepted for it in waiting] == [False, False]
    assert mailbox.take() is not None
    assert [it.accepted for it in waiting] == [True, True]
    assert heavy(mailbox, "refused", 60) == ["refused"]  # it counts since it was taken
    assert drained(mailbox) == ["large", "light"]
    assert not mailbox.special


def test_a_conflated_message_weighs_what_its_newest_value_weighs() -> None:
    mailbox = Mailbox(10, several=True)
    key = lambda item: item[0]  # noqa: E731 - a key function, as users write them
    mailbox.put(at(Priority.NORMAL, ("a", "light"), key))
    assert put_heavy(mailbox, at(Priority.NORMAL, ("a", "heavy"), key), 90) == []
    assert heavy(mailbox, "refused", 20) == ["refused"]
    mailbox.put(at(Priority.NORMAL, ("a", "light again"), key))
    assert heavy(mailbox, "taken", 20) == []
    assert drained(mailbox) == [("a", "light again"), "taken"]


def test_a_cleared_mailbox_weighs_nothing() -> None:
    mailbox = Mailbox(10)
    heavy(mailbox, 1, 100)
    mailbox.clear()
    assert not mailbox.special
    assert heavy(mailbox, 2, 100) == []


def test_a_closed_mailbox_takes_nothing_heavy() -> None:
    envelope = Envelope(1)
    assert put_heavy(CLOSED, envelope, 10) == [envelope]
    assert (len(CLOSED), CLOSED.special) == (0, False)


@pytest.mark.parametrize("name", ["bound", "byte_bound", "stash"])
def test_a_bound_of_nothing_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name}=0"):
        MailboxOptions(**{name: 0})  # type: ignore[arg-type]


STEPS = st.lists(st.tuples(st.sampled_from(["put", "heavy", "send", "take"]), st.integers(1, 150)), max_size=80)


@given(STEPS, st.sampled_from(list(Overflow)), st.booleans())
def test_the_bytes_that_wait_stay_within_the_bound_and_nothing_is_lost_in_silence(
    steps: list[tuple[str, int]], policy: Overflow, sheds: bool
) -> None:
    mailbox: Any = SheddingMailbox(8, policy, Shedding(1.0), lambda: 0.0) if sheds else Mailbox(8, policy)
    sizes: dict[int, int] = {}
    given_in = out = 0
    for number, (step, size) in enumerate(steps):
        if step == "take":
            out += mailbox.take() is not None
        elif step == "put":
            given_in += 1
            out += mailbox.put(Envelope(number)) is not None
        else:
            given_in += 1
            sizes[number] = size
            who = Waiting() if step == "send" and policy is Overflow.REJECT else None
            envelope = Envelope(number, accepted=who)
            losers = put_heavy(mailbox, envelope, size, waits=who is not None)
            out += len(losers) if who is None else 0
        held = [it for it in mailbox.queue or () if it.message in sizes]
        total = sum(sizes[it.message] for it in held)
        assert total <= BOUND or len(held) == 1
        assert (mailbox._weights._total if mailbox._weights is not None else 0) == total
        assert given_in == out + len(mailbox) + len(mailbox.waiting or ())
        assert sheds or mailbox.special == bool(held or mailbox.waiting)


def test_what_is_expected_and_does_not_come_changes_nothing() -> None:
    mailbox = Mailbox(10)
    mailbox.expect(50, BOUND)
    assert mailbox.arrived() == []
    assert not mailbox.special
    mailbox.put(Envelope("light"))
    assert heavy(mailbox, "heavy", BOUND) == []


def test_only_the_next_message_has_the_size_that_was_expected() -> None:
    mailbox = Mailbox(10)
    heavy(mailbox, "first", BOUND)
    mailbox.expect(50, BOUND)
    refused = Envelope("refused")
    assert mailbox.put(refused) is refused
    assert mailbox.put(Envelope("light")) is None  # what somebody sends who hears of the refusal
    assert mailbox.arrived() == []
