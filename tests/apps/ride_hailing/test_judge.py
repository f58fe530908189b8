"""The judge: an honest run passes, and every kind of broken promise that is planted is found."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from apps.ride_hailing.judge import Verdict, judge
from apps.ride_hailing.lifecycle import Stage
from apps.ride_hailing.log import ASKED, CLAIMED, DONE, OPENED, RELEASED, Entry


@dataclass
class Logs:
    """The logs of a small run, to be spoiled."""

    requests: list[str] = field(default_factory=list)
    riders: list[Entry] = field(default_factory=list)
    dispatcher: list[Entry] = field(default_factory=list)
    drivers: list[Entry] = field(default_factory=list)
    unheard: list[str] = field(default_factory=list)

    def judged(self) -> Verdict:
        return judge(self.requests, self.riders, self.dispatcher, self.drivers, self.unheard)

    def steps(self, trip: str, *stages: tuple[Stage, str, int, int]) -> None:
        """Add a trip with these steps (stage, driver, spell, round) to both logs."""
        self.requests.append(trip)
        self.riders.append(Entry(trip, ASKED, 0, 0.0))
        self.dispatcher.append(Entry(trip, OPENED, 0, 0.0))
        for seq, (stage, driver, spell, round_) in enumerate(stages, start=1):
            self.riders.append(Entry(trip, stage.value, seq, 10.0 * seq, round_, driver, spell))
            self.dispatcher.append(Entry(trip, stage.value, seq, 10.0 * seq + 1, round_, driver, spell))

    def served(self, trip: str, driver: str, spell: int) -> None:
        free, taken = ("", 0, 1), (driver, spell, 1)
        self.steps(
            trip,
            (Stage.REQUESTED, *free),
            (Stage.OFFERED, *free),
            (Stage.ACCEPTED, *taken),
            (Stage.ARRIVED, *taken),
            (Stage.IN_TRIP, *taken),
            (Stage.COMPLETED, *taken),
        )
        self.drivers.append(Entry(trip, CLAIMED, 2 * spell - 1, 25.0, 1, driver, spell, expires=40.0))
        self.drivers.append(Entry(trip, DONE, 2 * spell, 60.0, 1, driver, spell, expires=40.0))

    def without(self, log: str, trip: str, event: str) -> None:
        entries = [entry for entry in getattr(self, log) if (entry.trip, entry.event) != (trip, event)]
        assert len(entries) < len(getattr(self, log))
        setattr(self, log, entries)

    def change(self, log: str, trip: str, event: str, /, **fields: object) -> None:
        entries = getattr(self, log)
        at = next(at for at, entry in enumerate(entries) if (entry.trip, entry.event) == (trip, event))
        entries[at] = replace(entries[at], **fields)


def honest() -> Logs:
    logs = Logs()
    logs.served("t1", "ada", 1)
    logs.served("t2", "ada", 2)
    logs.served("t3", "bob", 1)
    logs.steps("t4", (Stage.REQUESTED, "", 0, 1), (Stage.NO_SUPPLY, "", 0, 1))
    logs.steps("t5", (Stage.REQUESTED, "", 0, 1), (Stage.ACCEPTED, "bob", 2, 1), (Stage.CANCELLED, "bob", 2, 1))
    logs.drivers.append(Entry("t5", CLAIMED, 3, 70.0, 1, "bob", 2, expires=80.0))
    logs.drivers.append(Entry("t5", RELEASED, 4, 75.0, 1, "bob", 2, expires=80.0))
    return logs


def test_an_honest_run_satisfies_the_judge():
    verdict = honest().judged()
    assert verdict.satisfied, verdict.violations
    assert verdict.requests == 5


def test_entries_may_have_been_written_in_another_order_than_the_steps():
    logs = honest()
    logs.riders.reverse()
    assert logs.judged().satisfied


def test_a_driver_who_was_lost_and_replaced_is_no_violation():
    logs = Logs()
    logs.steps(
        "t1",
        (Stage.REQUESTED, "", 0, 1),
        (Stage.ACCEPTED, "ada", 1, 1),
        (Stage.REQUESTED, "", 0, 2),
        (Stage.ACCEPTED, "bob", 1, 2),
        (Stage.CANCELLED, "bob", 1, 2),
    )
    logs.drivers.append(Entry("t1", CLAIMED, 1, 5.0, 1, "ada", 1, expires=9.0))
    logs.drivers.append(Entry("t1", CLAIMED, 1, 15.0, 2, "bob", 1, expires=19.0))
    assert logs.judged().satisfied


def lose_the_end_at_the_rider(logs: Logs) -> None:
    logs.without("riders", "t1", Stage.COMPLETED)


def lose_the_end_at_the_dispatcher(logs: Logs) -> None:
    logs.without("dispatcher", "t4", Stage.NO_SUPPLY)


def end_twice(logs: Logs) -> None:
    for log in (logs.riders, logs.dispatcher):
        log.append(Entry("t4", Stage.CANCELLED.value, 3, 99.0, 1))


def end_differently(logs: Logs) -> None:
    logs.change("riders", "t4", Stage.NO_SUPPLY, event=Stage.CANCELLED.value)


def name_another_driver(logs: Logs) -> None:
    logs.change("dispatcher", "t1", Stage.COMPLETED, driver="bob")


def lose_a_step_in_the_middle(logs: Logs) -> None:
    logs.without("riders", "t1", Stage.ARRIVED)
    logs.without("dispatcher", "t1", Stage.ARRIVED)


def write_a_step_twice(logs: Logs) -> None:
    logs.riders.append(next(entry for entry in logs.riders if entry.event == Stage.ARRIVED))


def go_on_after_the_end(logs: Logs) -> None:
    for log in (logs.riders, logs.dispatcher):
        log.append(Entry("t4", Stage.OFFERED.value, 3, 99.0, 1))


def begin_in_the_middle(logs: Logs) -> None:
    for name in ("riders", "dispatcher"):
        logs.change(name, "t4", Stage.REQUESTED, event=Stage.OFFERED.value)


def accept_twice(logs: Logs) -> None:
    for log in (logs.riders, logs.dispatcher):
        log.append(Entry("t1", Stage.ACCEPTED.value, 4, 31.0, 1, "bob", 9))


def commit_to_two_trips(logs: Logs) -> None:
    first, second, third, fourth, *rest = logs.drivers
    logs.drivers = [first, third, second, fourth, *rest]


def end_what_was_not_begun(logs: Logs) -> None:
    logs.drivers.append(Entry("t4", DONE, 9, 99.0, 1, "bob", 3))


def take_two_trips_in_one_spell(logs: Logs) -> None:
    for name in ("riders", "dispatcher"):
        for stage in (Stage.ACCEPTED, Stage.ARRIVED, Stage.IN_TRIP, Stage.COMPLETED):
            logs.change(name, "t2", stage, spell=1)


def accept_without_the_drivers_knowledge(logs: Logs) -> None:
    logs.drivers = [entry for entry in logs.drivers if entry.trip != "t3"]


def complete_without_the_drivers_knowledge(logs: Logs) -> None:
    logs.without("drivers", "t3", DONE)


def complete_without_the_riders_knowledge(logs: Logs) -> None:
    logs.change("drivers", "t5", RELEASED, event=DONE)


def accept_too_late(logs: Logs) -> None:
    logs.change("drivers", "t1", CLAIMED, at=40.0)


def never_ask(logs: Logs) -> None:
    logs.without("riders", "t1", ASKED)


def never_open(logs: Logs) -> None:
    logs.dispatcher = [entry for entry in logs.dispatcher if entry.trip != "t1"]


def open_twice(logs: Logs) -> None:
    logs.dispatcher.append(Entry("t1", OPENED, 0, 3.0))


def serve_somebody_who_did_not_ask(logs: Logs) -> None:
    logs.requests.remove("t3")


def lose_everything(logs: Logs) -> None:
    logs.requests = ["t1"]
    logs.riders, logs.dispatcher, logs.drivers = [], [], []


def do_nothing_at_all(logs: Logs) -> None:
    logs.requests, logs.riders, logs.dispatcher, logs.drivers = [], [], [], []


def keep_a_log_back(logs: Logs) -> None:
    logs.unheard.append("ada")


@pytest.mark.parametrize(
    ("spoil", "rule"),
    [
        (lose_the_end_at_the_rider, "R4"),
        (lose_the_end_at_the_dispatcher, "R4"),
        (end_twice, "R4"),
        (end_differently, "agree"),
        (name_another_driver, "agree"),
        (lose_a_step_in_the_middle, "order"),
        (write_a_step_twice, "order"),
        (go_on_after_the_end, "order"),
        (begin_in_the_middle, "order"),
        (accept_twice, "R1"),
        (commit_to_two_trips, "R2"),
        (end_what_was_not_begun, "R2"),
        (take_two_trips_in_one_spell, "R2"),
        (accept_without_the_drivers_knowledge, "R3"),
        (complete_without_the_drivers_knowledge, "R3"),
        (complete_without_the_riders_knowledge, "R3"),
        (accept_too_late, "R5"),
        (never_ask, "asked"),
        (never_open, "asked"),
        (open_twice, "asked"),
        (serve_somebody_who_did_not_ask, "asked"),
        (lose_everything, "R4"),
        (do_nothing_at_all, "asked"),
        (keep_a_log_back, "unheard"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_a_planted_violation_is_found(spoil: Callable[[Logs], None], rule: str):
    logs = honest()
    spoil(logs)
    verdict = logs.judged()
    assert not verdict.satisfied
    assert rule in {violation.rule for violation in verdict.violations}
