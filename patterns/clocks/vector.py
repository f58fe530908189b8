"""Vector clocks: one count for each process, so that stamps tell exactly what came before what (Fidge, Mattern 1988).

`a < b` holds if and only if the event stamped `a` came before the one stamped `b`; otherwise they are the same event,
or neither knew of the other.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from patterns.clocks.errors import BadStamp

MOST_PROCESSES = 1000
"""In one stamp. A vector grows with every process that ever took part; where those come and go, use a HybridClock."""


@dataclass(frozen=True, slots=True)
class VectorStamp:
    """How many events of each process an event knows of, itself included; processes by name, those with none left out.

    Make one from what came from elsewhere by `VectorStamp.of`, which checks it.
    """

    counts: tuple[tuple[str, int], ...] = ()

    @classmethod
    def of(cls, counts: Mapping[str, int], most: int = MOST_PROCESSES) -> "VectorStamp":
        """The stamp with these counts; zeros are left out. Raises BadStamp for what no clock can have given."""
        if len(counts) > most:
            text = f"A stamp names {len(counts):,} processes; at most {most:,} are taken."
            raise BadStamp(text)
        for name, count in counts.items():
            if type(name) is not str or type(count) is not int or count < 0:
                text = f"{name!r}: {count!r} is no part of a vector stamp: it takes names with whole numbers from 0 on."
                raise BadStamp(text)
        return cls(tuple(sorted((name, count) for name, count in counts.items() if count)))

    def merged(self, other: "VectorStamp") -> "VectorStamp":
        """What both know of."""
        counts = dict(self.counts)
        for name, count in other.counts:
            counts[name] = max(count, counts.get(name, 0))
        return VectorStamp(tuple(sorted(counts.items())))

    def concurrent(self, other: "VectorStamp") -> bool:
        """Whether neither knew of the other."""
        return not self <= other and not other <= self

    def __le__(self, other: "VectorStamp") -> bool:
        known = dict(other.counts)
        return all(count <= known.get(name, 0) for name, count in self.counts)

    def __lt__(self, other: "VectorStamp") -> bool:
        return self != other and self <= other


class VectorClock:
    """The clock of the process `name`, which no other process may have. Not for several threads at once."""

    __slots__ = ("most", "name", "now")

    def __init__(self, name: str, now: VectorStamp | None = None, *, most: int = MOST_PROCESSES) -> None:
        self.name = name
        self.most = most
        self.now = now if now is not None else VectorStamp()
        """The stamp given last."""

    def tick(self) -> VectorStamp:
        """The stamp of an event here: of something that happens, or of a message that is sent."""
        counts = dict(self.now.counts)
        counts[self.name] = counts.get(self.name, 0) + 1
        self.now = VectorStamp(tuple(sorted(counts.items())))
        return self.now

    def observe(self, stamp: VectorStamp) -> VectorStamp:
        """The stamp of receiving a message that was sent with `stamp`.

        Raises BadStamp if that names too many processes, or events of this one that have not happened.
        """
        found = self.now.merged(VectorStamp.of(dict(stamp.counts), self.most))
        if len(found.counts) > self.most:
            text = f"With this stamp {len(found.counts):,} processes would be known; at most {self.most:,} are taken."
            raise BadStamp(text)
        if dict(found.counts).get(self.name, 0) != dict(self.now.counts).get(self.name, 0):
            text = f"The stamp knows of events of {self.name!r} that have not happened: is there another of that name?"
            raise BadStamp(text)
        self.now = found
        return self.tick()
