"""Rounds are interleaved (ours, peer, ours, peer, ...), so that whatever disturbs the machine disturbs all of them.

A ratio is the median of the rounds' ratios, each between two figures taken within a second of each other. A spread is
the distance between the quartiles, as a share of the median. A row that spreads too far gets more rounds, and is
marked noisy if that does not help.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median, quantiles

Contest = Callable[[int], Awaitable[float]]
"""Does so many operations, and returns the seconds that they took."""

Sample = Callable[[], Awaitable[float]]
"""One round of one contestant: returns its figure."""

NOISY = 0.20
"""The spread above which a row is marked noisy."""

WARM_UP = 0.2
"""The share of a round's seconds that a calibrating run must last before it is extrapolated."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How long to measure: rounds at first, rounds at most, and the seconds that a round should last."""

    rounds: int = 7
    most: int = 21
    seconds: float = 0.15


@dataclass(slots=True)
class Measured:
    """Every round's figures: ours, and those of each peer, in the same order."""

    ours: list[float] = field(default_factory=list[float])
    peers: dict[str, list[float]] = field(default_factory=dict[str, list[float]])

    @property
    def value(self) -> float:
        """Our median."""
        return median(self.ours)

    @property
    def spread(self) -> float:
        """Our spread."""
        return spread(self.ours)

    def ratios(self, peer: str) -> list[float]:
        """Ours to the peer's, round by round."""
        return [ours / theirs for ours, theirs in zip(self.ours, self.peers[peer], strict=True)]

    def ratio(self, peer: str) -> float:
        """The median of the ratios."""
        return median(self.ratios(peer))

    def difference(self, peer: str) -> float:
        """The median of ours less the peer's, round by round."""
        return median(ours - theirs for ours, theirs in zip(self.ours, self.peers[peer], strict=True))


def spread(figures: Sequence[float]) -> float:
    """The distance between the quartiles as a share of the median; 0 for less than two figures."""
    if len(figures) < 2:
        return 0.0
    low, middle, high = quantiles(figures, n=4, method="inclusive")
    return (high - low) / abs(middle) if middle else 0.0


async def interleave(
    ours: Sample, peers: Mapping[str, Sample], pace: Pace, is_noisy: Callable[[Measured], bool]
) -> Measured:
    """Take rounds: as many as the pace says and, while the figures are noisy, as many again up to the most."""
    measured = Measured(peers={name: [] for name in peers})
    while True:
        for _ in range(min(pace.rounds, pace.most - len(measured.ours))):
            measured.ours.append(await ours())
            for name, peer in peers.items():
                measured.peers[name].append(await peer())
        if len(measured.ours) >= pace.most or not is_noisy(measured):
            return measured


async def calibrated(contest: Contest, seconds: float, least: int = 1) -> int:
    """How many operations last about so many seconds. Warms the contestant up on the way."""
    count = least
    while True:
        took = await contest(count)
        if took >= seconds * WARM_UP:
            return max(least, round(count * seconds / took))
        count *= 4


async def rate_of(contest: Contest, pace: Pace) -> Sample:
    """Samples of operations per second."""
    count = await calibrated(contest, pace.seconds)

    async def sample() -> float:
        return count / await contest(count)

    return sample


async def time_of(contest: Contest, pace: Pace, per_second: float) -> Sample:
    """Samples of the time of one operation, in units of which a second has so many (1e6: µs)."""
    count = await calibrated(contest, pace.seconds)

    async def sample() -> float:
        return await contest(count) / count * per_second

    return sample
