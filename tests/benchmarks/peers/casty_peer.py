"""Casty in processes of its own, under an interpreter that has it: it needs Python 3.12, and this one may be older."""

import shutil
import socket
import subprocess
import sys
from contextlib import asynccontextmanager

from tests.benchmarks.processes import Process, standing_by
from tests.benchmarks.run import Missing, Opening

PROCESS = "tests.benchmarks.peers.casty_process"

INTERPRETERS = [sys.executable, "python3.13", "python3.12", "python3.14"]
"""Where Casty is looked for, in this order; the command's `--python` comes first."""


VERSIONS: dict[str, str] = {}
"""What was found, for the list of versions: it is not installed where this runs."""

LOOK = "import casty, importlib.metadata as m, platform as p; print(m.version('casty'), 'on', p.python_version())"


def _interpreter() -> str:
    for name in INTERPRETERS:
        path = shutil.which(name)
        if path is None:
            continue
        looked = subprocess.run([path, "-c", LOOK], capture_output=True, text=True, check=False)
        if looked.returncode == 0:
            VERSIONS["casty"] = looked.stdout.strip()
            return path
    raise Missing("no interpreter with it was found; name one with --python (3.12 or newer).")


@asynccontextmanager
async def casty_local() -> Opening[Process]:
    """A process with an actor that counts."""
    async with standing_by(PROCESS, "local", python=_interpreter()) as process:
        yield process


@asynccontextmanager
async def casty_pair() -> Opening[Process]:
    """Two nodes in two processes; an actor on the first asks and tells one that lives on the second."""
    python = _interpreter()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        seed = f"127.0.0.1:{free.getsockname()[1]}"
    async with (
        standing_by(PROCESS, seed, python=python),
        standing_by(PROCESS, "127.0.0.1:0", seed, python=python) as process,
    ):
        yield process
