"""An actor that follows a service has one place in its mailbox for the news, and finds there what is true by then.

However often the service changes while the actor is busy, one listing waits; it is filled when it is handled.
"""

from math import inf
from typing import TYPE_CHECKING, Any

from actors.mail.envelope import Envelope
from actors.reception.listing import Listing
from actors.reception.roll import Key

if TYPE_CHECKING:
    from actors.cells.cell import Cell
    from actors.reception.desk import Desk
    from actors.ref import Ref


class Subscription:
    """One service that one incarnation of one actor follows."""

    __slots__ = ("_cell", "_desk", "_ended", "_key", "_told", "_waiting")

    delay = None
    """News go on with nothing."""

    def __init__(self, desk: "Desk", cell: "Cell", key: Key) -> None:
        self._desk = desk
        self._cell = cell
        self._key = key
        self._told: tuple[Ref[Any], ...] | None = None
        """What the actor was told last."""
        self._waiting: Envelope | None = None
        self._ended = False

    def changed(self) -> None:
        """Put news into the mailbox, unless some wait there already."""
        if self._waiting is None:
            message = Listing(self._key, ())
            handler = self._cell.blueprint.table.find(Listing)
            # a deadline of infinity sends the envelope through the cell's check of deadlines, which asks `taken`
            self._waiting = Envelope(message, handler, deadline=inf, exempt=True, tick=self)
            self._cell.accept_exempt(self._waiting)

    def holds(self, envelope: Envelope) -> None:
        """An instrument has put the news into an envelope of its own."""
        self._waiting = envelope

    def taken(self) -> bool:
        """Fill the news that has its turn; False if it is none, or the actor does not follow any more."""
        envelope, self._waiting = self._waiting, None
        found = self._desk.find(self._key)
        if self._ended or envelope is None or found == self._told:
            return False
        self._told = found
        envelope.message = Listing(self._key, found)
        return True

    def end(self) -> None:
        """Follow no more; news that wait are not handled."""
        self._ended = True
        self._desk.unfollow(self._key, self)


class Subscriptions:
    """Who of one host's actors follows what. Only actors that follow something are in here."""

    def __init__(self, desk: "Desk") -> None:
        self._desk = desk
        self._by_actor: dict[int, dict[Key, Subscription]] = {}

    def __len__(self) -> int:
        return len(self._by_actor)

    def begin(self, cell: "Cell", key: Key) -> None:
        """Begin to follow; doing it twice is doing it once. Raises TypeError without a handler for Listing."""
        cell.handler_for(Listing(key, ()))
        mine = self._by_actor.setdefault(cell.address.number, {})
        if key not in mine:
            mine[key] = subscription = Subscription(self._desk, cell, key)
            self._desk.follow(key, subscription)
            subscription.changed()

    def end(self, number: int, key: Key) -> None:
        """Follow no more."""
        mine = self._by_actor.get(number, {})
        subscription = mine.pop(key, None)
        if subscription is not None:
            subscription.end()
        if not mine:
            self._by_actor.pop(number, None)

    def end_all(self, number: int) -> None:
        """The incarnation has ended, and what it followed with it."""
        for subscription in self._by_actor.pop(number, {}).values():
            subscription.end()
