"""Where actors are registered and found: `system.receptionist`, `self.context.receptionist`."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from threading import get_ident
from typing import TYPE_CHECKING, TypeVar

from actors.mail.activity import running
from actors.reception.group import Group, Routing

if TYPE_CHECKING:
    from actors.host import Host
    from actors.reception.desk import Desk
    from actors.reception.service_key import ServiceKey
    from actors.ref import Ref

A = TypeVar("A")


class Receptionist:
    """The registrations of the whole system, as far as this host has heard of them.

    Every host has a receptionist, and they tell each other; so a registration is found on its actor's own host at once,
    on another host soon. An actor is found until it stops, through all its restarts; or until its host is lost. That
    a host cannot be reached for a while does not strike its actors out.

    The verbs are for the host's own loop; RuntimeError in any other thread.
    """

    __slots__ = ("_host",)

    def __init__(self, host: "Host") -> None:
        self._host = host

    def register(self, key: "ServiceKey[A]", ref: "Ref[A]") -> Awaitable[None]:
        """Register an actor under a key; under several keys, call again. Registering twice is registering once.

        For an actor of this host it is done at once, awaited or not: `self.context.receptionist.register(KEY,
        self.context.ref)` in an `on_start`. For one of another host it is done when awaited: then it is found here.
        Raises NotRunning for an actor that has ended; TooManyKeys; TimedOut or Unreachable where its host does not
        answer; ValueError for an actor of another system.
        """
        return self._enrol(key, ref, present=True)

    def unregister(self, key: "ServiceKey[A]", ref: "Ref[A]") -> Awaitable[None]:
        """Take a registration back; nothing for one that there is not. Otherwise as `register`."""
        return self._enrol(key, ref, present=False)

    def find(self, key: "ServiceKey[A]") -> "tuple[Ref[A], ...]":
        """Everybody who is registered under a key, in an order that is the same on every host."""
        return self._desk().find(key)

    async def follow(self, key: "ServiceKey[A]") -> "AsyncIterator[tuple[Ref[A], ...]]":
        """What `find` says, now and after each change: `async for refs in receptionist.follow(KEY)`.

        For programs; actors subscribe (`self.context.subscribe(KEY)`). Several changes may come as one.
        """
        desk, following = self._desk(), _Following()
        desk.follow(key, following)
        try:
            told: tuple[Ref[A], ...] | None = None
            while True:
                following.news.clear()
                found = desk.find(key)
                if found != told:
                    told = found
                    yield found
                else:
                    await following.news.wait()
        finally:
            desk.unfollow(key, following)

    def group(self, key: "ServiceKey[A]", routing: Routing = "round_robin") -> Group[A]:
        """All who are registered under a key, now and later, to be sent to as one."""
        return Group(self._desk(), self._host, key, routing)

    def _enrol(self, key: "ServiceKey[A]", ref: "Ref[A]", *, present: bool) -> Awaitable[None]:
        desk = self._desk()
        if ref.address.system != self._host.system:
            message = f"{ref} is of another system; this one is {self._host.system!r}. Register it there."
            raise ValueError(message)
        return desk.enrol(key, ref.address, present=present)

    def _desk(self) -> "Desk":
        _ = running.get().cell  # refused to a handler that was abandoned
        if get_ident() != self._host.thread:
            message = (
                "The receptionist speaks on the host's own loop. From another thread: "
                "`system.wait_for(lambda: ...)` of the blocking form, or ask an actor."
            )
            raise RuntimeError(message)
        return self._host.desk


class _Following:
    """Wakes whoever iterates over a service."""

    def __init__(self) -> None:
        self.news = asyncio.Event()

    def changed(self) -> None:
        self.news.set()
