"""What a probe has received and the test has not looked at yet, and the actor that fills it."""

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from actors.actor import Actor
from actors.mail.mailbox import MailboxOptions
from actors.messages.receive import receive

if TYPE_CHECKING:
    from actors.cells.context import Context
    from actors.cells.reply import Reply
    from actors.ref import Ref

T = TypeVar("T")


class Inbox(Generic[T]):
    """A queue whose reader waits on the loop until a time."""

    def __init__(self) -> None:
        self.items: deque[T] = deque()
        self._reader: asyncio.Future[None] | None = None

    def add(self, item: T) -> None:
        """Append an item."""
        self.items.append(item)
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    async def filled(self, count: int, until: float) -> bool:
        """Wait until there are `count` items, or the loop's clock shows `until`; whether there are."""
        try:
            async with asyncio.timeout_at(until):
                while len(self.items) < count:
                    self._reader = asyncio.get_running_loop().create_future()
                    await self._reader
        except TimeoutError:
            return False
        return True


@dataclass(frozen=True, slots=True)
class Letter:
    """One message that reached a probe."""

    message: object
    sender: "Ref[Any] | None"
    reply: "Reply[Any]"


class Received(Inbox[Letter]):
    """What reached one probe, and the probe's context."""

    context: "Context"


class Stand(Actor):
    """The actor behind a probe's ref: takes everything, answers nothing by itself."""

    mailbox = MailboxOptions(bound=2**31)

    def __init__(self, received: Received) -> None:
        self._received = received
        received.context = self.context

    @receive
    def take(self, message: object) -> None:
        """Put it where the test looks."""
        self._received.add(Letter(message, self.context.sender, self.context.reply_later()))
