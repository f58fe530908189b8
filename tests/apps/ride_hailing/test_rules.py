"""The numbers of the game: however fast the day and however many the drivers, the dispatcher is not flooded."""

from apps.ride_hailing.pace import Pace
from apps.ride_hailing.rules import Rules


def test_drivers_report_every_four_simulated_seconds():
    assert Rules(Pace(10.0), drivers=100).report_seconds == 0.4


def test_no_driver_reports_more_often_than_the_floor():
    assert Rules(Pace(1000.0), drivers=100).report_seconds == 0.05


def test_all_drivers_together_keep_below_what_a_dispatcher_takes_in():
    rules = Rules(Pace(100.0), drivers=12_000)
    assert rules.report_seconds == 2.0
    assert Rules(Pace(1.0), drivers=12_000).report_seconds == 4.0, "at the pace of life they report as drivers do"


def test_an_offer_lasts_fifteen_simulated_seconds_but_at_least_one_real_one():
    assert Rules(Pace(10.0)).offer_lasts == 15.0
    assert Rules(Pace(100.0)).offer_lasts == 100.0
