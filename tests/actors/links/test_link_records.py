"""One link by itself: its heartbeats, the records that come and go, and its end."""

import pytest

from actors.address import Sitting
from actors.links import LinkState
from actors.links import frames as wire
from actors.links.frames import BadFrame, Kind
from tests.actors.links.alone import Bench
from tests.actors.links.hosts import settings, sitting

CLIENT = Sitting(-1, 77)

# ---- heartbeats ------------------------------------------------------------------------------------------------------


def test_a_heartbeat_goes_to_a_peer_that_reads():
    bench = Bench()
    line = bench.connect()
    bench.link.tick(bench.now, punctual=True)
    assert line.kinds() == [Kind.PING]
    line.paused = True
    bench.link.tick(bench.now, punctual=True)
    assert line.kinds() == []


def test_a_silent_connection_is_dropped_unless_this_host_was_late_itself():
    bench = Bench()
    line = bench.connect()
    bench.now += 5.0
    bench.link.tick(bench.now, punctual=True)
    assert line.kinds() == [Kind.PING]
    bench.now += 0.1
    bench.link.tick(bench.now, punctual=False)
    assert line.kinds() == [Kind.PING]
    bench.link.tick(bench.now, punctual=True)
    assert line.ended == ["aborted"]
    assert bench.news() == [LinkState.UNREACHABLE]
    assert bench.link.stats().reason == "nothing heard"
    assert bench.dials()[-1] == "at once"


def test_a_client_that_stays_away_is_given_up_and_a_host_is_not():
    for peer, ends in ((CLIENT, True), (sitting(2), False), (sitting(0), False)):
        bench = Bench(sitting(1), peer)
        bench.now += 50.0
        bench.link.lost(bench.connect(), None, "cut")  # away since now, and not since the beginning
        bench.news()
        bench.now += 4.0
        bench.link.tick(bench.now, punctual=True)
        assert bench.news() == []
        bench.now += 0.1
        bench.link.tick(bench.now, punctual=True)
        assert bench.news() == ([LinkState.GIVEN_UP, ([], [])] if ends else [])


def test_a_ping_is_answered_with_both_clocks_unless_the_peer_does_not_read():
    bench = Bench()
    line = bench.connect()
    bench.comes(wire.ping_frame(7.0))
    assert line.written == [wire.pong_frame(7.0, bench.now)]
    line.kinds()
    line.paused = True
    bench.comes(wire.ping_frame(8.0))
    assert line.kinds() == []


def test_a_pong_measures_the_peers_clock_at_the_time_it_came():
    bench = Bench()
    line = bench.connect()
    line.heard = bench.now + 0.5
    bench.now += 9.0  # it was read late
    bench.comes(wire.pong_frame(line.heard - 0.5, line.heard + 30.0))
    assert bench.link.stats().rtt == 0.5
    assert bench.link.offset == 30.25


def test_a_peer_is_suspected_by_its_silence_and_whatever_it_says_ends_that():
    bench = Bench()
    line = bench.connect()
    calm = bench.link.suspicion
    bench.now += 4.0
    assert bench.link.suspicion > 8 > calm
    line.heard = bench.now
    assert bench.link.suspicion == calm


def test_heartbeats_teach_the_rhythm_and_the_pause_over_a_loss_does_not():
    def suspicion(cut: bool) -> float:
        bench = Bench()
        line = bench.connect()
        for _ in range(20):
            bench.now += 1.0
            line.heard = bench.now
            bench.comes(wire.ping_frame(0.0))
        if cut:
            bench.link.lost(line, None, "cut")
            bench.now += 600.0
            line = bench.connect()
        else:
            bench.now += 600.0
        line.heard = bench.now
        bench.comes(wire.ping_frame(0.0))
        bench.now += 3.0
        return bench.link.suspicion

    assert suspicion(cut=True) > 8
    assert suspicion(cut=False) < 1


# ---- records ---------------------------------------------------------------------------------------------------------


def test_records_of_one_turn_leave_together_at_its_end():
    bench = Bench()
    line = bench.connect()
    for record in (b"one", b"two"):
        bench.link.send(record)
    assert line.kinds() == []
    bench.turn()
    assert line.written == [wire.batch_frame(1, 0, [b"one", b"two"])]
    line.kinds()
    bench.link.send(b"three")
    bench.turn()
    assert line.written == [wire.batch_frame(2, 0, [b"three"])]


def test_what_waits_for_the_lease_leaves_with_the_next_heartbeat_or_when_it_is_told():
    bench = Bench()
    line = bench.connect()
    for again in (lambda: bench.link.tick(bench.now, punctual=True), bench.link.flush_again):
        bench.leased = False
        bench.link.send(b"later")
        bench.turn()
        assert line.kinds() == []
        bench.leased = True
        again()
        bench.turn()
        assert line.kinds()[-1] is Kind.BATCH
    bench.link.flush_again()
    assert not bench.due  # nothing waits


def test_a_connection_without_room_is_written_to_when_it_has_some():
    bench = Bench()
    line = bench.connect()
    line.paused = True
    bench.link.send(b"later")
    bench.turn()
    assert line.kinds() == []
    line.paused = False
    bench.link.resumed(line)
    assert line.kinds() == [Kind.BATCH]


def test_what_is_more_than_one_turn_may_write_goes_on_in_the_next():
    bench = Bench(bounds=settings(flush_bytes=100, batch_bytes=100))
    line = bench.connect()
    for _ in range(3):
        bench.link.send(b"x" * 90)
    for _ in range(3):
        bench.turn()
        assert line.kinds() == [Kind.BATCH]
    bench.turn()
    assert line.kinds() == []


def test_what_came_is_told_once_and_acknowledged_soon_or_at_once_if_it_is_much():
    bench = Bench()
    line = bench.connect()
    bench.comes(wire.batch_frame(1, 0, [b"one"]))
    bench.comes(wire.batch_frame(1, 0, [b"one"]))
    assert bench.news() == [[b"one"]]
    bench.turn(0.4)
    assert line.kinds() == []
    bench.turn(0.1)
    assert line.written == [wire.ack_frame(1)]
    line.kinds()
    bench.turn(1.0)
    assert line.kinds() == []
    bench.comes(wire.batch_frame(2, 0, [b"x" * 100]))
    bench.turn()
    assert line.written == [wire.ack_frame(2)]


def test_an_acknowledgement_that_rode_on_a_batch_is_not_sent_again():
    bench = Bench()
    line = bench.connect()
    bench.comes(wire.batch_frame(1, 0, [b"one"]))
    bench.link.send(b"answer")
    bench.turn()
    assert line.written == [wire.batch_frame(1, 1, [b"answer"])]
    line.kinds()
    bench.turn(1.0)
    assert line.kinds() == []


def test_no_acknowledgement_goes_to_a_peer_that_does_not_read_or_is_away():
    bench = Bench()
    line = bench.connect()
    line.paused = True
    bench.comes(wire.batch_frame(1, 0, [b"one"]))
    bench.turn(0.5)
    assert line.kinds() == []
    line.paused = False
    bench.comes(wire.batch_frame(2, 0, [b"two"]))
    bench.link.lost(line, None, "cut")
    bench.turn(0.5)
    assert line.kinds() == []


def test_a_large_record_is_told_when_its_last_chunk_has_come():
    bench = Bench()
    bench.connect()
    for number, part in ((1, b"large "), (2, b"record")):
        assert bench.news() == []
        bench.comes(wire.chunk_head(number, 0, 9, 12, len(part)) + part)
    assert bench.news() == [(9, b"large record")]


@pytest.mark.parametrize("payload", [b"", b"\x63", bytes((Kind.HELLO,))])
def test_a_frame_of_no_kind_that_belongs_here_is_bad(payload: bytes):
    bench = Bench()
    line = bench.connect()
    with pytest.raises(BadFrame):
        bench.link.frame(line, memoryview(payload))


def test_an_error_of_the_host_is_told_to_the_loop_and_the_link_goes_on():
    bench = Bench()
    bench.connect()
    error = ValueError("planned")

    def fail(*_: object) -> None:
        raise error

    bench.link_received = fail
    bench.comes(wire.batch_frame(1, 0, [b"one"]))
    assert bench.errors == [error]
    assert bench.link.state is LinkState.UP


# ---- endings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("state", "how"), [(LinkState.CLOSED, "closed"), (LinkState.GIVEN_UP, "aborted")])
def test_an_end_closes_the_connection_and_tells_what_may_have_arrived(state: LinkState, how: str):
    bench = Bench()
    line = bench.connect()
    line.bytes_out = 9
    bench.link.send(b"sent")
    bench.turn()
    bench.link.send(b"kept")
    stream = bench.link.send_large([b"large"])
    bench.link.end(state, "over")
    assert line.ended == [how]
    assert bench.forgotten == [bench.link]
    assert bench.dials() == ["stop"]
    assert bench.news() == [state, ("large", [], [stream]), ([b"sent"], [b"kept"])]
    stats = bench.link.stats()
    assert (stats.state, stats.reason, stats.bytes_out) == (state, "over", 9)
    assert not bench.link.send(b"late")
    bench.link.end(LinkState.CLOSED, "once more")
    bench.link.missed("a dial that was under way")
    assert bench.news() == []
    assert bench.link.state is state
    assert bench.forgotten == [bench.link]


def test_a_large_record_is_unfinished_until_its_last_chunk_is_acknowledged():
    bench = Bench()
    bench.connect()
    first, second = bench.link.send_large([b"one"]), bench.link.send_large([b"two"])
    assert list(bench.link.unfinished()) == [first, second]
    assert bench.link.stats().unacked_large_bytes == 6
    bench.turn()
    bench.comes(wire.ack_frame(1))
    assert list(bench.link.unfinished()) == [second]
    bench.turn()
    bench.link.end(LinkState.GIVEN_UP, "a verdict")
    assert bench.news() == [LinkState.GIVEN_UP, ("large", [second], []), ([], [])]


def test_a_link_that_has_ended_owes_nothing_any_more():
    bench = Bench()
    line = bench.connect()
    bench.comes(wire.batch_frame(1, 0, [b"one"]))
    bench.link.end(LinkState.GIVEN_UP, "a verdict")
    assert all(handle.cancelled for handle in bench.due)
    line.kinds()
    bench.turn(1.0)
    assert line.kinds() == []


def test_a_goodbye_acknowledges_and_ends_the_session():
    bench = Bench()
    line = bench.connect()
    bench.link.send(b"one")
    bench.turn()
    bench.comes(wire.goodbye_frame(1))
    assert bench.news() == [LinkState.CLOSED, ([], [])]
    assert line.ended == ["closed"]
    assert bench.link.stats().reason == "the peer said goodbye"


def test_what_a_new_connection_acknowledges_is_not_sent_again():
    bench = Bench()
    line = bench.connect()
    bench.link.send(b"one")
    bench.turn()
    bench.link.send(b"two")
    bench.turn()
    bench.link.lost(line, None, "cut")
    line = bench.connect(received=1, quietly=False)
    assert line.written[-1] == wire.batch_frame(2, 0, [b"two"])


def test_a_link_to_whom_there_can_be_none_takes_nothing_and_says_nothing():
    bench = Bench()
    bench.link.end_unborn(LinkState.GIVEN_UP, "superseded")
    assert not bench.link.send(b"late")
    assert (bench.link.state, bench.link.reason) == (LinkState.GIVEN_UP, "superseded")
    assert bench.news() == []
