"""A session over connections that break anywhere: each record arrives once, in order; each byte is accounted for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.links.frames import LARGEST_RECORD, LENGTH, BadFrame, BatchDecoder, batch_frame
from actors.links.outgoing import RECORD_COST, Unacknowledged
from actors.links.session import Session
from actors.links.settings import LinkSettings

SMALL = LinkSettings(buffer_bytes=1000, batch_bytes=200, large_bytes=500, largest_bytes=400, chunk_bytes=50)


def session(settings: LinkSettings = SMALL, freed: list[int] | None = None) -> Session:
    return Session(1, settings, BatchDecoder(), lambda: None, lambda: (freed if freed is not None else []).append(1))


def frames(one: Session, limit: int = 10_000) -> list[bytes]:
    """What the session would write, cut into payloads."""
    data = b"".join(one.take(limit))
    found: list[bytes] = []
    while data:
        (length,) = LENGTH.unpack_from(data)
        found.append(data[4 : 4 + length])
        data = data[4 + length :]
    return found


def deliver(frame: bytes, to: Session, got: list[bytes], large: list[bytes]) -> None:
    if frame[0] == 6:
        got.extend(to.batch(memoryview(frame)) or [])
    elif (whole := to.chunk(memoryview(frame))) is not None:
        large.append(bytes(whole[1]))


@given(
    st.lists(st.one_of(st.integers(0, 120), st.sampled_from(["large", "reset", "flush", "ack"])), max_size=60),
    st.data(),
)
def test_resets_lose_nothing_and_repeat_nothing(steps: list[int | str], data: st.DataObject) -> None:
    sender, receiver = session(), session()
    sent: list[bytes] = []
    sent_large: list[bytes] = []
    got: list[bytes] = []
    got_large: list[bytes] = []
    for step in [*steps, *["reset", "flush", "ack"] * 40]:
        if isinstance(step, int):
            record = len(sent).to_bytes(4, "big") + bytes(step)
            if sender.outgoing.send(record):
                sent.append(record)
        elif step == "large":
            whole = bytes([len(sent_large) % 256]) * 130
            if sender.outgoing.send_large([whole[:3], whole[3:]]) is not None:
                sent_large.append(whole)
        elif step == "reset":
            sender.attach(1, receiver.received)
        elif step == "ack":
            sender.outgoing.acknowledge(receiver.received)
        else:
            flying = frames(sender, 300)
            arriving = len(flying) if len(steps) < 3 else data.draw(st.integers(0, len(flying)))
            for frame in flying[:arriving]:
                deliver(frame, receiver, got, got_large)
            if arriving < len(flying):
                sender.attach(1, receiver.received)
    while not sender.outgoing.settled:
        for frame in frames(sender):
            deliver(frame, receiver, got, got_large)
        sender.outgoing.acknowledge(receiver.received)
    assert got == sent
    assert got_large == sent_large
    assert sender.outgoing.charged == 0
    assert sender.outgoing.charged_large == 0


def test_a_full_buffer_refuses_and_queues_nothing() -> None:
    freed: list[int] = []
    sender, receiver = session(freed=freed), session()
    taken = 0
    while sender.outgoing.send(b"x" * 59):
        taken += 1
    assert taken == 1000 // (59 + RECORD_COST)
    assert not sender.outgoing.has_room()
    got: list[bytes] = []
    for frame in frames(sender):
        deliver(frame, receiver, got, [])
    assert not sender.outgoing.send(b"x" * 59)
    assert not freed
    sender.outgoing.acknowledge(receiver.received)
    assert freed
    assert sender.outgoing.has_room()
    assert got == [b"x" * 59] * taken
    assert sender.outgoing.charged == 0


def test_empty_records_are_bounded_too() -> None:
    sender = session()
    assert sum(sender.outgoing.send(b"") for _ in range(1000)) == 1000 // RECORD_COST


def test_a_record_beyond_a_frame_is_an_error_of_the_caller() -> None:
    sender = session(LinkSettings())
    assert sender.outgoing.send(bytes(LARGEST_RECORD))
    with pytest.raises(ValueError, match="send_large"):
        sender.outgoing.send(bytes(LARGEST_RECORD + 1))
    (frame,) = frames(sender)
    assert session(LinkSettings()).batch(memoryview(frame)) == [bytes(LARGEST_RECORD)]


def test_large_batches_are_split_to_frames_of_bounded_size() -> None:
    sender = session(LinkSettings(buffer_bytes=4_000_000))
    for _ in range(20_000):
        assert sender.outgoing.send(b"x" * 60)
    sizes = [len(frame) for frame in frames(sender, 10**9)]
    assert len(sizes) > 5
    assert max(sizes) <= LinkSettings().batch_bytes


def test_one_turn_writes_no_more_than_its_limit_and_one_chunk() -> None:
    sender = session()
    sender.outgoing.send_large([bytes(120)])
    for _ in range(9):
        assert sender.outgoing.send(b"x" * 59)
    kinds = [[frame[0] for frame in frames(sender, 250)] for _ in range(4)]
    assert kinds == [[6, 6, 7], [6, 6, 7], [6, 7], []]


def test_what_remains_is_told_apart_by_whether_it_was_sent() -> None:
    sender, receiver = session(), session()
    for record in (b"acked", b"unacked"):
        sender.outgoing.send(record)
        flying = frames(sender)
        if record == b"acked":
            deliver(flying[0], receiver, [], [])
            sender.outgoing.acknowledge(receiver.received)
    started = sender.outgoing.send_large([bytes(100)])
    frames(sender)
    waiting = sender.outgoing.send_large([bytes(100)])
    sender.outgoing.send(b"never")
    assert sender.remains() == Unacknowledged([b"unacked"], [b"never"], [started], [waiting])


def test_an_empty_large_record_arrives() -> None:
    sender, receiver, large = session(), session(), list[bytes]()
    sender.outgoing.send_large([])
    for frame in frames(sender):
        deliver(frame, receiver, [], large)
    assert large == [b""]


def test_large_room_is_refused_and_given_back() -> None:
    sender, receiver = session(), session()
    assert sender.outgoing.send_large([bytes(400)]) is not None
    assert sender.outgoing.send_large([bytes(101)]) is None
    with pytest.raises(ValueError, match="at most 400"):
        sender.outgoing.send_large([bytes(401)])
    while flying := frames(sender):
        for frame in flying:
            deliver(frame, receiver, [], [])
    sender.outgoing.acknowledge(receiver.received)
    assert sender.outgoing.send_large([bytes(400)]) is not None


def test_what_no_rightful_peer_sends_is_refused() -> None:
    receiver = session()
    with pytest.raises(BadFrame, match="after 0"):
        receiver.batch(memoryview(batch_frame(2, 0, [b"gap"]))[4:])
    with pytest.raises(BadFrame, match="of 0 sent"):
        receiver.batch(memoryview(batch_frame(1, 5, [b"ack of nothing"]))[4:])
    with pytest.raises(BadFrame):
        receiver.batch(memoryview(batch_frame(1, 0, [b"torn"])[4:-1]))
    with pytest.raises(BadFrame):
        receiver.batch(memoryview(b"\x06short"))
    assert receiver.received == 0


def test_a_peer_cannot_make_the_receiver_hold_more_than_the_limit() -> None:
    wide = session(LinkSettings())
    wide.outgoing.send_large([bytes(450)])
    (frame,) = frames(wide)
    with pytest.raises(BadFrame, match="450"):
        session().chunk(memoryview(frame))


def test_what_is_owed_an_acknowledgement_is_paid_with_the_next_frame_or_with_one_of_its_own() -> None:
    sender, receiver = session(), session()
    sender.outgoing.send(b"one")
    [frame] = frames(sender)
    for repeats in (1, 2):
        assert (receiver.batch(memoryview(frame)) is None) == (repeats == 2)
        assert receiver.owed == repeats * len(frame)
    assert receiver.records == 1
    assert frames(receiver) == []  # nothing to write: still owed
    assert receiver.owed == 2 * len(frame)
    receiver.outgoing.send(b"answer")
    [answer] = frames(receiver)
    assert receiver.owed == 0
    sender.batch(memoryview(answer))
    assert sender.outgoing.settled
    receiver.batch(memoryview(frame))
    assert receiver.owed == len(frame)
    receiver.acknowledgement()
    assert receiver.owed == 0


@pytest.mark.parametrize(
    ("known", "theirs", "mine", "same"),
    [
        (0, 5, 0, True),
        (0, 5, 1, True),
        (0, 5, 2, False),
        (5, 5, 1, True),
        (5, 6, 1, False),
        (5, 5, 0, True),
        (5, 6, 0, False),
    ],
)
def test_a_session_goes_on_only_with_the_numbers_that_both_sides_know(known: int, theirs: int, mine: int, same: bool):
    one = session()
    one.peer_number = known
    assert one.continues(theirs, mine) is same


def test_whoever_asked_for_room_hears_when_there_is_some() -> None:
    for asks in (lambda one: one.outgoing.has_large_room(400), lambda one: one.outgoing.has_room(900)):
        freed: list[int] = []
        one = session(freed=freed)
        one.outgoing.send_large([bytes(400)])
        for _ in range(2):
            one.outgoing.send(bytes(150))
        one.take(10_000)
        assert not asks(one)
        assert freed == []
        while one.outgoing.waiting:
            one.take(10_000)
        one.outgoing.acknowledge(one.outgoing.sequence)
        assert freed == [1]
        assert asks(one)


@pytest.mark.parametrize(("size", "chunks"), [(0, 1), (49, 1), (50, 1), (51, 2), (100, 2)])
def test_a_large_record_goes_in_as_few_chunks_as_it_fits_into(size: int, chunks: int):
    one = session()
    one.outgoing.send_large([bytes(size)])
    while one.outgoing.waiting:
        frames(one)
    assert one.outgoing.sequence == chunks
