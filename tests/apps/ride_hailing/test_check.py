"""Small days in simulated worlds: the game keeps its rules through faults, and a company that breaks one is caught."""

import pytest

from apps.ride_hailing.__main__ import main
from apps.ride_hailing.check import Checks, check
from apps.ride_hailing.driver import Driver
from apps.ride_hailing.log import DONE
from apps.ride_hailing.messages import Offer
from apps.ride_hailing.options import parse
from apps.ride_hailing.play import Company


class Careless(Driver):
    """Does not write down that a ride is done."""

    def _note(self, event: str, offer: Offer) -> None:
        if event != DONE:
            super()._note(event, offer)


def test_a_thousand_seeds_are_asked_for_unless_others_are():
    assert parse(["check"]) == Checks(seeds=1000, first=0, faults=None)
    assert parse(["check", "--seeds", "5", "--first", "7", "--faults", "[]"]) == Checks(5, 7, "[]")


@pytest.mark.parametrize(
    ("faults", "told"),
    [
        ("garbage", "these --faults are no plan, such as '[]': JSON is malformed"),
        ('[{"type":"Pause","at":1,"place":9,"seconds":1}]', "there is no place 9. The places of this system are 0"),
        ('[{"type":"Crash","at":1,"place":0}]', "The driver (place 0) cannot crash"),
    ],
)
def test_faults_that_cannot_be_are_refused_in_one_line(capsys, faults, told):
    assert main(["check", "--seeds", "1", "--faults", faults]) == 2
    said = capsys.readouterr().err
    assert told in said
    assert said.count("\n") == 1


def test_days_with_faults_satisfy_the_judge(capsys):
    assert main(["check", "--seeds", "25"]) == 0
    told = capsys.readouterr().out
    assert "25 seeds" in told
    served = int(told.split(" requests, ")[1].split()[0])
    assert served > 25


def test_a_company_that_breaks_a_rule_is_refused_with_the_command_that_repeats_it(capsys):
    careless = Company(driver=Careless)
    assert check(Checks(200, 0, None), careless) == 1
    told = capsys.readouterr().err
    again = told.partition("Again: python -m apps.ride_hailing ")[2]
    found = parse([word.strip("'") for word in again.split()])
    assert isinstance(found, Checks)
    assert check(found, careless) == 1
    assert check(found) == 0
