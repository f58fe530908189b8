"""Before a host leaves, no new actor is placed on it, and it finishes what it has, as far as its time allows.

It tells the others itself, root to root, so nobody has to wait for the directory. What "here" and "near" ask for is
still started: the actors that are finishing may need it.
"""

import asyncio
from typing import TYPE_CHECKING

from actors.address import Address, Sitting
from actors.messages.message import Request

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from actors.cells.cell import Cell
    from actors.host import Host

ROOT = 0
"""The number of every host's root, which answers for its host."""

LOOK = 0.02
"""Seconds between two looks at whether the host has nothing to do."""

TELLING = 1.0
"""Seconds that the others have to hear of it."""


class Leaving(Request[None]):
    """A host to the others: place nothing here any more."""

    sitting: Sitting


async def drain(host: "Host", seconds: float) -> bool:
    """Take nothing new, and return when nothing is left to do; False if that was not so within `seconds`."""
    host.seating.leaving.add(host.sitting)
    try:
        async with asyncio.timeout(seconds):
            await asyncio.gather(*_told(host), return_exceptions=True)
            while any(_busy(cell) for cell in host.cells.values()):  # noqa: ASYNC110 - an event would cost each turn
                await asyncio.sleep(LOOK)
    except TimeoutError:
        return False
    return True


def _told(host: "Host") -> "list[Awaitable[None]]":
    others = [Address(host.system, seat.number, ROOT) for seat in host.seating.taken if seat.number != host.seat]
    return [host.delivery.ask_afar(host.ref_to(other), Leaving(host.sitting), TELLING) for other in others]


def _busy(cell: "Cell") -> bool:
    """Whether an actor starts, handles, has something to handle, waits for its parent, or owes somebody a reply.

    What waits for one that an operator has suspended is not waited for.
    """
    return not (cell.idle or cell.suspended) or bool(cell.activities) or bool(cell.in_hand)
