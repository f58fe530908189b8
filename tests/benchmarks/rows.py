"""A row of the table: its name, what it measures, the targets it must meet, and the one registry of all rows.

A row is an `async def measure(run) -> Measured`, registered by `@row(...)`. Its targets are about its own median
(`at_least(400_000)`), about its ratio to a peer of the same run (`at_least(3, over="Pykka")`), or about what it takes
beyond that peer (`at_most(1, beyond="Ray's process start")`).
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from tests.benchmarks.rounds import Measured
    from tests.benchmarks.run import Run

Measure = Callable[["Run"], Awaitable["Measured"]]


@dataclass(frozen=True, slots=True)
class Target:
    """A bound on the row's median; with `over`, on its ratio to that peer; with `beyond`, on its difference to it."""

    kind: Literal["≥", "≤"]
    bound: float
    over: str | None = None
    beyond: str | None = None

    @property
    def peer(self) -> str | None:
        """The peer that it is about, if any."""
        return self.over or self.beyond

    def judged(self, measured: "Measured") -> float | None:
        """The figure that the bound is on; None if that of the peer is missing."""
        if self.peer is not None and self.peer not in measured.peers:
            return None
        if self.beyond is not None:
            return measured.difference(self.beyond)
        return measured.value if self.over is None else measured.ratio(self.over)

    def met(self, figure: float) -> bool:
        """Whether a figure is on the right side of the bound."""
        return figure >= self.bound if self.kind == "≥" else figure <= self.bound

    def __str__(self) -> str:
        if self.beyond is not None:
            return f"{self.kind} {self.beyond} + {self.bound:g}"
        if self.over is None:
            return f"{self.kind} {self.bound:,g}" if self.bound < 10_000 else f"{self.kind} {self.bound:,.0f}"
        bound = f"1/{1 / self.bound:.3g}" if self.bound < 0.1 else f"{self.bound:g}x"
        return f"{self.kind} {bound} {self.over}"


def at_least(bound: float, over: str | None = None) -> Target:
    """The median, or the ratio to a peer, is `bound` or more."""
    return Target("≥", bound, over)


def at_most(bound: float, over: str | None = None, beyond: str | None = None) -> Target:
    """The median, the ratio to the peer `over`, or the difference to the peer `beyond`, is `bound` or less."""
    return Target("≤", bound, over, beyond)


@dataclass(frozen=True, slots=True)
class Row:
    """A registered row. `name` begins with its group: `tell.struct.new`."""

    name: str
    unit: str
    what: str
    targets: tuple[Target, ...]
    measure: Measure

    @property
    def group(self) -> str:
        """The first word of its name; the rows of a group share what they open."""
        return self.name.partition(".")[0]


class Registry:
    """The rows, in the order of their registration, which is the order of the table."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    def row(self, name: str, *, unit: str, what: str, targets: Sequence[Target] = ()) -> Callable[[Measure], Measure]:
        """Register the decorated function as a row. Raises ValueError for a name that is taken."""
        if any(known.name == name for known in self.rows):
            raise ValueError(f"There is a row {name!r} already.")

        def register(measure: Measure) -> Measure:
            self.rows.append(Row(name, unit, what, tuple(targets), measure))
            return measure

        return register

    def chosen(self, names: Iterable[str]) -> list[Row]:
        """The rows with these names, or below them (`tell` has `tell.struct.new`); all, for none.

        Raises LookupError for a name that fits no row.
        """
        wanted = list(names)
        for name in wanted:
            if not any(_is_under(row.name, name) for row in self.rows):
                raise LookupError(f"There is no row {name!r}; --list shows them.")
        return [row for row in self.rows if not wanted or any(_is_under(row.name, name) for name in wanted)]


def _is_under(name: str, prefix: str) -> bool:
    return name == prefix or name.startswith(prefix + ".")


registry = Registry()
"""The rows of this command: importing a file of `groups.GROUPS` fills it."""

row = registry.row
