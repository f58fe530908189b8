"""A process that is stopped stands still when the last of its threads does, which may be a moment after the signal."""

import os
import signal
import time
from pathlib import Path

PATIENCE = 30.0
"""Seconds that it may take on a machine with too much to do."""

LOOK = 0.001


def stop(pid: int) -> None:
    """Stop a process by SIGSTOP; returns when none of its threads runs any more. Raises ProcessLookupError."""
    os.kill(pid, signal.SIGSTOP)
    deadline = time.monotonic() + PATIENCE
    while not all(stopped(thread) for thread in Path(f"/proc/{pid}/task").iterdir()):
        assert time.monotonic() < deadline, f"process {pid} does not stop"
        time.sleep(LOOK)  # a thread that stops tells nobody


def stopped(thread: Path) -> bool:
    """Whether a thread, named by its folder, stands still or has ended."""
    try:
        state = (thread / "stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state in {"T", "t", "Z", "X"}
