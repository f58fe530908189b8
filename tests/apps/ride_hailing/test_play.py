"""Whole runs on `local`: in calm weather, with lost, late and repeated messages, and with drivers that vanish."""

import io
import time
from dataclasses import replace

import pytest

from actors import System
from apps.ride_hailing.demand import Slice
from apps.ride_hailing.driver import Driver
from apps.ride_hailing.evidence import Evidence
from apps.ride_hailing.judge import judge_run
from apps.ride_hailing.lifecycle import TERMINAL, Stage
from apps.ride_hailing.messages import Agreed
from apps.ride_hailing.pace import HOUR, Pace
from apps.ride_hailing.plan import Plan, generated_plan
from apps.ride_hailing.play import COMPANY, Company, play
from apps.ride_hailing.progress import Progress
from apps.ride_hailing.rules import Rules
from tests.apps.ride_hailing import storm

FAST = Rules(Pace(1500.0), again=0.1, shortest_offer=0.3, shortest_report=0.05)
PATIENT = replace(FAST, patience=(7200.0, 7200.0), search=7200.0)
"""Nobody gives up because the machine is slow."""
EVENING = Slice(18 * HOUR, 20 * 60)


def played(plan: Plan, rules: Rules, company: Company = COMPANY) -> Evidence:
    async def run(system: System) -> Evidence:
        return await play(system, plan, rules, Progress(io.StringIO(), quiet=True), time.monotonic, company)

    return System(on="local").run(run)


def outcomes(evidence: Evidence) -> dict[str, list[str]]:
    return {trip: [entry.event for entry in log if entry.event in TERMINAL] for trip, log in evidence.riders.items()}


def satisfied(plan: Plan, evidence: Evidence) -> None:
    verdict = judge_run((journey.trip for journey in plan.journeys), evidence)
    assert verdict.satisfied, "\n".join(map(str, verdict.violations[:20]))


def test_patient_riders_of_a_calm_evening_are_all_served():
    plan = generated_plan(EVENING, requests=60, drivers=60, seed=1)
    evidence = played(plan, PATIENT)
    satisfied(plan, evidence)
    assert outcomes(evidence) == {journey.trip: [Stage.COMPLETED] for journey in plan.journeys}
    assert evidence.messages > 1000


@pytest.mark.parametrize(("seed", "rules"), [(0, FAST), (1, FAST), (2, PATIENT)])
def test_every_request_has_one_end_although_messages_are_lost_late_and_told_twice(seed, rules):
    plan = generated_plan(EVENING, requests=40, drivers=40, seed=seed)
    evidence = played(plan, rules, storm.company(storm.Weather()))
    satisfied(plan, evidence)
    if rules is PATIENT:
        assert all(end == [Stage.COMPLETED] for end in outcomes(evidence).values())


def test_too_few_drivers_leave_requests_unserved_or_cancelled_but_none_open():
    plan = generated_plan(EVENING, requests=60, drivers=3, seed=2)
    evidence = played(plan, FAST)
    satisfied(plan, evidence)
    ends = [end for (end,) in outcomes(evidence).values()]
    assert ends.count(Stage.NO_SUPPLY) + ends.count(Stage.CANCELLED) > 30


class Vanishing(Driver):
    """Agrees to a trip and is never heard of again."""

    def agreed(self, agreed: Agreed) -> None:
        if agreed.stage is Stage.ACCEPTED:
            self.context.stop()
        else:
            super().agreed(agreed)


def test_a_trip_whose_driver_vanishes_goes_to_another_and_still_has_one_end():
    class Half(Vanishing):
        def agreed(self, agreed: Agreed) -> None:
            if int(self.name[-1]) % 2:
                super().agreed(agreed)
            else:
                Driver.agreed(self, agreed)

    plan = generated_plan(EVENING, requests=30, drivers=60, seed=3)
    evidence = played(plan, replace(FAST, silence=0.5), Company(driver=Half))
    gone = set(evidence.unheard)
    assert gone, "some drivers were to vanish"
    assert gone <= {name for name, _ in plan.drivers}
    assert all(len(ends) == 1 for ends in outcomes(evidence).values())
    rounds = {entry.round for log in evidence.riders.values() for entry in log}
    assert max(rounds) > 1, "somebody was driven by a second driver"
