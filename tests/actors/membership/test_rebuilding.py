"""A directory that died is rebuilt from what hosts report: vacant seats stay vacant, verdicts stay verdicts."""

from actors import Settings
from actors.membership.seats import HostState, Standing
from tests.actors.membership.court import Court, Party


def test_a_vacant_seat_is_vacant_for_the_successor_too_and_then_given_away() -> None:
    court = Court()
    court.verdict(court.hosts[0])
    court.wait(1.0)
    before = max(seat.epoch for seat in court.table.seats)
    court.successor()
    court.stand_by("understudy")
    court.renew()
    assert [seat.number for seat in court.table.seats if seat.vacant] == [court.hosts[0].sitting.seat]
    assert court.appointments == []
    court.wait(5.0)
    (appointment,) = court.appointments
    assert appointment.sitting.seat == court.hosts[0].sitting.seat
    assert appointment.sitting.epoch > before


def test_a_successor_knows_how_often_a_seat_has_lost_its_host() -> None:
    court = Court(settings=Settings(seat_losses=2))
    last = court.hosts[0]
    for turn in range(2):
        court.stand_by(f"understudy {turn}")
        court.verdict(last)
        court.wait(2.0)
        last = court.take(court.appointments[-1])
    court.wait(1.0)
    court.successor()
    court.wait(4.0)
    court.verdict(last)
    assert withheld(court) == [last.sitting.seat]
    court.wait(1.0)
    court.successor()
    court.renew()
    assert withheld(court) == [last.sitting.seat]


def withheld(court: Court) -> list[int]:
    return [seat.number for seat in court.table.seats if seat.withheld]


def test_whoever_has_not_reported_in_the_time_of_a_verdict_is_dead() -> None:
    court = Court()
    quiet = court.hosts[0]
    quiet.silent = True
    court.successor()
    court.renew()
    assert court.seat(quiet) is None
    assert not court.table.complete
    court.wait(9.0)
    assert court.table.complete
    assert court.state(quiet) is HostState.DEAD
    assert quiet.renew().standing is Standing.ENDED


def test_proof_while_it_is_rebuilt_is_a_verdict_at_once() -> None:
    court = Court()
    dead = court.hosts[0]
    court.successor()
    dead.silent = True
    court.renew()
    court.verdict(dead)
    assert court.state(dead) is HostState.DEAD
    court.wait(3.0)
    assert court.table.complete


def test_proof_that_comes_before_anybody_has_told_of_the_seat_makes_it_vacant_once_somebody_does() -> None:
    court = Court(settings=Settings(seat_losses=2))
    dead = court.hosts[0]
    court.successor()
    court.stand_by("understudy")
    court.verdict(dead)
    court.verdict(dead)
    assert court.seat(dead) is None
    court.renew()
    vacant = court.seat(dead)
    assert vacant is not None
    assert (vacant.vacant, vacant.withheld, vacant.losses) == (True, False, 1)
    court.wait(5.0)
    assert [it.sitting.seat for it in court.appointments] == [dead.sitting.seat]


def test_proof_that_a_predecessor_has_heard_too_is_no_second_loss() -> None:
    court = Court()
    dead = court.hosts[0]
    court.verdict(dead)
    court.renew()
    court.successor()
    court.verdict(dead)
    court.renew()
    vacant = court.seat(dead)
    assert vacant is not None
    assert (vacant.vacant, vacant.losses) == (True, 1)


def test_one_that_moves_before_anybody_has_told_of_its_seat_leaves_it_to_an_heir_and_one_that_leaves_does_not() -> None:
    court = Court()
    mover, leaver, _ = court.hosts
    court.successor()
    for party in (mover, leaver):
        party.silent = True
        court.directory.leave(court.now, party.sitting, party is mover)
    court.renew()
    vacant = court.seat(mover)
    assert vacant is not None
    assert (vacant.vacant, vacant.moved, vacant.losses) == (True, True, 0)
    assert court.seat(leaver) is None


def test_one_on_whom_there_was_a_verdict_is_not_taken_back_even_if_it_reports_first() -> None:
    court = Court()
    revenant = court.hosts[0]
    court.verdict(revenant)
    others = [party for party in court.parties if party is not revenant]
    for party in others:
        party.renew()
    court.successor()
    revenant.suspended = True
    revenant.renew()
    assert revenant.renew().leased is False
    for party in others:
        party.renew()
    assert revenant.renew().standing is Standing.ENDED
    assert court.state(revenant) is HostState.DEAD


def test_a_host_with_a_lease_keeps_it_while_the_table_is_rebuilt_and_one_without_waits_for_that() -> None:
    court = Court()
    one, other, _ = court.hosts
    other.suspended = True
    court.successor()
    for party in court.parties:
        party.renew()
    assert one.renew().leased
    assert not other.renew().leased
    court.wait(4.0)
    assert other.renew().leased


def test_an_heir_that_the_predecessor_appointed_may_take_its_seat() -> None:
    court = Court()
    court.stand_by("understudy")
    court.verdict(court.hosts[0])
    court.wait(2.0)
    court.successor()
    court.renew()
    heir = court.take(court.appointments[0])
    assert heir.standing is Standing.MEMBER
    court.wait(5.0)
    assert court.state(heir) is HostState.UP
    assert len(court.appointments) == 1


def test_an_heir_of_the_predecessor_is_too_late_once_the_successor_has_appointed_another() -> None:
    court = Court()
    court.stand_by("slow")
    court.verdict(court.hosts[0])
    court.wait(2.0)
    court.successor()
    court.stand_by("quick")
    court.wait(5.0)
    assert [it.host for it in court.appointments] == ["slow", "quick"]
    assert court.take(court.appointments[0]).standing is Standing.ENDED


def test_a_host_that_still_knew_an_older_sitting_does_not_bring_it_back() -> None:
    court = Court()
    old, uninformed, _ = court.hosts
    court.stand_by("understudy")
    court.verdict(old)
    uninformed.silent = True
    court.wait(7.0)
    heir = court.take(court.appointments[0])
    uninformed.silent = False
    court.successor()
    for party in (uninformed, heir, *court.parties[:1], *court.hosts[2:]):
        party.renew()
    assert court.state(heir) is HostState.UP
    assert court.table.holds(heir.sitting)
    assert not court.table.holds(old.sitting)


def filled(court: Court) -> Party:
    """The heir of the first host, of whom the driver has heard; then a new directory asks everybody."""
    court.stand_by("understudy")
    court.verdict(court.hosts[0])
    court.wait(2.0)
    heir = court.take(court.appointments[0])
    court.driver.renew()
    court.successor()
    return heir


def test_a_vacancy_that_was_filled_is_not_in_the_table_once_somebody_has_told_who_filled_it() -> None:
    court = Court()
    heir = filled(court)
    old, uninformed, _ = court.hosts
    uninformed.renew()
    vacant = court.seat(heir)
    assert vacant is not None
    assert (vacant.sitting, vacant.vacant) == (old.sitting, True)
    court.driver.renew()
    assert court.seat(heir) is None
    heir.renew()
    assert court.table.holds(heir.sitting)


def test_one_that_filled_a_vacancy_and_has_not_reported_in_the_time_of_a_verdict_is_dead() -> None:
    court = Court()
    heir = filled(court)
    uninformed = court.hosts[1]
    heir.silent = True
    for party in (uninformed, court.driver):
        party.renew()
    court.wait(9.0)
    vacant = court.seat(heir)
    assert vacant is not None
    assert (vacant.sitting, vacant.vacant) == (heir.sitting, True)
