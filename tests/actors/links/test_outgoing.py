"""The sending end of a session: what it takes, what it repeats, and what it believes of its peer."""

import pytest

from actors.links.frames import BadFrame, BatchDecoder
from actors.links.outgoing import RECORD_COST, Outgoing, Unacknowledged
from actors.links.settings import LinkSettings

SETTINGS = LinkSettings(buffer_bytes=1000, batch_bytes=200, large_bytes=500, largest_bytes=400, chunk_bytes=50)


class Told:
    """A sending end, and how often it has called."""

    def __init__(self) -> None:
        self.wakes = 0
        self.freed = 0
        self.end = Outgoing(SETTINGS, self._wake, self._free)

    def _wake(self) -> None:
        self.wakes += 1

    def _free(self) -> None:
        self.freed += 1


def test_one_that_was_sent_nothing_holds_nothing() -> None:
    end = Told().end
    assert (end.charged, end.charged_large, end.sequence, end.acked, end.records) == (0, 0, 0, 0, 0)
    assert end.quiet
    assert end.settled
    assert not end.waiting
    assert not end.closed
    assert end.take(0, 1000) == []
    assert end.remains(BatchDecoder()) == Unacknowledged([], [], [], [])


@pytest.mark.parametrize("sent", [0, 1, 2])
def test_a_peer_that_acknowledges_a_frame_that_was_never_sent_is_refused(sent: int) -> None:
    end = Told().end
    for _ in range(sent):
        end.send(b"a")
        end.take(0, 1000)
    with pytest.raises(BadFrame, match=f"frame {sent + 1} acknowledged, of {sent} sent"):
        end.acknowledge(sent + 1)
    with pytest.raises(BadFrame):
        end.attach(sent + 1)
    end.acknowledge(sent)
    assert end.settled
    assert end.acked == sent


def test_an_older_acknowledgement_changes_nothing() -> None:
    end = Told().end
    for record in (b"a", b"b"):
        end.send(record)
        end.take(0, 1000)
    end.acknowledge(2)
    end.acknowledge(1)
    assert end.acked == 2


def test_it_wakes_its_owner_once_until_the_owner_has_found_nothing_left() -> None:
    told = Told()
    told.end.send(b"a")
    told.end.send(b"b")
    told.end.send_large([b"c"])
    assert told.wakes == 1
    told.end.quiet = True
    told.end.send_large([b"d"])
    told.end.send(b"e")
    assert told.wakes == 2


def test_a_refused_sender_is_told_once_when_there_is_room() -> None:
    told = Told()
    while told.end.send(b"x" * 100):
        pass
    told.end.take(0, 10_000)
    assert told.freed == 0
    told.end.acknowledge(told.end.sequence)
    assert told.freed == 1
    told.end.send(b"y")
    told.end.take(0, 10_000)
    told.end.acknowledge(told.end.sequence)
    assert told.freed == 1


def test_nobody_is_told_of_room_who_was_not_refused() -> None:
    told = Told()
    told.end.send(b"y")
    told.end.take(0, 10_000)
    told.end.acknowledge(1)
    assert told.freed == 0


def test_a_new_connection_repeats_before_it_sends_and_within_its_limit() -> None:
    end = Told().end
    for record in (b"a" * 100, b"b" * 100, b"c" * 100):
        end.send(record)
        end.take(0, 10_000)
    end.send(b"new")
    end.attach(1)
    [second] = end.take(0, 1)
    assert bytes(second).endswith(b"b" * 100)
    third, new = end.take(0, 10_000)
    assert bytes(third).endswith(b"c" * 100)
    assert bytes(new).endswith(b"new")
    assert not end.waiting


def test_a_large_record_goes_one_chunk_at_a_time_whatever_the_batches() -> None:
    end = Told().end
    end.send_large([b"z" * 120])
    end.send(b"small")
    batch, *chunk = end.take(0, 1)
    assert bytes(batch).endswith(b"small")
    assert sum(map(len, chunk[1:])) == 50
    assert [sum(map(len, end.take(0, 1)[1:])) for _ in range(2)] == [50, 20]
    assert not end.waiting
    assert end.charged_large == 120
    end.acknowledge(3)
    assert end.charged_large == 120
    end.acknowledge(4)
    assert end.charged_large == 0
    assert not end.unfinished


def test_a_chunk_is_full_though_the_parts_of_its_record_are_small() -> None:
    end = Told().end
    end.send_large([b"a" * 30, b"b" * 30, b"c" * 10])
    chunks = [b"".join(bytes(part) for part in end.take(0, 1)[1:]) for _ in range(2)]
    assert chunks == [b"a" * 30 + b"b" * 20, b"b" * 10 + b"c" * 10]


def test_large_records_fill_their_room_to_the_last_byte_and_are_told_of_new_room() -> None:
    told = Told()
    assert told.end.send_large([b"z" * 400]) == 1
    assert told.end.has_large_room(100)
    assert not told.end.has_large_room(101)
    assert told.end.send_large([b"z" * 100]) == 2
    assert told.end.send_large([b"z"]) is None
    told.end.take(0, 1000)
    assert told.freed == 0
    told.end.acknowledge(1)
    assert told.freed == 1
    with pytest.raises(ValueError, match="401 bytes; a link carries at most 400"):
        told.end.send_large([b"z" * 401])


def test_a_closed_one_takes_nothing_but_still_gives_what_is_queued() -> None:
    told = Told()
    told.end.send(b"before")
    told.end.close()
    assert told.freed == 1
    assert told.end.closed
    assert not told.end.send(b"after")
    assert told.end.send_large([b"after"]) is None
    assert not told.end.has_room()
    assert not told.end.has_large_room(1)
    [batch] = told.end.take(0, 1000)
    assert bytes(batch).endswith(b"before")


def test_what_remains_says_what_may_have_arrived_and_what_has_certainly_not() -> None:
    end = Told().end
    end.send(b"acknowledged")
    end.take(0, 1000)
    end.send(b"written")
    begun = end.send_large([b"z" * 60])
    end.take(0, 1000)
    end.acknowledge(1)
    waiting = end.send_large([b"y"])
    end.send(b"s" * 190)
    end.send(b"open")
    assert end.remains(BatchDecoder()) == Unacknowledged([b"written"], [b"s" * 190, b"open"], [begun], [waiting])


def test_room_is_a_quarter_of_the_buffer_or_what_the_record_needs() -> None:
    end = Told().end
    end.send(b"x" * (750 - RECORD_COST))
    end.take(0, 1000)
    assert end.charged == 750
    assert end.has_room()
    assert end.has_room(250 - RECORD_COST)
    assert not end.has_room(251 - RECORD_COST)
    end.send(b"")
    assert not end.has_room()
