"""One round of restarts, as a plan: all concerned stop in reverse order, and when all have, they start in order (A11).

Pure: it says what is due, and is told what has happened. In the middle of a round more may fail, end, or be lost with
their host; the round then grows, or goes on without them.
"""

from collections.abc import Container
from enum import Enum, auto


class Place(Enum):
    """How far a child has come in its round."""

    LIVE = auto()
    """It is to be stopped."""
    STOPPING = auto()
    """It was told to stop, and has not said that it has."""
    STOPPED = auto()
    """It waits for its start."""
    AWAY = auto()
    """Its host was lost, so nothing of it runs; it can start once somebody has taken the seat."""
    STARTING = auto()
    """It was told to start; whether it has said that it has makes no difference to a round that grows."""


class Round:
    """The children of one supervisor that are being restarted together."""

    __slots__ = ("_awaited", "_batches", "_places", "_starting", "_todo", "delay")

    def __init__(self) -> None:
        self._places: dict[int, Place] = {}
        self._batches: list[list[int]] = []
        self._todo: list[list[int]] = []
        """Batches that have not had their turn in this half of the round, the next one last."""
        self._awaited: set[int] = set()
        self._starting = False
        """Whether all have stopped: the second half."""
        self.delay = 0.0
        """Seconds that the first start is to wait."""

    @property
    def members(self) -> dict[int, Place]:
        """Who is concerned, and how far each has come."""
        return self._places

    @property
    def done(self) -> bool:
        """Whether all are back."""
        return self._starting and not self._todo and not self._awaited

    def cover(self, batches: list[list[int]], away: Container[int], delay: float = 0.0) -> None:
        """Restart these, all members among them: those that run must stop, or stop once more; the others stay so."""
        places: dict[int, Place] = {}
        for batch in batches:
            for number in batch:
                place = self._places.get(number, Place.LIVE)
                if number in away:
                    place = Place.AWAY
                elif place is Place.STARTING:
                    place = Place.LIVE
                places[number] = place
        self._places = places
        self._batches = batches
        self._todo = list(batches)
        self._awaited = {number for number, place in places.items() if place is Place.STOPPING}
        self._starting = False
        self.delay = max(self.delay, delay)

    def due(self) -> tuple[Place | None, list[int]]:
        """Who is to be told now, and to do what: STOPPING or STARTING. Nobody while somebody is awaited."""
        while not self._awaited:
            if not self._todo:
                if self._starting:
                    break
                self._starting = True
                self._todo = self._batches[::-1]
                continue
            batch = self._todo.pop()
            step = Place.STARTING if self._starting else Place.STOPPING
            told = self._turn(batch, Place.STOPPED if self._starting else Place.LIVE, step)
            if told:
                return step, told
        return None, []

    def stops(self, number: int) -> bool:
        """Whether this one is to stop, or told to: its failures are part of what the round is for (rule A10)."""
        return self._places.get(number) in (Place.LIVE, Place.STOPPING)

    def stopped(self, number: int) -> None:
        """It has stopped."""
        if self._places.get(number) is Place.STOPPING:
            self._places[number] = Place.STOPPED
            self._awaited.discard(number)

    def started(self, number: int) -> None:
        """It has started."""
        if self._places.get(number) is Place.STARTING:
            self._awaited.discard(number)

    def returned(self, number: int) -> bool:
        """Somebody has taken the seat of one that was away. True: it is its turn, and it starts; else it waits."""
        turn = number in self._awaited
        if number in self._places:
            self._places[number] = Place.STARTING if turn else Place.STOPPED
        return turn

    def gone(self, number: int) -> None:
        """It has ended for good."""
        self._places.pop(number, None)
        self._awaited.discard(number)

    def _turn(self, batch: list[int], ready: Place, step: Place) -> list[int]:
        told = [number for number in batch if self._places.get(number) is ready]
        for number in told:
            self._places[number] = step
        self._awaited.update(told)
        if self._starting:
            self._awaited.update(number for number in batch if self._places.get(number) is Place.AWAY)
        return told
