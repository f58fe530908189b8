"""What came out of a row, judged against its targets: as a line of the table, and as an object of the JSON form."""

from dataclasses import dataclass, field
from statistics import median
from typing import Any

from tests.benchmarks.rounds import NOISY, Measured
from tests.benchmarks.rows import Row
from tests.benchmarks.run import noise

HEADER = ("row", "ours", "unit", "spread", "against", "target", "met")


@dataclass(frozen=True, slots=True)
class Result:
    """A row with its figures; without figures (`measured` None) where the notes say why."""

    row: Row
    measured: Measured | None
    notes: tuple[str, ...] = ()
    failed: bool = False
    versions: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def noise(self) -> float:
        """The largest spread of our figures and of the ratios that the row is judged by."""
        return noise(self.row, self.measured) if self.measured else 0.0

    @property
    def noisy(self) -> bool:
        """Whether the figures spread too far to be relied on."""
        return self.noise > NOISY

    @property
    def met(self) -> bool | None:
        """Whether all targets are met; None if there are none, or the figures for one of them are missing."""
        verdicts = [self._verdict(number) for number in range(len(self.row.targets))]
        if False in verdicts:
            return False
        return None if not verdicts or None in verdicts else True

    @property
    def ratio(self) -> float | None:
        """Ours to the peer of the first target that names one, else to the first peer."""
        if self.measured is None or not self.measured.peers:
            return None
        named = [target.peer for target in self.row.targets if target.peer in self.measured.peers]
        return self.measured.ratio(named[0] or "" if named else next(iter(self.measured.peers)))

    def as_object(self) -> dict[str, Any]:
        """The JSON form. `value`, `ratio` and `met` are null where there is nothing to say."""
        measured = self.measured
        return {
            "name": self.row.name,
            "unit": self.row.unit,
            "value": measured.value if measured else None,
            "peers": {name: median(figures) for name, figures in measured.peers.items()} if measured else {},
            "ratio": self.ratio,
            "target": " and ".join(map(str, self.row.targets)) or None,
            "met": self.met,
            "what": self.row.what,
            "ratios": {name: measured.ratio(name) for name in measured.peers} if measured else {},
            "spread": measured.spread if measured else None,
            "noise": self.noise if measured else None,
            "noisy": self.noisy,
            "rounds": len(measured.ours) if measured else 0,
            "notes": list(self.notes),
            "versions": self.versions,
        }

    def as_line(self) -> tuple[str, ...]:
        """The cells of the table."""
        target = " and ".join(map(str, self.row.targets)) or "-"
        met = {True: "yes", False: "**no**", None: "-"}[self.met]
        if self.measured is None:
            return (self.row.name, "-", self.row.unit, "-", "failed" if self.failed else "not measured", target, met)
        against = ", ".join(
            f"{name} {figure(median(figures))} ({figure(self.measured.ratio(name))}x)"
            for name, figures in self.measured.peers.items()
        )
        spread = f"{self.measured.spread:.0%}" + (f", noisy ({self.noise:.0%})" if self.noisy else "")
        return (self.row.name, figure(self.measured.value), self.row.unit, spread, against or "-", target, met)

    def _verdict(self, number: int) -> bool | None:
        target = self.row.targets[number]
        judged = None if self.measured is None else target.judged(self.measured)
        return None if judged is None else target.met(judged)


def figure(value: float) -> str:
    """A number with three digits that count, and no exponent."""
    if abs(value) >= 100 or value == 0:
        return f"{value:,.0f}"
    digits = 0
    while digits < 6 and abs(value) * 10**digits < 100:
        digits += 1
    return f"{value:.{digits}f}"


def table(results: list[Result]) -> str:
    """A Markdown table, aligned for a terminal; the notes below it, each once, with the rows it belongs to."""
    lines = [HEADER, *(result.as_line() for result in results)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADER))]
    text = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    ]
    text.insert(1, "| " + " | ".join("-" * width for width in widths) + " |")
    notes: dict[str, list[str]] = {}
    for result in results:
        for note in result.notes:
            notes.setdefault(note, []).append(result.row.name)
    text += ["", *(f"* {', '.join(rows)}: {note}" for note, rows in notes.items())] if notes else []
    return "\n".join(text)
