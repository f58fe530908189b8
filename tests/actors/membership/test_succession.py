"""A vacant seat goes to one spare, after every host has acted on the verdict, with a higher epoch than all before."""

import pytest
from msgspec.structs import replace

from actors import Settings
from actors.membership.seats import Heirs, HostState, Spare, Standing, Ties
from tests.actors.membership.court import Court


def test_a_spare_is_appointed_once_every_host_has_acted_on_the_verdict() -> None:
    court = Court()
    court.stand_by("understudy")
    dead, slow, _ = court.hosts
    slow.acts = False
    court.verdict(dead)
    court.wait(3.0)
    assert court.appointments == []
    slow.acts = True
    slow.acted = court.table.version
    court.renew()
    (appointment,) = court.appointments
    assert appointment.host == "understudy"
    assert appointment.sitting.seat == dead.sitting.seat
    assert appointment.sitting.epoch > max(party.sitting.epoch for party in court.parties)


def test_a_host_that_moves_leaves_its_seat_to_a_spare_and_is_no_loss() -> None:
    court = Court()
    mover = court.hosts[0]
    mover.silent = True
    court.directory.leave(court.now, mover.sitting, True)
    court.directory.leave(court.now, mover.sitting, True)
    seat = court.seat(mover)
    assert seat is not None
    assert (seat.vacant, seat.moved, seat.losses, seat.withheld) == (True, True, 0, False)
    court.stand_by("understudy")
    court.wait(2.0)
    heir = court.take(court.appointments[0])
    assert court.seat(heir) == heir.seat


@pytest.mark.parametrize(
    ("ties", "heir"),
    [
        (Ties(), "elsewhere"),
        (Ties(labels={"zone": "a"}), "same zone"),
        (Ties(labels={"zone": "a", "gpu": "yes"}), "same node"),
        (Ties(node=True), "same node"),
    ],
)
def test_a_seat_whose_actors_were_to_live_somewhere_goes_to_nobody_elsewhere(ties: Ties, heir: str) -> None:
    court = Court()
    court.hosts[0].renew(ties=ties)
    court.verdict(court.hosts[0])
    spares = {"elsewhere": ("b", {}), "same zone": ("c", {"zone": "a"}), "same node": ("node", {})}
    for name, (node, labels) in spares.items():
        court.directory.stand_by(court.now, Spare(name, node, labels=labels))
        court.renew()
    assert [it.host for it in court.appointments] == [heir]


def test_the_seat_is_vacant_until_its_heir_has_registered() -> None:
    court = Court()
    court.stand_by("understudy")
    court.verdict(court.hosts[0])
    court.renew()
    court.renew()
    seat = court.seat(court.hosts[0])
    assert seat is not None
    assert (seat.vacant, seat.host) == (True, "understudy")
    heir = court.take(court.appointments[0])
    assert court.seat(heir) == replace(heir.seat, losses=1, deaths=1)
    assert court.table.spares == ()
    court.wait(10.0)
    assert court.state(heir) is HostState.UP


def test_a_host_whose_lease_must_have_run_out_is_not_waited_for() -> None:
    court = Court()
    court.stand_by("understudy")
    dead, cut_off, _ = court.hosts
    cut_off.silent = True
    court.verdict(dead)
    court.wait(5.0)
    assert court.appointments == []
    court.wait(1.0)
    assert [it.host for it in court.appointments] == ["understudy"]


def test_a_spare_that_comes_later_takes_the_seat_that_waits() -> None:
    court = Court()
    court.verdict(court.hosts[0])
    court.wait(3.0)
    sitting = court.stand_by("late")
    assert sitting is not None
    assert sitting.seat == court.hosts[0].sitting.seat
    assert court.stand_by("late") == sitting


def test_a_spare_on_the_same_node_is_preferred_and_any_other_will_do() -> None:
    court = Court()
    court.stand_by("far", node="elsewhere")
    court.stand_by("near", node="node")
    for dead in court.hosts[:2]:
        court.verdict(dead)
    court.wait(2.0)
    assert [it.host for it in court.appointments] == ["near", "far"]


def test_what_a_lost_host_had_asked_of_ray_stands_in_the_table_whoever_reads_it() -> None:
    court = Court()
    special = court.join(heirs=Heirs.MADE, takes_anybody=False, resources={"GPU": 1})
    court.renew()
    court.successor()
    court.renew()
    court.verdict(special)
    court.wait(3.0)
    court.successor()
    court.renew()
    vacant = court.seat(special)
    assert vacant is not None
    assert (vacant.vacant, vacant.resources) == (True, {"GPU": 1})


def test_a_seat_with_needs_of_its_own_waits_for_a_process_that_was_made_for_it() -> None:
    court = Court(hosts=1)
    special = court.join(heirs=Heirs.MADE, takes_anybody=False)
    court.stand_by("any")
    court.verdict(special)
    court.wait(3.0)
    assert court.appointments == []
    sitting = court.stand_by("made", seat=special.sitting.seat)
    assert sitting is not None
    assert sitting.seat == special.sitting.seat


def test_a_process_that_was_made_for_a_seat_takes_no_other() -> None:
    court = Court()
    court.stand_by("made", seat=77)
    court.verdict(court.hosts[0])
    court.wait(3.0)
    assert court.appointments == []


def test_an_heir_that_dies_before_it_has_taken_the_seat_is_followed_by_the_next() -> None:
    court = Court()
    court.stand_by("first")
    court.stand_by("second")
    court.verdict(court.hosts[0])
    court.wait(2.0)
    table = court.directory.ended(court.now, "first")
    assert [seat.host for seat in table.seats if seat.vacant] == [""]
    court.wait(1.0)
    assert [it.host for it in court.appointments] == ["first", "second"]
    late = court.take(court.appointments[0])
    assert late.standing is Standing.ENDED
    assert court.take(court.appointments[1]).standing is Standing.MEMBER


def test_an_heir_that_does_not_take_the_seat_in_time_is_too_late_once_another_was_appointed() -> None:
    court = Court()
    court.stand_by("slow")
    court.verdict(court.hosts[0])
    court.wait(12.0)
    court.stand_by("quick")
    court.renew()
    assert [it.host for it in court.appointments] == ["slow", "quick"]
    assert court.take(court.appointments[0]).standing is Standing.ENDED
    assert court.take(court.appointments[1]).standing is Standing.MEMBER


def test_an_heir_has_the_time_of_a_verdict_to_take_its_seat() -> None:
    court = Court(settings=Settings(verdict=20.0))
    court.stand_by("cut off")
    court.verdict(court.hosts[0])
    court.wait(20.0)
    court.stand_by("there")
    court.renew()
    assert [it.host for it in court.appointments] == ["cut off"]
    court.wait(4.0)
    assert [it.host for it in court.appointments] == ["cut off", "there"]


def test_a_spare_that_is_silent_is_not_counted_on() -> None:
    court = Court()
    court.stand_by("silent")
    court.spares.clear()
    court.wait(10.0)
    assert court.table.spares == ()
    court.verdict(court.hosts[0])
    court.wait(2.0)
    assert court.appointments == []


def test_a_spare_that_is_cut_off_together_with_the_host_is_not_called() -> None:
    court = Court()
    court.stand_by("cut off", node="node")
    court.stand_by("far", node="elsewhere")
    court.hosts[0].silent = True
    court.wait(0.0)
    del court.spares[0]
    court.wait(9.0)
    assert [it.host for it in court.appointments] in ([], ["far"])
    court.wait(2.0)
    assert [it.host for it in court.appointments] == ["far"]


def test_only_a_vacant_seat_can_be_given_to_another() -> None:
    court = Court()
    with pytest.raises(ValueError, match="not vacant"):
        court.directory.appoint(court.now, court.hosts[0].sitting.seat, "usurper")
    court.verdict(court.hosts[0])
    sitting = court.directory.appoint(court.now, court.hosts[0].sitting.seat, "heir")
    assert court.directory.appoint(court.now, court.hosts[0].sitting.seat, "heir") == sitting
    assert court.directory.appoint(court.now, court.hosts[0].sitting.seat, "other") > sitting


def test_where_no_loss_is_made_good_the_seat_is_gone_with_its_host() -> None:
    court = Court(settings=Settings(seat_losses=0))
    court.stand_by("understudy")
    court.verdict(court.hosts[0])
    court.wait(3.0)
    assert court.seat(court.hosts[0]) is None
    assert court.appointments == []


def lose_again(court: Court, times: int) -> None:
    """The host of one seat dies again and again, each time as soon as it sits."""
    holder = court.hosts[0]
    for number in range(times):
        court.stand_by(f"spare {number}")
        court.verdict(holder)
        court.wait(2.0)
        holder = court.take(court.appointments[-1])
    court.hosts[0] = holder


def test_a_seat_whose_budget_is_spent_stays_empty_for_its_backoff_and_the_table_says_so() -> None:
    court = Court()
    lose_again(court, 5)
    assert len(court.appointments) == 5
    court.stand_by("sixth")
    table = court.verdict(court.hosts[0])
    assert [seat.withheld for seat in table.seats if seat.vacant] == [True]
    court.wait(9.0)
    assert len(court.appointments) == 5
    court.wait(2.0)
    assert court.appointments[-1].host == "sixth"
    assert not any(seat.withheld for seat in court.table.seats)


def test_a_seat_for_which_nobody_can_be_found_stays_empty_for_a_while_too() -> None:
    court = Court()
    court.verdict(court.hosts[0])
    court.renew()
    number = court.hosts[0].sitting.seat
    version = court.directory.withhold(court.now, number).version
    assert court.directory.withhold(court.now, number).version == version
    court.stand_by("somebody")
    court.wait(8.0)
    assert court.appointments == []
    court.wait(4.0)
    assert [it.host for it in court.appointments] == ["somebody"]


def test_losses_of_different_seats_are_counted_apart() -> None:
    court = Court(hosts=8)
    for dead in court.hosts[:7]:
        court.verdict(dead)
    assert [seat.withheld for seat in court.table.seats if seat.vacant] == [False] * 7


def test_an_heir_that_dies_before_it_sits_is_one_more_loss_of_the_seat() -> None:
    court = Court()
    lose_again(court, 4)
    court.stand_by("heir")
    court.verdict(court.hosts[0])
    court.wait(2.0)
    table = court.directory.ended(court.now, "heir")  # the sixth
    assert [seat.withheld for seat in table.seats if seat.vacant] == [True]
