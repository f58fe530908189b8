"""The command line stops a detached system for everybody, in order, with nothing left; and no other system."""

import asyncio
import getpass
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from actors import System, SystemClosed
from actors.backends.ray import calls, internals
from actors.backends.ray.cluster.cluster import Cluster
from actors.backends.ray.cluster.processes import is_gone
from actors.backends.ray.detached import systems
from actors.backends.ray.directory.control_store import ControlStore
from actors.backends.ray.hosts import sockets
from tests.ray.detached_cast import Account

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")

PATIENCE = 60.0
TRIES = 5


def test_the_command_line_stops_a_detached_system_for_everybody_and_no_other(cluster: Cluster) -> None:
    address = cluster.address
    small: dict[str, Any] = {"hosts": 1, "spares": 0, "stop_budget": 2.0}

    async def main() -> None:
        async with asyncio.timeout(PATIENCE):
            async with System(on="ray", address=address, name="stall", detached=True, **small) as maker:
                await maker.options(name="ned").spawn(Account, "ned", [])
            attached = System(on="ray", address=address, attach="stall")
            async with attached, System(on="ray", address=address, name="stand", **small):
                seats = (await attached.host.directory.table()).seats
                asked, unknown, ordinary = await asyncio.gather(
                    until_said(address, "stop stall", "Nothing was done"),
                    until_said(address, "stop stool --yes", "There are: "),
                    until_said(address, "stop stand --yes", "(process "),
                )
                assert "Nothing was done: add --yes" in asked.stderr
                assert "No system stool runs on this Ray. There are: " in unknown.stderr
                assert "understudy/stall" in unknown.stderr
                assert "understudy/stand is no detached system: it ends with the program" in ordinary.stderr
                assert f"(process {os.getpid()} on node " in ordinary.stderr
                assert [it.returncode for it in (asked, unknown, ordinary)] == [2, 2, 2]
                assert systems.names("understudy") == ["stall"]
                done = await until_said(address, "stop understudy/stall --yes --json", "changed")
                assert (done.returncode, done.stderr) == (0, "")
                assert json.loads(done.stdout) == {"changed": True, "stopped": 1, "abandoned": []}
                await until_closed(attached)
        assert systems.names("understudy") == []
        assert [seat.pid for seat in seats if seat.pid != os.getpid() and not is_gone(seat.pid)] == []
        assert not [name for _, name in calls.named_actors() if "stall" in name]
        assert ControlStore("understudy/stall").keys("") == []
        assert not sockets.folder_of("understudy/stall").exists()

    try:
        asyncio.run(main())
    finally:
        systems.remove("stall", "understudy")
    logs = Path(internals.session_folder()).glob("logs/worker-*.err")
    said = [line for log in logs for line in log.read_text(errors="replace").splitlines() if "is stopped by" in line]
    assert [line for line in said if f"The system is stopped by {getpass.getuser()} on {socket.gethostname()}" in line]


async def command_line(address: str, arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "actors", *arguments.split(), "--address", address]
    return await asyncio.to_thread(
        subprocess.run, command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE, check=False
    )


async def until_said(address: str, arguments: str, word: str) -> "subprocess.CompletedProcess[str]":
    """Again, until it says this: whoever does not answer a command in its second or two may be late."""
    for _ in range(TRIES):
        done = await command_line(address, arguments)
        if word in done.stdout + done.stderr:
            return done
    raise AssertionError(done.stdout + done.stderr)


async def until_closed(system: System) -> None:
    """The program hears it from the keeper, when it does."""
    while True:
        try:
            await system.lookup("ned")
        except SystemClosed:
            return
        await asyncio.sleep(0.02)
