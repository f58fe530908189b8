"""The judge: the silent are dead after their time and not before, a verdict is final, and who slept is patient."""

import pytest

from actors.address import Sitting
from actors.membership.seats import HostState, Standing
from tests.actors.membership.court import Court


def test_a_host_that_is_silent_is_dead_after_the_time_of_a_verdict_and_not_before() -> None:
    court = Court()
    quiet = court.hosts[1]
    quiet.silent = True
    court.wait(8.0)
    assert court.seat(quiet) == quiet.seat
    court.wait(1.0)
    seat = court.seat(quiet)
    assert seat is not None
    assert (seat.vacant, seat.epoch, seat.endpoints, seat.pid) == (True, quiet.seat.epoch, (), 0)
    assert [party.standing for party in court.parties if party is not quiet] == [Standing.MEMBER] * 3


def test_a_host_that_speaks_in_time_lives_on() -> None:
    court = Court()
    late = court.hosts[0]
    for _ in range(5):
        late.silent = True
        court.wait(7.0)
        late.silent = False
        court.renew()
    assert court.state(late) is HostState.UP


def test_a_verdict_is_final_and_the_dead_learn_it_whenever_they_come_back() -> None:
    court = Court()
    quiet = court.hosts[0]
    quiet.silent = True
    court.wait(9.0)
    answer = quiet.renew()
    assert (answer.standing, answer.leased) == (Standing.ENDED, False)
    assert not quiet.register().holds(quiet.sitting)
    assert quiet.renew().standing is Standing.ENDED


def test_proof_of_death_is_a_verdict_at_once_and_another_proof_changes_nothing() -> None:
    court = Court()
    dead = court.hosts[2]
    first = court.verdict(dead)
    assert not first.holds(dead.sitting)
    assert court.verdict(dead).version == first.version
    assert court.directory.ended(court.now, dead.seat.host).version == first.version
    assert court.state(dead) is HostState.DEAD


def test_proof_by_the_name_of_the_process_is_as_good() -> None:
    court = Court()
    table = court.directory.ended(court.now, court.hosts[1].seat.host)
    assert [seat.number for seat in table.seats if seat.vacant] == [court.hosts[1].sitting.seat]


def test_proof_about_an_older_sitting_says_nothing_of_the_present_one() -> None:
    court = Court()
    number, epoch = court.hosts[0].sitting
    court.directory.verdict(court.now, Sitting(number, epoch - 1))
    assert court.table.holds(court.hosts[0].sitting)


def test_a_host_that_leaves_in_order_leaves_no_vacant_seat() -> None:
    court = Court()
    court.hosts[0].silent = True
    court.directory.leave(court.now, court.hosts[0].sitting)
    assert court.seat(court.hosts[0]) is None
    court.directory.verdict(court.now, court.hosts[0].sitting)
    assert court.seat(court.hosts[0]) is None


@pytest.mark.parametrize("pause", [9.0, 60.0, 3600.0])
def test_a_directory_that_was_stopped_condemns_nobody_for_the_time_it_did_not_listen(pause: float) -> None:
    court = Court()
    court.now += pause
    court.renew()
    court.wait(20.0)
    assert [party.standing for party in court.parties] == [Standing.MEMBER] * 4


def test_who_is_dead_is_found_all_the_same_after_the_directory_was_stopped() -> None:
    court = Court()
    court.hosts[0].silent = True
    court.now += 100.0
    court.wait(42.0)
    assert court.state(court.hosts[0]) is HostState.DEAD


@pytest.mark.parametrize("pause", [10.0, 30.0, 60.0])
def test_a_directory_that_was_cut_off_waits_for_those_whose_connections_come_back_late(pause: float) -> None:
    court = Court()
    late = court.hosts[0]
    court.now += pause
    late.silent = True
    court.wait(8.0 + pause / 2 - 1.0)
    late.silent = False
    court.wait(5.0)
    assert late.standing is Standing.MEMBER


def test_nobody_waits_for_the_drivers_seat_so_it_may_be_silent_for_longer_than_it_can_live_on_its_own() -> None:
    court = Court()
    court.driver.silent = True
    court.wait(70.0)
    assert court.state(court.driver) is HostState.UNREACHABLE
    court.wait(3.0)
    assert court.seat(court.driver) is None


def test_states_tell_slow_stalled_unreachable_and_dead_apart() -> None:
    court = Court(hosts=5)
    fine, slow, stalled, away, dead = court.hosts
    court.verdict(dead)
    away.silent = True
    court.wait(3.0)
    slow.renew(lag=0.3)
    stalled.renew(lag=2.0, stalled="/ada")
    states = {member.seat: (member.state.value, member.stalled) for member in court.directory.members(court.now)}
    assert [states[party.sitting.seat] for party in (fine, slow, stalled, away, dead)] == [
        ("up", ""),
        ("slow", ""),
        ("stalled", "/ada"),
        ("unreachable", ""),
        ("dead", ""),
    ]
