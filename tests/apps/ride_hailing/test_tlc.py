"""Trip files: every row becomes a journey or is counted with its line and reason; a bad file is one clear error."""

import json
from pathlib import Path

import pytest

from apps.ride_hailing.demand import Journey, Slice
from apps.ride_hailing.pace import DAY, HOUR
from apps.ride_hailing.rejects import BadInput, Rejected
from apps.ride_hailing.tlc import load, rows
from apps.ride_hailing.zones import FileZones, GridZones, read_zones

HEADER = "VendorID,tpep_pickup_datetime,tpep_dropoff_datetime,passenger_count,trip_distance,PULocationID,DOLocationID"
GOOD = "2,2020-01-17 18:05:00,2020-01-17 18:15:30,1,1.4,163,68"
WHOLE_DAY = Slice(0.0, DAY)


def written(tmp_path: Path, text: str, encoding: str = "utf-8") -> Path:
    path = tmp_path / "trips.csv"
    path.write_bytes(text.encode(encoding))
    return path


def read(tmp_path: Path, *lines: str) -> list[Journey | Rejected]:
    return list(rows(written(tmp_path, "\n".join((HEADER, *lines)) + "\n"), GridZones(), seed=0))


def test_a_row_becomes_a_journey_with_its_recorded_times(tmp_path):
    (journey,) = read(tmp_path, GOOD)
    assert isinstance(journey, Journey)
    assert (journey.trip, journey.at, journey.ride_seconds) == ("line-00002", 18 * HOUR + 300, 630.0)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("", "blank line"),
        ("2,2020-01-17 18:05:00", "too few fields"),
        ("2,,2020-01-17 18:15:30,1,1.4,163,68", "pickup time empty or not a time"),
        ("2,17/01/2020,2020-01-17 18:15:30,1,1.4,163,68", "pickup time empty or not a time"),
        ("2,2020-02-30 18:05:00,2020-01-17 18:15:30,1,1.4,163,68", "pickup time empty or not a time"),
        ("2,2020-01-17 18:05:00,2020-01-17 25:15:30,1,1.4,163,68", "dropoff time empty or not a time"),
        ("2,2020-01-17 18:05:00,2020-01-17 18:05:00,1,1.4,163,68", "ride of no or negative duration"),
        ("2,2020-01-17 18:05:00,2020-01-17 17:05:00,1,1.4,163,68", "ride of no or negative duration"),
        ("2,2020-01-17 18:05:00,2020-01-18 17:55:00,1,1.4,163,68", "ride longer than 6 hours"),
        ("2,2020-01-17 18:05:00,2020-01-17 18:15:30,1,1.4,,68", "pickup zone empty"),
        ("2,2020-01-17 18:05:00,2020-01-17 18:15:30,1,1.4,163,", "dropoff zone empty"),
        ("2,2020-01-17 18:05:00,2020-01-17 18:15:30,1,1.4,-1,68", "pickup zone not a number"),
        ("2,2020-01-17 18:05:00,2020-01-17 18:15:30,1,1.4,٣,68", "pickup zone not a number"),
        ("2,2020-01-17 18:05:00,2020-01-17 18:15:30,1,1.4,Soho,68", "pickup zone not a number"),
        ("2,2020-01-17 18:05:00,2020-01-17 18:15:30,1,1.4,0,68", "pickup zone not in 1..263"),
        ("2,2020-01-17 18:05:00,2020-01-17 18:15:30,1,1.4,163,99999", "dropoff zone not in 1..263"),
        ("2,2020-01-17 18:05:00,2020-01-17 18:15:30,1,1.4,264,68", "pickup zone 264 (unknown or outside New York)"),
        ("2,2020-01-17 18:05:00,2020-01-17 18:15:30,1,1.4,163,265", "dropoff zone 265 (unknown or outside New York)"),
        ('2,"2020-01-17 18:05:00,2020-01-17 18:15:30,1,1.4,163,68', "quotes not closed"),
        ("2," + "x" * 70_000, "line too long"),
    ],
)
def test_a_bad_row_is_rejected_with_its_line_and_the_next_row_is_read(tmp_path, row, reason):
    before, rejected, after = read(tmp_path, GOOD, row, GOOD)
    assert rejected == Rejected(3, reason)
    assert isinstance(before, Journey)
    assert isinstance(after, Journey)
    assert after.trip == "line-00004"


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + HEADER + "\n" + GOOD + "\n",
        HEADER + "\r\n" + GOOD + "\r\n",
        HEADER + "\n" + GOOD,
        HEADER.upper() + "\n" + GOOD + "\n",
        ",".join(f'"{name}"' for name in HEADER.split(",")) + "\n" + ",".join(f'"{x}"' for x in GOOD.split(",")) + "\n",
        HEADER.replace(",", " , ") + "\n" + GOOD.replace(",", " , ") + "\n",
        HEADER + "\n" + GOOD + ",,\n",
        HEADER + "\n" + GOOD.replace("163,68", "163.0,68.0") + "\n",
        f"pickup_location_id,dropoff_location_id,pickup_datetime,dropoff_datetime\n163,68,{GOOD[2:41]}",
    ],
    ids=["bom", "crlf", "no last newline", "capitals", "quotes", "spaces", "extra commas", "floats", "other names"],
)
def test_a_file_may_be_written_in_many_ways(tmp_path, text):
    (journey,) = rows(written(tmp_path, text), GridZones(), seed=0)
    assert isinstance(journey, Journey)
    assert journey.ride_seconds == 630.0


def test_bytes_that_are_no_text_spoil_their_own_row_only(tmp_path):
    path = tmp_path / "trips.csv"
    path.write_bytes(f"{HEADER}\n{GOOD}\n".encode() + b"2,\xff\xfe\x00,\x00,1,1.4,163,68\n" + GOOD.encode())
    assert [isinstance(row, Rejected) for row in rows(path, GridZones(), seed=0)] == [False, True, False]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("\n", "is empty"),
        (HEADER + "\n", "no rows"),
        ("a,b,c\n1,2,3\n", "no column for pickup time .*It has: a, b, c"),
        (HEADER.replace("PULocationID", "zone") + "\n" + GOOD, "no column for pickup zone .pulocationid or"),
        (
            "vendor_id,tpep_pickup_datetime,tpep_dropoff_datetime,pickup_longitude,pickup_latitude\n",
            "coordinates instead, as files before July 2016",
        ),
        ("vendor_name,Trip_Pickup_DateTime,Trip_Dropoff_DateTime,Start_Lon,Start_Lat\n", "before July 2016"),
        ("PAR1\x15\x04\x15\n", "Parquet file. Convert it to CSV"),
        ("\x00\x01\x02\n", "nothing that can be read"),
        (HEADER + "\n" + GOOD.replace("163", "264"), "none of its 1 rows is a trip to play:\n  1 pickup zone 264"),
    ],
)
def test_a_bad_file_is_one_clear_error(tmp_path, text, words):
    with pytest.raises(BadInput, match=words):
        load(written(tmp_path, text), GridZones(), WHOLE_DAY, 100, seed=0)


def test_a_missing_file_and_a_folder_are_clear_errors(tmp_path):
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(BadInput, match="cannot be read"):
            load(path, GridZones(), WHOLE_DAY, 100, seed=0)


def test_every_row_is_accounted_for(tmp_path):
    lines = [GOOD, "broken", GOOD.replace("18:05", "03:05").replace("18:15", "03:15"), GOOD, GOOD, ""]
    path = written(tmp_path, "\n".join((HEADER, *lines)) + "\n")
    file = load(path, GridZones(), Slice(17 * HOUR, 2 * HOUR), 2, seed=0)
    assert (file.rows, len(file.journeys), file.outside, file.beyond, file.rejects.total) == (6, 2, 1, 1, 2)
    assert dict(file.rejects.counts) == {"blank line": 1, "too few fields": 1}
    assert file.rejects.lines("too few fields") == "line 3"


def test_only_the_first_lines_of_a_reason_are_shown(tmp_path):
    file = load(written(tmp_path, "\n".join((HEADER, GOOD, *["x"] * 9))), GridZones(), WHOLE_DAY, 9, seed=0)
    assert file.rejects.lines("too few fields") == "lines 3, 4, 5, 6, 7, …"


def test_days_are_folded_and_a_slice_may_pass_midnight(tmp_path):
    early = "2,2020-01-18 00:10:00,2020-01-18 00:20:00,1,1.4,163,68"
    late = "2,2020-01-03 23:50:00,2020-01-04 00:05:00,1,1.4,163,68"
    path = written(tmp_path, f"{HEADER}\n{early}\n{late}")
    file = load(path, GridZones(), Slice(23.5 * HOUR, HOUR), 10, seed=0)
    assert [journey.trip for journey in file.journeys] == ["line-00003", "line-00002"]
    assert file.journeys[1].at == 24 * HOUR + 600


def test_zones_of_a_file_place_the_trips(tmp_path):
    zones = read_zones(square(tmp_path, 163, -73.98, 40.76))
    path = written(tmp_path, "\n".join((HEADER, GOOD.replace(",68", ",163"), GOOD)))
    file = load(path, zones, WHOLE_DAY, 10, seed=0)
    assert len(file.journeys) == 1
    assert dict(file.rejects.counts) == {"dropoff zone not in the zones file": 1}
    assert isinstance(zones, FileZones)


def square(tmp_path: Path, zone: int, longitude: float, latitude: float) -> Path:
    west, south, east, north = longitude - 0.005, latitude - 0.005, longitude + 0.005, latitude + 0.005
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    path = tmp_path / "zones.geojson"
    feature = {
        "type": "Feature",
        "properties": {"location_id": zone},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    return path
