"""Zones: centroids from a file, a stated rule without one, and wrong features counted."""

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest

from apps.ride_hailing.city import corner_in, distance
from apps.ride_hailing.rejects import BadInput
from apps.ride_hailing.zones import GridZones, read_zones, to_metres

RING = [[-73.98, 40.75], [-73.97, 40.75], [-73.97, 40.76], [-73.98, 40.76], [-73.98, 40.75]]


def feature(zone: Any, ring: Any = RING, name: str = "location_id") -> dict[str, Any]:
    return {"type": "Feature", "properties": {name: zone}, "geometry": {"type": "Polygon", "coordinates": [ring]}}


def written(tmp_path: Path, *features: Any) -> Path:
    path = tmp_path / "zones.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def test_a_zone_lies_around_its_centroid(tmp_path):
    zones = read_zones(written(tmp_path, feature(7)))
    middle = zones.areas[7].centre
    assert distance(middle, to_metres(-73.975, 40.755)) < 1.0
    reach = zones.areas[7].reach
    assert 450 < reach < 520, "half the side of a square as large as 0.01° by 0.01° here"
    place = zones.place(7, Random(0))
    assert abs(place.x - middle.x) <= reach
    assert abs(place.y - middle.y) <= reach


def test_avenues_run_along_y():
    union_square, columbus_circle = to_metres(-73.9903, 40.7359), to_metres(-73.9819, 40.7681)
    assert abs(columbus_circle.x - union_square.x) < 0.4 * (columbus_circle.y - union_square.y)
    assert 3000 < columbus_circle.y - union_square.y < 4000


@pytest.mark.parametrize("name", ["location_id", "LocationID", "locationid"])
@pytest.mark.parametrize("zone", [7, "7", 7.0])
def test_the_number_may_be_written_in_several_ways(tmp_path, name, zone):
    assert set(read_zones(written(tmp_path, feature(zone, name=name))).areas) == {7}


def test_several_features_of_one_zone_are_one_zone(tmp_path):
    east = [[x + 0.02, y] for x, y in RING]
    zones = read_zones(written(tmp_path, feature(7), feature(7, east)))
    assert distance(zones.areas[7].centre, to_metres(-73.965, 40.755)) < 1.0


@pytest.mark.parametrize("zone", [0, 264, 265, -3, "x", "", None, True, 7.5, "seven", [7]])
def test_wrong_zone_numbers_are_counted_and_the_others_are_read(tmp_path, zone):
    zones = read_zones(written(tmp_path, feature(7), feature(zone)))
    assert dict(zones.rejects.counts) == {"feature: zone id missing or not in 1..263": 1}
    assert zones.rejects.lines("feature: zone id missing or not in 1..263") == "line 2"


def test_features_without_a_usable_outline_are_counted(tmp_path):
    flat = [[-73.98, 40.75], [-73.97, 40.75], [-73.98, 40.75], [-73.98, 40.75]]
    point = {"type": "Feature", "properties": {"location_id": 9}, "geometry": {"type": "Point", "coordinates": [1, 2]}}
    features = (feature(7), feature(8, flat), point, feature(10, [[1, 2]]), feature(11, RING[:2]), "no feature", None)
    zones = read_zones(written(tmp_path, *features))
    assert set(zones.areas) == {7}
    assert zones.rejects.total == 6


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("{", "is no JSON"),
        ("[" * 100_000, "is no JSON"),
        ("[]", "no GeoJSON FeatureCollection"),
        ('{"type": "Feature"}', "no GeoJSON FeatureCollection"),
        ('{"type": "FeatureCollection", "features": []}', "none of its features is a taxi zone"),
    ],
)
def test_a_bad_file_is_one_clear_error(tmp_path, text, words):
    path = tmp_path / "zones.geojson"
    path.write_text(text)
    with pytest.raises(BadInput, match=words):
        read_zones(path)


def test_a_missing_or_binary_file_is_a_clear_error(tmp_path):
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    for name in ("none", "binary"):
        with pytest.raises(BadInput, match="cannot be read"):
            read_zones(tmp_path / name)


def test_without_a_file_a_zone_stands_on_the_grid_by_the_stated_rule():
    zones = GridZones()
    assert zones.place(70, Random(5)) == corner_in(1, Random(5))
    assert zones.place(69, Random(5)) == corner_in(69, Random(5))
    assert 263 in zones
    assert 264 not in zones
