"""Where a taxi zone lies: at its centroid in a zones file, or on the generated grid by a stated rule.

The rule without a file: TLC zone z stands on zone (z - 1) mod 69 + 1 of the generated city. Distances are then
invented, while times and ride durations stay as recorded.

The zones file is GeoJSON (RFC 7946) as the TLC's taxi zones are commonly converted: one feature for each zone, with its
number in the property `location_id` (also `LocationID`, `locationid`). Some conversions have several features for one
zone, as for the islands of zone 103; they count as one zone. Coordinates become metres from the southern tip of
Manhattan, turned so that the avenues run along y, which is what makes L1 distances right for Manhattan.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import cos, pi, radians, sin, sqrt
from pathlib import Path
from random import Random
from typing import Annotated, Literal, Protocol

from pydantic import BaseModel, Field, ValidationError

from apps.ride_hailing.city import ZONES, Point, corner_in
from apps.ride_hailing.rejects import BadInput, Rejected, Rejects

KNOWN = range(1, 264)
"""The zone numbers of the TLC. 264 and 265 mean "unknown" and "outside of New York"."""

TIP = (-74.0170, 40.7010)
"""Longitude and latitude of the southern tip of Manhattan, where x = y = 0."""

BEARING = radians(29.0)
"""How far the avenues point east of north."""

METRES_PER_DEGREE = 111_195.0

Position = Annotated[list[float], Field(min_length=2)]
Ring = Annotated[list[Position], Field(min_length=4)]
Polygon = Annotated[list[Ring], Field(min_length=1)]


class Zones(Protocol):
    """Where the zones of a trip file are."""

    def __contains__(self, zone: int) -> bool: ...

    def place(self, zone: int, rng: Random) -> Point:
        """A point in the zone, chosen by `rng`."""
        ...


class GridZones:
    """The zones on the generated grid."""

    def __contains__(self, zone: int) -> bool:
        return zone in KNOWN

    def place(self, zone: int, rng: Random) -> Point:
        """A corner in generated zone (zone - 1) mod 69 + 1."""
        return corner_in((zone - 1) % ZONES + 1, rng)


@dataclass(frozen=True, slots=True)
class Area:
    """A zone of a file: its centroid, and half the side of a square of its size, in metres."""

    centre: Point
    reach: float


@dataclass(frozen=True, slots=True)
class FileZones:
    """The zones of a file, and the features that were no zones."""

    areas: Mapping[int, Area]
    rejects: Rejects

    def __contains__(self, zone: int) -> bool:
        return zone in self.areas

    def place(self, zone: int, rng: Random) -> Point:
        """A point near the zone's centroid: within a square of the zone's size around it."""
        area = self.areas[zone]
        return Point(
            area.centre.x + rng.uniform(-area.reach, area.reach),
            area.centre.y + rng.uniform(-area.reach, area.reach),
        )


class _Single(BaseModel):
    type: Literal["Polygon"]
    coordinates: Polygon


class _Several(BaseModel):
    type: Literal["MultiPolygon"]
    coordinates: Annotated[list[Polygon], Field(min_length=1)]


class _Feature(BaseModel):
    properties: dict[str, object]
    geometry: Annotated[_Single | _Several, Field(discriminator="type")]

    @property
    def zone(self) -> int | None:
        """The zone's number, None when there is none or it is no zone of the TLC."""
        for name, value in self.properties.items():
            if name.replace("_", "").casefold() == "locationid" and isinstance(value, str | int | float):
                text = str(value).strip().removesuffix(".0")
                number = int(text) if text.isascii() and text.isdigit() else 0
                return number if number in KNOWN else None
        return None

    @property
    def polygons(self) -> list[Polygon]:
        return [self.geometry.coordinates] if isinstance(self.geometry, _Single) else self.geometry.coordinates


class _Collection(BaseModel):
    type: Literal["FeatureCollection"]
    features: list[object]


def read_zones(path: Path) -> FileZones:
    """Read a zones file. Features that are no zones are counted, by number in the file (the first is 1).

    Raises BadInput when the file cannot be read, is no GeoJSON feature collection, or has no usable zone at all.
    """
    rejects = Rejects()
    polygons: dict[int, list[Polygon]] = {}
    for number, raw in enumerate(_features(path), start=1):
        found = _zone(raw)
        if isinstance(found, str):
            rejects.add(Rejected(number, found))
        else:
            polygons.setdefault(found[0], []).extend(found[1])
    if not polygons:
        message = f"{path}: none of its features is a taxi zone (a number from 1 to 263 in the property location_id)."
        raise BadInput(message)
    return FileZones({zone: _area(parts) for zone, parts in polygons.items()}, rejects)


def _features(path: Path) -> list[object]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path}: cannot be read ({error}). Give the path of a GeoJSON file with the taxi zones."
        raise BadInput(message) from error
    if not text.strip():
        message = f"{path}: the file is empty. Give a GeoJSON file with the taxi zones."
        raise BadInput(message)
    try:
        return _Collection.model_validate(json.loads(text)).features
    except (json.JSONDecodeError, RecursionError) as error:
        message = f"{path}: is no JSON ({error}). Give a GeoJSON file with the taxi zones."
        raise BadInput(message) from error
    except ValidationError as error:
        message = f"{path}: is JSON, but no GeoJSON FeatureCollection. Give a GeoJSON file with the taxi zones."
        raise BadInput(message) from error


def _zone(raw: object) -> tuple[int, list[Polygon]] | str:
    try:
        feature = _Feature.model_validate(raw)
    except ValidationError as error:
        return f"feature: {'.'.join(str(part) for part in error.errors()[0]['loc'][:2]) or 'object'} is not valid"
    if feature.zone is None:
        return "feature: zone id missing or not in 1..263"
    # simplifying an outline may leave slivers of two points and back: they have no centroid, the zone's others do
    polygons = [polygon for polygon in feature.polygons if _shoelace(_metres(polygon[0]))]
    return (feature.zone, polygons) if polygons else "feature: outline without an area"


def _area(polygons: list[Polygon]) -> Area:
    """One area for all polygons of a zone, weighted by size; holes are ignored."""
    outlines = [_metres(polygon[0]) for polygon in polygons]
    sizes = [abs(_shoelace(outline)) for outline in outlines]
    total = sum(sizes)
    middles = [_centroid(outline) for outline in outlines]
    x = sum(size * middle.x for size, middle in zip(sizes, middles, strict=True)) / total
    y = sum(size * middle.y for size, middle in zip(sizes, middles, strict=True)) / total
    return Area(Point(x, y), sqrt(max(sizes)) / 2)


def _metres(ring: Ring) -> list[Point]:
    return [to_metres(position[0], position[1]) for position in ring]


def to_metres(longitude: float, latitude: float) -> Point:
    """A position on the globe as metres on the turned plane; good to a few metres within New York."""
    east = (longitude - TIP[0]) * METRES_PER_DEGREE * cos(TIP[1] * pi / 180)
    north = (latitude - TIP[1]) * METRES_PER_DEGREE
    return Point(east * cos(BEARING) - north * sin(BEARING), east * sin(BEARING) + north * cos(BEARING))


def _shoelace(outline: list[Point]) -> float:
    pairs = zip(outline, [*outline[1:], outline[0]], strict=True)
    return sum(a.x * b.y - b.x * a.y for a, b in pairs) / 2


def _centroid(outline: list[Point]) -> Point:
    size = _shoelace(outline)
    pairs = list(zip(outline, [*outline[1:], outline[0]], strict=True))
    x = sum((a.x + b.x) * (a.x * b.y - b.x * a.y) for a, b in pairs) / (6 * size)
    y = sum((a.y + b.y) * (a.x * b.y - b.x * a.y) for a, b in pairs) / (6 * size)
    return Point(x, y)
