"""One link by itself, over connections that only note what they are told: heartbeats, ties, losses, leases, endings."""

from collections.abc import Callable
from typing import Any

import pytest

from actors.address import Sitting
from actors.links import LinkState, Refusal
from actors.links import frames as wire
from actors.links.events import LinkEvents
from actors.links.frames import BadFrame, Kind
from actors.links.handshake import Introduction
from actors.links.link import Link
from actors.links.refusals import Refused
from actors.links.station import Station
from tests.actors.links.hosts import SECRET, settings, sitting

BOUNDS = settings(heartbeat_seconds=1.0, silence_seconds=5.0, client_seconds=4.0, ack_seconds=0.5, ack_bytes=100)
CLIENT = Sitting(-1, 77)


class Handle:
    """Something that is due once, unless it is cancelled."""

    def __init__(self, call: Callable[[], None], at: float) -> None:
        self.call = call
        self.at = at
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class Line:
    """A connection."""

    def __init__(self, heard: float) -> None:
        self.paused = False
        self.heard = heard
        self.bytes_in = self.bytes_out = 0
        self.written: list[bytes] = []
        self.stage: object = None
        self.ended: list[str] = []

    def write(self, parts: list[Any]) -> None:
        self.written.append(b"".join(parts))

    def promote(self, stage: object) -> None:
        self.stage = stage

    def close(self) -> None:
        self.ended.append("closed")

    def abort(self) -> None:
        self.ended.append("aborted")

    def kinds(self) -> list[Kind]:
        """What was written since the last look, each write by its first frame."""
        written, self.written = self.written, []
        return [Kind(data[wire.LENGTH.size]) for data in written]


class Bench(LinkEvents):
    """A link, and its host, its loop and its dialler."""

    def __init__(self, me: Sitting | None = None, peer: Sitting | None = None, bounds: Any = BOUNDS) -> None:
        self.now = 100.0
        self.leased = True
        self.due: list[Handle] = []
        self.heard: list[Any] = []
        self.dialled: list[Any] = []
        self.forgotten: list[Link] = []
        self.errors: list[Any] = []
        this: Any = self
        self.station = Station(
            me=me or sitting(1),
            system="s",
            secret=SECRET,
            python="3.11",
            events=self,
            settings=bounds,
            loop=this,
            clock=lambda: self.now,
            entropy=lambda size: b"\x01" * size,
            may_flush=lambda: self.leased,
            dial=this,
            start=this,
            alertness=this,
            ended=this,
        )
        self.link = Link(self.station, peer or sitting(2), self.forgotten.append)
        self.link._dialler = self

    # as the dialler

    def aim(self, endpoints: Any) -> None:
        self.dialled.append(endpoints)

    def start(self, *, politely: bool) -> None:
        self.dialled.append("politely" if politely else "at once")

    def stop(self) -> None:
        self.dialled.append("stop")

    def stop_unless_proved(self) -> None:
        self.dialled.append("stop unless proved")

    def succeeded(self) -> None:
        self.dialled.append("succeeded")

    def slow_down(self) -> None:
        self.dialled.append("slow down")

    def dials(self) -> list[Any]:
        """What the dialler was told since the last look."""
        dialled, self.dialled = self.dialled, []
        return dialled

    # as the loop

    def call_soon(self, call: Callable[[], None]) -> Handle:
        return self.call_later(0.0, call)

    def call_later(self, seconds: float, call: Callable[[], None]) -> Handle:
        self.due.append(Handle(call, self.now + seconds))
        return self.due[-1]

    def call_exception_handler(self, context: Any) -> None:
        self.errors.append(context["exception"])

    def turn(self, seconds: float = 0.0) -> None:
        """Time passes, and what is due is done."""
        self.now += seconds
        due = [handle for handle in self.due if handle.at <= self.now]
        self.due = [handle for handle in self.due if handle.at > self.now]
        for handle in due:
            if not handle.cancelled:
                handle.call()

    # as the host

    def link_received(self, peer: Sitting, records: list[bytes]) -> None:
        self.heard.append(records)

    def link_received_large(self, peer: Sitting, stream: int, record: bytearray) -> None:
        self.heard.append((stream, bytes(record)))

    def link_state(self, peer: Sitting, state: LinkState) -> None:
        self.heard.append(state)

    def link_large_given_up(self, peer: Sitting, unacked: list[int], never_sent: list[int]) -> None:
        self.heard.append(("large", unacked, never_sent))

    def link_given_up(self, peer: Sitting, unacked: list[bytes], never_sent: list[bytes]) -> None:
        self.heard.append((unacked, never_sent))

    def news(self) -> list[Any]:
        """What the host heard since the last look."""
        heard, self.heard = self.heard, []
        return heard

    # what happens

    def introduction(self, received: int = 0, clock: float = 0.0) -> Introduction:
        me, peer = self.station.me, self.link.peer
        return Introduction(
            wire=wire.WIRE_VERSION,
            python="3.11",
            system="s",
            seat=peer.seat,
            epoch=peer.epoch,
            to_seat=me.seat,
            to_epoch=me.epoch,
            session=5,
            your_session=0,
            received=received,
            clock=clock,
        )

    def connect(self, *, dialled_here: bool = True, received: int = 0, quietly: bool = True) -> Any:
        """A new connection to the peer."""
        line: Any = Line(self.now)
        theirs = self.introduction(received, self.now + 50.0)
        self.link.attach(line, theirs, dialled_here=dialled_here, asked_at=self.now - 2.0)
        if quietly:
            line.kinds()
            self.news()
            self.dials()
        return line

    def comes(self, frame: bytes) -> None:
        """The peer has sent a frame."""
        line: Any = self.link._connection
        self.link.frame(line, memoryview(frame)[wire.LENGTH.size :])


# ---- connections -----------------------------------------------------------------------------------------------------


def test_a_new_connection_is_probed_and_gets_what_waits():
    bench = Bench()
    bench.link.send(b"early")
    line = bench.connect(quietly=False)
    assert line.kinds() == [Kind.PING, Kind.BATCH]
    assert line.stage is bench.link
    assert bench.news() == [LinkState.UP]
    assert bench.link.stats().connections == 1
    assert bench.link.offset == 51.0  # asked two seconds ago, and answered with a clock 50 ahead of now
    assert bench.link.stats().rtt == 2.0


def test_a_connection_replaces_the_one_before_and_its_bytes_stay_counted():
    bench = Bench()
    old = bench.connect()
    old.bytes_in, old.bytes_out = 10, 20
    new = bench.connect()
    new.bytes_in, new.bytes_out = 1, 2
    assert old.ended == ["aborted"]
    stats = bench.link.stats()
    assert (stats.bytes_in, stats.bytes_out, stats.connections) == (11, 22, 2)
    bench.link.lost(old, None, "late")  # it is no news any more
    assert bench.news() == []
    bench.link.lost(new, None, "cut")
    stats = bench.link.stats()
    assert (stats.bytes_in, stats.bytes_out) == (11, 22)


@pytest.mark.parametrize(("peer", "told"), [(0, "stop"), (2, "stop unless proved")])
def test_a_connection_that_the_peer_dialled_ends_the_dialling_here(peer: int, told: str):
    bench = Bench(sitting(1), sitting(peer))
    bench.connect(dialled_here=False, quietly=False)
    assert bench.dials() == [told]
    bench.connect(dialled_here=True, quietly=False)
    assert bench.dials() == []


@pytest.mark.parametrize(
    ("dialled_here", "insists", "peer", "accepts"),
    [(True, False, 2, False), (True, True, 2, True), (True, False, 0, True), (False, False, 2, True)],
)
def test_of_two_connections_that_of_the_lower_epoch_stays_and_is_probed_unless_the_peer_insists(
    dialled_here: bool, insists: bool, peer: int, accepts: bool
):
    bench = Bench(sitting(1), sitting(peer))
    assert bench.link.accepts(insists=False)
    line = bench.connect(dialled_here=dialled_here)
    assert bench.link.accepts(insists=insists) is accepts
    assert line.kinds() == ([] if accepts else [Kind.PING])


@pytest.mark.parametrize(("peer", "taken"), [(0, False), (2, True)])
def test_a_second_connection_that_was_dialled_here_is_closed_where_the_peer_has_the_lower_epoch(peer: int, taken: bool):
    bench = Bench(sitting(1), sitting(peer))
    first: Any = Line(bench.now)
    bench.link.welcomed(first, bench.introduction(), bench.now)
    assert first.stage is bench.link
    assert bench.link.accepts(insists=False) is (peer == 0)  # it counts as dialled here
    second: Any = Line(bench.now)
    bench.link.welcomed(second, bench.introduction(), bench.now)
    assert (second.stage is bench.link) is taken
    assert (second.ended, first.ended) == (([], ["aborted"]) if taken else (["closed"], []))


def test_a_link_that_has_ended_takes_no_connection():
    bench = Bench()
    bench.link.end(LinkState.GIVEN_UP, "a verdict")
    line: Any = Line(bench.now)
    bench.link.welcomed(line, bench.introduction(), bench.now)
    assert line.ended == ["closed"]


def test_dialling_begins_where_there_is_no_connection_and_the_link_has_not_ended():
    bench = Bench()
    place: Any = object()
    bench.link.dial((place,))
    assert bench.dials() == [(place,), "at once"]
    bench.link.dial(())
    assert bench.dials() == ["at once"]
    bench.connect()
    bench.link.dial((place,))
    assert bench.dials() == [(place,)]
    bench.link.end(LinkState.GIVEN_UP, "a verdict")
    bench.dials()
    bench.link.dial(())
    assert bench.dials() == []


# ---- losses ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "progress", "told"), [(0.0, False, "slow down"), (0.0, True, "succeeded"), (0.1, False, "succeeded")]
)
def test_the_next_pause_is_longer_unless_the_connection_lasted_or_did_some_good(
    seconds: float, progress: bool, told: str
):
    bench = Bench(sitting(1), sitting(2))
    line = bench.connect()
    if progress:
        bench.comes(wire.batch_frame(1, 0, [b"one"]))
        bench.news()
    bench.now += seconds
    bench.link.lost(line, None, "cut")
    assert bench.dials() == [told, "at once"]
    assert bench.news() == [LinkState.UNREACHABLE]
    assert bench.link.stats().reason == "cut"


def test_what_did_good_before_this_connection_does_not_count_for_it():
    bench = Bench()
    first = bench.connect()
    bench.comes(wire.batch_frame(1, 0, [b"one"]))
    bench.link.lost(first, None, "cut")
    second = bench.connect()
    bench.link.lost(second, None, "cut")
    assert bench.dials() == ["slow down", "at once"]


@pytest.mark.parametrize(
    ("me", "peer", "how"), [(sitting(1), sitting(0), "politely"), (sitting(1), sitting(2), "at once")]
)
def test_after_a_loss_the_higher_epoch_lets_the_other_dial_first(me: Sitting, peer: Sitting, how: str):
    bench = Bench(me, peer)
    bench.link.lost(bench.connect(), None, "cut")
    assert bench.dials()[-1] == how


def test_a_client_dials_at_once_for_nobody_dials_it():
    bench = Bench(Sitting(-1, 2**62), sitting(0))
    bench.link.lost(bench.connect(), None, "cut")
    assert bench.dials()[-1] == "at once"


def test_bytes_that_were_at_fault_are_counted():
    bench = Bench()
    bench.link.lost(bench.connect(), Refusal.FRAME, "kind 99")
    assert bench.station.refusals.made[Refusal.FRAME] == 1
    bench.link.lost(bench.connect(), None, "cut")
    assert sum(bench.station.refusals.made.values()) == 1


def test_a_host_that_ends_the_link_when_it_hears_of_the_loss_dials_no_more():
    bench = Bench()
    line = bench.connect()
    bench.link_state = lambda peer, state: bench.link.end(LinkState.GIVEN_UP, "enough")
    bench.link.lost(line, None, "cut")
    assert bench.dials() == ["slow down", "stop"]


def test_a_miss_is_told_unless_there_is_a_connection():
    bench = Bench()
    bench.link.missed("nobody listens")
    assert bench.news() == [LinkState.UNREACHABLE]
    assert bench.link.stats().reason == "nobody listens"
    bench.connect()
    bench.link.missed("nobody listens")
    assert bench.news() == []
    assert bench.link.state is LinkState.UP


def test_a_refusal_of_the_peer_ends_the_session_for_its_reason():
    bench = Bench()
    bench.link.refused(Refused(Refusal.GIVEN_UP, "there is a verdict"))
    assert bench.news() == [LinkState.GIVEN_UP, ([], [])]
    assert bench.link.stats().reason == "there is a verdict"


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
