"""Runs a program and reports who of its descendants outlived it: orphans become children of this process.

    python -m tests.ray.warden REPORT PATIENCE COMMAND...

The report (JSON): the program's exit code, the command lines of processes still alive after PATIENCE seconds (they are
then killed), and the seconds until the last was gone.
"""

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36


def patience(send: int | None) -> str:
    """Seconds that descendants may take to end.

    After kill -9 it is for others to end them: Ray, and then a shell that counts to thirty in naps of a tenth of a
    second, which last longer on a busy machine. What nobody ends would stay for a minute at least.
    """
    return "30" if send == signal.SIGKILL else "8"


def main(report: str, seconds: str, *command: str) -> None:
    if ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError("this process cannot adopt orphans")
    program = subprocess.Popen(command, start_new_session=True)
    code = program.wait()
    ended = time.monotonic()
    while children() and time.monotonic() - ended < float(seconds):
        reap()
        time.sleep(0.02)  # nobody tells when the last orphan has ended
    left = [command_line(pid) for pid in children()]
    took = time.monotonic() - ended
    while pids := children():
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        reap()
    Path(report).write_text(json.dumps({"code": code, "left": left, "seconds": took}))


def children() -> list[int]:
    return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]


def reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def command_line(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()[:200]


if __name__ == "__main__":
    main(*sys.argv[1:])
