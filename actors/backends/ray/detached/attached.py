"""The backend of a program that is attached to a detached system, which it may have made just before.

It takes a seat as the driver of any system does, and asks the keeper for what else the driver would do. When it leaves,
or dies, nothing of the system ends but the actors that it has placed on itself.
"""

import asyncio
import os
import secrets
from collections.abc import Callable

from actors.backends.ray.detached import systems
from actors.backends.ray.detached.ending import end
from actors.backends.ray.detached.systems import KeeperTask
from actors.backends.ray.directory.directory_actor import DirectoryPlan
from actors.backends.ray.directory.open_directory import Admission
from actors.backends.ray.hosts.fleet import START_TIMEOUT, environment_of
from actors.backends.ray.hosts.seated import Membership
from actors.backends.ray.hosts.serve import DriverPlacer
from actors.backends.ray.options import RayOptions
from actors.backends.ray.program import Program
from actors.host import Host
from actors.instrument import Opening
from actors.settings import Settings
from actors.supervising.distant_root import DistantRoot
from actors.supervising.signals import EndReason, StopReport
from actors.supervising.supervision import Supervision


class AttachedBackend(Program):
    """A detached system, as a program sees it that is attached to it."""

    def __init__(self, options: RayOptions) -> None:
        super().__init__(options)
        systems.check(options)
        self._system = options.attach or options.name or ""
        self._root: DistantRoot | None = None
        self._budget = 1.0
        self._making: asyncio.Future[None] | None = None
        self._stopped = False
        """Whether the keeper has said that the system has been stopped."""
        self._ending = False
        """Whether this program has asked for that."""

    async def open(self, settings: Settings, supervision: Supervision, instrument: Opening | None = None) -> Host:
        """Make the system if that was asked for, and join it."""
        try:
            return await self._open(settings, supervision, instrument)
        except BaseException:
            await asyncio.shield(self._take_back())
            raise

    async def _open(self, settings: Settings, supervision: Supervision, instrument: Opening | None) -> Host:
        options = self._options
        cluster = await self._join()
        if options.detached:
            secret = secrets.token_bytes(32)
            plan = DirectoryPlan(
                self._system,
                options.namespace,
                "actors.backends.ray.directory.open_directory:open_directory",
                config=Admission(secret, settings, self._system, options.namespace),
                detached=True,
            )
            member = Membership(plan, secret, settings, over_tcp=True, supervision=supervision, instrument=instrument)
            task = KeeperTask(member, environment_of(cluster))
            self._making = asyncio.ensure_future(asyncio.to_thread(systems.make, task, 2 * START_TIMEOUT))
            await asyncio.shield(self._making)
        member = await asyncio.to_thread(systems.find, self._system, options.namespace, START_TIMEOUT)
        self._budget = member.settings.stop_budget

        def make_root(host: Host) -> DistantRoot:
            return DistantRoot(host, member.supervision, member.driver)

        host, _ = await self._sit(member, cluster, root=make_root)
        assert isinstance(host.root, DistantRoot)
        self._root = host.root
        host.seating.when_over = self._is_over
        host.placing.placer = DriverPlacer(host, member.driver)
        return host

    async def _take_back(self) -> None:
        """The opening has failed, or was cancelled: a system that was made for it is not to stay behind."""
        if self._making is not None:
            await asyncio.wait([self._making])
            if self._making.exception() is None:
                await asyncio.to_thread(systems.remove, self._system, self._options.namespace)
        await self._leave()

    def _is_over(self) -> None:
        """The keeper says that the system has been stopped."""
        self._stopped = True
        if self._root is not None and not self._ending:
            self._close_host("it has been stopped")

    async def shut_down(self) -> StopReport:
        """Stop the whole system; returns when nothing is left of it."""
        assert self._root is not None
        self._ending = True
        by = f"system.shutdown, process {os.getpid()}"
        return await end(self._root, self._system, self._options.namespace, by, lambda: self._stopped)

    async def close(self, report: StopReport) -> None:
        """Leave the system; the actors that live in this program end."""
        del report
        await asyncio.shield(self._leave())

    async def _leave(self) -> None:
        if self._seated is not None and self._root is not None and not self._root.host.closed:
            try:
                async with asyncio.timeout(self._budget):
                    await self._root.host.stop_cells(EndReason.STOPPED)
            except TimeoutError:
                pass  # a program that leaves waits for nobody longer than that
        await self._stand_up(self._budget)
        await self._part()

    def hurry(self) -> Callable[[], object]:
        """There is nothing to hurry, as no host is this program's. Then Ray is to be left."""
        return self.leave_ray
