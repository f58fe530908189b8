"""Draws curves over a number of hosts as SVG, both axes by logarithm: what grows with log n is nearly flat there."""

from collections.abc import Sequence
from math import floor, log10
from typing import NamedTuple

WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 60, 230, 40, 40
COLOURS = ("#b2182b", "#2166ac", "#1b7837", "#762a83", "#a6611a")


class Curve(NamedTuple):
    """A name, and one value for each place on the horizontal axis."""

    name: str
    values: Sequence[float]


def drawn(title: str, places: Sequence[int], curves: Sequence[Curve]) -> str:
    """The drawing, with the name of each curve at its end."""
    across = _Axis(min(places), max(places), LEFT, WIDTH - RIGHT)
    least = min(value for curve in curves for value in curve.values if value > 0)
    up = _Axis(least, max(value for curve in curves for value in curve.values), HEIGHT - BOTTOM, TOP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{LEFT}" y="20" font-size="15">{title}</text>',
    ]
    parts += [_line(across.at(it), TOP, across.at(it), HEIGHT - BOTTOM) for it in across.marks]
    parts += [_line(LEFT, up.at(it), WIDTH - RIGHT, up.at(it)) for it in up.marks]
    parts += [_text(across.at(it), HEIGHT - BOTTOM + 18, f"{it:g}", "middle") for it in across.marks]
    parts += [_text(LEFT - 8, up.at(it) + 4, f"{it:g}", "end") for it in up.marks]
    parts.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, "hosts", "middle"))
    floor_of_names = 0.0
    for curve, colour in sorted(zip(curves, COLOURS, strict=False), key=lambda it: -it[0].values[-1]):
        points = " ".join(
            f"{across.at(place):.1f},{up.at(value):.1f}"
            for place, value in zip(places, curve.values, strict=True)
            if value > 0
        )
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        floor_of_names = max(floor_of_names + 16, up.at(max(curve.values[-1], least)) + 4)
        parts.append(_text(WIDTH - RIGHT + 8, floor_of_names, f"{curve.name}: {curve.values[-1]:.3g}", "start", colour))
    return "\n".join([*parts, "</svg>", ""])


class _Axis:
    """From the power of ten at or below `least` to the one at or above `most`."""

    def __init__(self, least: float, most: float, begin: float, end: float) -> None:
        self.first = floor(log10(least))
        self.last = max(self.first + 1, -floor(-log10(most)))
        self.begin, self.end = begin, end

    @property
    def marks(self) -> list[float]:
        """The powers of ten on it."""
        return [10.0**power for power in range(self.first, self.last + 1)]

    def at(self, value: float) -> float:
        """Where a value is."""
        return self.begin + (log10(value) - self.first) / (self.last - self.first) * (self.end - self.begin)


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="#ddd"/>'


def _text(x: float, y: float, text: str, anchor: str, colour: str = "#333") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="12" text-anchor="{anchor}" fill="{colour}">{text}</text>'
