"""A driver's duty: one offer in each spell, before it expires, and free again with a new spell."""

from apps.ride_hailing.duty import Duty, Status
from apps.ride_hailing.lifecycle import Claim, Stage

FIRST = Claim(1, "ada", 1)


def available() -> Duty:
    return Duty().online()


def test_a_driver_who_goes_to_work_is_available_in_a_first_spell():
    assert available() == Duty(Status.AVAILABLE, 1, None)
    assert available().online() == available(), "once is enough"


def test_an_offer_for_this_spell_is_taken_up_before_it_expires():
    duty = available().offered(FIRST, expires=10.0, now=9.9)
    assert (duty.status, duty.claim) == (Status.OFFERED, FIRST)


def test_an_offer_that_is_late_for_another_spell_or_one_too_many_is_not_taken_up():
    duty = available()
    assert duty.offered(FIRST, expires=10.0, now=10.0) is duty
    assert duty.offered(Claim(1, "ada", 2), expires=10.0, now=0.0) is duty
    assert Duty().offered(Claim(1, "ada", 0), expires=10.0, now=0.0) == Duty(), "an offline driver takes nothing"
    busy = duty.offered(FIRST, expires=10.0, now=0.0)
    assert busy.offered(Claim(7, "ada", 1), expires=10.0, now=0.0) is busy


def test_a_driver_goes_through_a_trip_and_is_free_in_a_new_spell():
    duty = available().offered(FIRST, expires=10.0, now=0.0)
    stages = [Status.EN_ROUTE, Status.EN_ROUTE, Status.IN_TRIP]
    for stage, status in zip((Stage.ACCEPTED, Stage.ARRIVED, Stage.IN_TRIP), stages, strict=True):
        duty = duty.agreed(stage)
        assert duty.status is status
    free = duty.freed()
    assert free == Duty(Status.AVAILABLE, 2, None)
    assert free.offered(FIRST, expires=10.0, now=0.0) is free, "an offer of the old spell is void"


def test_an_answer_out_of_turn_changes_nothing():
    duty = available().offered(FIRST, expires=10.0, now=0.0)
    assert duty.agreed(Stage.IN_TRIP) is duty
    assert available().agreed(Stage.ACCEPTED) == available()
