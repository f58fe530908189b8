"""Answers to askers on other hosts: what a handler's reply, error or items become on the way back."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import msgspec

from actors.address import Address
from actors.cells.streams import WINDOW
from actors.encoding.code import ClassTable
from actors.encoding.pickling import pack
from actors.errors import AskError, Failed, Unsendable
from actors.post.peer import Peer
from actors.post.wire import FAIL, ITEM, REPLY

log = logging.getLogger("understudy.post")

astuple: Any = msgspec.structs.astuple


class Answers:
    """The answers that one host gives."""

    def __init__(self, classes: ClassTable, late: Callable[[object, Address], None], system: str) -> None:
        self._classes = classes
        self._late = late
        self._system = system
        self._indices = classes.indices

    def reply(self, peer: Peer, ask: int, value: object) -> None:
        """Send a reply, or the news that it cannot be sent."""
        index = self._indices.get(value.__class__)
        if index is None:
            index = self._classes.index_for(value.__class__)
        try:
            peer.put((REPLY, ask, index, astuple(value) if index else value), index, must=True)
        except Unsendable as error:
            log.exception("A reply of type %s cannot be sent.", type(value).__qualname__)
            text = f"The request was handled, but its reply cannot travel: {error}"
            self.fail(peer, ask, Failed(text, type_name="Unsendable", text=str(error)))

    def late(self, peer: Peer, value: object) -> None:
        """A reply came after the outcome: that is recorded here, for the asker's host never sees it."""
        self._late(value, Address(self._system, peer.sitting.seat, 0))

    def fail(self, peer: Peer, ask: int, error: BaseException) -> None:
        """Send an outcome other than a reply."""
        cause, error.__cause__ = error.__cause__, None
        error.__traceback__ = None
        if not isinstance(error, AskError):
            cause, error = error, Failed(str(error), type_name=type(error).__qualname__, text=str(error))
        try:
            peer.put((FAIL, ask, error, self.parcel(cause)), 0, must=True)
        except Unsendable:  # a cause larger than any message may be: the words must do
            peer.put((FAIL, ask, error, None), 0, must=True)

    def item(self, peer: Peer, ask: int, value: object) -> None:
        """Send one item of a stream; raises Unsendable."""
        peer.put((ITEM, ask, 0, value), 0, must=True)

    def parcel(self, error: BaseException | None) -> bytes | None:
        """An exception with the code it needs, or None for one that cannot travel: its words do."""
        if error is None:
            return None
        try:
            return pack(error, self._classes.origin)
        except Exception:  # noqa: BLE001 - a user's exception may do anything when it is pickled
            return None


class RemoteAsker:
    """Answers one ask, or one send, of a peer."""

    __slots__ = ("_answered", "answers", "number", "peer")

    def __init__(self, answers: "Answers", peer: "Peer", number: int) -> None:
        self.answers = answers
        self.peer = peer
        self.number = number
        self._answered = False

    @property
    def ended(self) -> bool:
        """Answered, or its host has gone. That the asker itself has gone is known only where it lives."""
        return self._answered or self.peer.ended

    def granted(self, count: int) -> None:
        """The asker has given up waiting for acceptance, which is all that can be said of an ask that is no stream."""
        del count
        self._answered = True
        self.peer.streaming.pop(self.number, None)

    def reply(self, value: object, /) -> None:
        """Send the reply; the first outcome counts."""
        if not self._answered:
            self._answered = True
            self.answers.reply(self.peer, self.number, value)
        elif self.__class__ is RemoteAsker:
            self.answers.late(self.peer, value)

    def fail(self, error: BaseException, /) -> None:
        """Send the outcome."""
        if not self._answered:
            self._answered = True
            self.answers.fail(self.peer, self.number, error)


class RemoteSender(RemoteAsker):
    """Tells a peer whether a message was accepted, unless it has given up waiting for that."""

    __slots__ = ()

    def reply(self, value: object, /) -> None:
        """It was accepted."""
        self.peer.streaming.pop(self.number, None)
        super().reply(value)

    def fail(self, error: BaseException, /) -> None:
        """It was not."""
        self.peer.streaming.pop(self.number, None)
        super().fail(error)


class RemoteOutlet(RemoteAsker):
    """Writes a stream to a reader on another host, as far as its credit goes."""

    __slots__ = ("_credit", "_left", "_loop", "_writer")

    def __init__(self, answers: "Answers", peer: "Peer", number: int, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(answers, peer, number)
        self._credit = WINDOW
        self._left = False
        self._loop = loop
        self._writer: asyncio.Future[None] | None = None

    async def put(self, item: object) -> None:
        """Send one item, after waiting for credit; raises asyncio.CancelledError when the reader has left."""
        while self._credit <= 0 and not self._left:
            self._writer = self._loop.create_future()
            await self._writer
        if self._left or self.peer.ended:
            raise asyncio.CancelledError
        self._credit -= 1
        self.answers.item(self.peer, self.number, item)

    def granted(self, count: int) -> None:
        """The reader has taken items, or (-1) has left."""
        if count < 0:
            self._left = True
            self.peer.streaming.pop(self.number, None)
        else:
            self._credit += count
        if self._writer is not None and not self._writer.done():
            self._writer.set_result(None)

    def reply(self, value: object, /) -> None:
        """The handler has finished."""
        del value
        self.peer.streaming.pop(self.number, None)
        super().reply(None)

    def fail(self, error: BaseException, /) -> None:
        """The handler failed, or never ran."""
        self.peer.streaming.pop(self.number, None)
        super().fail(error)
