"""One link by itself: which connection it takes, what it dials, and what it does when one is lost."""

from typing import Any

import pytest

from actors.address import Sitting
from actors.links import LinkState, Refusal
from actors.links import frames as wire
from actors.links.frames import Kind
from actors.links.refusals import Refused
from tests.actors.links.alone import Bench, Line
from tests.actors.links.hosts import sitting


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
