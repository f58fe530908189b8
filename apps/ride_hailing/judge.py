"""Whether a run kept its promises, decided afterwards from three logs that know nothing of each other.

The riders' log and the dispatcher's log tell the same story from two sides, and neither is believed alone: a request
that one side lost shows as a disagreement. The drivers' log tells who was committed to what. All checks are folds and
joins over entries; the judge sees no actor.

    R1      no trip is accepted by two drivers in one round
    R2      no driver is in two active trips
    R3      the trip and the driver it names agree
    R4      every request reaches exactly one terminal stage, in the riders' log and in the dispatcher's
    R5      no offer is taken up after it expired
    agree   both logs name the same steps of every trip
    order   every step follows from the one before it, is logged once, and none is missing
    asked   nothing happens to a trip that nobody asked for, and somebody asked
    unheard everybody who took part has handed out a log
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from apps.ride_hailing.evidence import Evidence
from apps.ride_hailing.lifecycle import FOLLOWS, TERMINAL, Stage
from apps.ride_hailing.log import ASKED, CLAIMED, DONE, OPENED, RELEASED, Entry

OUTCOMES = tuple(stage.value for stage in Stage if stage in TERMINAL)
"""The terminal stages as logs name them."""


@dataclass(frozen=True, slots=True)
class Violation:
    """A broken rule: which, for which trip or driver, and what was seen."""

    rule: str
    subject: str
    text: str

    def __str__(self) -> str:
        return f"{self.rule} {self.subject}: {self.text}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judge's word: satisfied when no rule was broken."""

    requests: int
    violations: tuple[Violation, ...]

    @property
    def satisfied(self) -> bool:
        """Whether no rule was broken."""
        return not self.violations


Log = Mapping[str, Sequence[Entry]]
"""Entries by trip, in the order in which they were written."""


def judge(
    requests: Iterable[str],
    riders: Iterable[Entry],
    dispatcher: Iterable[Entry],
    drivers: Iterable[Entry],
    unheard: Iterable[str] = (),
) -> Verdict:
    """Judge a finished run by the trips that were to be asked for and by the three logs.

    Within one driver the entries of `drivers` must be in the order in which that driver wrote them. `unheard` names
    participants whose logs could not be had: without them nothing is proved.
    """
    asked = set(requests)
    rider_log, dispatcher_log = _by_trip(riders), _by_trip(dispatcher)
    claims = list(drivers)
    found = [
        *(Violation("unheard", name, "has not handed out a log") for name in unheard),
        *_asked(asked, rider_log, dispatcher_log),
        *_one_end(asked, rider_log, "riders"),
        *_one_end(asked, dispatcher_log, "dispatcher"),
        *_agreement(asked, rider_log, dispatcher_log),
        *_order(rider_log, "riders"),
        *_order(dispatcher_log, "dispatcher"),
        *_one_driver(rider_log, "riders"),
        *_one_driver(dispatcher_log, "dispatcher"),
        *_one_trip(claims),
        *_one_trip_a_spell(rider_log),
        *_same_trip(rider_log, claims),
        *_in_time(claims),
    ]
    return Verdict(len(asked), tuple(found))


def judge_run(requests: Iterable[str], evidence: Evidence) -> Verdict:
    """Judge a run by what was left of it."""
    return judge(
        requests,
        (entry for log in evidence.riders.values() for entry in log),
        evidence.dispatcher,
        (entry for log in evidence.drivers.values() for entry in log),
        evidence.unheard,
    )


def _by_trip(entries: Iterable[Entry]) -> Log:
    trips: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        trips[entry.trip].append(entry)
    return dict(trips)


def _steps(entries: Sequence[Entry]) -> list[Entry]:
    """The steps of one trip in their own order; they may have been told in another."""
    return sorted((entry for entry in entries if entry.event not in {ASKED, OPENED}), key=lambda entry: entry.seq)


def _asked(asked: set[str], riders: Log, dispatcher: Log) -> Iterator[Violation]:
    if not asked:
        yield Violation("asked", "the run", "nobody asked for a trip, so there is nothing to judge")
    for name, log, first in (("riders", riders, ASKED), ("dispatcher", dispatcher, OPENED)):
        for trip in sorted(asked):
            count = sum(entry.event == first for entry in log.get(trip, ()))
            if count != 1:
                yield Violation("asked", trip, f"is {first} {count} times in the log of the {name}")
        for trip in sorted(set(log) - asked):
            yield Violation("asked", trip, f"is in the log of the {name}, and nobody asked for it")


def _one_end(asked: set[str], log: Log, name: str) -> Iterator[Violation]:
    for trip in sorted(asked):
        ends = [entry.event for entry in log.get(trip, ()) if entry.event in OUTCOMES]
        if len(ends) != 1:
            what = f"{len(ends)} terminal stages ({', '.join(ends)})" if ends else "no terminal stage"
            yield Violation("R4", trip, f"has {what} in the log of the {name}")


def _agreement(asked: set[str], riders: Log, dispatcher: Log) -> Iterator[Violation]:
    for trip in sorted(asked):
        told = {_fact(entry) for entry in _steps(riders.get(trip, ()))}
        noted = {_fact(entry) for entry in _steps(dispatcher.get(trip, ()))}
        if told != noted:
            one, other = _first(told - noted), _first(noted - told)
            yield Violation("agree", trip, f"only the rider knows of {one}, only the dispatcher of {other}")


def _fact(entry: Entry) -> tuple[int, str, int, str, int]:
    return entry.seq, entry.event, entry.round, entry.driver, entry.spell


def _first(facts: set[tuple[int, str, int, str, int]]) -> str:
    if not facts:
        return "nothing"
    seq, event, round_, driver, _ = min(facts)
    return f"step {seq} {event} (round {round_}{f', {driver}' if driver else ''})"


def _order(log: Log, name: str) -> Iterator[Violation]:
    for trip, entries in log.items():
        steps = _steps(entries)
        if [entry.seq for entry in steps] != list(range(1, len(steps) + 1)):
            yield Violation("order", trip, f"the log of the {name} has its steps as {[entry.seq for entry in steps]}")
        stages = [entry.event for entry in steps]
        if steps and stages[0] != Stage.REQUESTED:
            yield Violation("order", trip, f"begins as {stages[0]} in the log of the {name}")
        for before, after in pairwise(stages):
            if after not in FOLLOWS[Stage(before)]:
                yield Violation("order", trip, f"goes from {before} to {after} in the log of the {name}")


def _one_driver(log: Log, name: str) -> Iterator[Violation]:
    for trip, entries in log.items():
        rounds: dict[int, set[tuple[str, int]]] = defaultdict(set)
        for entry in entries:
            if entry.event == Stage.ACCEPTED:
                rounds[entry.round].add((entry.driver, entry.spell))
        for round_, drivers in rounds.items():
            if len(drivers) > 1:
                names = ", ".join(driver for driver, _ in sorted(drivers))
                yield Violation("R1", trip, f"accepted by {names} in round {round_}, says the log of the {name}")


def _one_trip(claims: Sequence[Entry]) -> Iterator[Violation]:
    active: dict[str, str] = {}
    for entry in claims:
        busy = active.get(entry.driver)
        if entry.event == CLAIMED:
            if busy is not None:
                yield Violation("R2", entry.driver, f"commits to {entry.trip} while committed to {busy}")
            active[entry.driver] = entry.trip
        elif entry.event in {DONE, RELEASED}:
            if busy != entry.trip:
                yield Violation("R2", entry.driver, f"ends {entry.trip} while committed to {busy or 'nothing'}")
            active.pop(entry.driver, None)


def _one_trip_a_spell(riders: Log) -> Iterator[Violation]:
    """R2 once more, without any clock and without the drivers' word: a spell ends with the first trip taken in it."""
    spells: dict[tuple[str, int], set[str]] = defaultdict(set)
    for trip, entries in riders.items():
        for entry in entries:
            if entry.event == Stage.ACCEPTED:
                spells[entry.driver, entry.spell].add(trip)
    for (driver, spell), trips in sorted(spells.items()):
        if len(trips) > 1:
            yield Violation("R2", driver, f"accepted {', '.join(sorted(trips))} in spell {spell}")


def _same_trip(riders: Log, claims: Sequence[Entry]) -> Iterator[Violation]:
    said = {(entry.event, entry.trip, entry.round, entry.driver, entry.spell) for entry in claims}
    seen: set[tuple[str, str, int, str, int]] = set()
    pairs = {Stage.ACCEPTED.value: CLAIMED, Stage.COMPLETED.value: DONE}
    for trip, entries in riders.items():
        for entry in entries:
            if entry.event in pairs:
                fact = (pairs[entry.event], trip, entry.round, entry.driver, entry.spell)
                seen.add(fact)
                if fact not in said:
                    yield Violation("R3", trip, f"is {entry.event} by {entry.driver}, whose log does not say so")
    for event, trip, _, driver, _ in sorted(said - seen):
        if event == DONE:
            yield Violation("R3", trip, f"{driver} says it is done, and its rider does not")


def _in_time(claims: Sequence[Entry]) -> Iterator[Violation]:
    for entry in claims:
        if entry.event == CLAIMED and entry.at >= entry.expires:
            late = f"{entry.at - entry.expires:.0f} simulated seconds after it expired"
            yield Violation("R5", entry.trip, f"{entry.driver} took up an offer {late}")
