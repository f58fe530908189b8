"""One line of the table of top-level actors of a detached system: programs ask for it, the keeper writes it down."""

from typing import Protocol

import msgspec

from actors.address import Address
from actors.messages.message import Request
from actors.supervising.signals import Spec, StopReport


class Entry(msgspec.Struct, frozen=True):
    """An actor of the root: all that is needed to start it again, whoever keeps the root by then."""

    number: int
    seat: int
    spec: Spec
    name: str | None = None


class Ledger(Protocol):
    """Where entries stand, so that they outlive the process that keeps the root. Its methods block."""

    def write(self, entry: Entry) -> None:
        """Add an entry behind all others."""
        ...

    def erase(self, number: int) -> None:
        """Take the entry of this actor out; nothing happens if there is none."""
        ...

    def entries(self) -> list[Entry]:
        """All entries that can be read, in the order in which they were written."""
        ...


class Hire(Request[None]):
    """A program to the keeper: start these actors, all or none; answered when their `on_start` has finished.

    The program has made the numbers, so that it may ask again when it does not know whether it was heard.
    """

    entries: tuple[Entry, ...]


class Dismiss(Request[StopReport]):
    """A program to the keeper: stop this top-level actor."""

    actor: Address


class StopSystem(Request[StopReport]):
    """Any process to the keeper: stop the whole system; answered when all actors and hosts have stopped."""

    by: str
    """Who wants it so, for the log."""
