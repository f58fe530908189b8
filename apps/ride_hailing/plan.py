"""What is going to be played: the journeys, the drivers and where they start, and where all that comes from."""

from dataclasses import dataclass
from pathlib import Path
from random import Random

from apps.ride_hailing.city import City, Point
from apps.ride_hailing.demand import Journey, Slice, generated
from apps.ride_hailing.tlc import TripFile, load
from apps.ride_hailing.zones import GridZones, read_zones


@dataclass(frozen=True, slots=True)
class Plan:
    """A run before it begins. The same options make the same plan."""

    source: str
    """Where the journeys come from, as people read it."""
    part: Slice
    journeys: tuple[Journey, ...]
    drivers: tuple[tuple[str, Point], ...]
    """Names, and where they start."""
    file: TripFile | None = None
    """How the trip file was read, if there is one."""
    wrong_features: tuple[tuple[str, int, str], ...] = ()
    """What was wrong in the zones file: reason, count, first feature numbers."""


def generated_plan(part: Slice, requests: int, drivers: int, seed: int) -> Plan:
    """A part of a generated day."""
    city = City.generate(seed)
    source = f"generated city and day, seed {seed}, {part}"
    return Plan(source, part, tuple(generated(city, part, requests, seed)), _drivers(city, drivers, seed))


def recorded_plan(trips: Path, zones: Path | None, part: Slice, limit: int, drivers: int, seed: int) -> Plan:
    """Trips of a TLC file. Raises BadInput when a file cannot be used."""
    known = read_zones(zones) if zones is not None else GridZones()
    file = load(trips, known, part, limit, seed)
    where = f"zones of {zones.name}" if zones is not None else "zones on the generated grid"
    source = f"{trips.name}, its days folded into one, {part}, {where}"
    rejects = None if isinstance(known, GridZones) else known.rejects
    wrong = tuple((reason, n, rejects.lines(reason)) for reason, n in rejects.counts.items()) if rejects else ()
    return Plan(source, part, tuple(file.journeys), _drivers(City.generate(seed), drivers, seed), file, wrong)


def _drivers(city: City, count: int, seed: int) -> tuple[tuple[str, Point], ...]:
    rng = Random(f"drivers {seed}")
    return tuple((f"driver-{number:04d}", city.corner(rng)) for number in range(1, count + 1))
