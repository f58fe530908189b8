"""How a message gets from a ref to a mailbox when it is not the short way: other threads, other hosts, waiting sends.

The short way, from a handler or the main function to an actor of the same host, is in `Ref.tell` and `Ref.ask`.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from threading import get_ident
from typing import TYPE_CHECKING, Any, Protocol, cast

from actors.address import Address, Sitting
from actors.encoding.copying import copied
from actors.errors import AskError, Deadlock, Expired, NotRunning, Unreachable
from actors.mail.activity import Activity, running, shielded
from actors.mail.asks import Ask, Relay
from actors.mail.dead_letters import Reason
from actors.mail.envelope import Asker, Envelope, Sender
from actors.ref import DEFAULT_TIMEOUT, Ref
from actors.supervising.failure import refusal
from actors.supervising.signals import Signal

if TYPE_CHECKING:
    from actors.cells.cell import Cell
    from actors.cells.streams import Incoming
    from actors.directory import Seat
    from actors.host import Host


class Carrier(Protocol):
    """Carries to other hosts. The `local` backend has none."""

    def tell(self, address: Address, message: object, sender: Sender | None) -> None:
        """Send a message; raises Unsendable."""
        ...

    def ask(self, address: Address, request: object, sender: Sender | None, ask: Asker, deadline: float | None) -> None:
        """Send a request whose outcome `ask` hears; raises Unsendable."""
        ...

    async def send(
        self, address: Address, message: object, sender: Sender | None, ask: Asker, deadline: float | None
    ) -> None:
        """Send a message whose acceptance `ask` hears, once there is room; raises Unsendable."""
        ...

    def stream(self, address: Address, request: object, sender: Sender | None, incoming: "Incoming") -> None:
        """Send a request for a stream; raises Unsendable."""
        ...

    def away(self) -> list[Sitting]:
        """The hosts that cannot be reached now."""
        ...

    def give_up(self, sitting: Sitting) -> None:
        """A sitting has ended for good: account for what it has not confirmed, and never speak to it again."""
        ...

    def when_read(self, sitting: Sitting, then: Callable[[], None]) -> None:
        """Call `then` once everything that a sitting had sent before its end has been read; now, if it has been."""
        ...

    def died_with(self, sitting: Sitting) -> int:
        """At most so many messages of this host died inside one whose sitting has ended."""
        ...

    def seat_taken(self, seat: "Seat") -> None:
        """Somebody sits on a seat that was vacant: send what waited for that."""
        ...

    def seat_gone(self, number: int) -> None:
        """Nobody will sit any more on a seat that was vacant: account for what waited for that."""
        ...

    def signal(self, to: Address, signal: Signal) -> None:
        """Send a signal; raises Unsendable for a start whose arguments cannot be encoded."""
        ...


class Delivery:
    """The endpoint that the refs of one host use."""

    def __init__(self, host: "Host") -> None:
        self._host = host
        self._copying = host.settings.copy_messages
        self._ask_timeout = host.settings.ask_timeout

    def cell_at(self, address: Address) -> "Cell | None":
        """The living cell at an address of this host, for refs that may take the short way; it makes no copies."""
        return None if self._copying else self._host.cell_at(address)

    def open_ask(self, target: Address, timeout: float | None, activity: Activity) -> Ask:
        """A new ask: its deadline is its own, or that of the request being handled where that is sooner (rule A30).

        Within `shield` it is its own.
        """
        host = self._host
        if host.closed:
            raise host.closed_error()
        seconds = self._ask_timeout if timeout is DEFAULT_TIMEOUT else timeout
        deadline = None if seconds is None else host.clock() + seconds
        envelope = activity.envelope
        if envelope is None:
            if activity.cell is not None and not activity.cell.began:
                _check_start(activity.cell, target)
        elif envelope.deadline is not None and envelope.tick is None and not shielded.get():
            inherited = envelope.deadline
            deadline = inherited if deadline is None or inherited < deadline else deadline
        return host.asks.open(target, deadline)

    def tell_afar(self, ref: Ref[Any], message: object) -> None:
        """From another thread, to another host, or to nobody."""
        host, sender = self._host, running.get().cell
        if ref.address.seat != host.seat and host.post is not None and get_ident() == host.thread:
            host.post.tell(ref.address, message, sender)
            return
        cell = self._bind(ref)
        if cell is None:
            self._in_loop(self._tell_out, ref.address, message, sender)
        else:
            message = self.given(message)
            self._in_loop(cell.accept, Envelope(message, cell.handler_for(message), sender))

    def _in_loop(self, function: Callable[..., None], *arguments: Any) -> None:
        """Call where the host's state may be touched: at once in its thread, soon from any other."""
        host = self._host
        if get_ident() == host.thread:
            function(*arguments)
            return
        try:
            host.loop.call_soon_threadsafe(function, *arguments)
        except RuntimeError:  # the loop has been closed, so nobody else touches what would record the dead letter
            function(*arguments)

    def _tell_out(self, address: Address, message: object, sender: Sender | None) -> None:
        host = self._host
        if address.seat == host.seat:
            self._tell_nobody(address, message, sender)
        elif host.post is None:
            host.dead_letters.add(message, address, Reason.UNREACHABLE, sender.ref if sender else None)
        else:
            host.post.tell(address, message, sender)

    def ask_afar(self, ref: Ref[Any], request: object, timeout: float | None) -> Awaitable[Any]:
        """From another thread or loop, to another host, or to nobody."""
        if get_ident() != self._host.thread:
            return self._from_thread(self._ask_here(ref, request, timeout, running.get()))
        return self._ask_now(ref, request, timeout, running.get()).future

    async def _ask_here(self, ref: Ref[Any], request: object, timeout: float | None, activity: Activity) -> Any:
        return await self._ask_now(ref, request, timeout, activity).future

    def _ask_now(self, ref: Ref[Any], request: object, timeout: float | None, activity: Activity) -> Ask:
        host, address = self._host, ref.address
        cell = self._bind(ref)
        handler = None
        if cell is not None:
            handler, request = cell.handler_for(request), self.given(request)
        ask = self.open_ask(address, timeout, activity)
        if cell is not None:
            cell.accept(Envelope(request, handler, activity.cell, ask, ask.deadline))
            if cell is activity.cell:
                host.deadlocks.asks_itself(ask)
        elif address.seat == host.seat:
            self.ask_nobody(address, ask, Envelope(self.given(request), None, activity.cell, ask, ask.deadline))
        elif host.post is None:
            ask.fail(Unreachable(f"This system has no host on seat {address.seat}.", ran="no"))
        elif ask.deadline is not None and ask.deadline <= host.clock():
            ask.fail(Expired("The deadline passed before the request was sent."))
        else:
            try:
                host.post.ask(address, request, activity.cell, ask, ask.deadline)
            except BaseException:
                ask.future.cancel()
                ask.forget()
                raise
        return ask

    def send(self, ref: Ref[Any], message: object, timeout: float | None) -> Awaitable[None]:
        """Send and wait for acceptance (rule A32). On this host it is posted at once, awaited or not."""
        if get_ident() != self._host.thread:
            return self._from_thread(self._send_here(ref, message, timeout, running.get()))
        cell = self._bind(ref)
        if cell is None:
            return self._send_out(ref.address, message, timeout, running.get())
        return cast("Awaitable[None]", self._send_to(cell, message, timeout, running.get()))

    async def _send_here(self, ref: Ref[Any], message: object, timeout: float | None, activity: Activity) -> None:
        cell = self._bind(ref)
        if cell is None:
            await self._send_out(ref.address, message, timeout, activity)
        else:
            await self._send_to(cell, message, timeout, activity)

    def _send_to(
        self, cell: "Cell", message: object, timeout: float | None, activity: Activity
    ) -> "asyncio.Future[object]":
        handler = cell.handler_for(message)
        if handler is not None and handler.conflate_key is not None:
            text = f"{type(message).__qualname__} is conflated, so there is nothing to wait for. Use tell."
            raise TypeError(text)
        message = self.given(message)
        ask = self.open_ask(cell.address, timeout, activity)
        cell.accept_send(Envelope(message, handler, activity.cell, accepted=ask))
        return ask.future

    async def _send_out(self, address: Address, message: object, timeout: float | None, activity: Activity) -> None:
        host = self._host
        ask = self.open_ask(address, timeout, activity)
        if address.seat == host.seat:
            self.ask_nobody(address, ask, Envelope(self.given(message), None, activity.cell, accepted=ask))
        elif host.post is None:
            ask.fail(Unreachable(f"This system has no host on seat {address.seat}.", ran="no"))
        else:
            await host.post.send(address, message, activity.cell, ask, ask.deadline)
        await ask.future

    def forward(
        self, ref: Ref[Any], message: object, ask: Asker | None, deadline: float | None, sender: Sender | None
    ) -> None:
        """Send on with the first sender and asker."""
        host, address = self._host, ref.address
        cell = self._bind(ref)
        if cell is not None:
            cell.accept(Envelope(self.given(message), cell.handler_for(message), sender, ask, deadline))
        elif ask is None:
            self._tell_out(address, message, sender)
        elif address.seat == host.seat:
            self.ask_nobody(address, ask, Envelope(self.given(message), None, sender, ask, deadline))
        elif host.post is None:
            ask.fail(Unreachable(f"This system has no host on seat {address.seat}.", ran="no"))
        else:
            host.post.ask(address, message, sender, ask, deadline)

    def _tell_nobody(self, address: Address, message: object, sender: Sender | None) -> None:
        """No actor of this host has the address; on a seat that was taken over, it may be on its way back."""
        host, returning = self._host, self._host.returning
        give_up = partial(host.dead_letters.add, message, address, sender=sender.ref if sender else None)
        again = partial(self._returned, address, Envelope(self.given(message), None, sender), give_up)
        refuse = partial(give_up, reason=Reason.MAILBOX_FULL)
        if returning is None or not returning.hold(address.number, again, refuse):
            give_up(reason=Reason.NOT_RUNNING)

    def ask_nobody(self, address: Address, asker: Asker, envelope: Envelope) -> None:
        """As `_tell_nobody`, for what somebody waits for."""
        returning = self._host.returning

        def give_up(reason: Reason) -> None:
            asker.fail(refusal(reason, str(address)))

        again, refuse = partial(self._returned, address, envelope, give_up), partial(give_up, Reason.MAILBOX_FULL)
        if returning is None or not returning.hold(address.number, again, refuse):
            asker.fail(NotRunning(f"No actor has the address {address} (any more). Get a new ref from its parent."))

    def _returned(self, address: Address, envelope: Envelope, give_up: Callable[[Reason], None]) -> None:
        """An actor that was waited for has come back, or will not."""
        cell = self._host.cell_at(address)
        if cell is None:
            give_up(Reason.NOT_RUNNING)
            return
        handler = envelope.handler = cell.blueprint.table.find(envelope.message.__class__)
        conflated = handler is not None and handler.conflate_key is not None
        streams = handler is not None and handler.streams
        if (
            (handler is None and cell.behaviour is None)
            or (envelope.accepted is not None and conflated)
            or (hasattr(envelope.ask, "put") and not streams)
        ):
            give_up(Reason.NOT_HANDLED)
        elif envelope.accepted is not None:
            cell.accept_send(envelope)
        else:
            cell.accept(envelope)

    def stream(self, ref: Ref[Any], request: object, timeout: float | None) -> AsyncIterator[Any]:
        """Ask for a stream of replies."""
        seconds = self._host.settings.ask_timeout if timeout is DEFAULT_TIMEOUT else timeout
        return self._host.streams.open(ref, request, seconds)

    def seat_lost(self, seat: int) -> None:
        """End the asks to a lost seat: they may have run."""
        self._host.asks.fail_for_seat(seat, _lost)

    def _bind(self, ref: Ref[Any]) -> "Cell | None":
        cell = ref.cell
        if cell is None and ref.address.seat == self._host.seat:
            cell = self._host.cell_at(ref.address)
            ref.cell = None if self._copying else cell
        return cell

    def given(self, message: object) -> object:
        """What a receiver on this host is given of a message: the message, or where the settings say so a copy."""
        return copied(message) if self._copying else message

    def _from_thread(self, steps: Any) -> Awaitable[Any]:
        """Run on the host's loop, awaitable on the caller's."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            steps.close()
            message = (
                "This thread runs no event loop, so it cannot await. Use `blocking(self.context).ask(...)` in a "
                "blocking handler, `blocking(system).ask(...)` in any other thread, or tell."
            )
            raise RuntimeError(message) from None
        try:
            outcome = asyncio.run_coroutine_threadsafe(steps, self._host.loop)
        except RuntimeError:  # the host's loop has been closed
            steps.close()
            raise self._host.closed_error() from None
        return asyncio.wrap_future(outcome, loop=loop)


def _check_start(cell: "Cell", target: Address) -> None:
    """A start hook that asks its parent may wait for a parent that waits for the start; itself, it always does (A8)."""
    if target in (cell.parent, cell.address):
        who = "its parent" if target == cell.parent else "itself"
        raise Deadlock(
            f"on_start of {cell.name} asks {who}, who cannot answer before the start has ended. Pass what it needs as "
            "an argument, or tell yourself a message and ask when that is handled."
        )


def _lost(ask: Ask | Relay) -> AskError:
    return Unreachable(f"The host of {ask.target} was lost before it answered; it may have run the request.")
