"""One host's receptionist: it keeps the roll of its own actors, tells it to every other host, and is told theirs.

Hosts tell each other directly, root to root, so the directory takes no part, and its death changes nothing. Each host
is told one page at a time and answers with what it knows; the next page has all that changed meanwhile. So a host that
is slow or cannot be reached costs one waiting request, however much changes. What a host told is forgotten with the
session it was told in, and told anew in the next.
"""

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from actors.address import Address, Sitting
from actors.errors import AskError, MailboxFull, NotRunning, TimedOut, TooManyKeys
from actors.mail.envelope import Asker
from actors.mail.mailbox import CLOSED
from actors.messages.message import Request
from actors.reception.roll import Key, Page, Roll, View, merged
from actors.supervising.root import NUMBER as ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from actors.host import Host
    from actors.reception.service_key import ServiceKey
    from actors.ref import Ref

A = TypeVar("A")

log = logging.getLogger("understudy.reception")

MOST_KEYS = 1_000
"""Keys that one actor may be registered under."""

PAUSE = 0.1
"""Seconds before a page is sent again that the link had no room for."""


AGAIN = 1.0
"""Seconds after the end of a session until a host that goes on is told anew: one that leaves is not to be dialled."""


class Enrol(Request[tuple[int, int]]):
    """Register an actor of the asked host, or not any more. The reply is the epoch and the version of the roll."""

    key: Key
    number: int
    present: bool


class Follower(Protocol):
    """Hears that something has changed under a key."""

    def changed(self) -> None:
        """Take note; it is asked what, when it has the time."""
        ...


class Colleague:
    """Another host's receptionist, as far as it was told this host's roll."""

    __slots__ = ("knows", "telling")

    def __init__(self) -> None:
        self.knows = 0
        self.telling = False


class Desk:
    """The registrations that one host knows, its own and those of others."""

    def __init__(self, host: "Host") -> None:
        self._host = host
        self.roll = Roll(host.seat, host.sitting.epoch)
        self._views: dict[int, View] = {}
        self._colleagues: dict[Sitting, Colleague] = {}
        self._found: dict[Key, tuple[Ref[Any], ...]] = {}
        """What was looked for since it last changed."""
        self._followers: dict[Key, dict[Follower, None]] = {}
        self._awaited: list[tuple[int, int, int, asyncio.Future[None]]] = []
        """Who waits until this host knows that roll (seat and epoch) in that version."""

    # ---- this host's actors -----------------------------------------------------------------------------------------

    def enter(self, key: Key, number: int) -> None:
        """Register an actor that lives here. Raises NotRunning, TooManyKeys."""
        cell = self._host.cells.get(number)
        if cell is None or cell.mailbox is CLOSED:
            address = Address(self._host.system, self._host.seat, number)
            message = f"No actor has the address {address} (any more), so it cannot be registered as {key}."
            raise NotRunning(message)
        if len(self.roll.keys_of(number)) >= MOST_KEYS and number not in self.roll.entries.get(key, ()):
            message = f"{cell.name} is registered under {MOST_KEYS} keys already. Register its parent, or a few actors."
            raise TooManyKeys(message)
        if self.roll.enter(key, number):
            self._own_change([key])

    def strike(self, key: Key, number: int) -> None:
        """Register an actor of this host no more."""
        if self.roll.strike(key, number):
            self._own_change([key])

    def ended(self, number: int) -> None:
        """An actor of this host takes no more messages: nobody is to find it."""
        if keys := self.roll.keys_of(number):
            for key in keys:
                self.roll.strike(key, number)
            self._own_change(keys)

    def enrol(self, key: Key, address: Address, *, present: bool) -> "asyncio.Future[None]":
        """Register an actor of any host; done when this host has it from there. Raises as `enter` does."""
        host = self._host
        if address.seat != host.seat:
            return host.work.start_apart(self._enrol_afar(key, address, present))
        if present:
            self.enter(key, address.number)
        else:
            self.strike(key, address.number)
        done: asyncio.Future[None] = host.loop.create_future()
        done.set_result(None)
        return done

    async def _enrol_afar(self, key: Key, address: Address, present: bool) -> None:  # noqa: FBT001
        host = self._host
        timeout = host.settings.ask_timeout
        root = host.ref_to(Address(address.system, address.seat, ROOT))
        answer = await host.delivery.ask_afar(root, Enrol(key, address.number, present), timeout)
        epoch, version = cast("tuple[int, int]", answer)
        if self._knows(address.seat, epoch, version):
            return
        awaited = (address.seat, epoch, version, host.loop.create_future())
        self._awaited.append(awaited)
        try:
            async with asyncio.timeout(timeout):
                await awaited[3]
        except TimeoutError:
            message = f"{address} is registered as {key}, but its host has not told this one so in {timeout:g} s."
            raise TimedOut(message, ran="yes") from None
        finally:
            if awaited in self._awaited:
                self._awaited.remove(awaited)

    def _own_change(self, keys: "Iterable[Key]") -> None:
        self._changed(keys)
        for sitting, colleague in self._colleagues.items():
            self._tell(sitting, colleague)

    # ---- other hosts ------------------------------------------------------------------------------------------------

    def met(self, sitting: Sitting) -> None:
        """A host is there: it is told this one's roll. Meeting twice is meeting once."""
        if sitting.seat == self._host.seat or sitting.seat < 0:
            return
        self._tell(sitting, self._colleagues.setdefault(sitting, Colleague()))

    def seated(self, sittings: "set[Sitting]") -> None:
        """The newest table: these are the hosts of the system, with whom there may be no session yet."""
        for gone in [sitting for sitting in self._colleagues if sitting not in sittings]:
            del self._colleagues[gone]
        for sitting in sittings:
            self.met(sitting)

    def parted(self, sitting: Sitting) -> None:
        """A session has ended: nothing that was told in it counts, on either side."""
        self._colleagues.pop(sitting, None)
        view = self._views.get(sitting.seat)
        if view is not None and view.epoch == sitting.epoch:
            del self._views[sitting.seat]
            self._changed(view.entries)
        for *told_by, _, known in self._awaited:
            if tuple(told_by) == sitting and not known.done():
                known.set_exception(NotRunning(f"The host on {sitting} was lost, and the actor with it."))
        if sitting.seat >= 0:
            self._host.loop.call_later(AGAIN, self._meet_again, sitting)

    def _meet_again(self, sitting: Sitting) -> None:
        """Tell a host anew that goes on, by the table; one that said goodbye is out of it by now."""
        seat = self._host.seats.get(sitting.seat)
        if seat is not None and seat.sitting == sitting and not seat.vacant and not self._host.closed:
            self.met(sitting)

    def take(self, request: object, asker: Asker) -> bool:
        """Answer what another host's receptionist asks; False for any other request."""
        try:
            if isinstance(request, Page):
                asker.reply(self._hear(request))
            elif isinstance(request, Enrol):
                (self.enter if request.present else self.strike)(request.key, request.number)
                asker.reply((self.roll.epoch, self.roll.version))
            else:
                return False
        except (NotRunning, TooManyKeys) as error:
            asker.fail(error)
        return True

    def _hear(self, page: Page) -> int:
        host, seat = self._host, page.seat
        present = host.seats.get(seat)
        view = self._views.get(seat)
        newest = max(present.epoch if present is not None else 0, view.epoch if view is not None else 0)
        if page.epoch < newest or seat == host.seat:  # of a host that has been succeeded
            return page.version
        if view is None or view.epoch < page.epoch:
            former = view.entries if view is not None else {}
            view = self._views[seat] = View(page.epoch)
            self._changed(former)
        self._changed(view.take(page))
        for *version, known in self._awaited:
            if self._knows(*version) and not known.done():
                known.set_result(None)
        self.met(Sitting(seat, page.epoch))
        return view.version

    def _knows(self, seat: int, epoch: int, version: int) -> bool:
        view = self._views.get(seat)
        return view is not None and (view.epoch, view.version) >= (epoch, version)

    def _tell(self, sitting: Sitting, colleague: Colleague) -> None:
        if self._host.post is not None and not colleague.telling and colleague.knows < self.roll.version:
            colleague.telling = True
            self._host.work.start_system(self._tell_all(sitting, colleague))

    async def _tell_all(self, sitting: Sitting, colleague: Colleague) -> None:
        """Tell page after page until there is nothing new, or the session has ended."""
        host = self._host
        root = host.ref_to(Address(host.system, sitting.seat, ROOT))
        try:
            while colleague.knows < self.roll.version and self._colleagues.get(sitting) is colleague:
                try:
                    answer = await host.delivery.ask_afar(root, self.roll.page(colleague.knows), None)
                    colleague.knows = cast("int", answer)
                except MailboxFull:
                    await asyncio.sleep(PAUSE)
        except AskError as error:  # told again when the table or the roll changes
            log.debug("%s was not told who is registered: %s", sitting, error)
        finally:
            colleague.telling = False

    # ---- finding ----------------------------------------------------------------------------------------------------

    def find(self, key: "ServiceKey[A]") -> "tuple[Ref[A], ...]":
        """Everybody who is registered under a key, as far as this host knows; the same order on every host."""
        found = self._found.get(key)
        if found is None:
            host = self._host
            rolls = [(host.seat, self.roll.entries), *((seat, view.entries) for seat, view in self._views.items())]
            addresses = [Address(host.system, seat, number) for seat, number in merged(rolls, key)]
            found = tuple(host.ref_to(address) for address in addresses)
            if found:  # a key that nobody is registered under would be kept for ever
                self._found[key] = found
        return found

    def follow(self, key: Key, follower: Follower) -> None:
        """Tell the follower of every change from now on."""
        self._followers.setdefault(key, {})[follower] = None

    def unfollow(self, key: Key, follower: Follower) -> None:
        """Tell it no more."""
        followers = self._followers.get(key)
        if followers is not None:
            followers.pop(follower, None)
            if not followers:
                del self._followers[key]

    def _changed(self, keys: "Iterable[Key]") -> None:
        for key in keys:
            self._found.pop(key, None)
            for follower in tuple(self._followers.get(key, ())):
                follower.changed()
