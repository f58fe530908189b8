"""What was not taken from a file, and why: counted by reason, with the first few line numbers of each.

Nothing is passed over in silence, and nothing that is wrong with one row ends the run.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

SHOWN = 5
"""Line numbers kept for each reason."""


class BadInput(Exception):
    """The input as a whole cannot be used; the message says which file, why, and what to do. Exit status 2."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """One row that was not taken: its line in the file (the header is line 1), and why."""

    line: int
    reason: str


@dataclass(slots=True)
class Rejects:
    """The rows of one file that were not taken."""

    _counts: dict[str, int] = field(default_factory=dict[str, int])
    _lines: dict[str, list[int]] = field(default_factory=dict[str, list[int]])

    def add(self, rejected: Rejected) -> None:
        """Count a row; remember its line if it is one of the first of its reason."""
        self._counts[rejected.reason] = self._counts.get(rejected.reason, 0) + 1
        lines = self._lines.setdefault(rejected.reason, [])
        if len(lines) < SHOWN:
            lines.append(rejected.line)

    @property
    def total(self) -> int:
        """Rows that were not taken, whatever the reason."""
        return sum(self._counts.values())

    @property
    def counts(self) -> Mapping[str, int]:
        """Rows by reason, the most frequent reason first."""
        return dict(sorted(self._counts.items(), key=lambda item: (-item[1], item[0])))

    def lines(self, reason: str) -> str:
        """The first line numbers of a reason, as people read them: `lines 3, 17, 18, …`."""
        shown = ", ".join(str(line) for line in self._lines[reason])
        more = ", …" if self._counts[reason] > len(self._lines[reason]) else ""
        return f"line{'s' if self._counts[reason] > 1 else ''} {shown}{more}"
