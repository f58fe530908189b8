"""Nothing outlives the test that started it: no task, and at the end of a file no thread and no child process.

Tasks are looked for when `asyncio.run` ends, before it cancels what is left. Threads and processes are looked for once
a file, because a system that all tests of a file share starts threads when it needs them. Ray's own are left out: one
Ray serves all files of a run, and its tests look for what it leaves.
"""

import asyncio
import gc
import logging
import os
import select
import sys
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

GRACE = 5.0
"""Seconds that an ending thread or process may take."""

FOREIGN_THREADS = ("ray_", "PythonGCThread", "Dummy-")
"""How the names of threads begin that Ray starts, or that are not Python's."""

FOREIGN_PROCESSES = (b"/ray/", b"ray::", b"multiprocessing.resource_tracker", b"multiprocessing.forkserver")
"""What the command lines of processes contain that Ray or Python itself keeps."""

SHARED_THREADS: set[threading.Thread] = set()
SHARED_PROCESSES: set[int] = set()
"""What serves all files of the run, and so may be there at the end of the file that was the first to need it."""

CALL = pytest.StashKey[pytest.TestReport]()


class Complaints(logging.Handler):
    """What asyncio says about tasks that were dropped: still pending, or failed and never looked at."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"asyncio: {record.getMessage()}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[Any]:
    """Remember how the test itself went: what a failed test leaves is no news."""
    report = yield
    if report.when == "call":
        item.stash[CALL] = report
    return report


@pytest.fixture(autouse=True)
def nothing_left_on_loops(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """Fail a test whose `asyncio.run` ends with tasks that still run, or that asyncio complains about."""
    complaints = Complaints()
    close = asyncio.Runner.close

    def close_and_tell(runner: asyncio.Runner) -> None:
        try:
            left = asyncio.all_tasks(runner.get_loop())
        except RuntimeError:  # closed already
            left = set()
        complaints.lines.extend(f"still running: {task}" for task in left if not task.done())
        close(runner)

    monkeypatch.setattr(asyncio.Runner, "close", close_and_tell)
    log = logging.getLogger("asyncio")
    log.addHandler(complaints)
    yield
    log.removeHandler(complaints)
    report = request.node.stash.get(CALL, None)
    if (
        complaints.lines
        and report is not None
        and report.passed
        and not request.node.get_closest_marker("leaves_behind")
    ):
        pytest.fail("The test leaves tasks behind:\n" + "\n".join(complaints.lines), pytrace=False)


@pytest.fixture(autouse=True, scope="module")
def nothing_left_in_process() -> Generator[None]:
    """Fail a file that ends with threads or child processes it did not begin with."""
    threads, processes = set(threading.enumerate()), set(children())
    yield
    threads |= SHARED_THREADS
    processes |= SHARED_PROCESSES
    left = [f"thread {thread.name}" for thread in threading.enumerate() if thread not in threads and stays(thread)]
    left += [f"process {pid}: {line}" for pid, line in children().items() if pid not in processes and lives_on(pid)]
    gc.collect()  # a task that was dropped in this file complains in this file
    if left:
        pytest.fail("This file's tests leave behind:\n" + "\n".join(left), pytrace=False)


@contextmanager
def shared_by_all_files() -> Generator[None]:
    """What is started in here is closed at the end of the run, by the fixture that starts it."""
    threads, processes = set(threading.enumerate()), set(children())
    yield
    SHARED_THREADS.update(set(threading.enumerate()) - threads)
    SHARED_PROCESSES.update(set(children()) - processes)


def stays(thread: threading.Thread) -> bool:
    """Whether a thread that is ours goes on after the grace."""
    if thread.name.startswith(FOREIGN_THREADS):
        return False
    thread.join(GRACE)
    return thread.is_alive()


def children() -> dict[int, str]:
    """Child processes that live, by process id, with their command lines; on Linux only, elsewhere none."""
    if sys.platform != "linux":
        return {}
    found: dict[int, str] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
                line = (folder / "cmdline").read_bytes() if int(parent) == os.getpid() and state != "Z" else b""
            except OSError:  # ended meanwhile
                continue
            if line and not any(part in line for part in FOREIGN_PROCESSES):
                found[int(folder.name)] = line.replace(b"\0", b" ").decode(errors="replace").strip()
    return found


def lives_on(pid: int) -> bool:
    """Whether a process goes on after the grace; waits on the process itself, and leaves it to its parent to reap."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return False
    try:
        return not select.select([descriptor], [], [], GRACE)[0]
    finally:
        os.close(descriptor)
