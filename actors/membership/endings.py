"""Which sittings have ended; and of which that was heard before anybody had told the directory of their seats.

A successor of a directory that died knows a seat from what the hosts report. Proof of a death may come before the first
report: the seat is not forgotten then, but becomes vacant as soon as it is reported.
"""

from actors.address import Sitting


class Endings:
    """What has ended, by seat: a sitting has with every later one of its seat.

    `all_reported`: whether the directory knows all seats, because it is the first one.
    """

    def __init__(self, *, all_reported: bool) -> None:
        self._newest: dict[int, int] = {}
        self._early: dict[Sitting, bool] = {}
        self._all_reported = all_reported

    def has(self, sitting: Sitting) -> bool:
        """Whether this sitting has ended."""
        return sitting.epoch <= self.newest(sitting.seat)

    def newest(self, seat: int) -> int:
        """The highest epoch of a seat that has ended; 0 if none has."""
        return self._newest.get(seat, 0)

    def add(self, sitting: Sitting) -> None:
        """This sitting, and all before it on its seat, have ended."""
        self._newest[sitting.seat] = max(self.newest(sitting.seat), sitting.epoch)

    def add_early(self, sitting: Sitting, *, moves: bool = False) -> None:
        """As `add`, and nobody has told of its seat yet. If it `moves`, that is to be somebody else's."""
        self.add(sitting)
        if not self._all_reported:
            self._early[sitting] = moves

    def reported(self, sitting: Sitting) -> bool | None:
        """Somebody tells of the seat: whether a sitting that ended early moves; None if it did not end early."""
        return self._early.pop(sitting, None)

    def all_reported(self) -> None:
        """Nobody will tell of a seat any more that is not known by now."""
        self._all_reported = True
        self._early.clear()
