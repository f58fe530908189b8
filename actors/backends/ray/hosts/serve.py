"""What runs in a host process: take a seat, serve until told to stop, stop the actors that are left, leave in order.

A spare waits for its seat first. A host on which there is a verdict, that has been without a lease for too long, or
whose loop hangs for too long, ends on the spot with exit code 70: no `on_stop` runs, for nothing of it may act now. So
does a spare that could reach nobody for as long; to leave Ray in order takes until Ray can be reached.
"""

import asyncio
import contextlib
import gc
import logging
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from actors import logs
from actors.address import Address, Sitting
from actors.backends.ray import calls
from actors.backends.ray.cluster.placement import living_nodes
from actors.backends.ray.errors import DirectoryUnavailable
from actors.backends.ray.hosts.host_life import BY_ITSELF, EXHAUSTED, MOVE, ORPHANED, SIGTERM, HostLife
from actors.backends.ray.hosts.remains import remove_remains
from actors.backends.ray.hosts.seated import Membership, Place, Seated, needs_new_host
from actors.backends.ray.hosts.spare import stand_by
from actors.errors import AskError, Failed, Unplaceable
from actors.host import Host
from actors.membership.seats import Heirs, Spare, Table
from actors.operations.reports import HostReport
from actors.placement import Placement
from actors.supervising.draining import drain
from actors.supervising.root import NUMBER as ROOT
from actors.supervising.root import MakeRoom
from actors.supervising.signals import EndReason

log = logging.getLogger("understudy.ray")

FIRST_PAUSE = 0.05
"""Seconds between two looks at whether the first actor has come to a dedicated host."""

ANSWER_TIME = 5.0
"""Seconds by which the driver's answer may be later than its own attempt."""


EXIT_CODE = 70
"""Of a host that must not go on: EX_SOFTWARE of sysexits.h."""


@dataclass(frozen=True, slots=True)
class HostTask:
    """The payload of a host process."""

    membership: Membership
    dedicated: bool = False
    """Whether the host is made for one spawn, and ends with what that started."""
    resources: Mapping[str, float] = field(default_factory=dict[str, float])
    """What was asked of Ray for it."""
    spare: bool = False
    """Whether it waits until it is called to a seat."""
    seat: int | None = None
    """The only seat that this spare may take."""
    name: str = ""
    """By which the directory knows the process, also before it has a seat."""


@dataclass(frozen=True, slots=True)
class HostSeat:
    """What a host process reports when it is ready; a spare reports nothing."""

    seat: int


async def serve(task: HostTask, life: HostLife) -> None:
    """Be a host until `life` says stop."""
    node_id = calls.node_id()
    node = next(node for node in await asyncio.to_thread(living_nodes) if node.node_id == node_id)
    place = Place(
        name=task.name,
        node=node_id,
        address=node.address,
        labels=node.labels,
        heirs=Heirs.MADE if task.dedicated else Heirs.SPARES,
        resources=task.resources,
    )
    heard = partial(end_with_driver, task, life)
    seated = Seated(task.membership, place, end=partial(end_at_once, task.name), heard=heard)
    life.look = lambda: HostReport(task.name, os.getpid(), node_id, stacks=life.stacks())
    if task.membership.over_tcp:  # the program has looked on its own node only
        calls.apart(remove_remains)
    level = task.membership.settings.log_level
    sitting: Sitting | None = None
    if task.spare:
        handler = logs.to_stderr(level, "spare")
        life.ready(None)
        spare = Spare(task.name, node_id, task.seat, dict(node.labels))
        try:
            sitting = await stand_by(spare, seated.directory, life, task.membership.settings, heard)
        except DirectoryUnavailable as error:
            end_at_once(task.name, str(error))
        logging.getLogger(logs.ROOT).removeHandler(handler)
        if sitting is None:
            return
    host = await seated.take(sitting)
    life.look = seated.report
    host.attendant.leave = _leave
    host.work.leave = partial(life.tell, EXHAUSTED, task.membership.settings.drain_budget)
    host.placing.placer = DriverPlacer(host, task.membership.driver)
    logs.to_stderr(level, str(host.sitting))
    if not task.spare:
        # what the imports and Ray have made lives as long as the process; a collection would look at it again and again
        gc.collect()
        gc.freeze()
        life.ready(HostSeat(host.seat))
    await _until_the_end(task, life, host)
    moves = life.reason in {MOVE, EXHAUSTED, SIGTERM}
    budget = task.membership.settings.stop_budget if life.reason == BY_ITSELF else life.budget
    if moves:
        await drain(host, budget / 2)
    await host.stop_cells(EndReason.HOST_LOST if moves else EndReason.STOPPED)
    await seated.leave(max(0.2, budget / 2), moves=moves)


def end_with_driver(task: HostTask, life: HostLife, table: Table) -> None:
    """A host or a spare ends with its system, whose driver may be cut off, so that nobody else can tell (rule A13).

    A detached system has a keeper, which comes back, perhaps on another seat.
    """
    driver = task.membership.driver
    if table.complete and not any(seat.number == driver or seat.heirs is Heirs.KEEPER for seat in table.seats):
        life.tell(ORPHANED, task.membership.settings.stop_budget)


def end_at_once(name: str, reason: str) -> None:
    """End at once, from whatever thread."""
    log.critical("Host process %s ends: %s.", name, reason)
    os._exit(EXIT_CODE)


def _leave() -> None:
    """An operator drains this host: leave as by SIGTERM from anybody else."""
    os.kill(os.getpid(), signal.SIGTERM)


async def _until_the_end(task: HostTask, life: HostLife, host: Host) -> None:
    """Until the process is told to stop, or a dedicated host is left by the last of its actors, or never got any."""
    told = asyncio.ensure_future(life.stopping.wait())
    if task.dedicated:
        left = asyncio.ensure_future(_left_empty(host))
        await asyncio.wait([told, left], return_when=asyncio.FIRST_COMPLETED)
        left.cancel()
    else:
        await told
    told.cancel()


async def _left_empty(host: Host) -> None:
    """Until the last actor has ended; or none has come in the time of a spawn, whose caller may have been cancelled."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(host.settings.spawn_timeout):
            while not host.started:  # noqa: ASYNC110 - a look now and then, at a host that is idle otherwise
                await asyncio.sleep(FIRST_PAUSE)
    await host.empty()


class DriverPlacer:
    """Lets the driver, or the keeper, make hosts for what actors of this one spawn: there is one creator (rule A14)."""

    def __init__(self, host: Host, driver: int) -> None:
        self._host = host
        self._driver = Address(host.system, driver, ROOT)

    def must_make_room(self, placement: Placement) -> bool:
        """As the driver's own answer would be."""
        return needs_new_host(placement, self._host)

    async def make_room(self, placement: Placement) -> int:
        """The seat of a host that the driver has made; raises Unplaceable."""
        host = self._host
        timeout = host.settings.placement_timeout + ANSWER_TIME
        try:
            return int(await host.delivery.ask_afar(host.ref_to(self._driver), MakeRoom(placement), timeout))
        except Failed as error:
            if isinstance(error.__cause__, Unplaceable):
                raise error.__cause__ from None
            raise Unplaceable(f"The driver could not make a host: {error}") from error
        except AskError as error:
            raise Unplaceable(f"The driver, which makes hosts, did not answer: {error}") from error
