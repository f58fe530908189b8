"""Streams of replies: the asker grants credit, the handler yields no more than was granted.

A window of WINDOW items is granted at the start and renewed as items are taken, so a slow reader slows the writer and
nobody's buffer grows. The reader's leaving ends the handler; the handler's error or end ends the reader's loop.
"""

import asyncio
import inspect
from collections import deque
from collections.abc import AsyncIterator, Callable
from threading import get_ident
from typing import TYPE_CHECKING, Any, Protocol, cast

from actors.errors import NotHandled, TimedOut, Unreachable
from actors.mail.activity import running
from actors.mail.envelope import Envelope

if TYPE_CHECKING:
    from actors.host import Host
    from actors.ref import Ref

WINDOW = 64
"""Items under way in one stream."""


class Outlet(Protocol):
    """Where a streaming handler writes: straight to the reader, or over a link. It stands in `Envelope.ask`."""

    async def put(self, item: object) -> None:
        """Hand over one item, after waiting for credit; raises asyncio.CancelledError when the reader has left."""
        ...


class Incoming:
    """The reader's end. Also the writer's outlet where both are on one host."""

    def __init__(self, loop: asyncio.AbstractEventLoop, given: Callable[[object], object]) -> None:
        self._loop = loop
        self._given = given
        """What a reader on the writer's host is given of an item: itself, or a copy."""
        self._items: deque[object] = deque()
        self._error: BaseException | None = None
        self._finished = False
        self._reader: asyncio.Future[None] | None = None
        self._writer: asyncio.Future[None] | None = None
        self._credit = WINDOW
        self.left = False
        """Whether the reader has gone."""
        self.taken = _nothing
        """Called with the number of items taken, or -1 when the reader leaves, for a writer on another host."""
        self.over: Callable[[BaseException | None], None] = _ignored
        """Called when the reader is done, with the error that it heard, for an instrument."""

    @property
    def ended(self) -> bool:
        """Whether no item will come any more."""
        return self._finished or self.left

    def reply(self, value: object, /) -> None:
        """The handler has finished."""
        del value
        self._finished = True
        self._wake_reader()

    def fail(self, error: BaseException, /) -> None:
        """The handler failed, or never ran."""
        if not self.ended:
            self._error = error
            self.reply(None)

    def arrived(self, item: object) -> None:
        """An item came from another host, within its credit."""
        self._items.append(item)
        self._wake_reader()

    async def put(self, item: object) -> None:
        """Hand over one item on the same host."""
        while self._credit <= 0 and not self.left:
            self._writer = self._loop.create_future()
            await self._writer
        if self.left:
            raise asyncio.CancelledError
        self._credit -= 1
        self.arrived(self._given(item))

    def leave(self) -> None:
        """The reader goes: the writer is told, wherever it is, and ends at its next item."""
        if not self.ended:
            self.taken(-1)
        if not self.left:
            self.over(self._error)
        self.left = True
        self._items.clear()
        if self._writer is not None and not self._writer.done():
            self._writer.set_result(None)

    async def take(self, seconds: float | None) -> object:
        """The next item; raises StopAsyncIteration at the end, the handler's outcome, or TimedOut."""
        while not self._items:
            if self._error is not None:
                raise self._error
            if self._finished:
                raise StopAsyncIteration
            self._reader = self._loop.create_future()
            try:
                async with asyncio.timeout(seconds):
                    await self._reader
            except TimeoutError:
                text = f"The stream gave no item within {seconds:g} s."
                raise TimedOut(text) from None
        item = self._items.popleft()
        self._credit += 1
        if self._writer is not None and not self._writer.done():
            self._writer.set_result(None)
        self.taken(1)
        return item

    def _wake_reader(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)


class Streams:
    """Opens and runs the streams of one host."""

    def __init__(self, host: "Host") -> None:
        self._host = host

    async def open(self, ref: "Ref[Any]", request: object, seconds: float | None) -> AsyncIterator[Any]:
        """The items of a stream, as they come."""
        host, address = self._host, ref.address
        if get_ident() != host.thread:
            raise RuntimeError("A stream is read in the thread of its system's loop. Ask from here, or read it there.")
        if host.closed:
            raise host.closed_error()
        given = host.delivery.given
        incoming = Incoming(host.loop, given)
        activity = running.get()
        cell = host.cell_at(address)
        if cell is not None:
            handler = cell.handler_for(request)
            if handler is not None and not handler.streams and cell.behaviour is None:
                raise TypeError(f"{handler.name} replies once, and gives no stream. Use `ref.ask(...)`.")
            cell.accept(Envelope(given(request), handler, activity.cell, incoming))
        elif address.seat == host.seat:
            host.delivery.ask_nobody(address, incoming, Envelope(given(request), None, activity.cell, incoming))
        elif host.post is None:
            incoming.fail(Unreachable(f"This system has no host on seat {address.seat}.", ran="no"))
        else:
            host.post.stream(address, request, activity.cell, incoming)
        try:
            while True:
                try:
                    item = await incoming.take(seconds)
                except StopAsyncIteration:
                    return
                yield item
        finally:
            incoming.leave()

    async def run(self, items: Any, envelope: Envelope) -> None:
        """Write what a streaming handler yields; for a message that nobody reads, run it to its end."""
        if envelope.ask is not None and not hasattr(envelope.ask, "put"):
            ask, envelope.ask = envelope.ask, None
            ask.fail(
                NotHandled(f"{type(envelope.message).__qualname__} is answered by a stream. Use `ref.stream(...)`.")
            )
            return
        outlet = cast("Outlet | None", envelope.ask)
        if inspect.isgenerator(items):
            items = _stepwise(items)
        try:
            async for item in items:
                if outlet is not None:
                    await outlet.put(item)
        finally:
            closing = getattr(items, "aclose", None)
            if closing is not None:
                await closing()


async def _stepwise(items: Any) -> AsyncIterator[Any]:
    for item in items:
        yield item


def _nothing(count: int) -> None:
    del count


def _ignored(error: BaseException | None) -> None:
    del error
