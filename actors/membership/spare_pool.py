"""The spares that stand by, and which of them is to take a vacant seat."""

from actors.membership.seats import Heirs, Seat, Spare


class SparePool:
    """Those that live and have not been appointed. A spare is not one any more when it has been silent too long."""

    def __init__(self) -> None:
        self._spares: dict[str, Spare] = {}
        self._heard: dict[str, float] = {}

    @property
    def spares(self) -> tuple[Spare, ...]:
        """All of them, in the order in which they came."""
        return tuple(self._spares.values())

    def stand_by(self, now: float, spare: Spare) -> bool:
        """A spare lives; whether it is new."""
        new = spare.name not in self._spares
        self._spares[spare.name] = spare
        self._heard[spare.name] = now
        return new

    def drop(self, name: str) -> bool:
        """Not a spare any more; whether it was one."""
        self._heard.pop(name, None)
        return self._spares.pop(name, None) is not None

    def drop_silent(self, since: float) -> bool:
        """Forget those that were not heard of since then; whether there were any."""
        silent = [name for name, heard in self._heard.items() if heard < since]
        for name in silent:
            self.drop(name)
        return bool(silent)

    def heir_of(self, seat: Seat, since: float) -> Spare | None:
        """One that was made for the seat, else one on its node, else any, as far as the seat takes any, and its ties.

        It must have been heard of since then: a spare on the node of a host that was cut off is cut off as well.
        """
        there = [spare for spare in self.spares if self._heard[spare.name] >= since]
        made = [spare for spare in there if spare.seat == seat.number]
        if made or seat.heirs is not Heirs.SPARES:
            return made[0] if made else None
        anybody = [spare for spare in there if spare.may_take(seat)]
        return min(anybody, key=lambda spare: spare.node != seat.node, default=None)
