"""A supervisor on a host that only writes down what it is told to send."""

import asyncio
from collections.abc import Callable
from random import Random
from types import SimpleNamespace
from typing import Any

from actors import Actor, Restart, Settings, Supervision
from actors.address import Address
from actors.supervising.child import Child
from actors.supervising.children import Children
from actors.supervising.signals import ChildFailed, ChildStarted, Failure, Spec

HERE, THERE, ELSEWHERE = 0, 1, 2


class Any1(Actor):
    """Stands in the specs."""


class Owner:
    """A supervisor whose host sends nothing: it writes down what it would have sent."""

    def __init__(self, supervision: Supervision, *, own_budgets: bool = False) -> None:
        self.sent: list[Any] = []
        self.errors: list[BaseException] = []
        self.stopped = 0
        self.now = 100.0
        self.path = self.stem = "/owner"
        self.host: Any = SimpleNamespace(
            system="s",
            seat=HERE,
            observer=None,
            clock=lambda: self.now,
            random=Random(1),
            settings=Settings(),
            loop=asyncio.new_event_loop(),
            start_here=lambda signal: True,
            signal=lambda to, signal: self.sent.append(signal),
        )
        self.children = Children(self, supervision, own_budgets=own_budgets)
        self._number = 0

    @property
    def address(self) -> Address:
        return Address("s", HERE, 1)

    def escalate(self, error: BaseException) -> None:
        self.errors.append(error)

    def shut_down(self) -> None:
        self.stopped += 1

    async def claim(self, name: str, address: Address) -> bool:
        return True

    def released(self, name: str, address: Address) -> None:
        pass

    def spawn(self, seat: int, restart: Restart = Restart.TRANSIENT, significant: bool = False) -> Child:
        self._number += 1
        spec = Spec(Any1, restart=restart, significant=significant)
        child = self.children.start(spec, f"child {self._number}", seat, 10 + self._number)
        self.children.on_started(ChildStarted(child.address, 1))
        self.sent.clear()
        return child

    def fail(self, child: Child, incarnation: int | None = None, starting: bool = False) -> None:
        life = child.incarnation if incarnation is None else incarnation
        failure = Failure("ValueError", "planned", "")
        self.children.on_signal(ChildFailed(child.address, life, failure, starting))

    def taken(self) -> list[tuple[str, int, int]]:
        """What was sent since the last look: kind, number and incarnation."""
        sent, self.sent[:] = list(self.sent), []
        return [(_kind(it), it.child.number, getattr(it, "incarnation", 0)) for it in sent]


def _kind(signal: Any) -> str:
    return f"{type(signal).__name__} waits" if getattr(signal, "waits", False) else type(signal).__name__


Make = Callable[..., Owner]
"""Makes one from the options of its supervision."""
