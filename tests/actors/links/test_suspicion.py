"""How likely it is that a peer is only late, learnt from its heartbeats."""

from actors.links.suspicion import Suspicion


def beaten(*times: float) -> Suspicion:
    suspicion = Suspicion(1.0, times[0])
    for now in times:
        suspicion.beat(now)
    return suspicion


def test_the_level_rises_with_the_silence_and_ends_with_any_sign_of_life():
    suspicion = beaten(0.0, 1.0, 2.0)
    levels = [suspicion.level(now) for now in (2.0, 3.0, 4.0, 5.0)]
    assert levels == sorted(levels)
    assert levels[1] < 1.0
    assert levels[3] > 8.0
    suspicion.sign(5.0)
    assert suspicion.level(5.0) == levels[0]
    suspicion.beat(5.5)
    assert suspicion.level(5.5) < 1.0


def test_one_that_has_never_been_heard_is_suspected_from_the_beginning():
    assert Suspicion(1.0, 10.0).level(10.0) < 1.0
    assert Suspicion(1.0, 10.0).level(13.0) > 8.0


def test_an_irregular_peer_is_suspected_later_than_a_regular_one():
    assert beaten(0.0, 0.5, 3.5, 4.0, 7.0).level(9.5) < beaten(3.0, 4.0, 5.0, 6.0, 7.0).level(9.5)


def test_other_signs_and_the_pause_after_a_lost_connection_say_nothing_of_the_rhythm():
    regular, lost = beaten(0.0, 1.0, 2.0), beaten(0.0, 1.0, 2.0)
    for now in (2.1, 2.2, 2.3):
        regular.sign(now)
    lost.interrupted()
    lost.beat(60.0)
    assert regular.level(4.8) == lost.level(62.5)


def test_the_level_has_a_bound():
    assert beaten(0.0, 1.0).level(1e9) == 300
