"""What one run has done, written down outside of every simulated process, so that no crash takes it along."""

from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any, NamedTuple


class Life(NamedTuple):
    """One incarnation of one player, on one sitting."""

    player: int
    epoch: int
    incarnation: int


class Told(NamedTuple):
    """One message: the `seq`-th that this life told this player."""

    life: Life
    to: int
    seq: int


class Handled(NamedTuple):
    """A message was handled, by whom, in which order of the whole world."""

    told: Told
    by: Life


class Outcome(NamedTuple):
    """How an ask ended: "reply", or the error and whether the request ran, and after how many seconds."""

    kind: str
    ran: str
    value: object
    seconds: float


class Journal:
    """Grows while the players play; the laws read it afterwards."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now
        self.told: list[Told] = []
        self.handled: list[Handled] = []
        self.letters: Counter[Told] = Counter()
        self.asked: dict[int, float] = {}
        self.answers: defaultdict[int, list[Outcome]] = defaultdict(list)
        self.ran: Counter[int] = Counter()
        self.started: list[Life] = []
        self.acts: list[Life] = []
        """Who acted, in order."""
        self.ticks: list[tuple[Life, Life]] = []
        """Ticks: whose timer it was, and who handled it."""
        self.watches: set[tuple[Life, int]] = set()
        self.ended: Counter[tuple[Life, int]] = Counter()
        self.after_end: list[str] = []
        self.grants: list[tuple[str, int]] = []
        """What the lock did: "grant", "release" or "gone", and to whom."""
        self.unsafe: set[Any] = set()
        """Players whose host was lost, stopped or cut off for long: what was under way to or from them may be lost."""
        self.left_watches = 0
        """Entries in tables of watches after everybody has ended."""
