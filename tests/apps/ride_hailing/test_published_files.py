"""The published trip files run through without an unexplained row; read from RIDE_HAILING_DATA."""

import os
from pathlib import Path

import pytest

from apps.ride_hailing.demand import Slice
from apps.ride_hailing.pace import DAY
from apps.ride_hailing.tlc import load
from apps.ride_hailing.zones import GridZones, read_zones

BESIDE = Path(__file__).parents[4] / "shared" / "data" / "ride" / "nyc_tlc"
FOLDER = Path(os.environ.get("RIDE_HAILING_DATA", BESIDE))

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="RIDE_HAILING_DATA names no folder with yellow_tripdata*.csv and taxi_zones*.geojson"
)


def files(pattern: str) -> list[Path]:
    found = sorted(FOLDER.glob(pattern))
    assert found, f"{FOLDER} has no {pattern}"
    return found


def test_every_row_of_every_file_is_a_trip_or_rejected_for_a_reason():
    for path in files("yellow_tripdata*.csv"):
        with path.open(encoding="utf-8") as file:
            lines = sum(1 for _ in file) - 1
        for zones in (GridZones(), read_zones(files("taxi_zones*.geojson")[0])):
            read = load(path, zones, Slice(0.0, DAY), 1_000_000, seed=0)
            assert read.rows == lines
            assert (read.outside, read.beyond) == (0, 0)
            assert len(read.journeys) + read.rejects.total == lines
            assert len(read.journeys) > 0.98 * lines
            assert len({journey.trip for journey in read.journeys}) == len(read.journeys)


def test_the_zones_file_has_no_wrong_feature():
    zones = read_zones(files("taxi_zones*.geojson")[0])
    assert zones.rejects.total == 0
    assert len(zones.areas) == 260, "263 features, of which five are islands of two zones"
