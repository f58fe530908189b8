"""A process that is no host but uses refs: a Ray task, an ordinary Ray actor, a thread of either (rule A46).

The first use of a ref opens one client for its system: a host without a seat, on a loop in a thread of its own. It
dials out only, and replies come back on the same connections. It has no actors and no watches, and ends with the
process. Whoever may run code in the Ray cluster may read the system's secret: that is the trust boundary.
"""

import asyncio
import atexit
import contextlib
import os
import secrets
import sys
import threading
from collections.abc import AsyncGenerator
from concurrent.futures import Future
from random import Random
from typing import Any

from actors.address import Sitting
from actors.backends.ray import calls
from actors.backends.ray.clocks import clock
from actors.backends.ray.directory.directory_actor import DirectoryPlan
from actors.backends.ray.directory.open_directory import Admission
from actors.backends.ray.directory.ray_directory import RayDirectory
from actors.backends.ray.errors import DirectoryUnavailable
from actors.backends.ray.hosts.lookout import watch_peers
from actors.backends.ray.hosts.seated import open_post
from actors.backends.ray.system_name import namespace_and_name
from actors.errors import SystemClosed
from actors.host import Host
from actors.post.delivery import Delivery
from actors.post.link_bounds import link_bounds

OPENING = 20.0
"""Seconds for finding the directory and the table."""


def directory_of(namespace: str, name: str) -> RayDirectory:
    """The directory of a system, for whoever did not open it."""
    return RayDirectory(DirectoryPlan(name, namespace, factory=""))


@contextlib.asynccontextmanager
async def open_client(system: str, directory: RayDirectory, admission: Admission) -> AsyncGenerator[Host]:
    """A client on the running loop: a host without a seat, with links of its own, closed at the end."""
    host = Host(
        system=system,
        sitting=Sitting(-1, secrets.randbits(62)),  # any epoch that no other client has
        loop=asyncio.get_running_loop(),
        clock=clock,
        random=Random(),
        settings=admission.settings,
        directory=directory,
        node=calls.node_id(),
    )
    links = open_post(host, admission.secret, link_bounds(admission.settings))

    async def look() -> None:
        host.new_table(await directory.table())

    try:
        await look()
        watch_peers(host, look)
        yield host
    finally:
        await links.close(1.0)
        await host.close()


class Client:
    """The one client of this process for one system."""

    def __init__(self, system: str) -> None:
        self._system = system
        self._opened: Future[Delivery] = Future()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pid = os.getpid()
        threading.Thread(target=self._run, name="understudy-client", daemon=True).start()

    def delivery(self) -> Delivery:
        """Wait until it is open; raises SystemClosed if the system cannot be found."""
        if os.getpid() != self._pid:
            message = "This process was forked from one that uses actors. Start processes by spawn, or by Ray."
            raise SystemClosed(message)
        return self._opened.result(OPENING + 5.0)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=_new_loop) as runner:
            try:
                runner.run(self._serve())
            except Exception as error:  # noqa: BLE001 - whoever waits for the client is told
                if not self._opened.done():
                    self._opened.set_exception(error)

    async def _serve(self) -> None:
        namespace, name = namespace_and_name(self._system)
        directory = directory_of(namespace, name)
        try:
            admission: Admission = await directory.client.call("admission", timeout=OPENING)
        except DirectoryUnavailable as error:
            message = (
                f"The system {self._system!r} cannot be found from this process; it may have been stopped. {error}"
            )
            raise SystemClosed(message) from error
        loop = self._loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        closed = threading.Event()

        def close() -> None:
            loop.call_soon_threadsafe(ended.set)
            closed.wait(2.0)

        async with open_client(self._system, directory, admission) as host:
            atexit.register(close)
            self._opened.set_result(host.delivery)
            await ended.wait()
        closed.set()


class Clients:
    """The clients of this process, by system."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._clients: dict[str, Client] = {}

    def find(self, system: str) -> Delivery:
        """The open client for a system; opens it at the first use, which takes about 10 ms."""
        with self._lock:
            client = self._clients.get(system)
            if client is None:
                client = self._clients[system] = Client(system)
        try:
            return client.delivery()
        except BaseException:
            with self._lock:
                if self._clients.get(system) is client:
                    del self._clients[system]
            raise


clients = Clients()
"""One table per process, in an importable module: code shipped by value would carry a copy of its own."""


def _new_loop() -> asyncio.AbstractEventLoop:
    if sys.platform == "win32":
        return asyncio.new_event_loop()
    import uvloop

    return uvloop.new_event_loop()


def find(system: str) -> Any:
    """What `Endpoints` calls for a ref of a system that has no host here."""
    return clients.find(system)
