"""One host in this process and nothing else: for tests, scripts, and programs that one core can serve. No Ray."""

import asyncio
import time
from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from actors.address import Address, Sitting
from actors.directory import Directory, Seat, Table
from actors.host import Host
from actors.instrument import Opening
from actors.membership.seats import HostState, Member
from actors.operations.reports import HostReport
from actors.settings import Settings
from actors.supervising.signals import StopReport
from actors.supervising.supervision import Supervision

if TYPE_CHECKING:
    from actors.stats import HostStats


class LocalDirectory:
    """The directory in the same process."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    async def claim(self, name: str, root_seat: int, address: Address) -> bool:
        """Claim a top-level name."""
        return self._directory.claim(0.0, name, root_seat, address)

    async def release(self, name: str, address: Address) -> None:
        """Free a top-level name."""
        self._directory.release(0.0, name, address)

    async def lookup(self, name: str) -> Address | None:
        """The address of the top-level actor of this name."""
        return self._directory.lookup(0.0, name)

    async def table(self) -> Table:
        """The newest table."""
        return self._directory.table(0.0)


class LocalBackend:
    """The backend behind `System(on="local")`."""

    def __init__(self, *, seed: int | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._random = Random(seed)
        self._host: Host | None = None

    async def open(self, settings: Settings, supervision: Supervision, instrument: Opening | None = None) -> Host:
        """Make the one host, on the running loop."""
        directory = Directory(generation=1)
        sitting: Sitting = directory.sit(0.0, "local")
        host = Host(
            system=f"local-{uuid4().hex[:12]}",
            sitting=sitting,
            loop=asyncio.get_running_loop(),
            clock=self._clock,
            random=self._random,
            settings=settings,
            directory=LocalDirectory(directory),
            supervision=supervision,
            instrument=instrument,
        )
        host.new_table(directory.register(0.0, Seat(sitting.seat, sitting.epoch), {}, ()))
        self._host = host
        return host

    async def close(self, report: StopReport) -> None:
        """Close the host."""
        del report
        if self._host is not None:
            await self._host.close()

    def hurry(self) -> Callable[[], object]:
        """There is nothing to wait for but the actors, and they are not waited for any more."""
        return lambda: None

    async def stats(self) -> "list[HostStats]":
        """The figures of the one host."""
        return [self._host.look()] if self._host is not None else []

    async def members(self) -> list[Member]:
        """The one host, which is up when it can answer."""
        host = self._host
        return [Member(host.seat, host.sitting.epoch, HostState.UP, actors=len(host.cells))] if host is not None else []

    async def look_closely(self) -> tuple[list[HostReport], list[str]]:
        """The one host."""
        return ([self._host.attendant.look()], []) if self._host is not None else ([], [])


def open_backend(**options: Any) -> LocalBackend:
    """The backend for these options: `seed` makes placement and jitter repeatable; `clock` is in seconds."""
    return LocalBackend(**options)
