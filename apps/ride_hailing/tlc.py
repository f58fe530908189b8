"""Trips from a yellow-cab file of the NYC Taxi & Limousine Commission, as published: CSV, one trip in each row.

Only four columns are used, under the names they have had since July 2016. Older files name coordinates instead of zones
and are refused with that reason. The file is read line by line and never held: each row becomes a journey or is counted
as rejected with its line and reason. A broken quote therefore spoils its own line and no other.

The days of a file are folded into one: a trip keeps its time of day. It is asked for at its recorded pickup time, which
is the nearest thing to a request that is recorded, and its ride takes as long as recorded.
"""

import csv
import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random
from typing import TextIO

from apps.ride_hailing.city import Point
from apps.ride_hailing.demand import Journey, Slice
from apps.ride_hailing.pace import DAY, HOUR
from apps.ride_hailing.rejects import BadInput, Rejected, Rejects
from apps.ride_hailing.zones import KNOWN, Zones

COLUMNS = {
    "pickup time": ("tpep_pickup_datetime", "pickup_datetime"),
    "dropoff time": ("tpep_dropoff_datetime", "dropoff_datetime"),
    "pickup zone": ("pulocationid", "pickup_location_id"),
    "dropoff zone": ("dolocationid", "dropoff_location_id"),
}
"""What is needed of a row, and the names under which the TLC and its republishers have it (compared without case)."""

COORDINATES = {"pickup_longitude", "start_lon"}
"""Columns of files published before July 2016."""

LONGEST_RIDE = 6 * HOUR
"""A longer "ride" is a meter that was never switched off."""

LONGEST_LINE = 64 * 1024
"""Characters; a longer line is no row of this file."""

NUMBER = re.compile(r"[0-9]{1,6}")

NOWHERE = (264, 265)
"""Zone numbers by which the TLC says that it does not know, or that the place is not in New York."""

Trip = tuple[float, Point, Point, float]
"""Time of day and seconds of the ride, with pickup and dropoff between them."""


@dataclass(slots=True)
class TripFile:
    """What was read: `rows` = `journeys` + `outside` + `beyond` + rejected."""

    path: Path
    journeys: list[Journey] = field(default_factory=list[Journey])
    """The trips to be played, in the order of their times of day."""
    rejects: Rejects = field(default_factory=Rejects)
    rows: int = 0
    outside: int = 0
    """Good rows whose time of day is outside the slice that is played."""
    beyond: int = 0
    """Good rows after the limit was reached."""


def load(path: Path, zones: Zones, part: Slice, limit: int, seed: int) -> TripFile:
    """Read the file's trips in a part of the day, the first `limit` of them; every row is accounted for.

    Raises BadInput when the file cannot be read, is empty, lacks a column, or yields no trip to play.
    """
    file = TripFile(path)
    for row in rows(path, zones, seed):
        file.rows += 1
        if isinstance(row, Rejected):
            file.rejects.add(row)
        elif (journey := _within(row, part)) is None:
            file.outside += 1
        elif len(file.journeys) >= limit:
            file.beyond += 1
        else:
            file.journeys.append(journey)
    if not file.journeys:
        raise BadInput(_why_none(file))
    file.journeys.sort(key=lambda journey: (journey.at, journey.trip))
    return file


def rows(path: Path, zones: Zones, seed: int) -> Iterator[Journey | Rejected]:
    """Every row after the header, in the file's order, as a journey or as rejected. Raises BadInput as `load`.

    Where in its zone a trip begins and ends is drawn from `seed`, so the same file and seed give the same journeys.
    """
    rng = Random(f"places {seed}")
    with _opened(path) as lines:
        header = next(lines, None)
        if header is None or not header.strip():
            message = f"{path}: the file is empty. Give a yellow-cab trip file of the NYC TLC (CSV with a header)."
            raise BadInput(message)
        columns = _columns(path, header)
        for number, line in enumerate(lines, start=2):
            try:
                yield Journey(f"line-{number:05d}", *_row(line, columns, zones, rng))
            except _Refused as refused:
                yield Rejected(number, str(refused))


def _within(journey: Journey, part: Slice) -> Journey | None:
    """The journey, moved to the next day where the slice passes midnight; None outside the slice."""
    for at in (journey.at, journey.at + DAY):
        if at in part:
            return Journey(journey.trip, at, journey.pickup, journey.dropoff, journey.ride_seconds)
    return None


def _why_none(file: TripFile) -> str:
    if file.rows == 0:
        return f"{file.path}: the file has a header and no rows."
    reasons = [f"{count} {reason} ({file.rejects.lines(reason)})" for reason, count in file.rejects.counts.items()]
    if file.outside:
        reasons.append(f"{file.outside} outside the slice of the day (see --start and --minutes)")
    return "\n  ".join((f"{file.path}: none of its {file.rows} rows is a trip to play:", *reasons))


@contextmanager
def _opened(path: Path) -> Generator[Iterator[str]]:
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline=None) as file:
            yield _lines(file)
    except OSError as error:
        message = f"{path}: cannot be read ({error.strerror or error}). Give the path of a yellow-cab trip file (CSV)."
        raise BadInput(message) from error


def _lines(file: TextIO) -> Iterator[str]:
    """The lines without their ends; one that is too long is cut, which its parser then refuses."""
    while line := file.readline(LONGEST_LINE + 1):
        cut = not line.endswith("\n")
        yield line.rstrip("\n")
        while cut and len(line) > LONGEST_LINE and (line := file.readline(LONGEST_LINE + 1)):
            cut = not line.endswith("\n")


def _columns(path: Path, header: str) -> tuple[int, int, int, int]:
    fields = _fields(header)
    names = [name.strip().casefold() for name in fields] if fields is not None else []
    found: list[int] = []
    missing: list[str] = []
    for what, known in COLUMNS.items():
        at = next((names.index(name) for name in known if name in names), None)
        if at is None:
            missing.append(f"{what} ({' or '.join(known)})")
        else:
            found.append(at)
    if missing:
        raise BadInput(_what_is_missing(path, missing, names))
    return found[0], found[1], found[2], found[3]


def _what_is_missing(path: Path, missing: list[str], names: list[str]) -> str:
    if names and names[0].startswith("par1"):
        return f"{path}: is a Parquet file. Convert it to CSV first, with the column names it has."
    text = f"{path}: the header has no column for {', '.join(missing)}."
    if COORDINATES.intersection(names):
        return f"{text} It has coordinates instead, as files before July 2016: give a later one, which has zone ids."
    shown = ", ".join(name for name in names[:20] if name.isprintable())
    return f"{text} It has: {shown or 'nothing that can be read'}."


def _fields(line: str) -> list[str] | None:
    try:
        return next(csv.reader([line], strict=True), None)
    except csv.Error:
        return None


class _Refused(Exception):
    """A row that is no trip; the text is the reason by which it is counted."""


def _row(line: str, columns: tuple[int, int, int, int], zones: Zones, rng: Random) -> Trip:
    if len(line) > LONGEST_LINE:
        raise _Refused("line too long")
    if not line.strip():
        raise _Refused("blank line")
    fields = _fields(line)
    if fields is None:
        raise _Refused("quotes not closed")
    if max(columns) >= len(fields):
        raise _Refused("too few fields")
    began, ended, origin, target = (fields[column].strip() for column in columns)
    at, seconds = _ride(_time("pickup", began), _time("dropoff", ended))
    start, end = _zone("pickup", origin, zones), _zone("dropoff", target, zones)
    return at, zones.place(start, rng), zones.place(end, rng), seconds


def _ride(began: datetime, ended: datetime) -> tuple[float, float]:
    seconds = (ended - began).total_seconds()
    if seconds <= 0:
        raise _Refused("ride of no or negative duration")
    if seconds > LONGEST_RIDE:
        raise _Refused(f"ride longer than {LONGEST_RIDE / HOUR:.0f} hours")
    return (began - began.replace(hour=0, minute=0, second=0)).total_seconds(), seconds


def _time(what: str, text: str) -> datetime:
    # `fromisoformat` alone would take a bare date, a zone suffix and other forms that no published file has
    if len(text) == len("2019-02-07 15:48:06") and text[10] in " T":
        with suppress(ValueError):
            return datetime.fromisoformat(text)
    raise _Refused(f"{what} time empty or not a time")


def _zone(what: str, text: str, zones: Zones) -> int:
    digits = text.removesuffix(".0")  # some republished files have them as floats
    if not digits:
        raise _Refused(f"{what} zone empty")
    if not NUMBER.fullmatch(digits):
        raise _Refused(f"{what} zone not a number")
    zone = int(digits)
    if zone in NOWHERE:
        raise _Refused(f"{what} zone {zone} (unknown or outside New York)")
    if zone not in zones:
        raise _Refused(f"{what} zone {'not in the zones file' if zone in KNOWN else 'not in 1..263'}")
    return zone
