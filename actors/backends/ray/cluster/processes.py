"""Processes are known by id and start time, so that a reused id is never taken for the process that had it before.

psutil comes with Ray: importing Ray makes its own copy importable.
"""
# psutil ships no types with Ray's copy; what leaves this file has types of ours.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportMissingImports=false
# pyright: reportUnknownArgumentType=false, reportMissingModuleSource=false

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import ray as ray  # noqa: PLC0414  makes psutil importable

import psutil  # isort: skip


class Life(NamedTuple):
    """One process of a node for as long as it lives: its id, and when it started, in the kernel's own words.

    The kernel's tick count rather than psutil's wall time, which moves when the clock is set.
    """

    pid: int
    started: str

    def __str__(self) -> str:
        return f"{self.pid}:{self.started}"


def life_of(pid: int) -> Life:
    """The life of the process that has this id now. Raises psutil's NoSuchProcess if none has."""
    return Life(pid, _started(pid))


def own_life() -> Life:
    """The life of this process."""
    return life_of(os.getpid())


def is_alive(life: Life) -> bool:
    """Whether the process of this node still runs; one that has ended but not been waited for does not."""
    try:
        return _started(life.pid) == life.started and psutil.Process(life.pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def is_gone(pid: int) -> bool:
    """Whether no process of this node has this id, or only a dead one that nobody waited for."""
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


class Family:
    """Some processes and all their descendants, as they are now."""

    def __init__(self, pids: Iterable[int]) -> None:
        self._members: list[Any] = []
        for pid in pids:
            try:
                process = psutil.Process(pid)
                self._members += [process, *process.children(recursive=True)]
            except psutil.NoSuchProcess:
                continue

    def lives(self) -> list[Life]:
        """The lives of its members."""
        found: list[Life] = []
        for process in self._members:
            try:
                found.append(life_of(process.pid))
            except psutil.NoSuchProcess:
                continue
        return found

    def end(self, grace: float) -> None:
        """Wait `grace` seconds for all of them to end, then kill the rest and wait for that."""
        _, alive = psutil.wait_procs(self._members, timeout=grace)
        for process in alive:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        psutil.wait_procs(alive, timeout=grace)


def _started(pid: int) -> str:
    """When the process started: field 22 of its stat where there is a /proc. Raises psutil.NoSuchProcess."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):  # the second if it ends while it is read
        return str(psutil.Process(pid).create_time())
    return stat.rpartition(")")[2].split()[19]
