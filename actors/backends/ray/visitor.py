"""A visitor looks at systems from a process that is no part of them: finds Rays and systems, and opens a client.

An embedded Ray is found by the private folder of its program, which has its address and its token and which only the
same user of the same machine can read. On a cluster a visitor must be on one of its nodes.
"""

import asyncio
import contextlib
import getpass
import os
import socket
import tempfile
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path

from actors.backends.ray.client import directory_of, open_client
from actors.backends.ray.cluster.cluster import Cluster, ClusterSettings, open_cluster
from actors.backends.ray.cluster.session import ADDRESS, PREFIX, TOKEN
from actors.backends.ray.detached import systems
from actors.backends.ray.detached.ending import end
from actors.backends.ray.directory.directory_client import DirectoryClient
from actors.backends.ray.errors import DirectoryUnavailable
from actors.backends.ray.hosts.host_actors import look_at_all
from actors.backends.ray.system_name import full_name
from actors.errors import SystemClosed, Unreachable
from actors.host import Host
from actors.membership.seats import Heirs, Member, Seat
from actors.operations.operations import Operations
from actors.operations.reports import HostReport
from actors.supervising.distant_root import DistantRoot
from actors.supervising.signals import StopReport
from actors.supervising.supervision import Supervision

PATIENCE = 2.0
"""Seconds that a directory has to answer, and to be rebuilt after its end."""

LOOK = 0.1
"""Seconds between two looks at whether a directory has been rebuilt."""


@dataclass(frozen=True, slots=True)
class EmbeddedRay:
    """A Ray that a program on this machine has started for itself."""

    folder: Path
    address: str
    token: Path


def embedded_rays() -> list[EmbeddedRay]:
    """Those of this user's programs that run now, in the usual folders for temporary files."""
    parents = dict.fromkeys((Path(tempfile.gettempdir()), Path("/tmp")))  # noqa: S108  where `session` makes them
    folders = [folder for parent in parents for folder in sorted(parent.glob(f"{PREFIX}*"))]
    found = [embedded_in(folder) for folder in folders]
    return [each for each in found if each is not None and _listens(each.address)]


def embedded_in(folder: Path) -> EmbeddedRay | None:
    """What a program's private folder says of its Ray; None if it says nothing, or may not be read."""
    try:
        return EmbeddedRay(folder, (folder / ADDRESS).read_text(), folder / TOKEN)
    except OSError:
        return None


def join(place: str | EmbeddedRay) -> Cluster:
    """Join a Ray as one more driver; to be closed. Raises ClusterUnavailable, SettingsError.

    The token of an embedded Ray is put into this process' environment.
    """
    if isinstance(place, EmbeddedRay):
        os.environ["RAY_AUTH_TOKEN_PATH"] = str(place.token)
        os.environ.pop("RAY_AUTH_TOKEN", None)
        place = place.address
    return open_cluster(ClusterSettings(address=place, connect_timeout=PATIENCE))


@dataclass(slots=True)
class Visit:
    """One system, as this process sees it; made by `visit`."""

    namespace: str
    name: str
    host: Host | None = field(default=None, repr=False)
    """A host without a seat that can ask the others; None if the directory did not let this process in."""
    refused: str = ""
    """Why there is none."""

    @property
    def system(self) -> str:
        """The name that addresses carry."""
        return full_name(self.namespace, self.name)

    @property
    def by(self) -> str:
        """Who is here, for the log of a host."""
        return f"{getpass.getuser()} on {socket.gethostname()}, process {os.getpid()}"

    def guest(self) -> Host:
        """The host without a seat. Raises SystemClosed, saying why, if there is none."""
        if self.host is None:
            text = f"The system {self.system} does not let this process in: {self.refused} `doctor` shows the rest."
            raise SystemClosed(text)
        return self.host

    @property
    def operations(self) -> Operations:
        """As `system.operations` in the program itself. Raises SystemClosed."""
        return Operations(self.guest(), self, self.by)

    def is_detached(self) -> bool:
        """Whether the system has a keeper, and so does not end with a program. Blocks."""
        return self.name in systems.names(self.namespace)

    def programs(self) -> list[Seat]:
        """The seats of the programs that have opened the system, as far as this process knows the table."""
        return [] if self.host is None else [seat for seat in self.host.table.seats if seat.heirs is Heirs.NOBODY]

    async def shut_down(self) -> StopReport:
        """Stop a detached system, as `system.shutdown` does in a program. Raises SystemClosed, outcomes of an ask."""
        host = self.guest()
        keeper = next((seat.number for seat in host.table.seats if seat.heirs is Heirs.KEEPER), None)
        if keeper is None:
            raise Unreachable(f"The keeper of {self.system} is not in the table: it may be about to end.", ran="no")
        root = DistantRoot(host, Supervision(), keeper)
        return await end(root, self.name, self.namespace, self.by, self._has_ended)

    def _has_ended(self) -> bool:
        """Asks Ray on the loop, which has nothing else to do: only when the keeper could not be reached."""
        return not systems.parts(self.name, self.namespace)

    async def members(self) -> list[Member]:
        """Every host as the directory sees it."""
        if self.refused:
            raise DirectoryUnavailable(self.refused)
        client: DirectoryClient = directory_of(self.namespace, self.name).client
        return list(await client.call("members", timeout=PATIENCE))

    async def look_closely(self) -> tuple[list[HostReport], list[str]]:
        """Every process as it sees itself, and who does not answer."""
        return await look_at_all(self.namespace, self.name, self.host)


@contextlib.asynccontextmanager
async def visit(namespace: str, name: str) -> AsyncGenerator[Visit]:
    """Look at a system of the cluster that was joined; a directory that does not answer is no error."""
    directory = directory_of(namespace, name)
    try:
        admission = await directory.client.call("admission", timeout=PATIENCE)
    except DirectoryUnavailable as error:
        yield Visit(namespace, name, refused=str(error))
        return
    async with open_client(full_name(namespace, name), directory, admission) as host:
        until = host.clock() + PATIENCE
        while not host.table.complete and host.clock() < until:
            await asyncio.sleep(LOOK)
            host.new_table(await directory.table())
        yield Visit(namespace, name, host)


def _listens(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), PATIENCE).close()
    except (OSError, ValueError):
        return False
    return True
